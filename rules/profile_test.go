package rules_test

import (
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// A dweller's days, made up: a bed that tells, motion in three rooms and a contact at the
// front door.
type dweller struct {
	random *rand.Rand
	said   []ucare.Reading
}

var monday = time.Date(2025, 3, 3, 0, 0, 0, 0, time.UTC)

func (d *dweller) says(at time.Time, sensor, room string, kind ucare.Kind, on bool) {
	d.said = append(d.said, ucare.Reading{At: at, Dwelling: "home", Sensor: sensor, Room: room, Kind: kind, State: ucare.StateOf(on)})
}

func (d *dweller) around(at time.Time, minutes int) time.Time {
	return at.Add(time.Duration(d.random.IntN(2*minutes)-minutes) * time.Minute)
}

// day is lived from rising to going to bed: about every twenty minutes somebody walks
// from room to room, and two hours after lunch are slept.
func (d *dweller) day(n int, rises, sleeps time.Duration) {
	day := monday.AddDate(0, 0, n)
	up, bed := d.around(day.Add(rises), 30), d.around(day.Add(sleeps), 30)
	d.says(up, "mat", "bedroom", ucare.Bed, false)
	for at := up.Add(5 * time.Minute); at.Before(bed); at = at.Add(time.Duration(5+d.random.IntN(30)) * time.Minute) {
		if at.Hour() == 13 {
			at = at.Add(2 * time.Hour)
		}
		room := []string{"kitchen", "living", "hall"}[d.random.IntN(3)]
		d.says(at, room+"-pir", room, ucare.Motion, true)
		d.says(at.Add(time.Minute), "bathroom-pir", "bathroom", ucare.Motion, true)
	}
	d.says(bed.Add(50*time.Minute), "mat", "bedroom", ucare.Bed, true)
}

// goes out and comes back.
func (d *dweller) goes(from, to time.Time) {
	for _, at := range []time.Time{from, to} {
		d.says(at, "front", "hall", ucare.Door, true)
		d.says(at.Add(20*time.Second), "front", "hall", ucare.Door, false)
	}
	d.says(to.Add(time.Minute), "hall-pir", "hall", ucare.Motion, true)
	d.says(to.Add(2*time.Minute), "kitchen-pir", "kitchen", ucare.Motion, true)
}

func lives(days int) *dweller {
	d := &dweller{random: rand.New(rand.NewPCG(1, 2))}
	d.goes(monday.Add(-3*time.Hour), monday.Add(-2*time.Hour))
	for n := range days {
		d.day(n, 7*time.Hour, 22*time.Hour)
	}
	return d
}

func (d *dweller) readings() iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		for _, r := range d.said {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (d *dweller) profile(t *testing.T, days int) rules.Profile {
	t.Helper()
	p := rules.Default()
	profile, err := p.LearnProfile(d.readings(), monday.AddDate(0, 0, days).Add(3*time.Hour+30*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	return profile
}

const (
	anywhere = iota
	inBed
	onSeat
	about
)

func wants(t *testing.T, what string, got, from, to time.Duration) {
	t.Helper()
	if got < from || got > to {
		t.Errorf("%s: %v, want %v to %v", what, got, from, to)
	}
}

func at(hour, minute int) int { return hour*2 + minute/30 }

func TestTheProfileKnowsTheNightAndTheDay(t *testing.T) {
	p := lives(28).profile(t, 28)
	if p.Days < 26 {
		t.Errorf("learned from %d days", p.Days)
	}
	wants(t, "usual in bed from 23:00", p.Silences[inBed].Longest.Of(at(23, 0)), 8*time.Hour, 9*time.Hour)
	wants(t, "limit in bed from 23:00", p.Silences[inBed].Limit.Of(at(23, 0)), 8*time.Hour+40*time.Minute, 10*time.Hour)
	wants(t, "usual at 13:00", p.Silences[anywhere].Longest.Of(at(13, 0)), 2*time.Hour, 3*time.Hour+30*time.Minute)
	wants(t, "limit at 18:00", p.Silences[anywhere].Limit.Of(at(18, 0)), time.Hour, 3*time.Hour+45*time.Minute)
	wants(t, "limit at 20:30, should somebody go to bed early", p.Silences[anywhere].Limit.Of(at(20, 30)), 9*time.Hour, 12*time.Hour+30*time.Minute)
	wants(t, "up and about at 23:00", p.Silences[about].Limit.Of(at(23, 0)), time.Hour, 4*time.Hour)
}

func TestFewDaysCountLess(t *testing.T) {
	few, many := lives(2).profile(t, 2), lives(28).profile(t, 28)
	if a, b := few.Silences[anywhere].Limit.Of(at(12, 0)), many.Silences[anywhere].Limit.Of(at(12, 0)); a <= b {
		t.Errorf("after 2 days the limit is %v, after 28 %v", a, b)
	}
	if p := lives(1).profile(t, 1); p.Days > 1 {
		t.Errorf("one day counts as %d", p.Days)
	}
}

// Where few sensors see, nobody passes two of them between lunch and the next morning.
func TestNightsAreLearnedWhereFewSensorsSee(t *testing.T) {
	d := &dweller{random: rand.New(rand.NewPCG(1, 2))}
	d.goes(monday.Add(-3*time.Hour), monday.Add(-2*time.Hour))
	for n := range 14 {
		day := monday.AddDate(0, 0, n)
		for at := day.Add(9 * time.Hour); at.Before(day.Add(21 * time.Hour)); at = at.Add(20 * time.Minute) {
			d.says(at, "living-pir", "living", ucare.Motion, true)
		}
		d.says(day.Add(21*time.Hour), "living-pir", "living", ucare.Motion, true)
		d.said = slices.Insert(d.said, len(d.said)-27, ucare.Reading{
			At: day.Add(12*time.Hour + 5*time.Minute), Dwelling: "home", Sensor: "kitchen-pir", Room: "kitchen", Kind: ucare.Motion, State: ucare.Active,
		})
	}
	p := d.profile(t, 14)
	wants(t, "usual from 21:00", p.Silences[anywhere].Longest.Of(at(21, 0)), 12*time.Hour, 12*time.Hour+30*time.Minute)
}

func TestAHolidayIsNoUsualSilence(t *testing.T) {
	whole := lives(28).profile(t, 28)
	d := lives(9)
	d.goes(monday.AddDate(0, 0, 9).Add(time.Hour), monday.AddDate(0, 0, 16))
	for n := 9; n < 16; n++ { // The sun on the floor, once a day.
		at := monday.AddDate(0, 0, n).Add(15 * time.Hour)
		d.said = append(d.said[:len(d.said)-6], append([]ucare.Reading{{At: at, Dwelling: "home", Sensor: "living-pir", Room: "living", Kind: ucare.Motion, State: ucare.Active}}, d.said[len(d.said)-6:]...)...)
	}
	for n := 16; n < 28; n++ {
		d.day(n, 7*time.Hour, 22*time.Hour)
	}
	p := d.profile(t, 28)
	for slot := range 48 {
		is, would := p.Silences[anywhere].Limit.Of(slot), whole.Silences[anywhere].Limit.Of(slot)
		if is > would+90*time.Minute {
			t.Errorf("at %d:%02d the limit is %v; without a holiday %v", slot/2, slot%2*30, is, would)
		}
	}
}

func TestDaysOfWhichNothingWasHeardAreNoSilences(t *testing.T) {
	d := lives(9)
	for n := 14; n < 28; n++ {
		d.day(n, 7*time.Hour, 22*time.Hour)
	}
	p := d.profile(t, 28)
	wants(t, "limit at 18:00", p.Silences[anywhere].Limit.Of(at(18, 0)), time.Hour, 4*time.Hour)
}

func TestOutingsAreNoSilences(t *testing.T) {
	d := &dweller{random: rand.New(rand.NewPCG(1, 2))}
	for n := range 10 {
		day := monday.AddDate(0, 0, n)
		d.says(day.Add(7*time.Hour), "mat", "bedroom", ucare.Bed, false)
		d.says(day.Add(8*time.Hour), "kitchen-pir", "kitchen", ucare.Motion, true)
		d.says(day.Add(8*time.Hour+5*time.Minute), "hall-pir", "hall", ucare.Motion, true)
		d.goes(day.Add(8*time.Hour+6*time.Minute), day.Add(16*time.Hour))
		d.says(day.Add(17*time.Hour), "kitchen-pir", "kitchen", ucare.Motion, true)
		d.says(day.Add(18*time.Hour), "living-pir", "living", ucare.Motion, true)
		d.says(day.Add(22*time.Hour), "mat", "bedroom", ucare.Bed, true)
	}
	p := d.profile(t, 10)
	wants(t, "the usual outing", p.Outing, 7*time.Hour+50*time.Minute, 8*time.Hour)
	wants(t, "the limit at home at 8:00", p.Silences[anywhere].Limit.Of(at(8, 0)), time.Minute, 4*time.Hour)
}

func TestAnotherRoutineIsLearned(t *testing.T) {
	d := lives(14)
	for n := 14; n < 28; n++ {
		d.day(n, 10*time.Hour, 25*time.Hour) // From now on up late.
	}
	p := d.profile(t, 28)
	wants(t, "limit in bed from 02:00", p.Silences[inBed].Limit.Of(at(2, 0)), 8*time.Hour+15*time.Minute, 10*time.Hour)
}

func TestAProfileIsTheSameAgainAndSmall(t *testing.T) {
	d := lives(28)
	p := d.profile(t, 28)
	for range 5 {
		if q := d.profile(t, 28); !reflect.DeepEqual(p, q) {
			t.Fatal("learning twice gives two profiles")
		}
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back rules.Profile
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(p, back) {
		t.Errorf("through JSON (%v) it is %+v, was %+v", err, back, p)
	}
	if len(text) > 2048 {
		t.Errorf("%d bytes", len(text))
	}
}

func TestAProfileThatCannotBeReadIsAnError(t *testing.T) {
	p := rules.Default()
	broken := fmt.Errorf("disk")
	if _, err := p.LearnProfile(func(yield func(ucare.Reading, error) bool) { yield(ucare.Reading{}, broken) }, monday); err != broken {
		t.Errorf("got %v", err)
	}
}

func TestUnreadableDigitsOfAClockAreUnknown(t *testing.T) {
	var c rules.Clock
	if err := c.UnmarshalText([]byte("zz0c")); err != nil || c.Of(0) != 0 || c.Of(1) != time.Hour {
		t.Errorf("%v %v %v", err, c.Of(0), c.Of(1))
	}
}
