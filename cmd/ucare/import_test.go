package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/journal"
)

func TestAnImportedExportIsTheSameAgain(t *testing.T) {
	from, data := gatewayOf(t, "kim")
	stop := livedIn(t, data, "kim")
	whole := says(t, "export", "--config", from)
	for _, name := range []string{"kim.jsonl", "kim.jsonl.gz", "kim.zip", "KIM.ZIP"} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), name)
			says(t, "export", "--config", from, "--out", file)
			to, toData := gatewayOf(t, "kim")
			for range 2 { // to repeat it changes nothing
				if out := says(t, "import", "--config", to, file); !strings.Contains(out, "imported: 58 readings, 1 alarms, 2 decisions") || !strings.Contains(out, "not imported: 1 alarms") {
					t.Error(out)
				}
			}
			sumUp(t, toData)
			again := says(t, "export", "--config", to)
			for _, record := range []string{"reading", "decision", "day", "hour"} {
				if a, b := linesOf(whole, record), linesOf(again, record); a != b || a == "" {
					t.Errorf("of %ss %s", record, unlike(a, b))
				}
			}
			if got := linesOf(again, "alarm"); strings.Count(got, "\n") != 1 || !strings.Contains(linesOf(whole, "alarm"), got) {
				t.Errorf("of the alarms there is\n%s", got)
			}
			if a, b := says(t, "replay", "--config", from, "--days", "3", "--until", "2026-03-04T00:00:00Z"), says(t, "replay", "--config", to, "--days", "3", "--until", "2026-03-04T00:00:00Z"); a != b || a == "" {
				t.Errorf("the replay was\n%s\nand is\n%s", a, b)
			}
		})
	}
	stop()
}

// sumUp makes the hours and days, as a running gateway does.
func sumUp(t *testing.T, data string) {
	t.Helper()
	h := history.New(history.Options{Path: filepath.Join(data, "history.db"), Location: time.UTC})
	if err := errors.Join(h.SumUp(t.Context()), h.Close()); err != nil {
		t.Fatal(err)
	}
}

// The readings of long ago are gone, and the hours and days of then are not.
func TestHoursWithoutReadingsAreImportedToo(t *testing.T) {
	from, data := gatewayOf(t, "kim")
	long := history.New(history.Options{Path: filepath.Join(data, "history.db"), Location: time.UTC, KeepReadings: 24 * time.Hour})
	var readings []ucare.Reading
	for n := range 200 {
		at := march.Add(time.Duration(n) * time.Hour)
		readings = append(readings, ucare.Reading{At: at, Dwelling: "kim", Sensor: "pir", Room: "hall", Kind: ucare.Motion, State: ucare.StateOf(n%3 == 0)})
	}
	now := readings[len(readings)-1].At
	err := long.Append(t.Context(), readings, 0)
	if err == nil {
		err = long.SumUp(t.Context())
	}
	if err == nil {
		_, err = long.Trim(t.Context(), now)
	}
	if err := errors.Join(err, long.Close()); err != nil {
		t.Fatal(err)
	}
	whole := says(t, "export", "--config", from)
	if n := strings.Count(linesOf(whole, "reading"), "\n"); n != 25 {
		t.Fatalf("%d readings are left, want those of a day", n)
	}
	to, toData := gatewayOf(t, "kim")
	file := writeFile(t, "kim.jsonl", whole)
	for range 2 {
		says(t, "import", "--config", to, file)
		sumUp(t, toData)
	}
	again := says(t, "export", "--config", to)
	for _, record := range []string{"reading", "hour", "day"} {
		if a, b := linesOf(whole, record), linesOf(again, record); a != b || strings.Count(a, "\n") < 8 {
			t.Errorf("of %ss %s", record, unlike(a, b))
		}
	}
}

// unlike says where two texts begin to differ.
func unlike(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d was\n%s\nand is\n%s", i+1, x[i], y[i])
		}
	}
	return fmt.Sprintf("there were %d lines and are %d", len(x)-1, len(y)-1)
}

// linesOf are the lines of an export of one kind; of hours those in which something was
// heard: others follow on them, one at each time they are summed up.
func linesOf(export, record string) string {
	var out strings.Builder
	for line := range strings.Lines(export) {
		is := strings.HasPrefix(line, fmt.Sprintf(`{"record":%q`, record))
		if record == "reading" {
			is = !strings.HasPrefix(line, `{"record"`)
		}
		if is && (record != "hour" || strings.Contains(line, `"sensors"`)) {
			out.WriteString(line)
		}
	}
	return out.String()
}

func TestNothingIsImportedOfAFileWithAMistake(t *testing.T) {
	config, data := gatewayOf(t, "kim")
	good := smoking
	end := `{"record":"end","format":"ucare-export/1","dwelling":"kim","counts":{"readings":4,"alarms":0,"decisions":0}}`
	for line, want := range map[string]string{
		`{"at":"2026-03-02T08:00:00Z","dwelling":"kim","sensor":"s","kind":"mood","active":true}`:    `"mood"`,
		`{"at":"0026-03-02T08:00:00Z","dwelling":"kim","sensor":"s","kind":"motion","active":true}`:  `year 26`,
		`{"at":"2026-03-02T08:00:00Z","dwelling":"lee","sensor":"s","kind":"motion","active":true}`:  `"lee"`,
		`{"at":"2026-03-02T08:00:00Z","dwelling":"kim","sensor":"s","kind":"motion","active":"yes"}`: `active`,
		`{"record":"alarm","alarm":{"id":"a"}}`:                                                      `"onset"`,
		`{"record":"decision","decision":{"at":"2026-03-02T08:00:00Z"}}`:                             `"verb"`,
		`{"record":"hour","hour":{"dwelling":"kim","from":"2026-03-02T08:30:00Z"}}`:                  `the beginning of one`,
		`{"record":"poem"}`: `"poem"`,
		end:                 `had 4 readings when it was written, and has 3`,
		`{"at":`:            `unexpected end`,
	} {
		file := writeFile(t, "kim.jsonl", good+line+"\n")
		code, _, errs := ucareSays("import", "--config", config, file)
		if code != 1 || !strings.Contains(errs, want) || !strings.Contains(errs, "line 5 of "+file) || !strings.Contains(errs, "nothing was imported") {
			t.Errorf("%s: code %d, %s", line, code, errs)
		}
	}
	h := history.New(history.Options{Path: filepath.Join(data, "history.db")})
	defer h.Close()
	if n, err := h.Count(t.Context(), "kim"); err != nil || n.Readings != 0 {
		t.Errorf("%d readings were imported all the same (%v)", n.Readings, err)
	}
}

// A daemon that is stopped has done what it should; an export that is stopped has not.
func TestAnInterruptedWorkIsNoSuccess(t *testing.T) {
	config, data := gatewayWith(t, withInflux("http://127.0.0.1:1"), "kim")
	livedIn(t, data, "kim")()
	for _, args := range [][]string{
		{"export"}, {"import", writeFile(t, "kim.jsonl", smoking)}, {"erase", "--dwelling", "kim", "--by", "x", "--yes", "--even-open"}, {"history", "copy"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		root := newRoot()
		root.SetArgs(append(args, "--config", config))
		root.SetOut(io.Discard)
		root.SetErr(io.Discard)
		if err := root.ExecuteContext(ctx); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestNothingIsImportedIntoARunningGateway(t *testing.T) {
	config, data := gatewayOf(t, "kim")
	j, _, err := journal.Open(t.Context(), filepath.Join(data, "journal.db"), journal.Options{BallastBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if code, _, errs := ucareSays("import", "--config", config, writeFile(t, "kim.jsonl", smoking)); code != 1 || !strings.Contains(errs, "the gateway runs: stop it first") {
		t.Errorf("code %d, %s", code, errs)
	}
}

func TestAnImportSaysWhatIsNotWhole(t *testing.T) {
	config, _ := gatewayOf(t, "kim")
	if out := says(t, "import", "--config", config, writeFile(t, "kim.jsonl", smoking)); !strings.Contains(out, "no last line that says that it is whole") {
		t.Error(out)
	}
	for want, name := range map[string]string{"--format jsonl": "csv", "reads its file twice": "-", "cannot be read": "missing.zip"} {
		if name == "csv" {
			name = filepath.Join(t.TempDir(), "kim.zip")
			says(t, "export", "--config", config, "--format", "csv", "--out", name)
		}
		if code, _, errs := ucareSays("import", "--config", config, name); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%s: code %d, %s", name, code, errs)
		}
	}
}

// The recordings of homes where people lived: what an imported gateway has is replayed
// to the byte as the file is.
func TestAnImportedRecordingIsReplayedToTheByte(t *testing.T) {
	files, err := filepath.Glob("../../../shared/recordings/activity/*.jsonl.gz")
	if err != nil || len(files) == 0 {
		t.Skip("the recordings of ../shared/recordings/activity are not here")
	}
	for _, file := range files {
		home := strings.TrimSuffix(filepath.Base(file), ".jsonl.gz")
		t.Run(home, func(t *testing.T) {
			config, _ := gatewayOf(t, home)
			says(t, "import", "--config", config, file)
			exported := filepath.Join(t.TempDir(), "home.jsonl")
			says(t, "export", "--config", config, "--out", exported)
			want := says(t, "replay", "--config", config, file)
			if got := says(t, "replay", "--config", config, exported); got != want {
				t.Errorf("the replay of the export has %d bytes, that of the recording %d", len(got), len(want))
			}
			other, _ := gatewayOf(t, home)
			says(t, "import", "--config", other, exported)
			until := time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
			a := says(t, "replay", "--config", config, "--days", "4000", "--until", until)
			b := says(t, "replay", "--config", other, "--days", "4000", "--until", until)
			if a != b || len(a) == 0 {
				t.Errorf("the replays of the two gateways have %d and %d bytes", len(a), len(b))
			}
		})
	}
}
