package gateway

import (
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

func TestAConfirmationIsOneReportEach(t *testing.T) {
	policy := &emergency.Policy{Routes: []emergency.Route{{ID: "all", Steps: []emergency.Step{{Receivers: []string{"centre"}, Deadline: time.Minute}}}}}
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := newCases(policy, nil)
	decided := func(verb ucare.Verb, sensor string) work {
		at = at.Add(time.Second)
		return c.take([]ucare.Decision{{
			At: at, Dwelling: "kim", Rule: ucare.Fire, Verb: verb, Alarm: "a", Onset: at,
			Because: []ucare.Evidence{{Fact: ucare.FactDetected, Sensor: sensor}},
		}})
	}
	if w := decided(ucare.Confirm, "early"); len(w.alarms)+len(w.deliveries) != 0 {
		t.Errorf("a confirmation of an alarm that nobody knows makes %+v", w)
	}
	decided(ucare.Raise, "smoke")
	for n, want := range []string{"a-confirm-1", "a-confirm-2"} {
		w := decided(ucare.Confirm, "heat")
		if len(w.deliveries) != 1 || w.deliveries[0].Report != want {
			t.Errorf("deliveries %+v, want %s", w.deliveries, want)
		}
		if a := w.alarms[0]; a.Confirmed != n+1 || len(a.Because) != n+2 || a.Because[0].Sensor != "smoke" {
			t.Errorf("the alarm is %+v", a)
		}
	}
	// After a start the count goes on.
	c = newCases(policy, []ucare.Alarm{c.open["a"]})
	if w := decided(ucare.Confirm, "co"); w.deliveries[0].Report != "a-confirm-3" {
		t.Errorf("deliveries %+v", w.deliveries)
	}
}
