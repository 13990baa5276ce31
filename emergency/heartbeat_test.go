package emergency_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

// beats returns the instants of the heartbeats so far.
func (r *receiver) heard() []time.Duration { return drain(r.beats) }

func TestAHeartbeatGoesToEachReceiverEveryMinute(t *testing.T) {
	set := map[string]*receiver{"centre": {}, "neighbour": {}}
	in(t, [][]string{{"centre"}, {"neighbour"}}, set, func(t *testing.T, h *home) {
		h.after(time.Hour)
		var first []time.Duration
		for name, r := range set {
			beats := r.heard()
			if len(beats) != 60 {
				t.Errorf("%s heard %d heartbeats in an hour", name, len(beats))
			}
			for i := 1; i < len(beats); i++ {
				if beats[i]-beats[i-1] != time.Minute {
					t.Errorf("%s waited %v for a heartbeat", name, beats[i]-beats[i-1])
				}
			}
			first = append(first, beats[0])
		}
		if first[0] == first[1] {
			t.Errorf("both began at %v: the start is not spread", first[0])
		}
	})
}

func TestAReceiverThatHasAnAlarmIsAskedEvery5SecondsUntilAnOperatorHasSeenIt(t *testing.T) {
	answers := make(chan ucare.Answers, 1)
	var last atomic.Pointer[emergency.Heartbeat]
	centre := &receiver{beat: func(_ context.Context, h emergency.Heartbeat) (emergency.HeartbeatReply, error) {
		last.Store(&h)
		select {
		case a := <-answers:
			return emergency.HeartbeatReply{Answer: []emergency.Answer{{Alarm: "a", Answers: a}}}, nil
		default:
			return emergency.HeartbeatReply{}, nil
		}
	}}
	neighbour := &receiver{}
	in(t, [][]string{{"centre"}, {"neighbour"}}, map[string]*receiver{"centre": centre, "neighbour": neighbour}, func(t *testing.T, h *home) {
		h.raise("a", ucare.Fire)
		h.after(50 * time.Second)
		if n := len(centre.heard()); n < 10 || n > 11 {
			t.Errorf("the centre was asked %d times in 50 s", n)
		}
		if b := last.Load(); !slices.Equal(b.Waiting, []string{"a"}) || b.SentBy != "box-1" || b.Every != 60 || !slices.Equal(b.Dwellings, []string{"kim"}) {
			t.Errorf("the heartbeat says %+v", *b)
		}
		if n := len(neighbour.heard()); n > 1 {
			t.Errorf("the neighbour, who has no report, was asked %d times in 50 s", n)
		}

		answers <- ucare.Answers{AcknowledgedAt: time.Now(), AcknowledgedBy: "Lee"}
		wants(t, "told after the acknowledgement", said(h.after(5*time.Minute)), nil)
		h.after(time.Second)
		centre.heard()
		h.after(5 * time.Minute)
		if n := len(centre.heard()); n != 10 {
			t.Errorf("the centre was asked %d times in 5 min about a close, want 10", n)
		}
		answers <- ucare.Answers{ClosedAt: time.Now(), ClosedBy: "Lee", Outcome: "toast"}
		h.after(time.Minute)
		centre.heard()
		h.after(10 * time.Minute)
		if n := len(centre.heard()); n != 10 {
			t.Errorf("the centre heard %d heartbeats in 10 min after the close, want 10", n)
		}
		if b := last.Load(); len(b.Waiting) != 0 {
			t.Errorf("it is still asked about %v", b.Waiting)
		}
		if got := h.outbox.answers("a"); got.ClosedBy != "Lee" || got.AcknowledgedBy != "Lee" || got.ReceivedBy != "centre" {
			t.Errorf("the outbox has the answers %+v", got)
		}
	})
}

func TestAnAlarmThatNobodyAnswersIsNotAskedAboutAt5SecondsForEver(t *testing.T) {
	centre := &receiver{}
	in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
		hold(h)
		h.raise("a", ucare.Fire)
		h.after(20 * time.Minute)
		centre.heard()
		h.after(10 * time.Minute)
		if n := len(centre.heard()); n != 20 {
			t.Errorf("%d heartbeats in 10 min, want 20", n)
		}
	})
}

func TestHeartbeatsOfAHangingCentreDoNotPileUp(t *testing.T) {
	var now, most atomic.Int64
	centre := &receiver{beat: func(ctx context.Context, _ emergency.Heartbeat) (emergency.HeartbeatReply, error) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		<-ctx.Done()
		return emergency.HeartbeatReply{}, ctx.Err()
	}}
	in(t, [][]string{{"centre"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
		hold(h)
		h.raise("a", ucare.Fire)
		for range 3600 {
			h.d.Answers("b", ucare.Answers{}) // the loop looks at everything again
			h.after(time.Second)
		}
		if n := len(centre.heard()); most.Load() != 1 || n < 60 || n > 80 {
			t.Errorf("%d heartbeats in an hour, %d at a time", n, most.Load())
		}
	})
}

func TestAnswersAboutAlarmsThatAreNotOursChangeNothing(t *testing.T) {
	centre := &receiver{beat: func(context.Context, emergency.Heartbeat) (emergency.HeartbeatReply, error) {
		return emergency.HeartbeatReply{Answer: []emergency.Answer{{Alarm: "b", Answers: ucare.Answers{AcknowledgedAt: time.Now()}}}}, nil
	}}
	in(t, [][]string{{"centre"}, {"neighbour"}}, map[string]*receiver{"centre": centre}, func(t *testing.T, h *home) {
		h.raise("a", ucare.Fire)
		wants(t, "who was told", said(h.after(time.Minute)), []string{"0s a-raise-1 centre", "1m0s a-raise-1 neighbour"})
		if got := h.outbox.answers("b"); !got.AcknowledgedAt.IsZero() {
			t.Errorf("the outbox has the answers %+v", got)
		}
	})
}
