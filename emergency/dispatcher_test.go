package emergency_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

func wants(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got  %s\n want %s", what, strings.Join(got, "\n      "), strings.Join(want, "\n      "))
	}
}

// hold keeps the escalation out of tests about one report.
func hold(h *home) { h.policy.Routes[0].Steps[0].Deadline = 1000 * time.Hour }

func TestAReportIsTriedAt0To8SecondsAndThenWithin30WithoutEnd(t *testing.T) {
	in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": {send: down}}, func(t *testing.T, h *home) {
		hold(h)
		h.raise("a", ucare.Fire)
		wants(t, "the first attempts", said(h.after(8*time.Second)), []string{
			"0s a-raise-1 centre", "1s a-raise-1 centre", "2s a-raise-1 centre", "4s a-raise-1 centre", "8s a-raise-1 centre",
		})
		last, waits := 8*time.Second, map[time.Duration]bool{}
		tries := h.after(24 * time.Hour)
		for _, try := range tries {
			if wait := try.after - last; wait > emergency.LongestWait || wait < time.Second {
				t.Errorf("%v lie between two attempts", wait)
			} else {
				waits[wait.Round(time.Second)] = true
			}
			last = try.after
		}
		if h.begun.Add(last).Before(time.Now().Add(-emergency.LongestWait)) || len(tries) < 24*120 {
			t.Errorf("it gave up after %d attempts in a day, the last at %v", len(tries), last)
		}
		if len(waits) < 25 {
			t.Errorf("only %d different waits: the gateways of a town come back all at once", len(waits))
		}
	})
}

func TestNoAnswerOfAReceiverEndsTheAttempts(t *testing.T) {
	for name, send := range map[string]func(context.Context, string) (emergency.Reply, error){
		"400":                refuse(emergency.Refusal{Status: 400, Title: "Bad Request"}),
		"401":                refuse(emergency.Refusal{Status: 401}),
		"410":                refuse(emergency.Refusal{Status: 410, Title: "Gone"}),
		"429 in a day":       refuse(emergency.Refusal{Status: 429, RetryAfter: 24 * time.Hour}),
		"500":                refuse(emergency.Refusal{Status: 500}),
		"refused":            down,
		"no receipt":         func(context.Context, string) (emergency.Reply, error) { return emergency.Reply{}, nil },
		"another's receipt":  func(context.Context, string) (emergency.Reply, error) { return receipt("b-raise-1"), nil },
		"a link that breaks": func(context.Context, string) (emergency.Reply, error) { panic("index out of range") },
	} {
		t.Run(name, func(t *testing.T) {
			var well atomic.Bool
			centre := &receiver{}
			centre.send = func(ctx context.Context, report string) (emergency.Reply, error) {
				if well.Load() {
					return receipt(report), nil
				}
				return send(ctx, report)
			}
			in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
				hold(h)
				h.raise("a", ucare.Fire)
				if n := len(h.after(8 * time.Second)); n != 5 {
					t.Errorf("%d attempts in the first 8 s, want 5", n)
				}
				h.after(3 * time.Hour)
				if m, _ := h.outbox.mark("a-raise-1", "centre"); m.Failure == "" {
					t.Error("the outbox does not know of the failure")
				}
				well.Store(true)
				if n := len(h.after(emergency.LongestWait)); n != 1 {
					t.Errorf("%d attempts when the centre is well again, want 1", n)
				}
				if m, _ := h.outbox.mark("a-raise-1", "centre"); m.Failure != "" || m.At.IsZero() {
					t.Errorf("the outbox has the mark %+v, want accepted", m)
				}
				if n := len(h.after(time.Hour)); n != 0 || h.d.Pending() != 0 {
					t.Errorf("%d attempts after the receipt, %d pending", n, h.d.Pending())
				}
			})
		})
	}
}

func TestAReceiverThatSaysYesWithoutAReceiptIsToldApart(t *testing.T) {
	in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": {send: func(context.Context, string) (emergency.Reply, error) {
		return receipt("b-raise-1"), nil
	}}}, func(t *testing.T, h *home) {
		h.raise("a", ucare.Fire)
		h.after(time.Second)
		m, _ := h.outbox.mark("a-raise-1", "centre")
		if !strings.Contains(m.Failure, `receipt is for report "b-raise-1", not for a-raise-1`) {
			t.Errorf("the failure reads %q", m.Failure)
		}
	})
}

func TestAReceiverMayAskForAWaitBelow30Seconds(t *testing.T) {
	for asked, want := range map[time.Duration][]string{
		7 * time.Second:  {"0s", "7s", "14s", "21s"},
		30 * time.Second: {"0s"},
		31 * time.Second: {"0s", "1s", "2s", "4s", "8s"},
	} {
		busy := refuse(emergency.Refusal{Status: 429, RetryAfter: asked})
		in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": {send: busy}}, func(t *testing.T, h *home) {
			h.raise("a", ucare.Fire)
			var at []string
			for _, try := range h.after(25 * time.Second) {
				at = append(at, try.after.String())
			}
			wants(t, "attempts when asked to wait "+asked.String(), at[:min(len(at), len(want))], want)
			if asked == 30*time.Second && len(at) != 1 {
				t.Errorf("%d attempts in 25 s", len(at))
			}
		})
	}
}

func TestAHangingReceiverIsTriedAgainAndDelaysNobody(t *testing.T) {
	in(t, [][]string{{"centre", "daughter"}}, map[string]*receiver{"centre": {send: hang}}, func(t *testing.T, h *home) {
		hold(h)
		h.raise("a", ucare.Fire)
		tries := said(h.after(16 * time.Second))
		slices.Sort(tries)
		wants(t, "attempts", tries, []string{
			"0s a-raise-1 centre", "0s a-raise-1 daughter", "16s a-raise-1 centre", "8s a-raise-1 centre",
		})
	})
}

func TestUrgentReportsPassTheOnesThatHang(t *testing.T) {
	centre := &receiver{}
	centre.send = func(ctx context.Context, report string) (emergency.Reply, error) {
		if strings.HasPrefix(report, "slow") {
			return hang(ctx, report)
		}
		return receipt(report), nil
	}
	in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
		hold(h)
		for i := range 40 {
			h.raise(fmt.Sprintf("slow%d", i), ucare.Inactivity)
		}
		h.after(3 * time.Second)
		h.raise("smoke", ucare.Fire)
		h.raise("button", ucare.Help)
		h.raise("later", ucare.Inactivity)
		tries := said(h.after(0))
		slices.Sort(tries)
		wants(t, "attempts at 3 s", tries, []string{"3s button-raise-1 centre", "3s smoke-raise-1 centre"})
	})
}

func TestReportsThatAReceiverNeverTakesDoNotHoldUpTheOthersForEver(t *testing.T) {
	centre := &receiver{}
	centre.send = func(ctx context.Context, report string) (emergency.Reply, error) {
		if strings.HasPrefix(report, "poison") {
			return hang(ctx, report)
		}
		return receipt(report), nil
	}
	in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
		hold(h)
		for i := range 60 {
			h.raise(fmt.Sprintf("poison%d", i), ucare.Fall)
		}
		h.after(time.Second)
		h.raise("quiet", ucare.Inactivity)
		h.after(10 * time.Minute)
		if m, ok := h.outbox.mark("quiet-raise-1", "centre"); !ok || m.Failure != "" {
			t.Errorf("after ten minutes the report is not accepted: %+v", m)
		}
	})
}

func TestAThousandReportsToAHangingReceiverTakeABoundedNumberOfGoroutines(t *testing.T) {
	var now, most atomic.Int64
	centre := &receiver{send: func(ctx context.Context, report string) (emergency.Reply, error) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		return hang(ctx, report)
	}}
	in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
		hold(h)
		before := runtime.NumGoroutine()
		for i := range 1000 {
			h.raise(fmt.Sprint("a", i), ucare.Fire)
		}
		h.after(10 * time.Minute)
		if n := runtime.NumGoroutine() - before; most.Load() != 8 || n > 10 {
			t.Errorf("%d attempts at a time, %d goroutines more than before", most.Load(), n)
		}
		if n := h.d.Pending(); n != 1000 {
			t.Errorf("%d reports pending, want all 1000", n)
		}
	})
}

func TestTheNextAreToldAtTheDeadlineAndTheOrderStartsOver(t *testing.T) {
	in(t, [][]string{{"centre", "daughter"}, {"neighbour"}}, nil, func(t *testing.T, h *home) {
		a := h.raise("a", ucare.Inactivity)
		tries := said(h.after(4 * time.Minute))
		slices.Sort(tries)
		wants(t, "who was told", tries, []string{
			"0s a-raise-1 centre", "0s a-raise-1 daughter", "1m0s a-raise-1 neighbour",
			"2m0s a-raise-2 centre", "2m0s a-raise-2 daughter", "3m0s a-raise-2 neighbour",
			"4m0s a-raise-3 centre", "4m0s a-raise-3 daughter",
		})
		wants(t, "faults", drain(h.faults), []string{"2m0s no_answer a true"})

		h.d.Answers(a.ID, ucare.Answers{AcknowledgedAt: time.Now(), AcknowledgedBy: "Lee"})
		wants(t, "told after the acknowledgement", said(h.after(24*time.Hour)), nil)
		wants(t, "faults", drain(h.faults), []string{"4m0s no_answer a false"})
		if got := h.outbox.answers("a"); got.AcknowledgedBy != "Lee" || got.ReceivedBy == "" {
			t.Errorf("the outbox has the answers %+v", got)
		}
	})
}

func TestAnAcknowledgementInTheReplyToAReportStopsTheEscalation(t *testing.T) {
	centre := &receiver{send: func(_ context.Context, report string) (emergency.Reply, error) {
		return receipt(report, emergency.Answer{Alarm: "a", Answers: ucare.Answers{AcknowledgedAt: time.Now(), AcknowledgedBy: "Lee"}}), nil
	}}
	in(t, [][]string{{"centre"}, {"neighbour"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
		h.raise("a", ucare.Fire)
		wants(t, "who was told", said(h.after(time.Hour)), []string{"0s a-raise-1 centre"})
		wants(t, "stages", drain(h.stages), []string{"a first_attempt centre", "a accepted centre", "a acknowledged centre"})
	})
}

func TestACloseEndsTheEscalation(t *testing.T) {
	in(t, [][]string{{"centre"}}, nil, func(t *testing.T, h *home) {
		h.raise("a", ucare.Fire)
		h.after(time.Minute)
		h.d.Answers("a", ucare.Answers{ClosedAt: time.Now(), ClosedBy: "Lee", Outcome: "toast"})
		wants(t, "told after the close", said(h.after(time.Hour)), nil)
	})
}

func TestAnOutageOfHoursEndsInEveryReportOnce(t *testing.T) {
	var well atomic.Bool
	in(t, [][]string{{"centre"}, {"daughter"}}, map[string]*receiver{"centre": downUntil(&well), "daughter": downUntil(&well)}, func(t *testing.T, h *home) {
		for i := range 10 {
			h.raise(fmt.Sprint("a", i), ucare.Fire)
			h.after(20 * time.Minute)
		}
		if n := len(h.outbox.queued); n != 10 {
			t.Errorf("%d further reports were queued in the outage, want one for each alarm, to the daughter: %v", n, h.outbox.queued)
		}
		well.Store(true)
		h.after(emergency.LongestWait) // the next attempt finds that it is well
		for i := range 10 {
			for _, receiver := range []string{"centre", "daughter"} {
				if m, ok := h.outbox.mark(fmt.Sprintf("a%d-raise-1", i), receiver); !ok || m.Failure != "" {
					t.Errorf("alarm %d has not reached the %s: %+v", i, receiver, m)
				}
			}
		}
	})
}

func TestADrillStaysWithTheFirstStep(t *testing.T) {
	in(t, [][]string{{"centre"}, {"neighbour"}}, map[string]*receiver{"centre": {send: down}}, func(t *testing.T, h *home) {
		a := h.alarm("a", ucare.Help)
		a.Drill = true
		h.d.Submit([]ucare.Alarm{a}, h.policy.First(a, ucare.Raise, time.Now()))
		tries := h.after(time.Hour)
		for _, try := range tries {
			if try.receiver != "centre" || try.report != "a-raise-1" {
				t.Fatalf("the drill went to %s as %s", try.receiver, try.report)
			}
		}
		if len(tries) < 120 {
			t.Errorf("%d attempts in an hour: a drill that does not arrive has found a fault, and is tried on", len(tries))
		}
	})
}

func TestARestoreReachesThoseWhoWereToldOfTheRaise(t *testing.T) {
	in(t, [][]string{{"centre"}, {"neighbour"}, {"uncle"}}, nil, func(t *testing.T, h *home) {
		a := h.raise("a", ucare.Fire)
		h.after(70 * time.Second)
		a.RestoredAt = time.Now()
		h.d.Submit([]ucare.Alarm{a}, h.policy.First(a, ucare.Restore, time.Now()))
		tries := h.after(0)
		lines := said(tries)
		slices.Sort(lines)
		wants(t, "restores", lines, []string{"1m10s a-restore-1 centre", "1m10s a-restore-1 neighbour"})

		tries = h.after(50 * time.Second)
		wants(t, "nobody has acknowledged yet", said(tries), []string{"2m0s a-raise-1 uncle"})
		if r := reportOf(t, tries[0].body); !r.Alarm.RestoredAt.Equal(a.RestoredAt) {
			t.Errorf("the uncle is not told that the condition is gone: %+v", r.Alarm)
		}
	})
}

func TestACancelIsReportedAndNotEscalated(t *testing.T) {
	in(t, [][]string{{"centre"}, {"neighbour"}}, nil, func(t *testing.T, h *home) {
		a := ucare.Alarm{ID: "a", Dwelling: "kim", Rule: ucare.Inactivity, Onset: time.Now()}
		h.d.Submit([]ucare.Alarm{a}, h.policy.First(a, ucare.Cancel, time.Now()))
		wants(t, "who was told", said(h.after(time.Hour)), []string{"0s a-cancel-1 centre"})
	})
}

func TestTheSameDeliveryIsSentOnceHoweverOftenItIsSubmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHome(t, [][]string{{"centre"}}, nil)
		a := h.raise("a", ucare.Fire) // before Run: it waits
		h.run()
		h.d.Submit([]ucare.Alarm{a}, h.policy.First(a, ucare.Raise, time.Now()))
		wants(t, "attempts", said(h.after(time.Second)), []string{"0s a-raise-1 centre"})
		h.d.Submit([]ucare.Alarm{a}, h.policy.First(a, ucare.Raise, time.Now()))
		wants(t, "attempts after it was accepted", said(h.after(time.Second)), nil)
		if m, _ := h.outbox.mark("a-raise-1", "centre"); m.Failure != "" || m.At.IsZero() {
			t.Errorf("the mark is %+v", m)
		}
		if n := len(drain(h.stages)); n != 2 {
			t.Errorf("%d stages, want first_attempt and accepted once", n)
		}
	})
}

func TestALateRestoreDoesNotOpenAClosedAlarmAgain(t *testing.T) {
	in(t, [][]string{{"centre"}}, nil, func(t *testing.T, h *home) {
		a := h.raise("a", ucare.Fire)
		h.after(time.Second)
		h.d.Answers("a", ucare.Answers{ClosedAt: time.Now(), ClosedBy: "Lee"})
		h.after(time.Second)
		a.RestoredAt = time.Now()
		h.d.Submit([]ucare.Alarm{a}, h.policy.First(a, ucare.Restore, time.Now())) // the gateway has not heard of the close
		wants(t, "told", said(h.after(time.Hour)), []string{"2s a-restore-1 centre"})
	})
}

func TestAReceiverThatIsNotConfiguredAnyMoreIsAFaultAndTheNextIsTold(t *testing.T) {
	in(t, [][]string{{"centre"}}, nil, func(t *testing.T, h *home) {
		a := h.alarm("a", ucare.Fire)
		ds := h.policy.First(a, ucare.Raise, time.Now())
		ds[0].Receiver = "old centre"
		h.d.Resume([]ucare.Alarm{a}, ds)
		wants(t, "told", said(h.after(0)), []string{"0s a-raise-1 centre"})
		wants(t, "faults", drain(h.faults), []string{"0s receiver_failing old centre true"})
	})
}

// downUntil is a receiver that is down until it is well.
func downUntil(well *atomic.Bool) *receiver {
	return &receiver{send: func(ctx context.Context, report string) (emergency.Reply, error) {
		if well.Load() {
			return receipt(report), nil
		}
		return down(ctx, report)
	}}
}

func TestAFailingReceiverIsAFault(t *testing.T) {
	t.Run("after two failures", func(t *testing.T) {
		var well atomic.Bool
		centre := downUntil(&well)
		in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
			h.raise("a", ucare.Fire)
			h.after(3 * time.Second)
			wants(t, "faults", drain(h.faults), []string{"1s receiver_failing centre true"})
			well.Store(true)
			h.after(3 * time.Second)
			wants(t, "faults", drain(h.faults), []string{"4s receiver_failing centre false"})
		})
	})
	t.Run("when it hangs for 5 s", func(t *testing.T) {
		in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": {send: hang}}, func(t *testing.T, h *home) {
			h.raise("a", ucare.Fire)
			h.after(10 * time.Second)
			wants(t, "faults", drain(h.faults), []string{"5s receiver_failing centre true"})
		})
	})
	t.Run("although it answers heartbeats", func(t *testing.T) {
		in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": {send: down}}, func(t *testing.T, h *home) {
			h.raise("a", ucare.Fire)
			h.after(10 * time.Minute)
			if faults := drain(h.faults); slices.Contains(faults[1:], "receiver_failing") || !strings.Contains(faults[0], "receiver_failing centre true") {
				t.Errorf("faults: %v", faults)
			}
		})
	})
	t.Run("when it answers no heartbeat", func(t *testing.T) {
		centre := &receiver{beat: func(context.Context, emergency.Heartbeat) (emergency.HeartbeatReply, error) {
			return emergency.HeartbeatReply{}, errors.New("connection refused")
		}}
		in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
			h.after(70 * time.Second)
			if faults := drain(h.faults); len(faults) != 1 || !strings.HasSuffix(faults[0], "receiver_failing centre true") {
				t.Errorf("faults: %v", faults)
			}
		})
	})
}

func TestADiskThatRefusesHoldsUpNothing(t *testing.T) {
	in(t, [][]string{{"centre"}, {"neighbour"}}, nil, func(t *testing.T, h *home) {
		h.outbox.set(errors.New("database or disk is full"), false)
		h.raise("a", ucare.Fire)
		told := h.after(62 * time.Second)
		if len(told) != 2 || told[0].after != 0 || told[1].after < time.Minute {
			t.Errorf("who was told: %v", said(told))
		}
		wants(t, "faults", drain(h.faults), []string{"0s journal_refuses outbox true"})

		h.outbox.set(nil, false)
		h.after(2 * time.Second)
		for _, receiver := range []string{"centre", "neighbour"} {
			if m, ok := h.outbox.mark("a-raise-1", receiver); !ok || m.Failure != "" {
				t.Errorf("the outbox does not know that the %s has the report: %+v", receiver, m)
			}
		}
		wants(t, "queued", h.outbox.queued, []string{"a-raise-1 neighbour"})
		if h.outbox.answers("a").ReceivedBy != "centre" {
			t.Errorf("the outbox has the answers %+v", h.outbox.answers("a"))
		}
		wants(t, "faults", drain(h.faults), []string{"1m4s journal_refuses outbox false"})
	})
}

func TestADiskThatHangsHoldsUpNoFirstReportAndAFurtherOneForTwoSeconds(t *testing.T) {
	in(t, [][]string{{"centre"}, {"neighbour"}}, nil, func(t *testing.T, h *home) {
		h.outbox.set(nil, true)
		h.raise("a", ucare.Fire)
		wants(t, "who was told", said(h.after(62*time.Second)), []string{"0s a-raise-1 centre", "1m2s a-raise-1 neighbour"})
		h.stop() // a stop is bounded too
	})
}

func TestACallbackThatNeverReturnsHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHome(t, [][]string{{"centre"}, {"neighbour"}}, nil)
		release := make(chan struct{})
		links := map[string]emergency.Link{}
		for _, name := range []string{"centre", "neighbour"} {
			links[name] = &receiver{name: name, begun: h.begun, tries: h.tries, beats: make(chan time.Duration, 1000)}
		}
		h.d = emergency.New(emergency.Options{
			Policy: h.policy, Links: links, Outbox: h.outbox,
			Answered: func(string, ucare.Answers) { <-release },
			Passed:   func(emergency.Stage, ucare.Alarm, string, time.Time) { <-release },
			Fault:    func(ucare.Fault, bool) { <-release },
			Faults:   func() []ucare.Fault { <-release; return nil },
		})
		h.run()
		h.raise("a", ucare.Fire)
		wants(t, "who was told", said(h.after(time.Minute)), []string{"0s a-raise-1 centre", "1m0s a-raise-1 neighbour"})
		close(release)
	})
}

// confirm adds evidence to the alarm.
func (h *home) confirm(a *ucare.Alarm) {
	a.Confirmed++
	a.Because = append(a.Because, ucare.Evidence{Fact: ucare.FactDetected, Sensor: fmt.Sprint("further ", a.Confirmed)})
	h.d.Submit([]ucare.Alarm{*a}, h.policy.First(*a, ucare.Confirm, time.Now()))
}

func TestAConfirmationReachesThoseWhoWereToldOfTheRaise(t *testing.T) {
	in(t, [][]string{{"centre"}, {"neighbour"}, {"uncle"}}, nil, func(t *testing.T, h *home) {
		a := h.raise("a", ucare.Fire)
		h.after(70 * time.Second)
		h.confirm(&a)
		tries := h.after(0)
		lines := said(tries)
		slices.Sort(lines)
		wants(t, "the first confirmation", lines, []string{"1m10s a-confirm-1 centre", "1m10s a-confirm-1 neighbour"})
		for _, try := range tries {
			if r := reportOf(t, try.body); r.Verb != ucare.Confirm || r.Round != 1 || len(r.Alarm.Because) != len(a.Because) {
				t.Errorf("the %s is told %+v", try.receiver, r)
			}
		}
		h.after(20 * time.Second)
		h.confirm(&a)
		lines = said(h.after(0))
		slices.Sort(lines)
		wants(t, "the second", lines, []string{"1m30s a-confirm-2 centre", "1m30s a-confirm-2 neighbour"})
		tries = h.after(30 * time.Second)
		wants(t, "the escalation goes on as before", said(tries), []string{"2m0s a-raise-1 uncle"})
		if r := reportOf(t, tries[0].body); r.Alarm.Confirmed != 2 || len(r.Alarm.Because) != len(a.Because) {
			t.Errorf("the uncle is not told what is known by then: %+v", r.Alarm)
		}
		h.d.Submit([]ucare.Alarm{a}, nil) // something else about it is new
		wants(t, "the uncle knows", said(h.after(0)), nil)
	})
}

// A centre of before does not know what a confirmation is. That must not stand in the
// way of anything, nor look as if the centre could not be reached.
func TestAConfirmationThatIsRefusedIsLetGo(t *testing.T) {
	in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": {send: refuseReport("a-confirm-1", 400)}}, func(t *testing.T, h *home) {
		a := h.raise("a", ucare.Fire)
		h.after(time.Second)
		h.confirm(&a)
		tries := 0
		for _, try := range h.after(50 * time.Second) {
			if try.report == "a-confirm-1" {
				tries++
			}
		}
		if tries != 3 || h.d.Pending() != 0 {
			t.Errorf("it was tried %d times, %d reports are pending", tries, h.d.Pending())
		}
		for _, fault := range drain(h.faults) {
			if strings.Contains(fault, "receiver_failing") {
				t.Errorf("the centre is said to fail: %s", fault)
			}
		}
	})
}

// One that cannot be delivered is tried on like everything else.
func TestAConfirmationWaitsForAReceiverThatIsDown(t *testing.T) {
	var well atomic.Bool
	centre := downUntil(&well)
	in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
		a := h.raise("a", ucare.Fire)
		h.confirm(&a)
		h.after(time.Hour)
		well.Store(true)
		h.after(emergency.LongestWait)
		if m, ok := h.outbox.mark("a-confirm-1", "centre"); !ok || m.Failure != "" {
			t.Errorf("it has not arrived: %+v", m)
		}
	})
}
