package center

import (
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

func ids(states []gatewayState) []string {
	var all []string
	for _, g := range states {
		all = append(all, g.ID)
	}
	return all
}

func TestAGatewayIsSilentWhenItsGraceIsOver(t *testing.T) {
	s := newSupervision()
	s.watch("a", watched{}, 3*time.Minute, onset)
	s.watch("b", watched{}, time.Hour, onset)
	s.heard("a", heartbeat{Every: time.Minute}, onset.Add(10*time.Second))
	due := onset.Add(10*time.Second + 4*time.Minute)
	if got := s.overdue(due.Add(-time.Nanosecond)); got != nil {
		t.Errorf("silent too early: %q", ids(got))
	}
	if got := ids(s.overdue(due)); !reflect.DeepEqual(got, []string{"a"}) {
		t.Errorf("silent: %q, want a", got)
	}
	if got := s.overdue(due.Add(time.Minute)); got != nil {
		t.Errorf("raised again: %q", ids(got))
	}
	now, was := s.heard("a", heartbeat{Every: time.Minute}, due.Add(2*time.Minute))
	if !was.SilentSince.Equal(due) || now.silent() {
		t.Errorf("heard again: was %+v, is %+v", was, now)
	}
	if got := s.overdue(due.Add(5*time.Minute + 59*time.Second)); got != nil {
		t.Errorf("silent right after it was heard: %q", ids(got))
	}
}

func TestTheCentresOwnAbsenceIsNotTheGatewaysSilence(t *testing.T) {
	s := newSupervision()
	for id, heardAt := range map[string]time.Time{"yesterday": onset.Add(-24 * time.Hour), "clock set back": onset.Add(24 * time.Hour), "never": {}} {
		s.watch(id, watched{HeardAt: heardAt, Every: time.Minute}, 3*time.Minute, onset)
	}
	s.watch("silent before", watched{HeardAt: onset.Add(-24 * time.Hour), SilentSince: onset.Add(-time.Hour)}, 3*time.Minute, onset)
	if got := s.overdue(onset.Add(3*time.Minute + 59*time.Second)); got != nil {
		t.Errorf("silent: %q", ids(got))
	}
	if got := ids(s.overdue(onset.Add(4 * time.Minute))); !reflect.DeepEqual(got, []string{"clock set back", "never", "yesterday"}) {
		t.Errorf("silent: %q", got)
	}
}

func TestAGatewayCannotTalkItselfOutOfSupervision(t *testing.T) {
	for announced, want := range map[time.Duration]time.Duration{
		time.Second: time.Second, 10 * time.Minute: 10 * time.Minute, 24 * time.Hour: 15 * time.Minute, 0: time.Minute, -time.Hour: time.Minute,
	} {
		s := newSupervision()
		s.watch("a", watched{}, 0, onset)
		s.heard("a", heartbeat{Every: announced}, onset)
		if got := s.gateways["a"].due().Sub(onset); got != want {
			t.Errorf("announced %s: due after %s, want %s", announced, got, want)
		}
	}
}

// The whole centre under a clock of its own: a gateway falls silent on the
// operators' list and comes back.
func TestASilentGatewayIsRaisedAndRestored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := testConfig(t)
		c, err := Open(t.Context(), config, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		stopped := make(chan error, 1)
		go func() { stopped <- c.Run(t.Context()) }()
		beat := func(id string) {
			c.heard(t.Context(), verified{Gateway: id, At: time.Now()}, emergency.Heartbeat{Every: 60, Version: "1"})
		}
		silent := func() (all []string) {
			for _, g := range c.gatewayStates() {
				if g.silent() {
					all = append(all, g.ID)
				}
			}
			return all
		}
		for range 10 {
			beat("gw-1")
			beat("gw-2")
			time.Sleep(time.Minute)
		}
		if got := silent(); got != nil {
			t.Fatalf("silent: %q", got)
		}
		for range 10 { // gw-2 has stopped
			beat("gw-1")
			time.Sleep(time.Minute)
		}
		if got := silent(); !reflect.DeepEqual(got, []string{"gw-2"}) {
			t.Fatalf("silent: %q, want gw-2", got)
		}
		beat("gw-2")
		time.Sleep(2 * time.Second)
		if got := silent(); got != nil {
			t.Fatalf("silent: %q", got)
		}
		rows, err := c.store.silences(t.Context(), 10)
		if err != nil || len(rows) != 1 || rows[0].Gateway != "gw-2" || rows[0].RestoredAt.IsZero() {
			t.Errorf("%+v, %v", rows, err)
		}
		// Four minutes after the last heartbeat and not a minute later.
		if late := rows[0].RaisedAt.Sub(rows[0].LastHeard); late < 4*time.Minute || late > 4*time.Minute+2*time.Second {
			t.Errorf("raised %s after the last heartbeat", late)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAHeartbeatBringsTheAnswers(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a1", ucare.Raise, 1))
	s.sends(smoke("a2", ucare.Raise, 1))
	s.sends(smoke("a3", ucare.Raise, 1))
	s.submits("/acknowledge", about("a1"))
	s.submits("/close", closing("a2", Other, "the neighbour's barbecue"))
	reply := s.beats(emergency.Heartbeat{
		SentBy: "gw-1", Every: 60, Version: "0.1.0", Dwellings: []string{"home-1"}, Waiting: []string{"a1", "a2", "unknown"},
		Faults: []ucare.Fault{{Code: ucare.FaultBattery, Subject: "smoke-1", Since: onset}},
	})
	answers := make(map[string]ucare.Answers)
	for _, a := range reply.Answer {
		answers[a.Alarm] = a.Answers
	}
	if len(answers) != 2 || reply.At.IsZero() {
		t.Fatalf("%+v", reply)
	}
	if a := answers["a1"]; a.AcknowledgedBy != "Kim Min-ji" || a.AcknowledgedAt.IsZero() || !a.ClosedAt.IsZero() || a.ReceivedBy != "Seongbuk centre" {
		t.Errorf("a1: %+v", a)
	}
	if a := answers["a2"]; a.ClosedBy != "Kim Min-ji" || a.Outcome != "other: the neighbour's barbecue" || a.AcknowledgedAt.IsZero() {
		t.Errorf("a2: %+v", a)
	}
	page := s.sees("/?lang=en")
	for _, want := range []string{"0.1.0", "Battery low: smoke-1", "Heard in time", "Not heard yet"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestAGatewayHearsOnlyOfItsOwnAlarms(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a1", ucare.Raise, 1))
	p := signed(t, "/v1/heartbeats", "beat", emergency.Heartbeat{SentBy: "gw-2", Every: 60, Waiting: []string{"a1"}})
	p.secret = secretB
	status, body := s.post(p)
	if reply := decode[emergency.HeartbeatReply](t, body); status != 200 || len(reply.Answer) != 0 {
		t.Errorf("%d %s", status, body)
	}
}

func TestBadHeartbeatsAreRefusedAndProveNothing(t *testing.T) {
	s := openSite(t, testConfig(t))
	h := emergency.Heartbeat{SentBy: "gw-1", Every: 60}
	forged := signed(t, "/v1/heartbeats", "b", h)
	forged.secret = secretC
	for name, c := range map[string]struct {
		p      posting
		status int
	}{
		"forged":       {forged, 401},
		"stranger":     {signed(t, "/v1/heartbeats", "b", emergency.Heartbeat{SentBy: "gw-9"}), 401},
		"no sender":    {signed(t, "/v1/heartbeats", "b", emergency.Heartbeat{}), 400},
		"not JSON":     {posting{path: "/v1/heartbeats", id: "b", secret: secretA, at: time.Now(), body: []byte("beat")}, 400},
		"another type": {posting{path: "/v1/heartbeats", id: "b", secret: secretA, at: time.Now(), body: []byte(`{"sent_by":"gw-1","every_seconds":"often"}`)}, 400},
		"too large":    {signed(t, "/v1/heartbeats", "b", emergency.Heartbeat{SentBy: "gw-1", Version: strings.Repeat("1", 256<<10)}), 413},
	} {
		if status, body := s.post(c.p); status != c.status {
			t.Errorf("%s: %d %s, want %d", name, status, body, c.status)
		}
	}
	for _, g := range s.gatewayStates() {
		if !g.HeardAt.IsZero() {
			t.Errorf("%s counts as heard", g.ID)
		}
	}
}
