package emergency

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ucare-project/ucare"
)

func TestNoReportIsLargerThanACentreTakes(t *testing.T) {
	evidence := func(n int, room string) (all []ucare.Evidence) {
		for i := range n {
			all = append(all, ucare.Evidence{Fact: ucare.FactDetected, Sensor: fmt.Sprint("s", i), Room: room, Kind: ucare.Smoke})
		}
		return all
	}
	for name, c := range map[string]struct {
		room     string
		evidence int
	}{
		"an ordinary one":              {"kitchen", 3},
		"a room name of 20,000 bytes":  {strings.Repeat("k", 20_000), 1},
		"a room name of control codes": {strings.Repeat("\x01", 20_000), 300},
		"a room name that is no text":  {strings.Repeat("\xff", 20_000), 25},
		"thousands of facts":           {"kitchen", 5000},
		"everything at once":           {strings.Repeat("부엌<", 5_000), 300},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Policy{
				SentBy: "gw", Routes: []Route{{Steps: []Step{{Receivers: []string{"centre"}}}}},
				Dwellings: map[string]ucare.Dwelling{"home": {ID: "home", Account: "0412", Address: "12 Harbour Street", Resident: ucare.Resident{Name: "Kim", Phone: "02-1"}}},
				Texts: func(_ ucare.Verb, a ucare.Alarm) map[string]string {
					return map[string]string{"en": "Smoke in " + a.Room, "ko": a.Room}
				},
			}
			a := ucare.Alarm{ID: "a", Dwelling: "home", Rule: ucare.Fire, Kind: ucare.Smoke, Room: c.room, Onset: noon, RaisedAt: noon, Because: evidence(c.evidence, c.room)}
			body := p.First(a, ucare.Raise, noon)[0].Body
			if len(body) > largestReport {
				t.Errorf("it has %d bytes", len(body))
			}
			var r Report
			if err := json.Unmarshal(body, &r); err != nil {
				t.Fatal(err)
			}
			if r.ID != "a-raise-1" || r.SentBy != "gw" || r.Alarm.ID != "a" || r.Alarm.Rule != ucare.Fire || !r.Alarm.RaisedAt.Equal(noon) ||
				r.Dwelling.Address != "12 Harbour Street" || r.Dwelling.Resident.Phone != "02-1" || r.Alarm.Room == "" || r.Texts["en"] == "" {
				t.Errorf("what help needs is not in it: %.300s", body)
			}
			if n := len(r.Alarm.Because); n != min(c.evidence, n) || n == 0 || r.Alarm.Because[0].Sensor != "s0" || r.Alarm.Because[n-1].Sensor != fmt.Sprint("s", c.evidence-1) {
				t.Errorf("of %d facts it has %d", c.evidence, n)
			}
			if a.Room != c.room || len(a.Because) != c.evidence || a.Because[0].Room != c.room {
				t.Error("the alarm itself was changed")
			}
		})
	}
}

func TestAnOrdinaryReportIsNotShortened(t *testing.T) {
	p := &Policy{Routes: []Route{{Steps: []Step{{Receivers: []string{"centre"}}}}}}
	a := ucare.Alarm{ID: "a", Room: strings.Repeat("k", 300)}
	for range 60 {
		a.Because = append(a.Because, ucare.Evidence{Fact: ucare.FactQuietSince})
	}
	var r Report
	if err := json.Unmarshal(p.First(a, ucare.Raise, noon)[0].Body, &r); err != nil || len(r.Alarm.Because) != 60 || r.Alarm.Room != a.Room {
		t.Errorf("%v; it has %d facts", err, len(r.Alarm.Because))
	}
}

func TestAClippedTextTakesNoMoreThanItsBytesInJSON(t *testing.T) {
	for _, text := range []string{"", "kitchen", strings.Repeat("k", 200), strings.Repeat("k", 201), strings.Repeat("부엌", 100), strings.Repeat("<\"\x00", 100), strings.Repeat("\xff", 300)} {
		clipped := clip(text, 200)
		written, err := json.Marshal(clipped)
		if err != nil || len(written)-2 > 200 {
			t.Errorf("%.20q: %d bytes, %v", text, len(written)-2, err)
		}
		if fits := len(text) <= 200 && utf8.ValidString(text) && !strings.ContainsAny(text, "<\x00"); fits != (clipped == text) {
			t.Errorf("%.20q (%d bytes) became %q", text, len(text), clipped)
		}
	}
}

func TestAHeartbeatIsBounded(t *testing.T) {
	var faults []ucare.Fault
	for i := range 1000 {
		faults = append(faults, ucare.Fault{Code: ucare.FaultBattery, Dwelling: "home", Subject: fmt.Sprint(i), Since: noon.AddDate(0, 0, i), Detail: strings.Repeat("\x01", 5000)})
	}
	faults = append(faults, ucare.Fault{Code: ucare.FaultJournal, Subject: "outbox", Since: noon.AddDate(-1, 0, 0)})
	some := told(faults)
	if len(some) != mostFaults || some[0].Code != ucare.FaultJournal || some[1].Subject != "999" || some[mostFaults-1].Subject != fmt.Sprint(1001-mostFaults) {
		t.Errorf("%d faults: %+.200v", len(some), some)
	}
	beat := Heartbeat{Faults: some}
	for range mostDwellings {
		beat.Dwellings = append(beat.Dwellings, strings.Repeat("d", 64))
	}
	for range mostWaiting {
		beat.Waiting = append(beat.Waiting, ucare.AlarmID("home", ucare.Fire, ucare.Smoke, "kitchen", noon))
	}
	if body, err := json.Marshal(beat); err != nil || len(body) > 200<<10 {
		t.Errorf("it has %d bytes, %v", len(body), err)
	}
	if faults[0].Detail != strings.Repeat("\x01", 5000) {
		t.Error("the gateway's own faults were changed")
	}
}

func TestAllAlarmsAreAskedForInTurn(t *testing.T) {
	var waiting []string
	for i := range 2000 {
		waiting = append(waiting, fmt.Sprint(i))
	}
	r, asked := &receiver{}, make(map[string]int)
	for range 5 {
		beat := r.inTurn(waiting)
		if len(beat) != mostWaiting {
			t.Errorf("%d are asked for in one heartbeat", len(beat))
		}
		for _, id := range beat {
			asked[id]++
		}
	}
	if len(asked) != len(waiting) || asked["0"] != 5 || asked["99"] != 5 {
		t.Errorf("five heartbeats ask for %d of 2000; for the most urgent %d times", len(asked), asked["0"])
	}
	if beat := r.inTurn(waiting[:7]); len(beat) != 7 {
		t.Errorf("of seven %d are asked for", len(beat))
	}
}
