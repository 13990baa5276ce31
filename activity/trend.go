package activity

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Method. The seven days up to the last one that is over are compared with the
// four weeks before them, fact by fact. That something has changed is said only when
//
//   - it is known of at least weekNeeded of the days and of usualNeeded of those before;
//   - the ranks of the days differ clearly: the rank sum test (Mann and Whitney 1947, with
//     the correction for ties) gives at least clearly standard deviations. Ranks make one
//     strange day, or a day of visitors, mean little;
//   - the medians differ by what matters for the fact, in its unit and in its proportion.
//
// Seven days and twenty-eight are whole weeks, so that Sundays are compared with Sundays.
//
// Nights are compared with nights that are known in the same way, the one of most days.
//
// Figures. clearly: 3 standard deviations; with nine facts a home in which nothing has
// changed hears something of it in less than one week in a hundred (see the test). The
// differences that matter are ours: an hour of the clock, one more visit at night, two more
// in a day. Two or more visits at night are what doctors ask about (International Continence
// Society: nocturia is clinically relevant from two on).

const (
	week        = 7
	usualDays   = 28
	weekNeeded  = 5
	usualNeeded = 14
	clearly     = 3.0
)

// A Trend is something that was clearly different in the last seven days than in the four
// weeks before them.
type Trend struct {
	Fact Fact `json:"fact"`
	Unit Unit `json:"unit"`
	// Week and Usual are the medians of the days of the week and of those before.
	Week  float64 `json:"week"`
	Usual float64 `json:"usual"`
	// More is whether Week is larger: later, longer, more often.
	More bool `json:"more"`
	// WeekDays and UsualDays are how many days it is known of.
	WeekDays  int `json:"week_days"`
	UsualDays int `json:"usual_days"`
	// From and To are the first and the last date of the week.
	From string `json:"from"`
	To   string `json:"to"`
}

// A Fact is a figure of days of which a Trend can be told.
type Fact string

// The facts.
const (
	UpAtNight       Fact = "up_at_night"       // times up in a night
	TimeInBed       Fact = "time_in_bed"       // resting time of a night, in bed as a sensor of it says
	ToBed           Fact = "to_bed"            // when the night began
	GettingUp       Fact = "getting_up"        // when it ended
	FirstActivity   Fact = "first_activity"    // when the first sign of life came
	TimeOut         Fact = "time_out"          // out of the home
	BathroomVisits  Fact = "bathroom_visits"   // in a whole day
	BathroomAtNight Fact = "bathroom_at_night" // in a night
	LongestSilence  Fact = "longest_silence"   // by day, at home
)

// Facts are all facts, in the order in which they are told.
func Facts() []Fact {
	var all []Fact
	for _, f := range facts {
		all = append(all, f.fact)
	}
	return all
}

// A Unit is what a fact is counted in.
type Unit string

// The units. A clock is in seconds since midnight; the evening before it is negative.
const (
	Count   Unit = "times"
	Seconds Unit = "seconds"
	Clock   Unit = "seconds_since_midnight"
)

// facts are how each fact is read from a day, and by how much medians must differ, in
// the unit and as a proportion of the usual.
var facts = []struct {
	fact       Fact
	unit       Unit
	of         func(*Day) (float64, bool)
	by, partly float64
}{
	{UpAtNight, Count, func(d *Day) (float64, bool) { return ofNight(d, func(n *Night) float64 { return float64(len(n.Ups)) }) }, 1, 0.5},
	{TimeInBed, Seconds, timeInBed, 3600, 0.1},
	{ToBed, Clock, func(d *Day) (float64, bool) {
		return ofNight(d, func(n *Night) float64 { return n.Bed.Sub(d.From).Seconds() })
	}, 3600, 0},
	{GettingUp, Clock, func(d *Day) (float64, bool) {
		return ofNight(d, func(n *Night) float64 { return n.Up.Sub(d.From).Seconds() })
	}, 3600, 0},
	{FirstActivity, Clock, firstActivity, 3600, 0},
	{TimeOut, Seconds, timeOut, 1800, 0.3},
	{BathroomVisits, Count, bathroomVisits, 2, 0.3},
	{BathroomAtNight, Count, bathroomAtNight, 1, 0.5},
	{LongestSilence, Seconds, longestSilence, 3600, 0.3},
}

// whole reports whether a day is over and was heard for the most part.
func (d *Day) whole() bool {
	unheard := 0
	for _, u := range d.Unheard {
		unheard += u.Seconds
	}
	return !d.Running && d.Readings > 0 && time.Duration(unheard)*time.Second < d.To.Sub(d.From)/2
}

func ofNight(d *Day, figure func(*Night) float64) (float64, bool) {
	if d.Night == nil || d.Night.Up.IsZero() {
		return 0, false
	}
	return figure(d.Night), true
}

func timeInBed(d *Day) (float64, bool) {
	if d.Night == nil || d.Night.By == ByQuiet {
		return 0, false
	}
	return ofNight(d, func(n *Night) float64 { return float64(n.Resting) })
}

func firstActivity(d *Day) (float64, bool) {
	if d.First == nil {
		return 0, false
	}
	return d.First.At.Sub(d.From).Seconds(), true
}

func timeOut(d *Day) (float64, bool) {
	if d.Outings == nil || !d.whole() {
		return 0, false
	}
	return float64(d.Outings.Seconds), true
}

func bathroomVisits(d *Day) (float64, bool) {
	if d.Bathroom == nil || !d.whole() {
		return 0, false
	}
	return float64(d.Bathroom.Visits), true
}

func bathroomAtNight(d *Day) (float64, bool) {
	if d.Bathroom == nil || d.Bathroom.AtNight == nil {
		return 0, false
	}
	return ofNight(d, func(*Night) float64 { return float64(*d.Bathroom.AtNight) })
}

func longestSilence(d *Day) (float64, bool) {
	if d.Daytime == nil || !d.whole() {
		return 0, false
	}
	return float64(d.Daytime.Seconds), true
}

// Trends says what was clearly different in the seven days before the date than in the
// four weeks before them, in the order of the facts. The days are in order; others than those 35
// are passed over, and those that are not there are unknown.
func Trends(days []Day, before string) []Trend {
	split, last, from, ok := weeksBefore(before)
	if !ok {
		return nil
	}
	days = alike(days, from, before)
	var all []Trend
	for _, f := range facts {
		var now, usually []float64
		for i := range days {
			value, known := f.of(&days[i])
			switch date := days[i].Date; {
			case !known:
			case date >= split:
				now = append(now, value)
			default:
				usually = append(usually, value)
			}
		}
		if len(now) < weekNeeded || len(usually) < usualNeeded {
			continue
		}
		t := Trend{
			Fact: f.fact, Unit: f.unit, Week: median(now), Usual: median(usually), WeekDays: len(now), UsualDays: len(usually),
			From: split, To: last,
		}
		t.More = t.Week > t.Usual
		difference := math.Abs(t.Week - t.Usual)
		if difference >= f.by && difference >= f.partly*math.Abs(t.Usual) && math.Abs(rankSum(now, usually)) >= clearly {
			all = append(all, t)
		}
	}
	return all
}

// alike are the days from one date up to another, without the nights that are known in
// another way than most of them.
func alike(days []Day, from, before string) []Day {
	var all []Day
	ways := make(map[string]int)
	for _, d := range days {
		if d.Date < from || d.Date >= before {
			continue
		}
		if all = append(all, d); d.Night != nil {
			ways[d.Night.By]++
		}
	}
	most := ""
	for way, n := range ways {
		if n > ways[most] || n == ways[most] && way < most {
			most = way
		}
	}
	for i, d := range all {
		if d.Night != nil && d.Night.By != most {
			all[i].Night = nil
		}
	}
	return all
}

// weeksBefore are the dates on which the week and the four weeks before it begin, and
// the last one of the week.
func weeksBefore(before string) (split, last, from string, ok bool) {
	end, err := time.Parse(time.DateOnly, before)
	if err != nil {
		return "", "", "", false
	}
	date := func(days int) string { return end.AddDate(0, 0, -days).Format(time.DateOnly) }
	return date(week), date(1), date(week + usualDays), true
}

// Usual is what is usual of each fact, as far as it is known of a week or more of the four
// weeks before the date: the median, in the unit of the fact.
func Usual(days []Day, before string) map[Fact]float64 {
	end, err := time.Parse(time.DateOnly, before)
	if err != nil {
		return nil
	}
	days = alike(days, end.AddDate(0, 0, -usualDays).Format(time.DateOnly), before)
	usual := make(map[Fact]float64)
	for _, f := range facts {
		var values []float64
		for i := range days {
			if value, known := f.of(&days[i]); known {
				values = append(values, value)
			}
		}
		if len(values) >= week {
			usual[f.fact] = median(values)
		}
	}
	return usual
}

// median is the middle one of the values, or between the two middle ones.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[n/2] + sorted[(n-1)/2]) / 2
}

// rankSum is by how many standard deviations the ranks of some values differ from those of
// others; positive: they are larger.
func rankSum(some, others []float64) float64 {
	type ranked struct {
		value float64
		some  bool
	}
	var all []ranked
	for _, v := range some {
		all = append(all, ranked{v, true})
	}
	for _, v := range others {
		all = append(all, ranked{v, false})
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Compare(a.value, b.value) })
	n := float64(len(all))
	sum, ties := 0.0, 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].value == all[i].value {
			j++
		}
		alike := float64(j - i)
		ties += alike*alike*alike - alike
		for ; i < j; i++ {
			if all[i].some {
				sum += float64(j) - (alike-1)/2
			}
		}
	}
	a, b := float64(len(some)), float64(len(others))
	deviation := math.Sqrt(a * b / 12 * (n + 1 - ties/(n*(n-1))))
	if deviation == 0 {
		return 0
	}
	return (sum - a*(n+1)/2) / deviation
}
