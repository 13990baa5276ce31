package simulation

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/ucare-project/ucare"
)

// Dwelling is the name of every home here.
const Dwelling = "home"

// Days is how long a Year is.
const Days = 365

// A Year is one home for a year. One goroutine uses it.
type Year struct {
	Home Home
	// Lain are the times in which the resident lay helpless, the last of them
	// perhaps not over.
	Lain []Lying

	troubled float64
	random   *rand.Rand
	began    time.Time
	now      int64 // nanoseconds since then
	queue    queue
	devices  []*device
	air      air
	resident resident
	center   center
	out      []Thing
}

// A Thing is what reaches the gateway: just one of its fields is set beside At.
type Thing struct {
	At      time.Time // by the gateway's clock
	Reading *ucare.Reading
	Answer  *Answer
	Unheard *Unheard
	Off     bool          // the gateway stops here, and comes back with Unheard
	ClockBy time.Duration // the clock was set
}

// An Answer is what a centre says of an alarm.
type Answer struct {
	Alarm string
	ucare.Answers
}

// Unheard is a time in which no sensor could be heard.
type Unheard struct {
	From, To time.Time
	Off      bool // the gateway was off; otherwise its broker was deaf
}

// New furnishes the home of a seed and lets somebody live there. Things go wrong as often
// as in most homes, or so many times as often.
func New(seed uint64, troubled float64) *Year {
	y := &Year{troubled: troubled, random: rand.New(rand.NewPCG(seed, 0x5ca1ab1e))}
	y.furnish()
	month := time.Month(1 + y.random.IntN(12))
	y.began = time.Date(2024+y.random.IntN(3), month, 1+y.random.IntN(28), 5, 0, 0, y.random.IntN(1e9), y.Home.Location)
	y.air.begin(y)
	y.resident.begin(y)
	y.center.begin(y)
	for _, d := range y.devices {
		d.begin()
	}
	y.trouble()
	return y
}

// Next is when the next thing happens, in truth: not by the gateway's clock.
func (y *Year) Next() time.Time { return y.at(y.queue.events[0].at) }

// Began is when the year begins.
func (y *Year) Began() time.Time { return y.began }

// Happen lets the next thing happen and returns what of it reaches the gateway.
func (y *Year) Happen() []Thing {
	e := y.queue.pop()
	y.now = e.at
	y.out = y.out[:0]
	if e.plan == 0 || e.plan == y.resident.plan {
		e.do()
	}
	return y.out
}

// Told tells the home what the gateway has decided, at a time that is not before the
// last thing and not after the next one.
func (y *Year) Told(now time.Time, decided []ucare.Decision) {
	y.now = max(y.now, int64(now.Sub(y.began)))
	for _, d := range decided {
		y.noteHelp(d)
		y.center.told(d)
		y.resident.told(d)
	}
}

// noteHelp notes that an alarm calls somebody to who is lying.
func (y *Year) noteHelp(d ucare.Decision) {
	l := y.lying()
	if l == nil || d.Verb != ucare.Raise || d.Drill || d.Rule == ucare.Fire {
		return
	}
	if l.Raised.IsZero() {
		l.Raised = y.at(y.now)
	}
}

func (y *Year) at(t int64) time.Time { return y.began.Add(time.Duration(t)) }

// local is the time of day in the home.
func (y *Year) local() time.Time { return y.at(y.now).In(y.Home.Location) }

// in lets something happen after a while, whatever the resident does.
func (y *Year) in(d time.Duration, do func()) {
	y.queue.push(event{at: y.now + int64(max(d, 0)), do: do})
}

// on lets something happen on a day of the year at an hour of its day.
func (y *Year) on(day int, hour float64, do func()) {
	y.in(y.clock(y.began, day, hour).Sub(y.at(y.now)), do)
}

// clock is an hour of the day so many days after the one that t is on. A fraction of
// an hour is kept, and daylight saving.
func (y *Year) clock(t time.Time, days int, hour float64) time.Time {
	year, month, day := t.In(y.Home.Location).Date()
	return time.Date(year, month, day+days, 0, 0, 0, int(hour*float64(time.Hour)), y.Home.Location)
}

// chance is true with the probability p.
func (y *Year) chance(p float64) bool { return y.random.Float64() < p }

// between is a time between two others.
func (y *Year) between(from, to time.Duration) time.Duration {
	return from + time.Duration(y.random.Float64()*float64(to-from))
}

// about is a time that is exponentially distributed around a mean, with an end.
func (y *Year) about(mean time.Duration) time.Duration {
	return time.Duration(min(y.random.ExpFloat64(), 8) * float64(mean))
}

// near is a number that is normally distributed.
func (y *Year) near(mean, deviation float64) float64 {
	return mean + deviation*math.Max(-3, math.Min(3, y.random.NormFloat64()))
}

// An event is something that is going to happen. One of a plan of the resident does not
// when there is another plan by then.
type event struct {
	at    int64
	order int64
	plan  int
	do    func()
}

// A queue is a heap of events, the next one first.
type queue struct {
	events []event
	count  int64 // of all so far: of two at the same instant the older one is first
}

func (q *queue) less(i, j int) bool {
	a, b := &q.events[i], &q.events[j]
	return a.at < b.at || a.at == b.at && a.order < b.order
}

func (q *queue) swap(i, j int) { q.events[i], q.events[j] = q.events[j], q.events[i] }

func (q *queue) push(e event) {
	q.count++
	e.order = q.count
	q.events = append(q.events, e)
	for i := len(q.events) - 1; i > 0; {
		parent := (i - 1) / 2
		if !q.less(i, parent) {
			return
		}
		q.swap(i, parent)
		i = parent
	}
}

func (q *queue) pop() event {
	first, last := q.events[0], len(q.events)-1
	q.swap(0, last)
	q.events[last] = event{}
	q.events = q.events[:last]
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first
		}
		if child+1 < last && q.less(child+1, child) {
			child++
		}
		if !q.less(child, i) {
			return first
		}
		q.swap(i, child)
		i = child
	}
}
