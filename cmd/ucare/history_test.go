package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/influxd"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/history/influx"
)

// asUcare makes of the tests' own program the real one, for a test that kills it.
const asUcare = "UCARE_TEST_RUN"

func TestMain(m *testing.M) {
	if args := os.Getenv(asUcare); args != "" {
		os.Exit(run(strings.Split(args, "\x1f"), os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// started is the program in a process of its own.
func started(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), asUcare+"="+strings.Join(args, "\x1f"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// until waits for what another process does.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// killed ends a process as a power cut would.
func killed(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
}

// withInflux configures an InfluxDB that is not used yet.
func withInflux(address string) string {
	return fmt.Sprintf(`, history: {store: embedded, influxdb: {url: %q, bucket: ucare/raw, hours_bucket: ucare/hours}}`, address)
}

// lately gives each dwelling three days of readings up to now.
func lately(t *testing.T, data string, n int, dwellings ...string) {
	t.Helper()
	forDays(t, data, 3, n, dwellings...)
}

func forDays(t *testing.T, data string, days, n int, dwellings ...string) {
	t.Helper()
	h := history.New(history.Options{Path: filepath.Join(data, "history.db"), Location: time.UTC})
	begin := time.Now().Truncate(time.Second).AddDate(0, 0, -days)
	for _, home := range dwellings {
		var all []ucare.Reading
		for i := range n {
			at := begin.Add(time.Duration(i) * time.Duration(days) * 24 * time.Hour / time.Duration(n))
			all = append(all,
				ucare.Reading{At: at, Dwelling: home, Sensor: "pir of " + home, Room: "hall", Kind: ucare.Motion, State: ucare.StateOf(i%2 == 0)},
				ucare.Reading{At: at, Dwelling: home, Sensor: "thermometer", Room: "hall", Kind: ucare.Temperature, Value: 20 + float64(i%7)/10, Unit: "°C"})
		}
		if err := h.Append(t.Context(), all, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
}

// tell speaks InfluxQL with the server.
func tell(t *testing.T, server *influxd.Server, statement string) {
	t.Helper()
	response, err := http.PostForm(server.URL+"/query", url.Values{"db": {"ucare"}, "q": {statement}})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(response.Body); err != nil || response.StatusCode != http.StatusOK || strings.Contains(text.String(), "error") {
		t.Fatalf("%s: %s, %v", statement, text.String(), err)
	}
}

func TestTheHistoryIsCopiedToAnInfluxDBAndCompared(t *testing.T) {
	server := influxd.ForTest(t)
	config, data := gatewayWith(t, withInflux(server.URL), "kim", "park")
	lately(t, data, 3000, "kim", "park")
	for range 2 { // to copy again changes nothing
		out := says(t, "history", "copy", "--config", config)
		for _, home := range []string{"kim", "park"} {
			if !strings.Contains(out, home+": ") || !strings.Contains(out, "are the same on both: 6000 readings") {
				t.Fatal(out)
			}
		}
	}
	day := time.Now().UTC().AddDate(0, 0, -2).Format(time.DateOnly)
	tell(t, server, fmt.Sprintf("DELETE FROM reading WHERE time >= '%[1]sT10:00:00Z' AND time < '%[1]sT11:00:00Z'", day))
	code, _, errs := ucareSays("history", "copy", "--config", config)
	if code != 1 || !strings.Contains(errs, "kim on "+day+": the file has ") || !strings.Contains(errs, "--again") {
		t.Errorf("an hour is missing on the server: code %d, %s", code, errs)
	}
	if out := says(t, "history", "copy", "--config", config, "--again"); !strings.Contains(out, "are the same on both") {
		t.Error(out)
	}
}

// What only the InfluxDB has any more is exported as if it were here.
func TestAnExportIsTheSameFromAnInfluxDB(t *testing.T) {
	server := influxd.ForTest(t)
	config, data := gatewayWith(t, withInflux(server.URL), "kim")
	forDays(t, data, 20, 1000, "kim")
	says(t, "history", "copy", "--config", config)
	today := time.Now().UTC().Format(time.DateOnly) // which is not over, and told differently each second
	before := says(t, "export", "--config", config, "--to", today)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	used := strings.Replace(string(text), "store: embedded", "store: influxdb", 1)
	if err := os.WriteFile(config, []byte(used), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := configs.Load(config)
	if err != nil {
		t.Fatal(err)
	}
	options, err := gateway.HistoryOptions(c, false)
	if err != nil {
		t.Fatal(err)
	}
	h := history.New(options)
	trimmed, err := h.Trim(t.Context(), time.Now())
	if err := errors.Join(err, h.Close()); err != nil || trimmed < 1000 {
		t.Fatalf("%d readings are gone from the file, %v", trimmed, err)
	}
	after := says(t, "export", "--config", config, "--to", today)
	for _, record := range []string{"reading", "hour", "day"} {
		if a, b := linesOf(before, record), linesOf(after, record); a != b || a == "" {
			t.Errorf("of %ss %s", record, unlike(a, b))
		}
	}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kim.jsonl")
	code, _, errs := ucareSays("export", "--config", config, "--out", file)
	if _, err := os.Stat(file); code != 1 || err == nil || !strings.Contains(errs, "in the InfluxDB only") {
		t.Errorf("half of it is exported: code %d, %s", code, errs)
	}
}

func TestACopyThatIsKilledGoesOn(t *testing.T) {
	server := influxd.ForTest(t)
	line, err := influxd.NewLine(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	config, data := gatewayWith(t, withInflux(line.URL), "kim")
	lately(t, data, 20_000, "kim")
	line.Set(influxd.Slow(50 * time.Millisecond))
	cmd := started(t, "history", "copy", "--config", config)
	until(t, "it writes", func() bool { return line.Requests("/api/v2/write") >= 4 }) // in the middle
	killed(t, cmd)
	line.Set(influxd.Pass())
	if out := says(t, "history", "copy", "--config", config); !strings.Contains(out, "are the same on both: 40000 readings") {
		t.Error(out)
	}
}

// countOn is how many readings the server has of a dwelling.
func countOn(t *testing.T, config, dwelling string) int64 {
	t.Helper()
	c, err := configs.Load(config)
	if err != nil {
		t.Fatal(err)
	}
	options, err := gateway.HistoryOptions(c, true)
	if err != nil {
		t.Fatal(err)
	}
	store, err := influx.New(*options.Influx, func(context.Context, string) ([]string, error) { return nil, nil })
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, err := store.Count(t.Context(), dwelling)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNothingCountsAsErasedOnAnInfluxDBThatIsDown(t *testing.T) {
	server := influxd.ForTest(t)
	config, data := gatewayWith(t, withInflux(server.URL), "kimhouse", "parkhouse")
	livedIn(t, data, "kimhouse", "parkhouse")()
	lately(t, data, 500, "kimhouse", "parkhouse")
	says(t, "history", "copy", "--config", config)
	erase := []string{"erase", "--config", config, "--dwelling", "kimhouse", "--by", "x", "--yes", "--even-open", "--language", "en"}
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	code, out := typing(t, "", erase...)
	if code != 1 || !strings.Contains(out, "Points in the InfluxDB: could not be counted before, could not be counted after") ||
		!strings.Contains(out, "NOT everything was erased") || !strings.Contains(out, "run the same command again") {
		t.Errorf("code %d, %s", code, out)
	}
	if found := naming(t, data, "kimhouse"); len(found) > 0 {
		t.Errorf("here it can be erased all the same, but is in %v", found)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := countOn(t, config, "kimhouse"); n != 1000 {
		t.Fatalf("the server has %d readings of the home, want 1000", n)
	}
	code, out = typing(t, "", erase...)
	if code != 0 || !strings.Contains(out, "Points in the InfluxDB: 1000 before, 0 after") || !strings.Contains(out, "Readings: 1058 before, 0 after") {
		t.Errorf("code %d, %s", code, out)
	}
	if kim, park := countOn(t, config, "kimhouse"), countOn(t, config, "parkhouse"); kim != 0 || park != 1000 {
		t.Errorf("the server has %d readings of the home and %d of the neighbour's, want 0 and 1000", kim, park)
	}
}

func TestAnErasureThatIsKilledIsFinishedByTheNext(t *testing.T) {
	for _, after := range []time.Duration{0, 20, 80, 200, 500} {
		t.Run(fmt.Sprint("after ms ", int(after)), func(t *testing.T) {
			config, data := gatewayOf(t, "kimhouse", "parkhouse")
			livedIn(t, data, "kimhouse", "parkhouse")()
			lately(t, data, 20_000, "kimhouse", "parkhouse")
			erase := []string{"erase", "--config", config, "--dwelling", "kimhouse", "--by", "x", "--yes", "--even-open", "--language", "en"}
			cmd := started(t, erase...)
			until(t, "it has begun", func() bool {
				begun, _ := filepath.Glob(filepath.Join(data, "erasures", "*.begun"))
				return len(begun) > 0
			})
			<-time.After(after * time.Millisecond) // wherever it is then must not matter
			killed(t, cmd)
			if code, out := typing(t, "", erase...); code != 0 || !strings.Contains(out, "Everything was erased.") {
				t.Errorf("code %d, %s", code, out)
			}
			if found := naming(t, data, "kimhouse"); len(found) > 0 {
				t.Errorf("the home is still in %v", found)
			}
			if n := strings.Count(says(t, "export", "--config", config, "--dwelling", "parkhouse"), `"kind"`); n < 40_000 {
				t.Errorf("of the neighbour's %d readings are left", n)
			}
		})
	}
}

func TestACopyRefusesWhatMakesNoSense(t *testing.T) {
	config, _ := gatewayOf(t, "kim")
	if code, _, errs := ucareSays("history", "copy", "--config", config); code != 1 || !strings.Contains(errs, "names no InfluxDB") {
		t.Errorf("code %d, %s", code, errs)
	}
}
