package center

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

// falls makes a gateway silent as if its grace were over.
func (s *site) falls(gateway string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateways.gateways[gateway].SilentSince = time.Now()
}

func TestASilentGatewayIsShownWithWhomToCall(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.beats(emergency.Heartbeat{SentBy: "gw-1", Every: 60, Dwellings: []string{"home-1", "home-2"}})
	old, park := smoke("a1", ucare.Raise, 1), smoke("a2", ucare.Raise, 1)
	old.Dwelling.Resident.Phone = "02-555-0000"
	s.sends(old)
	s.sends(park)
	s.submits("/close", closing("a2", Well, ""))
	notice := func() string {
		_, page, _ := strings.Cut(s.sees("/"), `data-list="silent"`)
		notice, _, _ := strings.Cut(page, `data-list="open"`)
		return notice
	}
	if got := notice(); strings.Contains(got, "Park") {
		t.Errorf("a gateway that is heard is in the notice: %s", got)
	}
	s.falls("gw-1")
	s.falls("gw-2")
	got := notice()
	for _, want := range []string{"Gateway gw-1 is silent", "home-1</span>", "Park Sun-ja", `href="tel:025550412"`, "77 Jeongneung-ro", "home-2</span>", "no resident known", "nobody to call is known here"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%q is there %d times in:\n%s", want, strings.Count(got, want), got)
		}
	}
	if strings.Contains(got, "02-555-0000") {
		t.Error("an old number is given")
	}

	moved := smoke("a3", ucare.Raise, 1) // reports come though the heartbeats do not
	moved.Dwelling.Resident.Phone = "02-555-9999"
	s.sends(moved)
	if got := notice(); !strings.Contains(got, "02-555-9999") || strings.Contains(got, "02-555-0412") {
		t.Errorf("the newest report does not count:\n%s", got)
	}
}

func TestWhomToCallOutlivesTheCentre(t *testing.T) {
	config := testConfig(t)
	c, err := Open(t.Context(), config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r := received{Gateway: "gw-1", Report: smoke("a1", ucare.Raise, 1), Body: []byte("{}"), At: onset}
	if _, err := c.store.take(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	s := openSite(t, config)
	s.falls("gw-1")
	if page := s.sees("/"); !strings.Contains(page, `<strong>Park Sun-ja</strong> · <a href="tel:025550412"`) {
		t.Error("the resident is not named after a start")
	}
}

func TestAnUnansweredAlarmIsNamedByWhatItIs(t *testing.T) {
	s := openSite(t, testConfig(t))
	s.sends(smoke("a1", ucare.Raise, 1))
	s.beats(emergency.Heartbeat{SentBy: "gw-1", Every: 60, Faults: []ucare.Fault{
		{Code: ucare.FaultNoAnswer, Subject: "a1", Since: onset}, {Code: ucare.FaultNoAnswer, Subject: "mfzgk43tmvzxg2lpnzqxezlt7a", Since: onset},
	}})
	_, table, _ := strings.Cut(s.sees("/"), `data-list="gateways"`)
	table, _, _ = strings.Cut(table, "</table>")
	if !strings.Contains(table, "Nobody has answered an alarm: Fire: smoke, Old kitchen, since") || strings.Contains(table, "mfzgk43") {
		t.Errorf("the faults read:\n%s", table)
	}
}
