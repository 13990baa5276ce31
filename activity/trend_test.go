package activity

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// An ordinaryLife is the days of somebody whose days differ as days do, from one Sunday to
// another, with what changes in the last week.
func ordinaryLife(r *rand.Rand, change func(i int, d *Day)) []Day {
	var days []Day
	for i := range week + usualDays {
		from := day.AddDate(0, 0, i-week-usualDays)
		about := func(hours, by float64) time.Time {
			return from.Add(time.Duration((hours + r.NormFloat64()*by) * float64(time.Hour)))
		}
		atNight := poisson(r, 1.2)
		d := Day{
			Date: from.Format(time.DateOnly), From: from, To: from.AddDate(0, 0, 1), Readings: 500,
			First:    &Sign{At: about(7, 0.6)},
			Night:    &Night{By: ByBed, Bed: about(-1, 0.7), Up: about(7, 0.6), Resting: int(7.5*3600 + r.NormFloat64()*2400), Ups: make([]Span, poisson(r, 1.2))},
			Bathroom: &Bathroom{Visits: 5 + poisson(r, 2), AtNight: &atNight},
			Outings:  &Outings{Seconds: max(0, int(r.ExpFloat64()*5400))},
			Daytime:  &Silence{Span: Span{Seconds: 2400 + int(r.ExpFloat64()*2400)}},
		}
		if i%7 == 0 {
			d.Outings.Seconds += 3 * 3600 // to church
		}
		if i >= usualDays {
			change(i-usualDays, &d)
		}
		days = append(days, d)
	}
	return days
}

func poisson(r *rand.Rand, mean float64) (n int) {
	for p := r.Float64(); p > math.Exp(-mean); p *= r.Float64() {
		n++
	}
	return n
}

func factsOf(trends []Trend) (all []Fact) {
	for _, t := range trends {
		all = append(all, t.Fact)
	}
	return all
}

const today = "2026-11-22"

// Nothing is said of a home in which nothing has changed, but for one week in a hundred at most.
func TestNothingHasChanged(t *testing.T) {
	said := 0
	const weeks = 4000
	for seed := range uint64(weeks) {
		if len(Trends(ordinaryLife(rand.New(rand.NewPCG(seed, 1)), func(int, *Day) {}), today)) > 0 {
			said++
		}
	}
	t.Logf("said something in %d of %d weeks", said, weeks)
	if said > weeks/100 {
		t.Errorf("said something in %d of %d weeks in which nothing had changed", said, weeks)
	}
}

func TestWhatHasChanged(t *testing.T) {
	for _, c := range []struct {
		fact   Fact
		more   bool
		change func(i int, d *Day)
	}{
		{UpAtNight, true, func(i int, d *Day) { d.Night.Ups = make([]Span, 4+i%2) }},
		{TimeInBed, true, func(i int, d *Day) { d.Night.Resting += 3 * 3600 }},
		{TimeInBed, false, func(i int, d *Day) { d.Night.Resting -= 3 * 3600 }},
		{ToBed, true, func(i int, d *Day) { d.Night.Bed = d.Night.Bed.Add(3 * time.Hour) }},
		{GettingUp, true, func(i int, d *Day) { d.Night.Up = d.Night.Up.Add(3 * time.Hour) }},
		{FirstActivity, true, func(i int, d *Day) { d.First.At = d.First.At.Add(3 * time.Hour) }},
		{TimeOut, false, func(i int, d *Day) { d.Outings.Seconds = 0 }},
		{BathroomVisits, true, func(i int, d *Day) { d.Bathroom.Visits += 6 }},
		{BathroomAtNight, true, func(i int, d *Day) { *d.Bathroom.AtNight += 4 }},
		{LongestSilence, true, func(i int, d *Day) { d.Daytime.Seconds += 3 * 3600 }},
	} {
		found := 0
		for seed := range uint64(200) {
			trends := Trends(ordinaryLife(rand.New(rand.NewPCG(seed, 2)), c.change), today)
			i := slices.IndexFunc(trends, func(t Trend) bool { return t.Fact == c.fact })
			if i < 0 {
				continue
			}
			if found++; trends[i].More != c.more || trends[i].From != "2026-11-15" || trends[i].To != "2026-11-21" {
				t.Errorf("%s: %+v", c.fact, trends[i])
			}
		}
		if found < 180 {
			t.Errorf("%s: found in %d of 200 homes", c.fact, found)
		}
	}
}

// One strange night, or days that are not known, are no trend.
func TestOneStrangeDayIsNoTrend(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 3))
		strange := ordinaryLife(r, func(i int, d *Day) {
			if i == 3 {
				d.Night.Ups, d.Outings.Seconds, d.Daytime.Seconds = make([]Span, 12), 20*3600, 12*3600
			}
		})
		if facts := factsOf(Trends(strange, today)); slices.Contains(facts, UpAtNight) || slices.Contains(facts, LongestSilence) {
			t.Errorf("home %d: %v", seed, facts)
		}
		unknown := ordinaryLife(r, func(i int, d *Day) {
			d.Night.Ups = make([]Span, 8)
			if i > 3 {
				d.Night = nil
			}
		})
		if facts := factsOf(Trends(unknown, today)); slices.Contains(facts, UpAtNight) {
			t.Errorf("home %d: of four nights %v", seed, facts)
		}
		if facts := factsOf(Trends(ordinaryLife(r, func(i int, d *Day) { d.Bathroom.Visits, d.Running = 0, true }), today)); slices.Contains(facts, BathroomVisits) {
			t.Errorf("home %d: days that are not over say %v", seed, facts)
		}
	}
}

// Nights that are known in different ways are not compared.
func TestNightsAreComparedWithTheirLike(t *testing.T) {
	life := ordinaryLife(rand.New(rand.NewPCG(1, 4)), func(i int, d *Day) { d.Night.By, d.Night.Ups = ByQuiet, make([]Span, 8) })
	if facts := factsOf(Trends(life, today)); slices.Contains(facts, UpAtNight) {
		t.Errorf("nights of another sensor say %v", facts)
	}
}

func TestUsual(t *testing.T) {
	life := ordinaryLife(rand.New(rand.NewPCG(1, 5)), func(int, *Day) {})
	for i := range life {
		life[i].Bathroom.Visits = i
	}
	if got := Usual(life, today)[BathroomVisits]; got != 20.5 {
		t.Errorf("usually %v visits, want 20.5", got)
	}
	if _, known := Usual(life[:30], "2026-12-18")[BathroomVisits]; known {
		t.Error("two days say what is usual")
	}
}
