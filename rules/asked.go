package rules

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Before a fall is raised, the resident is asked: a pre-alarm, which is heard in
// the home and which they can prevent for Grace. A device's verdict is asked about
// Confirm later, and nobody hears of those who get up before that. What ends it:
//
//   - The device says that it is over, or a wearable feels its wearer walk.
//   - The button "I am all right".
//   - A sign of life that nobody can give who lies where the fall was: the use of an
//     appliance or a tap, a bed or a seat that somebody gets into, and in another room
//     motion, presence or a door. It has to be a change, not a state that is repeated,
//     and to come GettingUp (10 s) after the fall or later, for a sensor beside an open
//     door sees the fall itself. Where the room of the fall is unknown (something worn),
//     it takes signs from two rooms.
//
// Not motion in the same room, for people on the floor struggle. And not a second
// person (Vayyar cancels for one): whoever comes in by the front door may be a neighbour
// who does not look into the bathroom. Once a door that may be the front door was used,
// only the device and the button are believed; to call in vain while a visitor is there
// is the smaller error. A press for help raises at once, and so does a fall within
// SameFall of one.
//
// That it was cancelled is reported. A sensor that insists is not silenced by it for
// good, for what moved may have been the cat: unless the resident said so with
// the button, it is asked about again SameFall after somebody was last noticed elsewhere.
//
// Figures. Vayyar's radar calls 55 to 60 s after it has noticed a fall, Apple's watch waits
// for about a minute of stillness and counts down 30 s, Tunstall's iVi beeps for 10 s.
// Grace is 60 s: an older person has to understand the question and to reach another
// room or the button. GettingUp has no source; it is what sensors and radio take.

// gettingUp is how long after a fall a sign of life elsewhere tells nothing.
const gettingUp = 10 * time.Second

// cancelButton is the sensor with which the resident says that all is well: the command
// of the same name in package sensors.
const cancelButton = "cancel"

// evidenceOfFall bounds the state.
const evidenceOfFall = 8

// A Question is how far a fall has come that is not raised.
type Question struct {
	// Fell is when it was, by the clock by which time is measured.
	Fell time.Time `json:"fell,omitzero"`
	// Asked is when the resident was asked.
	Asked time.Time `json:"asked,omitzero"`
	// Due is when to ask, to raise or to ask again.
	Due time.Time `json:"due,omitzero"`
	// Cancelled is when it was found that nothing happened, and Up when somebody was
	// last seen who was up and about; zero when the resident said so.
	Cancelled time.Time `json:"cancelled,omitzero"`
	Up        time.Time `json:"up,omitzero"`
	// Where is the room in which somebody was first noticed after a fall whose room is
	// unknown.
	Where string `json:"where,omitempty"`
	// Visitor is whether somebody may have come in since.
	Visitor bool             `json:"visitor,omitempty"`
	Because []ucare.Evidence `json:"because,omitempty"`
}

// waits reports whether a fall is not raised yet, and may be.
func (e *Fall) waits() bool { return e.Question != nil && e.Question.Cancelled.IsZero() }

// doubted reports whether a fall was cancelled because somebody moved elsewhere.
func (e *Fall) doubted() bool { return e.Question != nil && !e.Question.Up.IsZero() }

// A suspicion is that somebody fell, reached by a rule from what a device measured.
type suspicion struct {
	Sensor, Room string
	Onset        time.Time
	Drill        bool
	Because      []ucare.Evidence
}

// suspectFall asks about a suspected fall at once, unless it is one that is open.
func (p *Policy) suspectFall(s *State, x suspicion, now time.Time, to []ucare.Decision) []ucare.Decision {
	r := ucare.Reading{At: x.Onset, Sensor: x.Sensor, Room: x.Room, Kind: ucare.FallSensor, State: ucare.Active, Drill: x.Drill}
	return p.fell(s, &r, x.Because, now, to)
}

// gotUp tells that whoever wears a sensor is up again: it ends the sensor's fall.
func (p *Policy) gotUp(s *State, sensor, room string, at, now time.Time, to []ucare.Decision) []ucare.Decision {
	for _, drill := range [...]bool{false, true} {
		if i, ok := s.Fall.find(sensor, drill); ok {
			d := &s.Fall.Sensors[i]
			why := d.evidence(ucare.FactGotUp, at)
			if room != "" {
				why.Room = kept(room)
			}
			to = s.Fall.over(s.Dwelling, d, why, now, to)
		}
	}
	return to
}

// begin takes a fall up: it is raised, asked about, or waits to be.
func (p *Policy) begin(s *State, e *Fall, suspected bool, now time.Time, to []ucare.Decision) []ucare.Decision {
	press, called := s.Help.within(now, p.Fall.SameFall)
	switch {
	case e.UnknownAge:
		return e.raise(s.Dwelling, now, to)
	case called && !e.Drill:
		e.add(press)
		return e.raise(s.Dwelling, now, to)
	case !suspected && p.Fall.Confirm > 0:
		e.Question.Due = now.Add(p.Fall.Confirm)
		return to
	default:
		return p.proceed(s, e, now, to)
	}
}

// proceed asks, or raises when nobody has prevented it.
func (p *Policy) proceed(s *State, e *Fall, at time.Time, to []ucare.Decision) []ucare.Decision {
	grace := p.Fall.Grace
	if e.Inferred {
		grace = p.Fall.Visit.Grace
	}
	if !e.Question.Asked.IsZero() || grace == 0 {
		return e.raise(s.Dwelling, at, to)
	}
	e.Question.Asked, e.Question.Due = at, at.Add(grace)
	return append(to, e.decision(s.Dwelling, ucare.PreAlarm, at, e.Question.Because))
}

// hasten lets no verdict wait longer than it would alone.
func (p *Policy) hasten(e *Fall, suspected bool, now time.Time) {
	alone := now.Add(p.Fall.Grace)
	if !suspected {
		alone = alone.Add(p.Fall.Confirm)
	}
	e.Question.Due = ucare.Earlier(e.Question.Due, alone)
}

func (e *Fall) raise(dwelling string, at time.Time, to []ucare.Decision) []ucare.Decision {
	to = append(to, e.decision(dwelling, ucare.Raise, at, e.Question.Because))
	e.Question = nil
	return to
}

// add takes down further evidence. What was handed out is not written to.
func (e *Fall) add(why ...ucare.Evidence) {
	if len(e.Question.Because)+len(why) <= evidenceOfFall {
		e.Question.Because = append(slices.Clip(e.Question.Because), why...)
	}
}

// notFallen cancels a fall that is not raised.
func (p *Policy) notFallen(s *State, e *Fall, said bool, why ucare.Evidence, now time.Time, to []ucare.Decision) []ucare.Decision {
	if !e.Question.Asked.IsZero() {
		to = append(to, e.decision(s.Dwelling, ucare.Cancel, now, []ucare.Evidence{why}))
	}
	e.Acknowledged, e.Closed, e.Question.Cancelled, e.Question.Due = now, true, now, time.Time{}
	if !said {
		p.upAgain(&s.Fall, e, now)
	}
	return to
}

// upAgain notes that somebody is up and about, and when to ask again of a sensor that
// holds on to its verdict all the same.
func (p *Policy) upAgain(f *FallState, e *Fall, now time.Time) {
	e.Question.Up, e.Question.Due = now, time.Time{}
	if f.holds(e.Alarm) {
		e.Question.Due = now.Add(p.Fall.SameFall)
	}
}

// holds reports whether a sensor of the fall is active of which we would hear that it
// is over.
func (f *FallState) holds(alarm string) bool {
	return slices.ContainsFunc(f.Sensors, func(d FallSensor) bool { return d.Alarm == alarm && d.State == ucare.Active && d.Ends })
}

// askAgain takes a cancelled fall up anew, under another name: a sensor still insists.
func (p *Policy) askAgain(s *State, e *Fall, at time.Time, to []ucare.Decision) []ucare.Decision {
	before := e.Alarm
	e.Alarm, e.Onset = s.name(ucare.Fall, ucare.FallSensor, e.Room, e.Onset)
	for i := range s.Fall.Sensors {
		if d := &s.Fall.Sensors[i]; d.Alarm == before {
			d.Alarm = e.Alarm
		}
	}
	e.Acknowledged, e.Closed = time.Time{}, false
	e.Question = &Question{Fell: at, Because: e.Question.Because}
	return p.proceed(s, e, at, to)
}

// observeGettingUp weighs a reading that may show that nobody lies on the floor. It is called
// before the reading is noted as a sign of life.
func (p *Policy) observeGettingUp(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	f := &s.Fall
	if len(f.Falls) == 0 || !s.Silence.changes(r) {
		return to
	}
	at := observedAt(r, now)
	said := r.Kind == ucare.Use && r.Sensor == cancelButton
	for i := range f.Falls {
		e := &f.Falls[i]
		if !e.waits() && !e.doubted() || !e.disprovedBy(r, said, at) {
			continue
		}
		if !e.waits() {
			p.upAgain(f, e, now)
			continue
		}
		why := ucare.Evidence{Fact: ucare.FactGotUp, At: at, Sensor: kept(r.Sensor), Room: kept(r.Room), Kind: known(r.Kind)}
		if said {
			why.Fact = ucare.FactActivity
		}
		to = p.notFallen(s, e, said, why, now, to)
	}
	f.Falls = slices.DeleteFunc(f.Falls, func(e Fall) bool { return e.Inferred && e.Closed && !f.active(e.Alarm) })
	return to
}

// disprovedBy reports whether nobody can have made that change who lies where the fall was.
func (e *Fall) disprovedBy(r *ucare.Reading, said bool, at time.Time) bool {
	switch {
	case at.Before(e.Question.Fell):
		return false
	case said:
		return true
	case r.Kind == ucare.Door && mayLeadOut(r.Room):
		e.Question.Visitor = true
		return false
	case e.Question.Visitor || at.Before(e.Question.Fell.Add(gettingUp)):
		return false
	case r.Kind == ucare.Use, r.Kind == ucare.Bed, r.Kind == ucare.Seat:
		return r.State == ucare.Active
	default:
		return e.elsewhere(r.Room)
	}
}

// elsewhere reports whether a room is another one than that of the fall.
func (e *Fall) elsewhere(room string) bool {
	switch {
	case room == "":
		return false
	case e.Room != "":
		return room != e.Room
	case e.Question.Where == "":
		e.Question.Where = kept(room)
		return false
	default:
		return room != e.Question.Where
	}
}

// mayLeadOut reports whether a door may be the front door.
func mayLeadOut(room string) bool {
	return ucare.PurposeOf(room).Leads() != ucare.NoWayOut
}

// changes reports whether a reading is a change, or a pulse, that somebody made.
func (q *SilenceState) changes(r *ucare.Reading) bool {
	if r.UnknownAge || r.Drill || r.State == ucare.Unknown {
		return false
	}
	before, clears := q.before(r)
	switch r.Kind {
	case ucare.Door:
		return before != ucare.Unknown && before != r.State
	case ucare.Motion, ucare.Use:
		return r.State == ucare.Active && (before != ucare.Active || !clears)
	default:
		return r.State == ucare.Active && before == ucare.Inactive
	}
}

// before is what the contact of a reading said before it, and whether it ever says "clear".
func (q *SilenceState) before(r *ucare.Reading) (said ucare.State, clears bool) {
	for i := range q.Contacts {
		if c := &q.Contacts[i]; c.Sensor == r.Sensor && c.Kind == r.Kind {
			return c.State, c.Clears
		}
	}
	return ucare.Unknown, false
}

// observeHelpAfterFall raises what is being asked about: nobody who calls for help is asked
// any longer.
func (p *Policy) observeHelpAfterFall(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	if r.State != ucare.Active || r.UnknownAge || r.Drill {
		return to
	}
	for i := range s.Fall.Falls {
		if e := &s.Fall.Falls[i]; e.waits() && !e.Drill {
			e.add(because(ucare.FactPressed, kept(r.Sensor), kept(r.Room), ucare.HelpButton, observedAt(r, now), false, false)...)
			to = e.raise(s.Dwelling, now, to)
		}
	}
	return to
}

// within finds a call for help of the last while.
func (h *HelpState) within(now time.Time, while time.Duration) (ucare.Evidence, bool) {
	for i := range h.Buttons {
		if b := &h.Buttons[i]; !b.Drill && !b.Pressed.IsZero() && now.Sub(b.Pressed) < while {
			return ucare.Evidence{Fact: ucare.FactPressed, At: b.On.To, Sensor: b.Sensor, Room: b.Room, Kind: ucare.HelpButton}, true
		}
	}
	return ucare.Evidence{}, false
}

// pending are the falls that the resident is being asked about.
func (f *FallState) pending() (all []Pending) {
	for i := range f.Falls {
		if e := &f.Falls[i]; e.waits() && !e.Question.Asked.IsZero() {
			all = append(all, Pending{Rule: ucare.Fall, Alarm: e.Alarm, Room: e.Room, Onset: e.Onset, Since: e.Question.Asked, Drill: e.Drill})
		}
	}
	return all
}

// fallDue is when time alone decides about a fall.
func (p *Policy) fallDue(s *State) (first time.Time, due bool) {
	for i := range s.Fall.Falls {
		if a := s.Fall.Falls[i].Question; a != nil {
			first, due = sooner(first, due, a.Due, !a.Due.IsZero())
		}
	}
	visit, suspicious := p.visitDue(s)
	return sooner(first, due, visit, suspicious)
}

// fallNotDue is the cheap look.
func (p *Policy) fallNotDue(s *State, now time.Time) bool {
	for i := range s.Fall.Falls {
		if a := s.Fall.Falls[i].Question; a != nil && !a.Due.IsZero() && !a.Due.After(now) {
			return false
		}
	}
	return p.visitNotDue(s, now)
}

// tickFall decides what is due at the instant at.
func (p *Policy) tickFall(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	for i := range s.Fall.Falls {
		switch e := &s.Fall.Falls[i]; {
		case e.Question == nil || e.Question.Due.IsZero() || e.Question.Due.After(at):
		case e.waits():
			to = p.proceed(s, e, e.Question.Due, to)
		default:
			to = p.askAgain(s, e, e.Question.Due, to)
		}
	}
	return p.tickVisit(s, at, to)
}

func (a *Question) shift(by time.Duration) {
	if a == nil {
		return
	}
	for _, t := range [...]*time.Time{&a.Fell, &a.Asked, &a.Due, &a.Cancelled, &a.Up} {
		*t = moved(*t, by)
	}
}
