package gateway

import (
	"iter"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/supervision"
)

// A Replay folds recorded readings with the daemon's own fold, each night's learning
// included, and tells what is decided. Each dwelling has its own time, which its
// readings carry on. Nobody answers: no alarm is acknowledged or closed.
type Replay struct {
	policies policies
	location *time.Location
	homes    map[string]*replayed
	order    []string // of their first readings
}

// A Happening is what a replay tells: a decision, and of a fault which one began.
type Happening struct {
	ucare.Decision
	Fault *ucare.Fault `json:"fault,omitempty"`
}

// replayed is one dwelling in a replay.
type replayed struct {
	id     string
	fold   *fold
	now    time.Time
	learns time.Time       // when the profile is learned next
	past   []ucare.Reading // what it is learned from, in the order of time
}

// NewReplay judges by the configuration, or by the rules' own defaults and the clock
// of UTC when there is none.
func NewReplay(c *configs.Gateway) *Replay {
	r := &Replay{location: time.UTC, homes: make(map[string]*replayed)}
	if c == nil {
		p := rules.Default()
		r.policies = onePolicy(&p)
		return r
	}
	r.policies, r.location = policiesOf(c), c.Box.TimeZone.Location
	return r
}

// Hear folds a reading at the time it was made, or later where that time is past, and
// all that was due before it.
func (r *Replay) Hear(reading ucare.Reading) []Happening {
	h := r.homes[reading.Dwelling]
	if h == nil {
		h = r.begin(reading)
	}
	out := r.advance(h, reading.At)
	h.remember(reading)
	return append(out, tellOf(h.fold.heard(h.fold.decoder.Again(reading), "", h.now))...)
}

// Until lets time run on in every dwelling.
func (r *Replay) Until(at time.Time) (out []Happening) {
	for _, id := range r.order {
		out = append(out, r.advance(r.homes[id], at)...)
	}
	return out
}

func (r *Replay) begin(first ucare.Reading) *replayed {
	config := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: first.Dwelling}}}
	h := &replayed{
		id:   first.Dwelling,
		fold: newFold(sensors.NewDecoder(config), supervision.New(config), r.policies, []string{first.Dwelling}),
		now:  first.At, learns: r.nextLearning(first.At),
	}
	r.homes[h.id], r.order = h, append(r.order, h.id)
	return h
}

func (r *Replay) nextLearning(now time.Time) time.Time {
	return now.Add(untilClock(now, learnAt, r.location))
}

// advance lets time pass in a dwelling: every tick when it is due, every night's
// learning at its hour.
func (r *Replay) advance(h *replayed, to time.Time) (out []Happening) {
	var ticked time.Time
	for {
		due, waits := h.fold.next()
		if waits && !due.After(ticked) {
			due = to // It is due still: the daemon, too, would only come back to it later.
		}
		switch {
		case !h.learns.After(to) && (!waits || !due.Before(h.learns)):
			h.now = h.learns
			h.learn(r.policies.of(h.id))
			h.learns = r.nextLearning(h.now)
		case waits && due.Before(to):
			ticked = due
			h.pass(due)
			out = append(out, tellOf(h.fold.tick(h.now))...)
		default:
			h.pass(to)
			return append(out, tellOf(h.fold.tick(h.now))...)
		}
	}
}

// pass moves the dwelling's time on; it never goes back.
func (h *replayed) pass(to time.Time) {
	if to.After(h.now) {
		h.now = to
	}
}

// remember keeps what the next night's learning looks at.
func (h *replayed) remember(r ucare.Reading) {
	if !rules.Learns(r.Kind) {
		return
	}
	i := len(h.past)
	for i > 0 && h.past[i-1].At.After(r.At) {
		i--
	}
	h.past = slices.Insert(h.past, i, r)
}

// learn does what the keeper does each night.
func (h *replayed) learn(p *rules.Policy) {
	from := h.now.AddDate(0, 0, -rules.LearnFrom)
	h.past = slices.DeleteFunc(h.past, func(r ucare.Reading) bool { return r.At.Before(from) })
	profile, _ := p.LearnProfile(withoutError(h.past), h.now) // what is in memory can be read
	if profile.Days > 0 {
		h.fold.policies.of(h.id).Learn(h.fold.state(h.id), profile)
	}
}

func withoutError(readings []ucare.Reading) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		for _, r := range readings {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// tellOf says what a step of the fold led to.
func tellOf(f folded) (out []Happening) {
	for _, d := range f.decisions {
		out = append(out, Happening{Decision: d})
	}
	for _, began := range f.faults {
		out = append(out, Happening{
			Decision: ucare.Decision{At: began.Since, Dwelling: began.Dwelling, Rule: ucare.Supervision, Verb: ucare.TellFault, Because: []ucare.Evidence{}},
			Fault:    &began,
		})
	}
	return out
}
