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
)

// aGateway answers on the local listener's paths.
func aGateway(t *testing.T, answers map[string]any, status int) (address string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, has := answers[r.URL.Path]
		if !has {
			http.NotFound(w, r)
			return
		}
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// inOrder fails unless the text says all of that, one after the other.
func inOrder(t *testing.T, text string, want ...string) {
	t.Helper()
	rest := text
	for _, w := range want {
		_, after, found := strings.Cut(rest, w)
		if !found {
			t.Errorf("it does not say %q, or not in this place:\n%s", w, text)
			return
		}
		rest = after
	}
}

func TestHealthIsToldInWords(t *testing.T) {
	t.Setenv("LC_ALL", "")
	t.Setenv("LANG", "C.UTF-8")
	since := time.Date(2026, 11, 27, 7, 3, 0, 0, time.Local)
	h := gateway.Health{Alive: true, Hearing: true, Version: "1", Language: "ko", Faults: []ucare.Fault{
		{Code: ucare.FaultBattery, Subject: "현관 문", Since: since, Detail: "7 %\n\x1b[31m"},
	}}
	address := aGateway(t, map[string]any{"/healthz": h}, http.StatusOK)
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"감시하고 있습니다", "점검이 필요한 항목: 1건", "배터리가 부족합니다: 현관 문", "곧 멈출 수", "해야 할 일: ", "교체해 주세요", "11월 27일 오전 7:03부터", "기술 정보: 7 %"}},
		{[]string{"--language", "en"}, []string{"The gateway watches", "Battery low: 현관 문", "soon fall silent", "What to do: Change", "Since 07:03 on 27 November", "Technical detail: 7 %"}},
		{[]string{"--json"}, []string{`"alive": true`, `"code": "battery_low"`}},
	} {
		var out, errs output
		if code := run(append([]string{"health", "--address", address}, c.args...), &out, &errs); code != 0 {
			t.Fatalf("%v: %s", c.args, errs.String())
		}
		inOrder(t, out.String(), c.want...)
		if strings.Contains(out.String(), "\x1b") {
			t.Errorf("%v: a detail colours the terminal", c.args)
		}
		if len(c.args) < 2 && c.args != nil {
			continue
		}
		if strings.Contains(out.String(), "battery_low") {
			t.Errorf("%v: a person reads a code:\n%s", c.args, out.String())
		}
	}
	var out, errs output
	if code := run([]string{"health", "--address", address, "--strict"}, &out, &errs); code != 1 {
		t.Errorf("with a fault --strict ends with %d", code)
	}
}

// A gateway whose watch stands still answers 503: it is told in the same words.
func TestAWatchThatStandsStillIsTold(t *testing.T) {
	address := aGateway(t, map[string]any{"/healthz": gateway.Health{Language: "en"}}, http.StatusServiceUnavailable)
	var out, errs output
	if code := run([]string{"health", "--address", address, "--language", "en"}, &out, &errs); code != 1 || !strings.Contains(out.String(), "restart it") {
		t.Errorf("exit code %d: %s %s", code, out.String(), errs.String())
	}
}

// Who presses twice is told why nothing new arrives, and sees the first drill.
func TestATestAlarmThatRepeatsOneFollowsTheFirst(t *testing.T) {
	raised := time.Now().Add(-4 * time.Second)
	address := aGateway(t, map[string]any{
		"/test-alarm/kim": gateway.TestAlarm{At: time.Now(), Joins: raised, Within: 10 * time.Second},
		"/alarms/kim": []ucare.Alarm{{ID: "a", Drill: true, RaisedAt: raised, Answers: ucare.Answers{
			ReceivedAt: time.Now(), ReceivedBy: "centre", AcknowledgedAt: time.Now(), AcknowledgedBy: "Park",
		}}},
	}, http.StatusOK)
	var out, errs output
	if code := run([]string{"test-alarm", "--address", address, "--dwelling", "kim", "--patience", "5s"}, &out, &errs); code != 0 {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	inOrder(t, out.String(), raised.Local().Format(time.TimeOnly), "within 10s are one", "received by centre", "acknowledged by Park")
}
