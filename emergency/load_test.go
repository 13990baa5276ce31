package emergency

import (
	"fmt"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// tenThousand is a dispatcher with as many open alarms, none of them accepted.
func tenThousand(now time.Time) (*Dispatcher, []Delivery) {
	p := &Policy{SentBy: "gw", Routes: []Route{{ID: "all", Steps: []Step{{Receivers: []string{"centre"}, Deadline: time.Minute}}}}}
	d := New(Options{Policy: p, Links: map[string]Link{"centre": nil}})
	var alarms []ucare.Alarm
	var ds []Delivery
	for i := range 10_000 {
		at := now.Add(-time.Hour + time.Duration(i))
		a := ucare.Alarm{Dwelling: fmt.Sprint("d", i), Rule: ucare.Fire, Room: "kitchen", RaisedAt: at, Onset: at}
		a.ID = ucare.AlarmID(a.Dwelling, a.Rule, ucare.Smoke, a.Room, at)
		alarms = append(alarms, a)
		ds = append(ds, p.First(a, ucare.Raise, at)...)
	}
	d.take(alarms, ds, now)
	return d, ds
}

// A town without its centre for an hour: one turn of the loop holds up the next
// alarm for as long as it takes. It takes some 0.1 s here; what looks at every
// delivery for every alarm takes ten.
func TestTenThousandOpenAlarmsDoNotHoldUpTheLoop(t *testing.T) {
	now := time.Now()
	d, ds := tenThousand(now)
	began := time.Now()
	for _, p := range d.receivers["centre"].pending {
		p.refusals = refusedTries
	}
	d.escalate(now.Add(time.Minute))
	d.release(ds, now)
	d.wake(now)
	d.judge(now)
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("one turn of the loop took %v", took)
	}
	if n := d.Pending(); n != 10_000 {
		t.Errorf("%d deliveries are pending", n)
	}
}

func BenchmarkTurnWithTenThousandOpenAlarms(b *testing.B) {
	now := time.Now()
	d, _ := tenThousand(now)
	for b.Loop() {
		d.escalate(now)
		d.receivers["centre"].pick(now)
		d.judge(now)
		d.wake(now)
	}
}
