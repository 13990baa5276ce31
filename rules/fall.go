package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A device says that somebody fell: a radar under the ceiling, a wearable, a
// floor sensor; or another rule of this package suspects it (see suspicion). The
// resident is asked at once, for such devices have waited for some seconds to a
// minute of stillness before they speak. After Grace the alarm is raised, unless
// somebody got up (asked.go says how a fall is asked about, and what proves that
// somebody got up). All figures are durations.
//
// A fall is one condition in one room. Repeats and further sensors of the room
// fold into it. It is over as soon as all its sensors have said that it is over. Before
// it was raised that cancels it, afterwards it restores it. A restore closes
// nothing, and the next verdict is a new fall.
//
// Sensors that have no room (those that are worn) are each their own place.
//
// Many devices never say that a fall is over: Z-Wave's notification and most
// wearables send one message for each fall. A sensor is taken for one of them
// until it was heard "over" for the first time. From such a sensor a verdict is
// a new fall if the alarm is answered and nothing was heard of the sensor for
// SameFall. While nobody has answered, the alarm escalates, and it is evidence
// of the same fall.
//
// As with fire, nothing is safe because it is unknown: only a fresh "over" ends
// a fall, and a verdict of unknown age raises, once, marked so, and nobody is
// asked first: who knows how long somebody has been lying there. And nothing that
// is open may swallow the next fall:
//   - A drill is an alarm of its own, and needs no answer.
//   - Once the centre has closed the alarm, or the resident has said that all is
//     well, only a sensor that has been active ever since stays quiet. Any other
//     sensor of the room begins anew.
//   - Once the centre has acknowledged, and SameFall later, a sensor that becomes
//     active is no longer taken for the same fall.
//   - An alarm that was raised on old news only and has been answered does not
//     swallow the first fresh verdict.
//
// It counts while the resident is away: the switch may be wrong. No time in which
// nothing could be heard delays it.

// FallPolicy is how falls are told apart and asked about.
type FallPolicy struct {
	// Confirm is how long somebody has to lie after a device's verdict before the resident is
	// asked. Most devices have waited themselves.
	Confirm time.Duration
	// Grace is how long after being asked the resident can prevent the alarm; 0: nobody
	// is asked.
	Grace time.Duration
	// SameFall is how long repeats and other sensors are taken for a fall that is
	// answered. No source gives a figure: radars repeat within seconds, and what
	// one fall sends (detected, confirmed, calling) is over in two minutes.
	// Longer would swallow the next fall of somebody who has just been helped up.
	SameFall time.Duration
	// OldNews is as in FirePolicy.
	OldNews time.Duration
	// Visit is when a fall is inferred that no device has noticed.
	Visit VisitPolicy
}

// FallState is what is remembered of the sensors that notice falls.
type FallState struct {
	Sensors []FallSensor `json:"sensors,omitempty"` // sorted by sensor, drill
	Falls   []Fall       `json:"falls,omitempty"`   // in the order in which they began
	Visit   Visit        `json:"visit,omitzero"`
	// Wearers are the wearables that send their acceleration, by sensor.
	Wearers map[string]*Wearer `json:"wearers,omitempty"`
}

// A FallSensor is one sensor. Its drills are kept apart, as if they were those
// of another one.
type FallSensor struct {
	Sensor string      `json:"sensor"`
	Drill  bool        `json:"drill,omitempty"`
	Room   string      `json:"room,omitempty"`
	State  ucare.State `json:"state,omitempty"`
	// At is when the newest reading of known age was made.
	At time.Time `json:"at,omitzero"`
	// Heard is when the newest fresh verdict was heard.
	Heard time.Time `json:"heard,omitzero"`
	// Alarm names the fall that the sensor belongs to, if any. A sensor that is
	// active always belongs to one.
	Alarm string `json:"alarm,omitempty"`
	// On is the time in which the verdicts of its last fall were made, up to the
	// "over" that restored it. One from that time that arrives later is a
	// duplicate.
	On Span `json:"on,omitzero"`
	// Ends is whether it was ever heard to say that a fall is over.
	Ends bool `json:"ends,omitempty"`
	// Restored is when its last alarm was restored.
	Restored time.Time `json:"restored,omitzero"`
}

// A Fall is one of which at least one sensor is still active: an alarm, or one that may
// become an alarm.
type Fall struct {
	Alarm string `json:"alarm"`
	Room  string `json:"room"`
	// Sensor is set when the room is unknown.
	Sensor     string    `json:"sensor,omitempty"`
	Onset      time.Time `json:"onset"`
	UnknownAge bool      `json:"unknown_age,omitempty"`
	Drill      bool      `json:"drill,omitempty"`
	// Inferred is whether no sensor has noticed it.
	Inferred bool `json:"inferred,omitempty"`
	// Acknowledged is when we heard of it.
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Closed       bool      `json:"closed,omitempty"`
	// Question is how it is asked about; nil once it is raised.
	Question *Question `json:"question,omitempty"`
}

// answered reports whether nobody waits for the centre any more.
func (e *Fall) answered() bool { return e.Drill || !e.Acknowledged.IsZero() }

func (p *Policy) observeFall(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	switch r.State {
	case ucare.Active:
		return p.fell(s, r, nil, now, to)
	case ucare.Inactive:
		return s.fallOver(r, now, to)
	}
	return to // An unknown state neither raises nor ends.
}

// fell folds a verdict into the fall it belongs to, or begins one. A suspicion brings
// its own evidence.
func (p *Policy) fell(s *State, r *ucare.Reading, why []ucare.Evidence, now time.Time, to []ucare.Decision) []ucare.Decision {
	f := &s.Fall
	d := f.sensor(r)
	at := observedAt(r, now)
	if e := f.fall(d.Alarm); e != nil {
		if p.sameFall(e, d, r, at, now) {
			d.count(r, at, now)
			return to
		}
	} else if d.On.tells(at, p.Fall.OldNews) && !r.UnknownAge || r.UnknownAge && isOldNews(d.Restored, now, p.Fall.OldNews) {
		return to
	}
	suspected := why != nil
	if !suspected {
		why = because(ucare.FactDetected, d.Sensor, d.Room, ucare.FallSensor, at, r.UnknownAge, r.Drill)
	}
	e := p.joinableFall(f, d, r, now)
	if e == nil {
		e = s.openFall(d, r, at, now)
		e.Question.Because = why
		to = p.begin(s, e, suspected, now, to)
	} else if e.waits() {
		e.add(why...)
		p.hasten(e, suspected, now)
	}
	left := d.Alarm
	d.Alarm, d.On = e.Alarm, Span{}
	if r.UnknownAge {
		d.State = ucare.Active // Believed until a fresh "over".
	}
	d.count(r, at, now)
	f.forget(left)
	return f.end(s.Dwelling, d.Alarm, ucare.Evidence{}, now, to) // A fall that was heard of late may be over.
}

// sameFall reports whether a verdict is only a repeat in the fall e that its
// sensor belongs to.
func (p *Policy) sameFall(e *Fall, d *FallSensor, r *ucare.Reading, at, now time.Time) bool {
	switch {
	case r.UnknownAge, d.On.covers(at):
		return true
	case e.UnknownAge && e.answered():
		return false // The first fresh word on what was answered as old news.
	case d.State != ucare.Active: // It was over for this one, and not for others of the room.
		return at.Before(d.At) || p.stillSame(e, now)
	case e.doubted() && now.Sub(e.Question.Up) >= p.Fall.SameFall:
		return false // Somebody moved elsewhere, and it insists.
	case d.Ends:
		return true // It was on all the time.
	default:
		return !e.answered() || now.Sub(d.Heard) < p.Fall.SameFall
	}
}

// stillSame reports whether a sensor that becomes active tells of the fall e.
func (p *Policy) stillSame(e *Fall, now time.Time) bool {
	return !e.Closed && (e.Acknowledged.IsZero() || now.Before(e.Acknowledged.Add(p.Fall.SameFall)))
}

// joinableFall is the open fall that a sensor which becomes active belongs to.
func (p *Policy) joinableFall(f *FallState, d *FallSensor, r *ucare.Reading, now time.Time) *Fall {
	for i := range f.Falls {
		e := &f.Falls[i]
		elsewhere := e.Room != d.Room || e.Room == "" && e.Sensor != d.Sensor
		oldNews := e.UnknownAge && e.answered() && !r.UnknownAge
		if !elsewhere && !oldNews && e.Drill == d.Drill && e.Alarm != d.Alarm && p.stillSame(e, now) {
			return e
		}
	}
	return nil
}

// openFall begins a fall.
func (s *State) openFall(d *FallSensor, r *ucare.Reading, at, now time.Time) *Fall {
	onset := at
	if r.UnknownAge {
		onset = now
	}
	e := Fall{Room: d.Room, UnknownAge: r.UnknownAge, Drill: r.Drill, Question: &Question{Fell: onset}}
	if e.Room == "" {
		e.Sensor = d.Sensor
	}
	e.Alarm, e.Onset = s.name(ucare.Fall, ucare.FallSensor, e.Room, onset)
	s.Fall.Falls = append(s.Fall.Falls, e)
	return &s.Fall.Falls[len(s.Fall.Falls)-1]
}

func (e *Fall) decision(dwelling string, verb ucare.Verb, now time.Time, because []ucare.Evidence) ucare.Decision {
	kind := ucare.FallSensor
	if e.Inferred {
		kind = ""
	}
	return ucare.Decision{
		At: now, Dwelling: dwelling, Rule: ucare.Fall, Verb: verb, Room: e.Room, Kind: kind,
		Alarm: e.Alarm, Onset: e.Onset, UnknownAge: e.UnknownAge, Drill: e.Drill, Because: because,
	}
}

// count takes a verdict down for the sensor's fall.
func (d *FallSensor) count(r *ucare.Reading, at, now time.Time) {
	if r.UnknownAge {
		return
	}
	d.On, d.Heard = d.On.with(at), now
	if !at.Before(d.At) {
		d.State, d.At = ucare.Active, at
	}
}

// fallOver folds an "over". It also ends a drill: when the test is done, the
// sensor sends an ordinary one.
func (s *State) fallOver(r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	d := s.Fall.sensor(r)
	d.Ends = true
	if r.UnknownAge { // It ends nothing, but the next fresh verdict behind a closed fall is a new one.
		if e := s.Fall.fall(d.Alarm); e != nil && e.Closed && !e.doubted() {
			d.State = ucare.Unknown
		}
		return to
	}
	at := observedAt(r, now)
	to = s.Fall.over(s.Dwelling, d, d.evidence(ucare.FactCleared, at), now, to)
	if !r.Drill {
		if i, ok := s.Fall.find(r.Sensor, true); ok {
			to = s.Fall.over(s.Dwelling, &s.Fall.Sensors[i], d.evidence(ucare.FactCleared, at), now, to)
		}
	}
	return to
}

func (f *FallState) over(dwelling string, d *FallSensor, why ucare.Evidence, now time.Time, to []ucare.Decision) []ucare.Decision {
	if why.At.Before(d.At) {
		return to // A later reading has said more.
	}
	d.State, d.At = ucare.Inactive, why.At
	return f.end(dwelling, d.Alarm, why, now, to)
}

// evidence is a fact about the sensor's fall.
func (d *FallSensor) evidence(fact ucare.Fact, at time.Time) ucare.Evidence {
	return ucare.Evidence{Fact: fact, At: at, Sensor: d.Sensor, Room: d.Room, Kind: ucare.FallSensor}
}

// end ends the fall if none of its sensors is active: it restores the alarm, or cancels
// the pre-alarm. It says why, and last is the last evidence.
func (f *FallState) end(dwelling, alarm string, last ucare.Evidence, now time.Time, to []ucare.Decision) []ucare.Decision {
	e := f.fall(alarm)
	if e == nil || f.active(alarm) {
		return to
	}
	var all []ucare.Evidence
	for i := range f.Sensors {
		d := &f.Sensors[i]
		if d.Alarm != alarm {
			continue
		}
		over := d.evidence(ucare.FactCleared, d.At)
		if d.Sensor == last.Sensor {
			over = last
		}
		all = append(all, d.evidence(ucare.FactDetected, d.On.From), over)
		d.Restored = now
		if !d.On.From.IsZero() {
			// Not up to the "over" itself: what was made at that very instant is new.
			d.On.To = ucare.Later(d.On.To, d.At.Add(-time.Nanosecond))
		}
	}
	switch {
	case e.waits() && !e.Question.Asked.IsZero():
		to = append(to, e.decision(dwelling, ucare.Cancel, now, all))
	case e.Question == nil:
		to = append(to, e.decision(dwelling, ucare.Restore, now, all))
	}
	f.forget(alarm)
	return to
}

// forget lets go of a fall of which no sensor is active any more.
func (f *FallState) forget(alarm string) {
	if alarm == "" || f.active(alarm) {
		return
	}
	for i := range f.Sensors {
		if d := &f.Sensors[i]; d.Alarm == alarm {
			d.Alarm = ""
		}
	}
	f.Falls = slices.DeleteFunc(f.Falls, func(e Fall) bool { return e.Alarm == alarm })
}

func (f *FallState) active(alarm string) bool {
	return slices.ContainsFunc(f.Sensors, func(d FallSensor) bool { return d.State == ucare.Active && d.Alarm == alarm })
}

// answer notes what the centre knows about an alarm.
func (f *FallState) answer(alarm string, closed bool, now time.Time) {
	if e := f.fall(alarm); e != nil && !e.waits() {
		if e.Acknowledged.IsZero() {
			e.Acknowledged = now
		}
		e.Closed = e.Closed || closed
		if e.Inferred && closed {
			f.forget(alarm)
		}
	}
}

// shift moves what is measured; see FireState.shift for the spans.
func (f *FallState) shift(by time.Duration) {
	for i := range f.Sensors {
		d := &f.Sensors[i]
		d.At, d.Heard, d.Restored = movedBack(d.At, by), moved(d.Heard, by), moved(d.Restored, by)
		if by < 0 {
			d.On = Span{}
		}
	}
	for _, w := range f.Wearers {
		w.Until = movedBack(w.Until, by)
	}
	f.Visit.shift(by)
	for i := range f.Falls {
		e := &f.Falls[i]
		e.Acknowledged = moved(e.Acknowledged, by)
		e.Question.shift(by)
	}
}

// sensor finds the sensor of the reading, or begins to remember it.
func (f *FallState) sensor(r *ucare.Reading) *FallSensor {
	i, ok := f.find(r.Sensor, r.Drill)
	if !ok {
		f.Sensors = slices.Insert(f.Sensors, i, FallSensor{Sensor: kept(r.Sensor), Drill: r.Drill})
	}
	d := &f.Sensors[i]
	if d.Room != r.Room {
		d.Room = kept(r.Room)
	}
	return d
}

func (f *FallState) find(sensor string, drill bool) (int, bool) {
	return slices.BinarySearchFunc(f.Sensors, sensor, func(d FallSensor, sensor string) int {
		if c := cmp.Compare(d.Sensor, sensor); c != 0 || d.Drill == drill {
			return c
		}
		if drill {
			return -1
		}
		return +1
	})
}

func (f *FallState) fall(alarm string) *Fall {
	if alarm == "" {
		return nil
	}
	for i := range f.Falls {
		if f.Falls[i].Alarm == alarm {
			return &f.Falls[i]
		}
	}
	return nil
}
