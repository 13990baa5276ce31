package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/language"
)

// smoking is a home with smoke at ten past eight and a restore at a quarter past.
const smoking = `{"at":"2026-03-02T08:00:00Z","dwelling":"kim","sensor":"pir","room":"hall","kind":"motion","active":true}

{"at":"2026-03-02T08:10:00Z","dwelling":"kim","sensor":"detector","room":"kitchen","kind":"smoke","active":true}
{"at":"2026-03-02T08:14:00Z","dwelling":"kim","sensor":"detector","room":"kitchen","kind":"smoke","active":false}
`

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ucareSays runs the program.
func ucareSays(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestReplayPrintsOneDecisionALine(t *testing.T) {
	file := writeFile(t, "home.jsonl", smoking)
	_, without, _ := ucareSays("replay", file)
	if strings.Count(without, "\n") != 1 {
		t.Errorf("without --until time ends with the last reading: %s", without)
	}
	if _, marked, errs := ucareSays("replay", writeFile(t, "home.jsonl", "\ufeff"+smoking)); marked != without {
		t.Errorf("with an editor's mark before the first line: %s%s", marked, errs)
	}
	code, out, errs := ucareSays("replay", "--until", "2026-03-02T09:00:00Z", file)
	if code != 0 || errs != "" {
		t.Fatalf("code %d, %s", code, errs)
	}
	var verbs []string
	for line := range strings.Lines(out) {
		var d ucare.Decision
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		verbs = append(verbs, fmt.Sprint(d.At.Format("15:04 "), d.Rule, " ", d.Verb, " ", d.Room, " ", len(d.Because)))
	}
	if got := strings.Join(verbs, ", "); got != "08:10 fire raise kitchen 1, 08:15 fire restore kitchen 2" {
		t.Errorf("decided: %s", got)
	}
}

func TestReplayNamesTheLineThatIsNoReading(t *testing.T) {
	for line, want := range map[string]string{
		`{"at":"2026-03-02T08:00:00Z","dwelling":"kim","sensor":"s","kind":"mood","active":true}`: `"mood"`,
		`{"dwelling":"kim","sensor":"s","kind":"smoke","active":true}`:                            `"at"`,
		`{"at":"2026-03-02T08:00:00Z","sensor":"s","kind":"smoke","active":true}`:                 `"dwelling"`,
		`smoke`: "invalid character",
	} {
		code, out, errs := ucareSays("replay", writeFile(t, "home.jsonl", smoking+line+"\n"))
		if code != 1 || !strings.Contains(errs, "line 5 of ") || !strings.Contains(errs, want) {
			t.Errorf("%s: code %d, %s", line, code, errs)
		}
		if !strings.Contains(out, `"verb":"raise"`) {
			t.Errorf("what was decided before line 5 is lost: %s", out)
		}
	}
}

func TestReplayRefusesWhatMakesNoSense(t *testing.T) {
	file := writeFile(t, "home.jsonl", smoking)
	for want, args := range map[string][]string{
		"name a file of readings": {"replay"},
		"--until \"noon\"":        {"replay", "--until", "noon", file},
		"add --table":             {"replay", "--against", "x.yaml", file},
		"cannot be read":          {"replay", file + ".missing"},
		"not packed with gzip":    {"replay", writeFile(t, "home.jsonl.gz", smoking)},
	} {
		if code, _, errs := ucareSays(args...); code != 1 || !strings.Contains(errs, want) {
			t.Errorf("%q: code %d, %s", args, code, errs)
		}
	}
}

func TestATableSaysWhyAndHowOften(t *testing.T) {
	_, out, errs := ucareSays("replay", "--table", "--language", "en", "--until", "2026-03-02T09:00:00Z", writeFile(t, "home.jsonl", smoking))
	for _, want := range []string{"8:10", "Fire", "Raised", "Kitchen", "Smoke detected in the kitchen", "Raised 1 (Fire 1)"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s%s", want, out, errs)
		}
	}
}

// quietHome writes a configuration and a month of history: somebody who is heard at
// eight, at noon and at four each day, and one day at eight only.
func quietHome(t *testing.T) (config func(after string) string, now time.Time) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("UCARE_DATA", dir)
	store, _, err := embedded.Open(t.Context(), filepath.Join(dir, "history.db"), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() }) // open all the time, as a gateway has it
	now = time.Date(2026, 3, 31, 18, 0, 0, 0, time.UTC)
	var all []ucare.Reading
	for day := range 40 {
		for _, hour := range []int{8, 12, 16, 20} {
			at := time.Date(2026, 2, 20+day, hour, 0, 0, 0, time.UTC)
			if day == 30 && hour > 8 || at.After(now) {
				continue
			}
			for minute := range 2 {
				all = append(all, ucare.Reading{At: at.Add(time.Duration(minute) * time.Minute), Dwelling: "kim", Sensor: "pir", Room: "hall", Kind: ucare.Motion, State: ucare.StateOf(minute == 0)})
			}
		}
	}
	if err := store.Append(t.Context(), all, 0); err != nil {
		t.Fatal(err)
	}
	minimal, err := os.ReadFile("../../configs/ucare.minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"zigbee2mqtt.password", "centre.secret"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(dir, "secrets"), 0o700),
			os.WriteFile(filepath.Join(dir, "secrets", secret), []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8G\n"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return func(after string) string {
		path := filepath.Join(dir, after+".yaml")
		text := string(minimal) + "\nrules: {inactivity: {after: " + after + ", at_most: 22h}}\n"
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}, now
}

func TestABacktestOverTheHomesOwnHistory(t *testing.T) {
	config, now := quietHome(t)
	code, out, errs := ucareSays("replay", "--config", config("11h"), "--against", config("20h"), "--table", "--language", "en", "--until", now.Format(time.RFC3339))
	if code != 0 {
		t.Fatalf("code %d: %s", code, errs)
	}
	for _, want := range []string{
		"From 03:00 on 2 March to 03:00 on 1 April: 30.0 days.", "With these settings: ", "With the settings compared with: ",
		"23 March", "No sign of life", "is usual",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if strings.Contains(out, "February") {
		t.Errorf("what was learned from is not shown:\n%s", out)
	}
}

func TestABacktestTellsWhatIsNewAndWhatIsGone(t *testing.T) {
	b := backtest{compared: true, location: time.UTC}
	at := func(alarm string, verb ucare.Verb, minute int) gateway.Happening {
		return gateway.Happening{Decision: ucare.Decision{
			At: time.Date(2026, 3, 2, 8, minute, 0, 0, time.UTC), Dwelling: "kim", Rule: ucare.Fall, Verb: verb, Alarm: alarm,
		}}
	}
	b.add(at("a", ucare.PreAlarm, 1), true) // only now, and prevented
	b.add(at("a", ucare.Cancel, 2), true)
	b.add(at("b", ucare.Raise, 3), true) // under both, over at different times
	b.add(at("b", ucare.Raise, 3), false)
	b.add(at("b", ucare.Restore, 5), true)
	b.add(at("c", ucare.TellConcern, 4), false) // only before
	var got []string
	for _, row := range b.rows {
		got = append(got, fmt.Sprint(row.Alarm, " ", row.mark(), " ", row.until.Minute()))
	}
	if got := strings.Join(got, ", "); got != "a replay.only_now 2, b replay.both 5, c replay.only_before 0" {
		t.Error(got)
	}
	out := b.table(language.Language{})
	for _, want := range []string{"these settings: Pre-alarm 1 (Fall 1); Raised 1 (Fall 1); Please look 0", "compared with: Pre-alarm 0; Raised 1 (Fall 1); Please look 1 (Fall 1)"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
