package rules_test

import (
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// What a centre answers for an alarm that is not raised yet, it does not answer for the alarm.
func TestAnAnswerToAQuestionIsNone(t *testing.T) {
	p, s, now := home()
	fall := ucare.Reading{At: now, Sensor: "radar-bedroom", Room: "bedroom", Kind: ucare.FallSensor, State: ucare.Active}
	asked := p.Observe(s, fall, now, nil)
	if len(asked) != 1 || asked[0].Verb != ucare.PreAlarm {
		t.Fatalf("a verdict decides %+v", asked)
	}
	p.Answer(s, asked[0].Alarm, ucare.Answers{ClosedAt: now}, now, nil)
	p.Tick(s, now.Add(p.Fall.Grace), nil)
	for _, e := range s.Fall.Falls {
		if e.Alarm == asked[0].Alarm && (e.Closed || !e.Acknowledged.IsZero()) {
			t.Errorf("it was answered before it was raised: %+v", e)
		}
	}
}

// inTheBathroom is a home in which somebody went into the bathroom two hours ago.
func inTheBathroom() (p *rules.Policy, s *rules.State, now time.Time) {
	all := rules.Default()
	p, s, now = &all, rules.NewState("home"), time.Date(2025, 3, 3, 9, 0, 0, 0, time.UTC)
	for i, room := range []string{"hall", "bathroom"} {
		at := now.Add(time.Duration(i) * time.Minute)
		p.Observe(s, ucare.Reading{At: at, Sensor: room, Room: room, Kind: ucare.Motion, State: ucare.Active}, at, nil)
	}
	return p, s, now.Add(2 * time.Hour)
}

// What is learned at night about visits must not have been due in the evening.
func TestLearningMakesNoVisitSuspiciousInThePast(t *testing.T) {
	p, s, now := inTheBathroom()
	if got := p.Tick(s, now, nil); len(got) > 0 {
		t.Fatalf("nothing is known of the visits, and after two hours it decides %+v", got)
	}
	p.Learn(s, rules.Profile{Days: 28, At: now, Rooms: []rules.RoomHabit{{Room: "bathroom", Visits: 100, Longest: 10 * time.Minute}}})
	got := p.Tick(s, now, nil)
	if len(got) != 1 || got[0].Rule != ucare.Fall || got[0].Verb != ucare.PreAlarm || !got[0].At.Equal(now) {
		t.Errorf("at %v it decides %+v", now, got)
	}
}

// One visit of the last weeks may have been anything, the others may not be taken for falls.
func TestAVisitIsMeasuredByTheLongestOnes(t *testing.T) {
	for _, c := range []struct{ most, limit time.Duration }{
		{20 * time.Minute, 90 * time.Minute},
		{2 * time.Hour, 150 * time.Minute},
		{5 * time.Hour, 0}, // From there people leave unnoticed.
	} {
		p, s, now := inTheBathroom()
		p.Silence.After = 0
		p.Learn(s, rules.Profile{Days: 28, Rooms: []rules.RoomHabit{{Room: "bathroom", Visits: 500, Longest: 15 * time.Minute, Most: c.most}}})
		entered := now.Add(time.Minute - 2*time.Hour)
		var asked time.Duration
		for _, d := range p.Tick(s, entered.Add(20*time.Hour), nil) {
			if d.Rule == ucare.Fall && d.Verb == ucare.PreAlarm {
				asked = d.At.Sub(entered)
			}
		}
		if asked != c.limit {
			t.Errorf("the longest visits were %v: asked after %v, want %v", c.most, asked, c.limit)
		}
	}
}

// What was only asked about is forgotten once somebody is up.
func TestAnInferredFallThatWasNoneIsForgotten(t *testing.T) {
	p, s, now := inTheBathroom()
	got := p.Tick(s, now.Add(time.Hour+2*time.Minute), nil)
	now = now.Add(time.Hour + 3*time.Minute)
	for _, state := range []ucare.State{ucare.Inactive, ucare.Active} {
		got = p.Observe(s, ucare.Reading{At: now, Sensor: "hall", Room: "hall", Kind: ucare.Motion, State: state}, now, got)
	}
	if len(got) != 2 || got[1].Verb != ucare.Cancel || len(s.Fall.Falls) != 0 {
		t.Errorf("decided %+v, remembered %+v", got, s.Fall.Falls)
	}
}

// A fall that was inferred is remembered until it is closed, and there is one at most.
func TestInferredFallsAreNotCollected(t *testing.T) {
	p, s, now := inTheBathroom()
	for day := range 5 {
		raised := ""
		for _, d := range p.Tick(s, now.Add(4*time.Hour), nil) {
			if d.Rule == ucare.Fall && d.Verb == ucare.Raise {
				raised = d.Alarm
			}
		}
		if raised == "" || len(s.Fall.Falls) != 1 {
			t.Fatalf("day %d: raised %q, remembered %+v", day, raised, s.Fall.Falls)
		}
		if now = now.Add(5 * time.Hour); day%2 == 0 {
			p.Answer(s, raised, ucare.Answers{ClosedAt: now}, now, nil)
			if len(s.Fall.Falls) != 0 {
				t.Fatalf("day %d: closed and remembered: %+v", day, s.Fall.Falls)
			}
		}
		now = now.Add(19 * time.Hour)
		for i, room := range []string{"hall", "bathroom"} {
			at := now.Add(time.Duration(i) * time.Minute)
			p.Observe(s, ucare.Reading{At: at, Sensor: room, Room: room, Kind: ucare.Motion, State: ucare.Active}, at, nil)
		}
	}
}
