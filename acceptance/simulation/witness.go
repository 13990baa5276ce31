package simulation

import (
	"fmt"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// A Promise is something that must hold in every home at every time.
type Promise string

// The promises.
const (
	HazardAtOnce  Promise = "a detector that becomes active is an alarm at that instant"
	HelpAtOnce    Promise = "a call for help is an alarm at that instant"
	FallIsRaised  Promise = "who lies after a fall that a device noticed is helped soon"
	RaisedOnce    Promise = "an alarm is raised once"
	InOrder       Promise = "what ends has begun, and ends once"
	CancelStands  Promise = "after a cancel nothing is raised for the same onset"
	LyingIsRaised Promise = "who lies helpless is noticed within a day of what was heard"
	UnheardIsNone Promise = "time in which nothing was heard is no silence"
	HasACause     Promise = "no fire is raised without a detector or heat"
	OnTime        Promise = "a decision is made when it is due: not before its cause, not later"
	WithEvidence  Promise = "a decision says about what, and why"
	FewAlarms     Promise = "an inactivity alarm is rare while the resident is well"
	LateTicks     Promise = "ticks may be late and states stored: the same is decided"
	Recovered     Promise = "recovering from the journal decides like never having stopped"
	StaysSmall    Promise = "what is remembered of a home stays small"
)

// Broken is a promise that was not kept.
type Broken struct {
	Promise Promise
	Day     int       // of the year, from 0
	At      time.Time // by the gateway's clock
	Message string
}

func (b *Broken) Error() string {
	return fmt.Sprintf("%s\n  day %d, %s: %s", b.Promise, b.Day, b.At.Format(time.RFC3339), b.Message)
}

// Patience is how late the daemon may come to what is due: a disk that hangs, a busy
// processor.
const Patience = 5 * time.Minute

// MostAlarms is how many inactivity alarms a year may have while the resident is at home
// and well. The aim is one in two months; this is where something is broken.
const MostAlarms = 150

// A Witness holds the promises against what happens in a year.
type Witness struct {
	// At home, outside and in hospital: inactivity alarms while nobody lay helpless.
	False struct{ Home, Out int }
	// Raised counts alarms by their rule, Noticed how long each collapse took.
	Raised  map[ucare.Rule]int
	Noticed []time.Duration
	// Excused are collapses that the sensors could not know of.
	Excused int

	year   *Year
	policy *rules.Policy
	now    time.Time // the last time that was folded
	alarms []*alarm  // the last ones, oldest first
	byName map[string]*alarm
	clear  map[string]bool // of detectors that were last heard clear, or never
	ends   map[string]bool // devices that were heard to say that a fall is over
	help   map[string]time.Time
	moved  map[string]moved
	last   time.Time // sign of life
	unseen time.Duration
	excuse time.Time // until when it can be late: the gateway was off
	judged int       // of the collapses
}

// moved is what a motion sensor said last.
type moved struct{ clears, on bool }

// alarm is what is known of one from decisions and answers alone.
type alarm struct {
	ucare.Decision
	sensor                                string
	raised, restored, cancelled, answered time.Time
	closed                                bool
}

// Attend is a witness of a year that is judged by a policy.
func Attend(y *Year, p *rules.Policy) *Witness {
	return &Witness{
		year: y, policy: p, Raised: make(map[ucare.Rule]int), byName: make(map[string]*alarm),
		clear: make(map[string]bool), ends: make(map[string]bool), help: make(map[string]time.Time), moved: make(map[string]moved),
	}
}

// Folded sees what was decided when something reached the gateway, nil for the passing
// of time.
func (w *Witness) Folded(thing *Thing, now time.Time, decided []ucare.Decision) error {
	due := now
	if thing != nil && thing.ClockBy != 0 {
		due = now.Add(-thing.ClockBy)
		w.now, w.excuse = w.now.Add(thing.ClockBy), now.Add(Patience)
		w.last = w.last.Add(thing.ClockBy)
	}
	if thing != nil && thing.Unheard != nil {
		w.unseen += thing.Unheard.To.Sub(ucare.Later(thing.Unheard.From, w.last))
		w.excuse = now
	}
	for i := range decided {
		if err := w.decided(&decided[i], due, thing); err != nil {
			return err
		}
	}
	w.now = now
	if thing != nil && thing.Answer != nil {
		w.answered(thing.Answer, now)
	}
	if thing != nil && thing.Reading != nil {
		if err := w.heard(thing.Reading, now, decided); err != nil {
			return err
		}
	}
	return w.lying(now)
}

// Broke is a promise that somebody else found broken.
func (w *Witness) Broke(p Promise, at time.Time, err error) error { return w.broke(p, at, "%v", err) }

func (w *Witness) broke(p Promise, at time.Time, format string, args ...any) error {
	return &Broken{Promise: p, Day: int(w.year.at(w.year.now).Sub(w.year.began).Hours() / 24), At: at, Message: fmt.Sprintf(format, args...)}
}

// decided judges one decision by itself and by those before it.
func (w *Witness) decided(d *ucare.Decision, due time.Time, thing *Thing) error {
	if d.Dwelling != Dwelling || len(d.Because) == 0 || d.Verb != ucare.TellFault && (d.Alarm == "" || d.Onset.IsZero()) {
		return w.broke(WithEvidence, d.At, "%+v", *d)
	}
	if err := w.onTime(d, due); err != nil {
		return err
	}
	switch d.Verb {
	case ucare.PreAlarm, ucare.TellConcern:
		return w.begins(d, thing)
	case ucare.Raise:
		return w.raises(d, thing)
	case ucare.Restore, ucare.Cancel, ucare.Settled, ucare.Confirm:
		return w.goesOn(d)
	case ucare.TellFault:
	}
	return nil
}

// onTime holds the instant of a decision against the clock.
func (w *Witness) onTime(d *ucare.Decision, due time.Time) error {
	if d.At.After(due) {
		return w.broke(OnTime, due, "it is from the future: %+v", *d)
	}
	if w.now.IsZero() || !due.After(w.excuse) {
		return nil
	}
	if d.At.Before(w.now.Add(-Patience)) || due.Sub(d.At) > Patience {
		return w.broke(OnTime, due, "it comes late, the last look was at %v: %+v", w.now, *d)
	}
	if w.year.Home.ClockIsSet {
		return nil // then instants of before may seem to be still to come
	}
	for _, e := range d.Because {
		if e.At.After(d.At) {
			return w.broke(OnTime, due, "its cause %+v comes later: %+v", e, *d)
		}
	}
	return nil
}

// begins notes a pre-alarm or a concern.
func (w *Witness) begins(d *ucare.Decision, thing *Thing) error {
	if w.byName[d.Alarm] != nil {
		return w.broke(RaisedOnce, d.At, "it begins again: %+v", *d)
	}
	w.know(d)
	if d.Verb == ucare.PreAlarm {
		return w.causeOf(d, thing)
	}
	return nil
}

func (w *Witness) know(d *ucare.Decision) *alarm {
	a := &alarm{Decision: *d, sensor: d.Because[0].Sensor}
	w.alarms = append(w.alarms, a)
	w.byName[d.Alarm] = a
	if len(w.alarms) > 200 {
		w.alarms = slices.Delete(w.alarms, 0, 100)
	}
	return a
}

func (w *Witness) raises(d *ucare.Decision, thing *Thing) error {
	a := w.byName[d.Alarm]
	switch {
	case a == nil:
		a = w.know(d)
		if err := w.causeOf(d, thing); err != nil {
			return err
		}
	case !a.raised.IsZero():
		return w.broke(RaisedOnce, d.At, "it is raised again: %+v", *d)
	case !a.cancelled.IsZero() || a.Verb != ucare.PreAlarm:
		return w.broke(InOrder, d.At, "it was over: %+v", *d)
	}
	for _, other := range w.alarms {
		same := other.Rule == d.Rule && other.Room == d.Room && other.Drill == d.Drill && d.Onset.Sub(other.Onset).Abs() < time.Microsecond
		if same && other != a && !other.cancelled.IsZero() && d.Rule == ucare.Inactivity {
			return w.broke(CancelStands, d.At, "%+v after %+v", *d, other.Decision)
		}
	}
	a.raised = d.At
	w.Raised[d.Rule]++
	return w.count(d)
}

// causeOf looks for what can have begun an alarm.
func (w *Witness) causeOf(d *ucare.Decision, thing *Thing) error {
	switch d.Rule {
	case ucare.Inactivity:
		return w.silence(d)
	case ucare.Fire:
		said := thing != nil && thing.Reading != nil && hazard(thing.Reading.Kind) != ""
		if !said || thing.Reading.State != ucare.Active && thing.Reading.Unit == "" {
			return w.broke(HasACause, d.At, "by %+v: %+v", thing, *d)
		}
		if thing.Reading.Unit == "°C" && thing.Reading.Value < 44 {
			return w.broke(HasACause, d.At, "at %v °C: %+v", thing.Reading.Value, *d)
		}
	}
	return nil
}

// leastSilence is how much silence there must have been that was heard as such. No
// ladder is shorter, not even the one of a bathroom.
const leastSilence = 30 * time.Minute

// anySilence may be an alarm however little of it was heard: unknown is not safe either.
const anySilence = 24 * time.Hour

// silence holds an inactivity alarm against what was heard. One that tells of an outing
// counts from the door, and a movement alone is no proof that somebody is back.
func (w *Witness) silence(d *ucare.Decision) error {
	if slices.ContainsFunc(d.Because, func(e ucare.Evidence) bool { return e.Fact == ucare.FactWentOut }) {
		return nil
	}
	silent := d.At.Sub(w.last)
	if silent-w.unseen < leastSilence && silent < anySilence {
		return w.broke(UnheardIsNone, d.At, "the last sign was at %v, and for %v of %v nothing could be heard: %+v", w.last, w.unseen, silent, *d)
	}
	return nil
}

// count counts an inactivity alarm for nothing.
func (w *Witness) count(d *ucare.Decision) error {
	switch {
	case d.Rule != ucare.Inactivity || w.year.lying() != nil:
	case w.year.resident.place == "":
		w.False.Out++
	default:
		w.False.Home++
		if w.False.Home > MostAlarms {
			return w.broke(FewAlarms, d.At, "the %d. in a year: %+v", w.False.Home, *d)
		}
	}
	return nil
}

// goesOn judges what ends an alarm or adds to it.
func (w *Witness) goesOn(d *ucare.Decision) error {
	a := w.byName[d.Alarm]
	wrong := a == nil || !a.restored.IsZero() || !a.cancelled.IsZero()
	if !wrong {
		switch d.Verb {
		case ucare.Restore:
			wrong, a.restored = a.raised.IsZero(), d.At
		case ucare.Cancel:
			wrong, a.cancelled = !a.raised.IsZero() || a.Verb != ucare.PreAlarm, d.At
		case ucare.Settled:
			wrong, a.cancelled = a.Verb != ucare.TellConcern, d.At
		}
	}
	if wrong {
		return w.broke(InOrder, d.At, "%+v", *d)
	}
	return nil
}

func (w *Witness) answered(said *Answer, now time.Time) {
	a := w.byName[said.Alarm]
	if a == nil {
		return
	}
	if a.answered.IsZero() {
		a.answered = now
	}
	a.closed = a.closed || !said.ClosedAt.IsZero()
}

// heard holds the promises about a reading against what was decided on it.
func (w *Witness) heard(r *ucare.Reading, now time.Time, decided []ucare.Decision) error {
	fresh := !r.UnknownAge && r.At.Equal(now)
	if w.isLife(r) && r.At.After(w.last) {
		w.last, w.unseen = r.At, 0
	}
	switch {
	case r.Kind == ucare.HelpButton:
		return w.pressed(r, now, fresh)
	case r.Kind == ucare.FallSensor:
		w.fell(r, now, fresh)
	case hazard(r.Kind) != "" && r.Unit == "":
		return w.danger(r, now, fresh, decided)
	}
	return nil
}

// isLife is strict: what is a sign of life for sure. A motion that may be a repeated one
// is none, nor is what a sensor says that is stuck.
func (w *Witness) isLife(r *ucare.Reading) bool {
	if r.Kind != ucare.Motion && r.Kind != ucare.Use {
		return false
	}
	before := w.moved[r.Sensor]
	w.moved[r.Sensor] = moved{clears: before.clears || r.State == ucare.Inactive, on: r.State == ucare.Active}
	stuck := slices.ContainsFunc(w.year.devices, func(d *device) bool { return d.stuck && d.id == r.Sensor })
	return r.State == ucare.Active && !r.UnknownAge && !stuck && (!before.on || !before.clears)
}

// fell notes that a device told of a fall that nobody has heard of yet. A radar that was
// last heard to see one who lies sees the same still.
func (w *Witness) fell(r *ucare.Reading, now time.Time, fresh bool) {
	was, known := w.clear[r.Sensor]
	w.clear[r.Sensor] = fresh && r.State == ucare.Inactive
	w.ends[r.Sensor] = w.ends[r.Sensor] || r.State == ucare.Inactive
	l := w.year.lying()
	again := known && !was && w.ends[r.Sensor]
	if l == nil || !l.Sensed.IsZero() || !fresh || r.State != ucare.Active || again || w.open(r, now, ucare.Fall, w.policy.Fall.SameFall) {
		return
	}
	l.Sensed = w.year.at(w.year.now)
}

// danger is the promise of fire.go: when a detector becomes active, an alarm of its
// room is open that nobody has closed, or acknowledged long ago.
func (w *Witness) danger(r *ucare.Reading, now time.Time, fresh bool, decided []ucare.Decision) error {
	key := fmt.Sprint(r.Sensor, r.Kind, r.Drill)
	was, known := w.clear[key]
	w.clear[key] = fresh && r.State == ucare.Inactive
	if r.State == ucare.Inactive { // a test ends with an ordinary "clear"
		if was, known := w.clear[fmt.Sprint(r.Sensor, r.Kind, true)]; known && !was {
			w.clear[fmt.Sprint(r.Sensor, r.Kind, true)] = fresh
		}
	}
	if !fresh || r.State != ucare.Active || known && !was {
		return nil
	}
	for _, d := range decided {
		if d.Rule == ucare.Fire && d.Verb == ucare.Raise && d.Room == r.Room && !d.At.Equal(now) {
			return w.broke(HazardAtOnce, now, "raised at %v only: %+v", d.At, *r)
		}
	}
	if !w.open(r, now, ucare.Fire, w.policy.Fire.SameFire) {
		return w.broke(HazardAtOnce, now, "swallowed: %+v", *r)
	}
	return nil
}

// open reports whether an alarm is open that stands for the reading and to which people
// still answer.
func (w *Witness) open(r *ucare.Reading, now time.Time, rule ucare.Rule, same time.Duration) bool {
	for _, a := range slices.Backward(w.alarms) {
		here := a.Room == r.Room && (r.Room != "" || a.sensor == r.Sensor)
		if !here || a.Rule != rule || a.Drill != r.Drill || hazard(a.Kind) != hazard(r.Kind) || a.raised.IsZero() {
			continue
		}
		answered := !a.answered.IsZero() && (a.UnknownAge || now.Sub(a.answered) >= same)
		if a.restored.IsZero() && !a.closed && !answered {
			return true
		}
	}
	return false
}

// hazard is the class of a kind: what tells of the same danger.
func hazard(k ucare.Kind) string {
	switch k {
	case ucare.Smoke, ucare.Heat, ucare.Temperature, ucare.SmokeDensity:
		return "smoke"
	case ucare.CarbonMonoxide, ucare.CarbonMonoxideLevel:
		return "carbon monoxide"
	case ucare.Gas:
		return "gas"
	default:
		return ""
	}
}

// pressed is the promise of help.go.
func (w *Witness) pressed(r *ucare.Reading, now time.Time, fresh bool) error {
	if r.State != ucare.Active || r.UnknownAge {
		return nil
	}
	key := fmt.Sprint(r.Sensor, r.Drill)
	before := w.help[key]
	w.help[key] = now
	if !fresh || now.Sub(before).Abs() < w.policy.Help.SamePress {
		return nil
	}
	for _, a := range slices.Backward(w.alarms) {
		if a.Rule == ucare.Help && a.sensor == r.Sensor && a.Drill == r.Drill && !a.raised.IsZero() {
			if a.raised.Equal(now) || a.answered.IsZero() && !r.Drill {
				return nil
			}
		}
	}
	return w.broke(HelpAtOnce, now, "swallowed: %+v", *r)
}

const (
	// lyingMost is a day, and a while more for a front door that closes behind somebody.
	lyingMost = 24*time.Hour + 30*time.Minute
	// helpedSoon is a device's verdict, its confirmation, a pre-alarm and then some.
	helpedSoon = 15 * time.Minute
)

// lying holds the promises about whoever lies, or lay.
func (w *Witness) lying(now time.Time) error {
	y := w.year
	for ; w.judged < len(y.Lain); w.judged++ {
		l := &y.Lain[w.judged]
		end := l.Until
		if end.IsZero() {
			end = y.at(y.now)
		}
		missing := y.Unheard(*l)
		late := l.Raised
		if late.IsZero() {
			late = end
		}
		if took := late.Sub(l.Since); took > lyingMost+missing+Patience && !w.couldKnowNothing(l, missing) {
			return w.broke(LyingIsRaised, now, "since %v in %q, for %v (unheard: %v), raised %v", l.Since, l.Room, took, missing, l.Raised)
		}
		if !l.Sensed.IsZero() && late.Sub(l.Sensed) > helpedSoon+missing+Patience {
			return w.broke(FallIsRaised, now, "since %v in %q, sensed %v, raised %v", l.Since, l.Room, l.Sensed, l.Raised)
		}
		if l.Until.IsZero() {
			return nil
		}
		if !l.Raised.IsZero() {
			w.Noticed = append(w.Noticed, l.Raised.Sub(l.Since))
		} else if l.Until.Sub(l.Since) > lyingMost {
			w.Excused++
		}
	}
	return nil
}

// couldKnowNothing excuses a collapse of which the sensors could not tell: a switch that
// says that nobody is at home, a sensor that saw somebody all the time, a gateway that was
// off for most of it and then waits for a morning. Before the first sign of life nothing is
// known, and beside an inactivity alarm that is still open none is raised.
func (w *Witness) couldKnowNothing(l *Lying, missing time.Duration) bool {
	if w.last.IsZero() || slices.ContainsFunc(w.alarms, func(a *alarm) bool {
		return a.Rule == ucare.Inactivity && !a.raised.IsZero() && a.restored.IsZero()
	}) {
		return true
	}
	stuck := slices.ContainsFunc(w.year.devices, func(d *device) bool { return d.stuck || w.year.at(d.unstuck).After(l.Since) })
	return stuck || missing > 4*time.Hour || w.year.air.saidAway
}
