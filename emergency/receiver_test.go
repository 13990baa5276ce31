package emergency

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// waiting are deliveries that are due, in no order.
func waiting() *receiver {
	open, closed := &openAlarm{}, &openAlarm{}
	closed.ClosedAt = noon
	one := func(name string, alarm *openAlarm, priority ucare.Priority, age time.Duration) *pending {
		return &pending{
			Delivery: Delivery{Report: name, Priority: priority, CreatedAt: noon.Add(-age)},
			alarm:    alarm, dueAt: noon.Add(-age), alone: noon,
		}
	}
	return &receiver{pending: []*pending{
		one("closed fire", closed, 1, time.Hour),
		one("quiet", open, 4, time.Second),
		one("older fire", open, 1, time.Minute),
		one("restore", open, priorityRestore, time.Second),
		one("fire", open, 1, time.Second),
		one("not due", open, 1, -time.Second),
		one("button", open, 2, time.Second),
		one("drill", open, priorityDrill, time.Second),
	}}
}

func picks(r *receiver) string {
	var order []string
	for p := r.pick(noon); p != nil; p = r.pick(noon) {
		order = append(order, p.Report)
		r.started(p, noon)
		r.landed(p)
		p.dueAt = noon.Add(time.Hour)
	}
	return strings.Join(order, ", ")
}

func TestOpenAlarmsGoByPriorityAndThenTheNewestFirst(t *testing.T) {
	want := "fire, older fire, button, quiet, restore, drill, closed fire"
	if got := picks(waiting()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEveryFourthAttemptGoesToTheOneLeftAloneLongest(t *testing.T) {
	r := waiting()
	r.pending[0].alone = noon.Add(-LongestWait - time.Second)
	if got, want := picks(r), "fire, older fire, button, closed fire, quiet, restore, drill"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTheReservedPlacesAreForFireAndHelp(t *testing.T) {
	r := waiting()
	r.flying = places - reservedPlaces
	var got []string
	for p := r.pick(noon); p != nil; p = r.pick(noon) {
		got = append(got, p.Report)
		r.started(p, noon)
	}
	if want := "fire, older fire"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestAReceiverThatComesBackIsSentEverythingAtOnce(t *testing.T) {
	r := waiting()
	for _, p := range r.pending {
		p.tries, p.dueAt = opening, noon.Add(20*time.Second)
	}
	r.failed(errors.New("connection refused"), noon)
	r.failing = true
	r.wasReached(noon, true)
	if p := r.pick(noon); p == nil {
		t.Error("nothing goes although the receiver is back")
	}
}

func TestAReportsNameIsReadBack(t *testing.T) {
	for _, alarm := range []string{"mfrggzdfmztwq2lknnwg23tpoa", "with-dashes-1"} {
		verb, round, ok := parseReportID(alarm, ReportID(alarm, ucare.Restore, 17))
		if verb != ucare.Restore || round != 17 || !ok {
			t.Errorf("%s: read back as %s %d %t", alarm, verb, round, ok)
		}
	}
	if _, _, ok := parseReportID("a", "b-raise-1"); ok {
		t.Error("another alarm's report is taken for ours")
	}
}

func BenchmarkPick(b *testing.B) {
	r := waiting()
	for b.Loop() {
		if r.pick(noon) == nil {
			b.Fatal("nothing is due")
		}
	}
}
