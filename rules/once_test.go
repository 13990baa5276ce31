package rules_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// A delivery is one copy of a reading, heard some time after it was made.
type delivery struct {
	at time.Time
	r  ucare.Reading
}

// radio delivers what was made: each reading late by up to late, some of them twice or
// three times, so that they arrive in any order; some again as old news, which is no news
// to whoever has heard the fresh one.
func radio(random *rand.Rand, made []ucare.Reading, late time.Duration) (all []delivery) {
	for _, r := range made {
		var first time.Time
		for range 1 + random.IntN(3) {
			at := r.At.Add(time.Duration(random.Int64N(int64(late))))
			all = append(all, delivery{at, r})
			if first.IsZero() || at.Before(first) {
				first = at
			}
		}
		if random.IntN(4) == 0 {
			old := r
			old.UnknownAge = true
			all = append(all, delivery{first.Add(1 + time.Duration(random.Int64N(int64(late)))), old})
		}
	}
	slices.SortFunc(all, func(a, b delivery) int { return a.at.Compare(b.at) })
	return all
}

// once folds deliveries, with an answer of a centre or none, and returns how each alarm
// began.
func once(random *rand.Rand, all []delivery) (began []ucare.Decision) {
	p := rules.Default()
	s := rules.NewState("home")
	answers := random.IntN(3)
	var ackAt time.Time
	var alarm string
	for _, d := range all {
		var got []ucare.Decision
		if !ackAt.IsZero() && !d.at.Before(ackAt) {
			a := ucare.Answers{AcknowledgedAt: ackAt}
			if answers == 2 {
				a.ClosedAt = ackAt
			}
			got, ackAt = p.Answer(s, alarm, a, ackAt, got), time.Time{}
		}
		for _, g := range p.Observe(s, d.r, d.at, got) {
			known := slices.ContainsFunc(began, func(b ucare.Decision) bool { return b.Alarm == g.Alarm })
			if known || g.Verb != ucare.Raise && g.Verb != ucare.PreAlarm {
				continue
			}
			began = append(began, g)
			if alarm = g.Alarm; answers > 0 {
				ackAt = d.at.Add(time.Duration(random.Int64N(int64(20 * time.Minute))))
			}
		}
	}
	return began
}

// oneEvent are the readings of one fire, one press or one fall.
func oneEvent(random *rand.Rand, kind ucare.Kind) (made []ucare.Reading) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	r := ucare.Reading{Dwelling: "home", Sensor: "one", Room: "kitchen", Kind: kind, State: ucare.Active}
	repeats := 1
	if kind != ucare.HelpButton {
		repeats += random.IntN(30)
	}
	every := time.Second + time.Duration(random.Int64N(int64(50*time.Second)))
	for range repeats {
		r.At = at
		made = append(made, r)
		at = at.Add(every)
	}
	if kind == ucare.HelpButton || random.IntN(2) == 0 {
		r.At, r.State = at, ucare.Inactive
		made = append(made, r)
	}
	return made
}

// TestOneEventIsOneAlarm delivers what one device said of one event late, doubled and in
// any order, while a centre answers or does not.
func TestOneEventIsOneAlarm(t *testing.T) {
	for _, kind := range []ucare.Kind{ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas, ucare.FallSensor, ucare.HelpButton} {
		for _, late := range []time.Duration{time.Second, 30 * time.Second, 5 * time.Minute} {
			t.Run(fmt.Sprint(kind, " late by ", late), func(t *testing.T) {
				twice := 0
				for seed := range uint64(400) {
					random := rand.New(rand.NewPCG(seed, 7))
					made := oneEvent(random, kind)
					all := radio(random, made, late)
					raised := once(random, all)
					if len(raised) != 1 {
						if twice++; twice == 1 {
							t.Errorf("seed %d: %d alarms of one event: %+v", seed, len(raised), raised)
							for _, d := range all {
								t.Logf("%s %v made %s old news %v", d.at.Format("15:04:05"), d.r.State, d.r.At.Format("15:04:05"), d.r.UnknownAge)
							}
						}
					}
				}
				if twice > 0 {
					t.Errorf("%d of 400", twice)
				}
			})
		}
	}
}
