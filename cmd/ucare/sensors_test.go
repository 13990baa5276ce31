package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/language"
	"github.com/ucare-project/ucare/sensors"
)

func someSensors(now time.Time) gateway.SensorList {
	percent := 8.0
	return gateway.SensorList{At: now, Language: "ko", Sensors: []gateway.ListedSensor{
		{SensorState: sensors.SensorState{ID: "주방 연기", Dwelling: "kim", Room: "kitchen", Kinds: []ucare.Kind{ucare.Battery, ucare.Smoke}, LastHeard: now.Add(-3 * time.Minute)}, MustBeTested: true, Supervised: ucare.NotTested},
		{SensorState: sensors.SensorState{
			ID: "bed\x1b[31m", Dwelling: "kim", Room: "r1", Kinds: []ucare.Kind{ucare.Bed}, LastHeard: now.Add(-time.Hour), Battery: &percent,
			Last: map[ucare.Kind]ucare.Reading{ucare.Link: {Kind: ucare.Link, State: ucare.Inactive}, ucare.Battery: {Kind: ucare.Battery, State: ucare.Active}},
		}, RoomName: "큰방", Supervised: ucare.SensorAway},
		{SensorState: sensors.SensorState{ID: "front door", Dwelling: "kim"}, Supervised: ucare.NeverHeard},
	}}
}

func TestTheTableOfSensorsLinesUp(t *testing.T) {
	for _, l := range language.All() {
		text := sensorTable(l, someSensors(time.Now()))
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if len(lines) != 5 {
			t.Fatalf("%s", text)
		}
		// Wherever the line under the head has a gap, each line has two blanks.
		at := 0
		for column := range strings.FieldsSeq(lines[1]) {
			at += len(column)
			for _, line := range lines {
				if between := columns(line, at, at+2); strings.TrimSpace(between) != "" {
					t.Errorf("%s: column %d of %q is %q", l, at, line, between)
				}
			}
			at += 2
		}
		if strings.Contains(text, "\x1b") {
			t.Error("a sensor's name colours the terminal")
		}
	}
}

// columns is what a terminal shows between two columns of a line.
func columns(line string, from, to int) string {
	var out strings.Builder
	at := 0
	for _, r := range line {
		if at >= from && at < to {
			out.WriteRune(r)
		}
		at += width(string(r))
	}
	return out.String()
}

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "abc": 3, "부엌": 4, "부엌 1": 6, "é": 1, "e\u0301": 1, "한": 2, "ｆｕｌｌ": 8, "23 °C": 5, "✓": 1, "…–": 2} {
		if got := width(text); got != want {
			t.Errorf("%q takes %d columns, want %d", text, got, want)
		}
	}
}

func TestTheCommandListsTheSensors(t *testing.T) {
	t.Setenv("LC_ALL", "")
	t.Setenv("LANG", "C.UTF-8")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/sensors" || r.URL.Query().Get("dwelling") != "kim" {
			http.NotFound(w, r)
			return
		}
		_ = json.NewEncoder(w).Encode(someSensors(time.Now()))
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"주방 연기", "부엌", "3분 전", "시험한 적 없음", "연결되지 않음", "8%", "신호를 받은 적 없음"}},
		{[]string{"--language", "en"}, []string{"Kitchen", "smoke", "3 min ago", "never tried", "no: cannot be reached", "8% low", "never heard"}},
		{[]string{"--json"}, []string{`"supervised": "not_tested"`, `"must_be_tested": true`}},
	} {
		var out, errs output
		if code := run(append([]string{"sensors", "--address", address, "--dwelling", "kim"}, c.args...), &out, &errs); code != 0 {
			t.Fatalf("%v: %s", c.args, errs.String())
		}
		for _, want := range c.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%v does not say %q:\n%s", c.args, want, out.String())
			}
		}
	}
	var out, errs output
	if code := run([]string{"sensors", "--address", address, "--dwelling", "kim", "--language", "xx"}, &out, &errs); code != 1 || !strings.Contains(errs.String(), "ko or en") {
		t.Errorf("an unknown language: %d %s", code, errs.String())
	}
	t.Setenv("LANG", "ko_KR.UTF-8")
	if l, err := chooseLanguage("", "en"); err != nil || l.Tag() != "ko" {
		t.Errorf("a Korean terminal gets %s, %v", l, err)
	}
}
