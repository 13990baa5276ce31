package rules

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Each night the resident's profile is learned from the readings of the last
// LearnFrom days. They pass before the rule itself once more, so a silence is told apart
// in learning exactly as in deciding. What is not learned from:
//
//   - the time of an outing or an absence: it has a measure of its own;
//   - silences of more than AtMost, or out of a time longer than a day in which nobody was
//     surely there (two sensors within Pass, or the front door): that is a holiday or a
//     broken gateway, in which curtains move and floors warm up;
//   - what the range cuts off at its ends.
//
// For each half hour of the clock every day has one value: how long, from its beginning,
// it was quiet. That is the longest of the silences that ran or began in it; of those
// that began within the hour after it; and of the long ones (from long on: sleep) that
// began within the two hours after it, up to their end, for one evening somebody goes to
// bed earlier and does not get up earlier for that. The usual longest is the largest of
// these values, of every fourteen days the largest one left out. The limit adds a margin
// to it: what is not usual exceeds the usual longest
//
//   - by three quarters of an hour at least, and by as much more as the days differ:
//     1.5/√n of the distance of the largest from the median of all that are at least half
//     as long (n days; with normal days that is about three standard deviations above the
//     mean, whether n is 7 or 28; the half tells nights with a sleep from those without);
//   - and exceeds all that began within three hours before or after, long ones apart,
//     by 1/n: a day or two of experience do not count as much as a month's.
//
// Where fewer than three days have a value, what began within these three hours decides
// alone. What is usual in bed and on a seat is told apart from the third day on, for a sensor
// says so. What is usual of people who are neither, from a week on where a bed has a
// sensor, otherwise from a fortnight on: not every sleep is in the same place, and
// sensors miss some. The room of the last sign of life tells less than one would think:
// in recorded homes people were last noticed in the kitchen, and slept.
//
// Figures: ours, chosen so that half and twice of each decide nearly alike on the
// recorded homes that we have.

const (
	surelyMore = 75 * time.Minute // than the usual longest is the least limit
	spread     = 1.5              // of what the days differ, divided by the root of their number
	near       = 2                // half hours after, whose silences count as they are
	nearLong   = 4                // half hours after, whose long silences count up to their end
	long       = 3 * time.Hour    // is a silence in which somebody may be sleeping
	sleep      = 5 * time.Hour    // is a silence that says nothing about other hours of the day
	around     = 6                // half hours before and after, which teach by analogy
	leaveOut   = 14               // days, the largest of which does not count
	fewDays    = 3                // are needed to know a half hour, and a place that a sensor tells
	week       = 7
	fortnight  = 14
	nobodySure = 24 * time.Hour // nobody was surely there: more is a holiday; from an afternoon to the next morning is none
	roomsKept  = 8              // bounds the profile
)

// lessons are the days that a profile is learned from.
type lessons struct {
	p       *Policy
	s       *State // as the rule sees the home while the days pass again
	first   time.Time
	days    map[int]*lessonDay
	sure    time.Time // the last time somebody was surely there
	pending []lesson  // silences since
	outings []time.Duration
	meals   map[int]time.Duration // when somebody was first in the kitchen, since midnight
	visits  visits
}

// A lesson is a silence that ended.
type lesson struct {
	at       place
	out      bool
	from, to time.Time
}

// A lessonDay is how long the silences of a day lasted, by place and half hour.
type lessonDay struct {
	quiet [places][slots]time.Duration // from the half hour's beginning, of those that began before, too
	began [places][slots]time.Duration // the longest that began in it
}

func newLessons(p *Policy) *lessons {
	return &lessons{p: p, s: NewState(""), days: make(map[int]*lessonDay), meals: make(map[int]time.Duration)}
}

// hear lets the rule see a reading, and notes the silence that it ends.
func (l *lessons) hear(r ucare.Reading) {
	if !Learns(r.Kind) {
		return
	}
	now, q := instant(r.At), &l.s.Silence
	if l.first.IsZero() {
		l.first = now
	}
	if r.Kind == ucare.Away {
		l.p.observeAway(l.s, &r, now, nil)
		return
	}
	was := lesson{at: q.place(), out: q.out() || q.Out.Weak, from: q.start(), to: now}
	last, sensor, away := q.Last, q.Sensor, l.s.away()
	c, alive := l.p.lifeSign(l.s, &r, now)
	if !alive || !now.After(last) {
		return
	}
	l.p.noticed(l.s, &c, now)
	l.p.seenAtHome(l.s, q.Kind, c.Sensor, now)
	if !last.IsZero() && !away && q.from().Equal(now) {
		l.pending = append(l.pending, was)
	}
	l.eats(&c, now)
	l.visits.noticed(&c, l.s, now)
	if c.Kind == ucare.Door || sensor != c.Sensor && now.Sub(last) < l.p.Out.Pass || len(q.Contacts) < fewDays {
		l.believe(now)
	}
}

// believe notes what has happened since somebody was surely there the last time, now
// that somebody surely is again.
func (l *lessons) believe(now time.Time) {
	if now.Sub(l.sure) <= max(l.p.Silence.AtMost, nobodySure) {
		for _, was := range l.pending {
			switch length := was.to.Sub(was.from); {
			case length > l.p.Silence.AtMost:
			case was.out && length >= l.p.Out.Pass:
				l.outings = append(l.outings, length)
			case !was.out:
				l.note(was)
			}
		}
	}
	l.sure, l.pending = now, l.pending[:0]
}

// number counts the days of the calendar.
func (l *lessons) number(t time.Time) int {
	year, month, day := t.In(l.p.location()).Date()
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

func (l *lessons) day(t time.Time) *lessonDay {
	n := l.number(t)
	d := l.days[n]
	if d == nil {
		d = new(lessonDay)
		l.days[n] = d
	}
	return d
}

// note enters a silence in each half hour in which it ran.
func (l *lessons) note(was lesson) {
	begin, slot := l.p.slot(was.from)
	d := l.day(begin)
	for _, at := range [...]place{anywhere, was.at} {
		d.began[at][slot] = max(d.began[at][slot], was.to.Sub(was.from))
	}
	for begin.Before(was.to) {
		d := l.day(begin)
		for _, at := range [...]place{anywhere, was.at} {
			d.quiet[at][slot] = max(d.quiet[at][slot], was.to.Sub(begin))
		}
		begin, slot = l.p.slot(begin.Add(slotLength))
	}
}

// eats notes the first time of a day in the kitchen.
func (l *lessons) eats(c *Contact, now time.Time) {
	local := now.In(l.p.location())
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	if _, been := l.meals[l.number(now)]; c.Purpose == ucare.Kitchen && clock >= dayBegins && !been {
		l.meals[l.number(now)] = clock
	}
}

// kitchen is the hour by which somebody is usually in the kitchen; 0 unless on nearly all
// days of a week or more.
func (l *lessons) kitchen() time.Duration {
	n := len(l.meals)
	if n < week || n < len(l.days)-1-len(l.days)/leaveOut {
		return 0
	}
	by, _ := usualLongest(slices.Collect(maps.Values(l.meals)))
	return by
}

func (l *lessons) profile(now time.Time) Profile {
	if len(l.days) == 0 {
		return Profile{}
	}
	whole := int(l.s.Silence.Last.Sub(l.first) / (24 * time.Hour))
	days := max(1, min(len(l.days), whole))
	pr := Profile{Days: days, At: now, Rooms: l.visits.habits()}
	pr.Outing, _ = usualLongest(l.outings)
	pr.Kitchen = l.kitchen()
	for at := range places {
		for slot := range slots {
			l.learn(&pr.Silences[at], at, slot)
		}
	}
	return pr
}

// learn works out what is usual in a half hour, and what is not.
func (l *lessons) learn(u *Usual, at place, slot int) {
	days := l.quietOf(at, slot)
	longest, margin := usualLongest(days)
	similar := l.similar(at, slot)
	analogous, _ := usualLongest(similar)
	if len(similar) < l.needed(at) && len(days) < l.needed(at) {
		return
	}
	limit := longest + margin
	if n := time.Duration(len(similar)); n > 0 {
		more := analogous + analogous/n
		if len(days) < fewDays {
			more += surelyMore
			longest = max(longest, analogous)
		}
		limit = max(limit, more)
	}
	u.Longest.set(slot, longest)
	u.Limit.set(slot, limit)
}

// needed is how many days must have shown that a place makes a difference.
func (l *lessons) needed(at place) int {
	hasBed := slices.ContainsFunc(l.s.Silence.Contacts, func(c Contact) bool { return c.Kind == ucare.Bed })
	switch {
	case at == anywhere:
		return 1
	case at == upAndAbout && hasBed:
		return week
	case at == upAndAbout:
		return fortnight
	default:
		return fewDays
	}
}

// quietOf is each day's value for a half hour, where it has one.
func (l *lessons) quietOf(at place, slot int) (all []time.Duration) {
	for n := range l.days {
		quiet := l.days[n].quiet[at][slot]
		for i := 1; i <= nearLong; i++ {
			d := l.days[n+(slot+i)/slots]
			if d == nil {
				continue
			}
			if began := d.began[at][(slot+i)%slots]; i <= near {
				quiet = max(quiet, began)
			}
			if until := d.quiet[at][(slot+i)%slots]; until >= long {
				quiet = max(quiet, until+time.Duration(i)*slotLength)
			}
		}
		if quiet > 0 {
			all = append(all, quiet)
		}
	}
	return all
}

// similar is each day's longest silence, sleep apart, that began around a half hour.
func (l *lessons) similar(at place, slot int) (all []time.Duration) {
	for n := range l.days {
		longest := time.Duration(0)
		for i := slot - around; i <= slot+around; i++ {
			d := l.days[n+(i+slots)/slots-1]
			if d == nil {
				continue
			}
			if began := d.began[at][(i+slots)%slots]; began < sleep {
				longest = max(longest, began)
			}
		}
		if longest > 0 {
			all = append(all, longest)
		}
	}
	return all
}

// usualLongest is the largest of the values, some left out, and by how much more a
// value must exceed it to be unusual.
func usualLongest(all []time.Duration) (longest, margin time.Duration) {
	n := len(all)
	if n == 0 {
		return 0, 0
	}
	slices.Sort(all)
	longest = all[n-1-n/leaveOut]
	alike, _ := slices.BinarySearch(all, longest/2)
	differ := float64(longest - all[(alike+n-1)/2])
	return longest, max(surelyMore, time.Duration(spread/math.Sqrt(float64(n))*differ))
}
