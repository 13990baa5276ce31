package emergency_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

// left is what a former process has left in the outbox: the first turn told and
// accepted, the second told on time.
func left(h *home, raised time.Time) (ucare.Alarm, []emergency.Delivery) {
	a := h.alarm("a", ucare.Fire)
	a.RaisedAt = raised
	a.ReceivedAt, a.ReceivedBy = raised, "centre"
	first := h.policy.First(a, ucare.Raise, raised)
	first[0].Attempts, first[0].AcceptedAt = 1, raised
	second := first[0]
	second.Receiver, second.CreatedAt, second.AcceptedAt, second.Attempts = "neighbour", raised.Add(time.Minute), time.Time{}, 3
	return a, []emergency.Delivery{first[0], second}
}

func TestAStartGoesOnWhereTheEscalationWas(t *testing.T) {
	for name, c := range map[string]struct {
		raised time.Duration // before the start, by the clock
		next   string        // when the third is told
	}{
		"after a short stop":          {80 * time.Second, "40s"},
		"after a day without power":   {24 * time.Hour, "0s"},
		"with a clock of last week":   {-7 * 24 * time.Hour, "1m0s"},
		"with a clock of next year":   {365 * 24 * time.Hour, "0s"},
		"right after the second turn": {time.Minute, "1m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, [][]string{{"centre"}, {"neighbour"}, {"uncle"}}, nil, func(t *testing.T, h *home) {
				a, ds := left(h, time.Now().Add(-c.raised))
				h.d.Resume([]ucare.Alarm{a}, ds)
				tries := said(h.after(100 * time.Second))
				tries = tries[:min(2, len(tries))]
				slices.Sort(tries)
				want := []string{"0s a-raise-1 neighbour", c.next + " a-raise-1 uncle"}
				slices.Sort(want)
				wants(t, "who was told", tries, want)
			})
		})
	}
}

func TestAStartThatKnowsOnlyWhatWasNotAcceptedRepeatsNothing(t *testing.T) {
	in(t, [][]string{{"centre"}, {"neighbour"}, {"uncle"}}, nil, func(t *testing.T, h *home) {
		a, ds := left(h, time.Now().Add(-(5*time.Minute + 20*time.Second))) // the uncle, round 2, has 40 s left
		h.d.Resume([]ucare.Alarm{a}, ds[1:])
		wants(t, "who was told", said(h.after(100*time.Second)), []string{
			"0s a-raise-1 neighbour", "40s a-raise-3 centre", "1m40s a-raise-3 neighbour",
		})
	})
}

func TestAfterAStartEveryReceiverThatMayHaveTheAlarmIsAskedForNews(t *testing.T) {
	neighbour := &receiver{}
	in(t, [][]string{{"centre"}, {"neighbour"}}, map[string]*receiver{"neighbour": neighbour}, func(t *testing.T, h *home) {
		a, _ := left(h, time.Now().Add(-70*time.Second))
		h.d.Resume([]ucare.Alarm{a}, nil)
		h.after(30 * time.Second)
		if n := len(neighbour.heard()); n < 5 {
			t.Errorf("the neighbour was asked %d times in 30 s", n)
		}
	})
}

func TestAStartSendsEverythingThatWasNotAcceptedAtOnce(t *testing.T) {
	in(t, [][]string{{"centre"}}, nil, func(t *testing.T, h *home) {
		hold(h)
		var open []ucare.Alarm
		var ds []emergency.Delivery
		for id := range strings.SplitSeq("abcdefghijkl", "") {
			a := h.alarm(id, ucare.Fall)
			open = append(open, a)
			d := h.policy.First(a, ucare.Raise, time.Now().Add(-time.Hour))
			d[0].Attempts = 100
			ds = append(ds, d...)
		}
		closed := h.alarm("closed", ucare.Fire)
		ds = append(ds, h.policy.First(closed, ucare.Restore, time.Now())...)
		h.d.Resume(open, ds)
		tries := h.after(0)
		if len(tries) != 13 || h.d.Pending() != 0 {
			t.Errorf("%d of 13 reports went out at once, %d are pending", len(tries), h.d.Pending())
		}
	})
}

func TestAnAlarmThatNoDeliveryIsKnownOfIsToldAtOnce(t *testing.T) {
	in(t, [][]string{{"centre"}, {"neighbour"}}, nil, func(t *testing.T, h *home) {
		a := h.alarm("a", ucare.Fire)
		a.RaisedAt = a.RaisedAt.Add(-time.Hour)
		h.d.Resume([]ucare.Alarm{a}, nil)
		wants(t, "who was told", said(h.after(time.Minute)), []string{"0s a-raise-1 centre", "1m0s a-raise-1 neighbour"})
	})
}

func TestAStopIsQuickAndNotesWhatWasAcceptedLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHome(t, [][]string{{"centre", "daughter"}}, map[string]*receiver{
			"centre": {send: hang},
			"daughter": {send: func(ctx context.Context, report string) (emergency.Reply, error) {
				<-ctx.Done() // the receipt comes at the moment of the stop
				return receipt(report), nil
			}},
		})
		h.run()
		h.raise("a", ucare.Fire)
		h.after(time.Second)
		h.stop()
		if took := time.Since(h.begun); took != time.Second {
			t.Errorf("stopping took %v", took-time.Second)
		}
		if m, ok := h.outbox.mark("a-raise-1", "daughter"); !ok || m.Failure != "" {
			t.Errorf("the outbox does not know of the receipt: %+v", m)
		}
		if m, ok := h.outbox.mark("a-raise-1", "centre"); ok {
			t.Errorf("the attempt that we gave up counts against the centre: %+v", m)
		}
	})
}
