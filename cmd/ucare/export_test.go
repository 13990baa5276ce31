package main

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/journal"
)

// gatewayOf writes the configuration of a gateway with its own empty data directory.
func gatewayOf(t *testing.T, dwellings ...string) (config, data string) {
	t.Helper()
	return gatewayWith(t, "", dwellings...)
}

func gatewayWith(t *testing.T, more string, dwellings ...string) (config, data string) {
	t.Helper()
	dir := t.TempDir()
	var homes []string
	for _, id := range dwellings {
		homes = append(homes, fmt.Sprintf(`{id: %[1]s, account: "%[1]s", address: %[1]s street, resident: {name: Resident of %[1]s, phone: "010"}, rooms: [{id: hall}], zigbee2mqtt: {base_topic: z-%[1]s}}`, id))
	}
	for name, text := range map[string]string{
		"password": "correct horse", "secret": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"ucare.yaml": fmt.Sprintf(`gateway: {id: gw, data: data, listen: "127.0.0.1:0", language: en, time_zone: UTC, journal: {ballast: 1MiB}%s}
dwellings: [%s]
sensors: {broker: {listen: "127.0.0.1:0", devices: [{id: bridge, password_file: password, publish: ["#"]}]}}
emergency:
  receivers: [{id: centre, webhook: {url: "http://127.0.0.1:1/", secret_file: secret}}]
  routes: [{id: all, rules: [fire, help, fall, inactivity], steps: [{receivers: [centre], within: 60s}]}]
`, more, strings.Join(homes, ", ")),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	data = filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "ucare.yaml"), data
}

// march is when the tests of this file take place.
var march = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// livedIn fills a data directory: for each dwelling every form of reading, an alarm that
// was closed, one that is open, and decisions. What it returns leaves the files open, as a
// running gateway has them, until it is called.
func livedIn(t *testing.T, data string, dwellings ...string) (stop func()) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	j, _, err := journal.Open(t.Context(), filepath.Join(data, "journal.db"), journal.Options{BallastBytes: -1})
	check(err)
	h := history.New(history.Options{Path: filepath.Join(data, "history.db"), Location: time.UTC})
	for _, home := range dwellings {
		check(h.Append(t.Context(), formsOf(home), 0))
		for n, closed := range []time.Time{march.Add(time.Hour), {}} {
			onset := march.Add(time.Duration(n) * time.Minute)
			a := ucare.Alarm{
				ID: ucare.AlarmID(home, ucare.Fire, ucare.Smoke, "kitchen", onset), Dwelling: home, Rule: ucare.Fire, Kind: ucare.Smoke, Room: "kitchen",
				Onset: onset, RaisedAt: onset, Because: []ucare.Evidence{{Fact: ucare.FactDetected, At: onset, Sensor: "=detector of " + home}},
				Answers: ucare.Answers{ReceivedAt: onset, ReceivedBy: "centre", ClosedAt: closed, Outcome: "=helped " + home},
			}
			check(j.Decide(t.Context(), journal.Folded{
				Alarms:     []ucare.Alarm{a},
				Decisions:  []ucare.Decision{{At: onset, Dwelling: home, Rule: ucare.Fire, Verb: ucare.Raise, Room: "kitchen", Alarm: a.ID, Onset: onset, Because: a.Because}},
				Deliveries: []journal.Delivery{{Report: "r-" + a.ID, Receiver: "centre", Alarm: a.ID, Body: []byte(`{"dwelling":{"id":"` + home + `"}}`), CreatedAt: onset, AcceptedAt: onset}},
			}))
		}
		profile, err := json.Marshal(map[string]any{"dwelling": home, "profile": map[string]any{"days": 3}})
		check(err)
		_, err = j.Append(t.Context(), journal.Entry{At: march, Kind: journal.Profile, Source: "gateway", Payload: profile})
		check(err)
		_, err = j.Append(t.Context(), journal.Entry{At: march, Kind: journal.Message, Source: "broker:bridge", Topic: "ucare/" + home + "/pir", Payload: []byte(`{"kind":"motion","active":true}`)})
		check(err)
	}
	check(h.SumUp(t.Context()))
	stopped := false
	stop = func() {
		if !stopped {
			stopped = true
			check(errors.Join(h.Close(), j.Close()))
		}
	}
	t.Cleanup(stop)
	return stop
}

// formsOf are readings of every form, in the order of time, and some of one instant.
func formsOf(home string) []ucare.Reading {
	at := func(minute int) time.Time { return march.Add(time.Duration(minute) * time.Minute) }
	all := []ucare.Reading{
		{At: at(0), Dwelling: home, Sensor: "=cmd|' /C calc'!A0", Room: "-hall", Kind: ucare.Motion, State: ucare.Active},
		{At: at(1), Dwelling: home, Sensor: "detector of " + home, Room: "주방, \"큰\"", Kind: ucare.Smoke, State: ucare.Inactive, UnknownAge: true},
		{At: at(2), Dwelling: home, Sensor: "t", Room: "hall", Kind: ucare.Temperature, Value: -3.5, Unit: "°C"},
		{At: at(3), Dwelling: home, Sensor: "w", Kind: ucare.Acceleration, Unit: "g", RateHz: 50, Samples: [][3]float64{{0, 0.25, 1}, {-1, 0, 0}}},
		{At: at(4), Dwelling: home, Sensor: "p", Kind: ucare.HelpButton, State: ucare.Active, Drill: true},
		{At: at(5), Dwelling: home, Sensor: "gas", Kind: ucare.Gas},
		{At: at(6).Add(1), Dwelling: home, Sensor: "pir", Room: "hall", Kind: ucare.Motion, State: ucare.Active},
		{At: at(6).Add(1), Dwelling: home, Sensor: "pir", Room: "hall", Kind: ucare.Motion, State: ucare.Inactive},
	}
	for n := range 50 {
		all = append(all, ucare.Reading{At: at(10 + n), Dwelling: home, Sensor: "pir", Room: "hall", Kind: ucare.Motion, State: ucare.StateOf(n%2 == 0)})
	}
	return all
}

func says(t *testing.T, args ...string) string {
	t.Helper()
	code, out, errs := ucareSays(args...)
	if code != 0 {
		t.Fatalf("ucare %s: code %d: %s", strings.Join(args, " "), code, errs)
	}
	return out
}

func TestAnExportHasAllOfOneDwellingAndIsReplayedAsItIs(t *testing.T) {
	config, data := gatewayOf(t, "kim", "park")
	livedIn(t, data, "kim", "park") // and the gateway goes on
	out := says(t, "export", "--config", config, "--dwelling", "kim")
	var readings []string
	records := map[string]int{}
	for line := range strings.Lines(out) {
		var r struct {
			Record string `json:"record"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if records[r.Record]++; r.Record == "" {
			readings = append(readings, strings.TrimSpace(line))
		}
	}
	var want []string
	for _, r := range formsOf("kim") {
		line, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, string(line))
	}
	if !slices.Equal(readings, want) {
		t.Errorf("exported\n%s\nwant\n%s", strings.Join(readings, "\n"), strings.Join(want, "\n"))
	}
	for record, n := range map[string]int{"alarm": 2, "decision": 2, "report": 2, "profile": 1, "dwelling": 1, "end": 1} {
		if records[record] != n {
			t.Errorf("%d records %q, want %d: %v", records[record], record, n, records)
		}
	}
	if strings.Contains(out, "park") {
		t.Errorf("the neighbour is in it:\n%s", out)
	}
	file := writeFile(t, "kim.jsonl", out)
	plain := writeFile(t, "plain.jsonl", strings.Join(want, "\n"))
	if a, b := says(t, "replay", file), says(t, "replay", plain); a != b || a == "" {
		t.Errorf("an export is replayed as\n%s\nwant\n%s", a, b)
	}
}

func TestAnExportHasARange(t *testing.T) {
	config, data := gatewayOf(t, "kim")
	livedIn(t, data, "kim")
	out := says(t, "export", "--config", config, "--from", march.Add(2*time.Minute).Format(time.RFC3339), "--to", march.Add(4*time.Minute).Format(time.RFC3339))
	if n := strings.Count(out, `"sensor":"t"`) + strings.Count(out, `"sensor":"w"`); n != 2 || strings.Contains(out, `"sensor":"pir","room"`) || strings.Contains(out, `"record":"alarm"`) {
		t.Errorf("exported\n%s", out)
	}
	if out := says(t, "export", "--config", config, "--from", "2026-03-03"); strings.Contains(out, `"kind"`) {
		t.Errorf("there was nothing on the next day:\n%s", out)
	}
}

func TestASpreadsheetComputesNothingOfAnExport(t *testing.T) {
	config, data := gatewayOf(t, "kim")
	livedIn(t, data, "kim")
	rows := rowsIn(t, strings.NewReader(says(t, "export", "--config", config, "--format", "csv")))
	if len(rows) != len(formsOf("kim"))+1 {
		t.Errorf("%d rows, want a heading and %d readings", len(rows), len(formsOf("kim")))
	}
	if rows[1][2] != "'=cmd|' /C calc'!A0" || rows[1][3] != "'-hall" || rows[2][3] != "주방, \"큰\"" || rows[3][6] != "-3.5" {
		t.Errorf("the rows begin with\n%v\n%v\n%v", rows[1], rows[2], rows[3])
	}
	file := filepath.Join(t.TempDir(), "kim.zip")
	says(t, "export", "--config", config, "--format", "csv", "--out", file)
	z, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	tables := 0
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".csv") {
			continue
		}
		tables++
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rowsIn(t, in) {
			for i, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) && cell != "-3.5" {
					t.Errorf("%s has a formula in column %d: %q", f.Name, i, cell)
				}
			}
		}
	}
	if tables != 6 {
		t.Errorf("%d tables, want readings, alarms, decisions, reports, hours and days", tables)
	}
}

func rowsIn(t *testing.T, in io.Reader) [][]string {
	t.Helper()
	text, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAFileOfAnExportIsWholeAndPrivateOrNotThere(t *testing.T) {
	config, data := gatewayOf(t, "kim")
	livedIn(t, data, "kim")
	for _, name := range []string{"kim.jsonl", "kim.jsonl.gz", "kim.zip"} {
		file := filepath.Join(t.TempDir(), name)
		says(t, "export", "--config", config, "--out", file)
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	dir := t.TempDir()
	err := intoFile(filepath.Join(dir, "kim.zip"), func(out io.Writer) error {
		_, _ = out.Write([]byte("half"))
		return syscall.ENOSPC
	})
	left, _ := os.ReadDir(dir)
	if !errors.Is(err, syscall.ENOSPC) || len(left) > 0 {
		t.Errorf("%v, and %v are left", err, left)
	}
}

// refusing takes some bytes and then fails.
type refusing struct {
	left int
	err  error
}

func (r *refusing) Write(p []byte) (int, error) {
	if r.left -= len(p); r.left < 0 {
		return 0, r.err
	}
	return len(p), nil
}

func TestAnExportThatIsCutOffSaysSo(t *testing.T) {
	config, data := gatewayOf(t, "kim")
	livedIn(t, data, "kim")
	for err, want := range map[error]string{syscall.EPIPE: "has gone before its end", syscall.ENOSPC: "disk is full"} {
		var errs bytes.Buffer
		if code := run([]string{"export", "--config", config}, &refusing{100, err}, &errs); code != 1 || !strings.Contains(errs.String(), want) {
			t.Errorf("%v: code %d, %s", err, code, errs.String())
		}
	}
}

func TestAnExportRefusesWhatMakesNoSense(t *testing.T) {
	config, _ := gatewayOf(t, "kim", "park")
	for want, args := range map[string][]string{
		"say whose":        {},
		"--format \"xml\"": {"--dwelling", "kim", "--format", "xml"},
		"--from \"soon\"":  {"--dwelling", "kim", "--from", "soon"},
		"is not before":    {"--dwelling", "kim", "--from", "2026-03-02", "--to", "2026-03-01"},
		"cannot be read":   {"--dwelling", "kim"},
	} {
		if code, _, errs := ucareSays(append([]string{"export", "--config", config}, args...)...); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%v: code %d, %s", args, code, errs)
		}
	}
}
