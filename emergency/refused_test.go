package emergency_test

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

// refuseReport refuses one report and takes the others.
func refuseReport(name string, status int) func(context.Context, string) (emergency.Reply, error) {
	return func(_ context.Context, report string) (emergency.Reply, error) {
		if report == name {
			return emergency.Reply{}, &emergency.Refusal{Status: status}
		}
		return receipt(report), nil
	}
}

func TestAReportThatIsRefusedDoesNotKeepTheNextRoundAtHome(t *testing.T) {
	for _, status := range []int{400, 401, 413, 422} {
		in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": {send: refuseReport("a-raise-1", status)}}, func(t *testing.T, h *home) {
			h.raise("a", ucare.Fire)
			h.after(time.Minute + time.Second)
			if m, ok := h.outbox.mark("a-raise-2", "centre"); !ok || m.Failure != "" {
				t.Errorf("%d: the second round has not reached the centre: %+v", status, m)
			}
			if n := h.d.Pending(); n != 0 {
				t.Errorf("%d: %d reports are pending though the centre has the alarm", status, n)
			}
		})
	}
}

func TestAReceiverThatOnlyWantsTimeIsNotToldAgain(t *testing.T) {
	for _, status := range []int{429, 500, 503} {
		in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": {send: refuse(emergency.Refusal{Status: status})}}, func(t *testing.T, h *home) {
			h.raise("a", ucare.Fire)
			h.after(time.Hour)
			if h.outbox.mu.Lock(); len(h.outbox.queued) != 0 {
				t.Errorf("%d: further reports were made: %v", status, h.outbox.queued)
			}
			h.outbox.mu.Unlock()
		})
	}
}

func TestACentreThatRefusesEverythingForADayIsNotFlooded(t *testing.T) {
	var well atomic.Bool
	centre := &receiver{send: func(_ context.Context, report string) (emergency.Reply, error) {
		if well.Load() {
			return receipt(report), nil
		}
		return emergency.Reply{}, &emergency.Refusal{Status: 401}
	}}
	in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
		h.raise("a", ucare.Fire)
		h.after(24 * time.Hour)
		h.outbox.mu.Lock()
		if n := len(h.outbox.queued); n < 100 || n > 160 {
			t.Errorf("%d reports about one alarm were made in a day", n)
		}
		h.outbox.mu.Unlock()
		if n := h.d.Pending(); n != 1 {
			t.Errorf("%d reports about one alarm are pending, want the newest", n)
		}
		well.Store(true)
		if tries := h.after(40 * time.Second); len(tries) == 0 || h.d.Pending() != 0 {
			t.Errorf("the centre is well and %d reports are pending after %v", h.d.Pending(), said(tries))
		}
	})
}

func TestAStartUnderAnotherNameSendsOldReportsUnderTheNewOne(t *testing.T) {
	in(t, [][]string{{"centre"}}, nil, func(t *testing.T, h *home) {
		hold(h)
		old := *h.policy
		old.SentBy = "box-2"
		a := h.alarm("a", ucare.Fire)
		ds := old.First(a, ucare.Raise, a.RaisedAt)
		same := h.policy.First(h.alarm("b", ucare.Fire), ucare.Raise, a.RaisedAt)
		h.d.Resume([]ucare.Alarm{a}, append(ds, same...))
		for _, try := range h.after(0) {
			r := reportOf(t, try.body)
			if r.SentBy != "box-1" || r.ID != try.report || r.Dwelling.Address == "" || !r.Alarm.RaisedAt.Equal(a.RaisedAt) {
				t.Errorf("it says %+v", r)
			}
			if try.report == "b-raise-1" && string(try.body) != string(same[0].Body) {
				t.Errorf("a body that was right has changed to %s", try.body)
			}
		}
		if r := reportOf(t, ds[0].Body); r.SentBy != "box-2" || h.d.Pending() != 0 {
			t.Errorf("the caller's deliveries were changed to %q; %d are pending", r.SentBy, h.d.Pending())
		}
	})
}

func TestAfterAStartARefusedReportIsNotRepeatedWhenALaterOneWasTaken(t *testing.T) {
	in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": {send: refuseReport("a-raise-1", 413)}}, func(t *testing.T, h *home) {
		hold(h)
		a := h.alarm("a", ucare.Fire)
		first := h.policy.First(a, ucare.Raise, a.RaisedAt)[0]
		second := first
		second.Report, second.AcceptedAt = emergency.ReportID("a", ucare.Raise, 2), a.RaisedAt
		h.d.Resume([]ucare.Alarm{a}, []emergency.Delivery{first, second})
		wants(t, "what was sent", said(h.after(time.Minute)), nil)
	})
}

func TestAfterAStartPeopleStillKnowThatNobodyHasAnswered(t *testing.T) {
	for name, acknowledged := range map[string]bool{"nobody has": false, "somebody has": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHome(t, [][]string{{"centre"}}, nil)
				hold(h)
				a := h.alarm("a", ucare.Fire)
				if acknowledged {
					a.AcknowledgedAt = a.RaisedAt
				}
				second := h.policy.First(a, ucare.Raise, a.RaisedAt)[0]
				second.Report, second.AcceptedAt = emergency.ReportID("a", ucare.Raise, 2), a.RaisedAt
				h.d.Resume([]ucare.Alarm{a}, []emergency.Delivery{second})
				h.run()
				h.after(time.Second)
				if got := slices.Contains(drain(h.faults), "0s no_answer a true"); got == acknowledged {
					t.Errorf("the fault stands: %t", got)
				}
				h.d.Answers("a", ucare.Answers{AcknowledgedAt: time.Now(), AcknowledgedBy: "Lee"})
				h.after(time.Second)
				if got := strings.Contains(strings.Join(drain(h.faults), ","), "no_answer a false"); got == acknowledged {
					t.Errorf("it has ended: %t", got)
				}
			})
		})
	}
}
