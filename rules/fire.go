package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A certified detector's own contact is the authority: it raises at
// once, without a pre-alarm, whatever else is known. EN 14604 (smoke), EN 54-5
// (heat), EN 50291 (carbon monoxide) and EN 50194 (gas) are fulfilled inside
// the detector, so there is no threshold here; all figures are durations.
//
// An episode is one condition: one class of hazard (smoke and heat are one
// class; carbon monoxide; gas) in one room. Repeats and further detectors of
// the room fold into it. It ends when all its detectors have said that they
// are clear and stayed so for HoldOff. 60 s comes from reliability practice: a
// detector in thinning smoke goes on and off within seconds.
//
// Detectors that have no room are each their own place: two of them may hang
// at opposite ends of the home, and merging them would hide the second.
//
// Nothing is safe because it is unknown:
//   - Only a fresh "clear" clears. Not an unknown state, not a retained or
//     re-published "clear" (a bridge that crashed may publish one that is
//     older than the fire), not a detector's silence, not an older reading
//     that arrives late.
//   - A retained or re-published "on" raises, marked as of unknown age.
//
// Nothing that is open may swallow the next fire:
//   - A drill is an episode of its own.
//   - Once the centre has closed the alarm, only a detector that has been on
//     ever since stays quiet (it would raise again with each repeat). Any other
//     detector of the room, and the same one after a "clear", raises anew.
//   - Once the centre has acknowledged, and SameFire later, a detector that
//     becomes active is no longer taken for the same fire; nor a day after the onset,
//     whether or not anybody has answered: a detector that is still on then is stuck.
//   - An alarm that was raised on old news only, or on measured values only, and
//     has been answered does not swallow the first fresh "on" of a detector.
//
// Measured values (measured.go) speak beside the contacts, never instead of them:
// they are detectors of their own, whose "on" and "clear" the rule works out. What
// joins an alarm that is open is told once, as a confirmation: a second detector,
// heat beside smoke. Of an episode no more than a few are told; who is on the way
// needs to know that it is real and that it grows, not each reading. Of a drill none
// is told.

// FirePolicy is how fire episodes are told apart.
type FirePolicy struct {
	// HoldOff is how long all detectors of an episode must stay clear before
	// its alarm is restored.
	HoldOff time.Duration
	// SameFire is how long after the acknowledgement further detectors of the
	// room are still taken for the same fire.
	SameFire time.Duration
	// OldNews is how long after a restore an "on" of unknown age is taken for
	// the one that was restored. A bridge that crashed comes back with what it
	// had saved: Zigbee2MQTT saves every 5 minutes and when it is stopped, and
	// takes some minutes to start. Longer would hide the next fire: after a start
	// of the bridge its first "on" is of unknown age too. A "clear" that is heard
	// meanwhile changes nothing, since the bridge may not have saved it yet.
	OldNews time.Duration
	// NotRooms are sensors whose temperature is not that of a room: a freezer, an
	// oven, a sauna. Their temperature never raises.
	NotRooms []string
}

// FireState is what is remembered of the detectors.
type FireState struct {
	Detectors []Detector    `json:"detectors,omitempty"` // sorted by sensor, kind, side
	Episodes  []Episode     `json:"episodes,omitempty"`  // in the order in which they were raised
	Measured  MeasuredState `json:"measured,omitzero"`
	Raised    []Raised      `json:"raised,omitempty"` // sorted by sensor, kind, side

	// clearing spares each reading a look at all episodes, of which a town can
	// have thousands. It is made anew when it is not known, as after JSON.
	clearing clearing
}

// clearing is since when the first of the episodes that are clear is so; zero
// when none is.
type clearing struct {
	known bool
	since time.Time
}

// A Detector is one contact of one device, or one measured value of it. Its drills
// are kept apart, as if they were those of another detector, and so is what is
// measured: a gas detector can have both a contact and a level.
type Detector struct {
	Sensor   string      `json:"sensor"`
	Kind     ucare.Kind  `json:"kind"`
	Room     string      `json:"room,omitempty"`
	Drill    bool        `json:"drill,omitempty"`
	Measured bool        `json:"measured,omitempty"`
	State    ucare.State `json:"state,omitempty"`
	// Value is what was measured when it became clear.
	Value float32 `json:"value,omitempty"`
	// At is when the newest reading of known age was made.
	At millis `json:"at,omitempty"`
	// Alarm names the episode that the detector belongs to, if any. A detector
	// that is active always belongs to one.
	Alarm string `json:"alarm,omitempty"`
	// On is the time in which its "on" readings of the last episode were made,
	// and Count how many they were. One from that time that arrives later is a
	// duplicate.
	On    stretch `json:"on,omitzero"`
	Count int     `json:"count,omitempty"`
	// Restored is when its last alarm was restored.
	Restored millis `json:"restored,omitempty"`
}

// An Episode is a fire alarm whose condition lasts.
type Episode struct {
	Alarm string     `json:"alarm"`
	Kind  ucare.Kind `json:"kind"` // of the detector that was first
	Room  string     `json:"room"`
	// Sensor is set when the room is unknown.
	Sensor     string    `json:"sensor,omitempty"`
	Onset      time.Time `json:"onset"`
	UnknownAge bool      `json:"unknown_age,omitempty"`
	Drill      bool      `json:"drill,omitempty"`
	// Acknowledged is when we heard of it.
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Closed       bool      `json:"closed,omitempty"`
	// Measured tells that no contact has spoken in it.
	Measured bool `json:"measured,omitempty"`
	// Confirms is how many confirmations were told.
	Confirms uint8 `json:"confirms,omitempty"`
	// Clear is since when all its detectors are clear.
	Clear time.Time `json:"clear,omitzero"`
}

// hazard is the class of a kind: smoke and heat tell of the same fire.
func hazard(k ucare.Kind) ucare.Kind {
	switch k {
	case ucare.Heat, ucare.Temperature, ucare.SmokeDensity:
		return ucare.Smoke
	case ucare.CarbonMonoxideLevel:
		return ucare.CarbonMonoxide
	}
	return k
}

// A side is on which side of a device something was said.
type side uint8

const (
	contactSide side = iota
	drillSide
	measuredSide
)

func sideOf(drill, measured bool) side {
	switch {
	case measured:
		return measuredSide
	case drill:
		return drillSide
	}
	return contactSide
}

// isMeasured reports whether the reading is a value and not a contact.
func isMeasured(r *ucare.Reading) bool { return r.Unit != "" && r.State == ucare.Unknown }

func (p *Policy) observeFire(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	switch {
	case r.State == ucare.Active:
		return p.detected(s, r, nil, now, to)
	case r.State == ucare.Inactive:
		s.Fire.cleared(r, now)
	case isMeasured(r):
		return p.observeMeasured(s, r, now, to)
	}
	return to // An unknown state neither raises nor clears.
}

// detected folds an "on" into the episode it belongs to, or raises. Of a value that
// was measured found says what was found.
func (p *Policy) detected(s *State, r *ucare.Reading, found *finding, now time.Time, to []ucare.Decision) []ucare.Decision {
	f := &s.Fire
	d := f.detector(r)
	at := observedAt(r, now)
	if e := f.episode(d.Alarm); e != nil {
		if p.sameEpisode(e, d, r, at, now) {
			f.fold(e, d, r, at, now)
			return to
		}
	} else if p.alreadyTold(d, r, at, now) {
		return to
	}
	e := p.joinable(f, d, r, now)
	if e == nil {
		e, to = s.raiseFire(d, r, found, at, now, to)
	} else {
		to = s.confirmFire(e, said(d, r, found, at), now, to)
	}
	e.Measured = e.Measured && d.Measured
	left := d.Alarm
	d.On, d.Count = stretch{}, 0
	d.Alarm = e.Alarm
	f.joined(d)
	if r.UnknownAge {
		d.State = ucare.Active // Believed until a fresh "clear".
	}
	f.fold(e, d, r, at, now)
	f.checkLeft(left, now)
	return to
}

// sameEpisode reports whether an "on" is only a repeat in the episode e that
// its detector belongs to.
func (p *Policy) sameEpisode(e *Episode, d *Detector, r *ucare.Reading, at, now time.Time) bool {
	if r.UnknownAge {
		return true
	}
	if e.UnknownAge && !e.Acknowledged.IsZero() {
		return false // The first fresh word on what was answered as old news.
	}
	if e.Measured && !d.Measured && !e.Acknowledged.IsZero() {
		return false // The first word of a contact on what was answered as a measured value.
	}
	if d.State == ucare.Active || millisOf(at) < d.At {
		return true // It was on all the time.
	}
	return !e.Closed && p.sameFire(e, now)
}

// alreadyTold reports whether the "on" of a detector without an episode is the
// one whose alarm was restored: made in its time, or not long before the first of it that
// was heard, and late.
func (p *Policy) alreadyTold(d *Detector, r *ucare.Reading, at, now time.Time) bool {
	if r.UnknownAge {
		return isOldNews(d.Restored.time(), now, p.Fire.OldNews)
	}
	return d.On.tells(millisOf(at), p.Fire.OldNews)
}

// isOldNews reports whether an "on" of unknown age may be the one whose alarm
// was restored then.
func isOldNews(restored, now time.Time, within time.Duration) bool {
	return !restored.IsZero() && now.Before(restored.Add(within))
}

// joinable is the open episode that a detector which becomes active belongs to.
func (p *Policy) joinable(f *FireState, d *Detector, r *ucare.Reading, now time.Time) *Episode {
	for i := range f.Episodes {
		e := &f.Episodes[i]
		elsewhere := e.Room != r.Room || e.Room == "" && e.Sensor != r.Sensor
		if elsewhere || e.Closed || e.Drill != r.Drill || hazard(e.Kind) != hazard(r.Kind) || e.Alarm == d.Alarm {
			continue
		}
		oldNews := e.UnknownAge && !e.Acknowledged.IsZero() && !r.UnknownAge
		onlyMeasured := e.Measured && !e.Acknowledged.IsZero() && !d.Measured
		if !oldNews && !onlyMeasured && p.sameFire(e, now) {
			return e
		}
	}
	return nil
}

// fireLasts is how long after its onset an alarm can still be that of the same fire. By
// then a detector that never cleared is told as stuck.
const fireLasts = 24 * time.Hour

func (p *Policy) sameFire(e *Episode, now time.Time) bool {
	if !now.Before(e.Onset.Add(fireLasts)) {
		return false
	}
	return e.Acknowledged.IsZero() || now.Before(e.Acknowledged.Add(p.Fire.SameFire))
}

func (s *State) raiseFire(d *Detector, r *ucare.Reading, found *finding, at, now time.Time, to []ucare.Decision) (*Episode, []ucare.Decision) {
	onset := at
	if r.UnknownAge {
		onset = now
	}
	e := Episode{Kind: d.Kind, Room: d.Room, UnknownAge: r.UnknownAge, Drill: r.Drill, Measured: d.Measured}
	if e.Room == "" {
		e.Sensor = d.Sensor
	}
	e.Alarm, e.Onset = s.name(ucare.Fire, e.Kind, e.Room, onset)
	s.Fire.Episodes = append(s.Fire.Episodes, e)
	return &s.Fire.Episodes[len(s.Fire.Episodes)-1], append(to, s.fireDecision(&e, ucare.Raise, now, said(d, r, found, at)))
}

// confirmations is how many of them are told of an episode.
const confirmations = 4

// confirmFire passes on what joins an alarm that is open.
func (s *State) confirmFire(e *Episode, what []ucare.Evidence, now time.Time, to []ucare.Decision) []ucare.Decision {
	if e.Drill || e.Confirms == confirmations {
		return to
	}
	e.Confirms++
	return append(to, s.fireDecision(e, ucare.Confirm, now, what))
}

func (s *State) fireDecision(e *Episode, verb ucare.Verb, at time.Time, why []ucare.Evidence) ucare.Decision {
	return ucare.Decision{
		At: at, Dwelling: s.Dwelling, Rule: ucare.Fire, Verb: verb, Room: e.Room, Kind: e.Kind,
		Alarm: e.Alarm, Onset: e.Onset, UnknownAge: e.UnknownAge, Drill: e.Drill, Because: why,
	}
}

// said is the evidence of an "on".
func said(d *Detector, r *ucare.Reading, found *finding, at time.Time) []ucare.Evidence {
	if found != nil {
		return found.evidence(d.Sensor, d.Room, d.Kind, at)
	}
	return because(ucare.FactDetected, d.Sensor, d.Room, d.Kind, at, r.UnknownAge, r.Drill)
}

// because is the evidence of one reading: what it said, and how far it can be
// believed.
func because(fact ucare.Fact, sensor, room string, kind ucare.Kind, at time.Time, unknownAge, drill bool) []ucare.Evidence {
	e := ucare.Evidence{Fact: fact, At: at, Sensor: sensor, Room: room, Kind: kind}
	if unknownAge {
		e.At = time.Time{} // Nobody can say when.
	}
	all := []ucare.Evidence{e}
	if unknownAge {
		all = append(all, ucare.Evidence{Fact: ucare.FactUnknownAge, Sensor: sensor, Room: room, Kind: kind})
	}
	if drill {
		all = append(all, ucare.Evidence{Fact: ucare.FactDrill, Sensor: sensor, Room: room, Kind: kind})
	}
	return all
}

// fold counts an "on" in the episode of its detector.
func (f *FireState) fold(e *Episode, d *Detector, r *ucare.Reading, at, now time.Time) {
	d.Count++
	if !r.UnknownAge {
		d.On = d.On.with(millisOf(at))
		if millisOf(at) >= d.At {
			d.State, d.At = ucare.Active, millisOf(at)
		}
	}
	// An "on" that does not make its detector active again, because it is old,
	// begins the hold-off anew: the room may not be quiet yet.
	f.setClear(e, time.Time{})
	if d.State != ucare.Active { // Spares the look at all detectors.
		f.checkClear(e, now)
	}
}

// cleared folds a "clear". It also ends a drill: when the test button is let
// go, the detector sends an ordinary "clear".
//
// One of unknown age ends nothing. But a detector whose alarm was closed may have been clear
// in between, so that its next fresh "on" is not taken for the one before it.
func (f *FireState) cleared(r *ucare.Reading, now time.Time) {
	if r.UnknownAge {
		if i, ok := f.find(r.Sensor, r.Kind, sideOf(r.Drill, false)); ok {
			if e := f.episode(f.Detectors[i].Alarm); e != nil && e.Closed {
				f.Detectors[i].State = ucare.Unknown
			}
		}
		return
	}
	f.clear(f.detector(r), observedAt(r, now), now)
	if !r.Drill {
		if i, ok := f.find(r.Sensor, r.Kind, drillSide); ok {
			f.clear(&f.Detectors[i], observedAt(r, now), now)
		}
	}
}

func (f *FireState) clear(d *Detector, at, now time.Time) {
	if millisOf(at) < d.At {
		return // A later reading has said more.
	}
	d.State, d.At = ucare.Inactive, millisOf(at)
	if e := f.episode(d.Alarm); e != nil {
		f.checkClear(e, now)
	}
}

// checkClear begins the hold-off when no detector of the episode is active.
func (f *FireState) checkClear(e *Episode, now time.Time) {
	if !e.Clear.IsZero() {
		return
	}
	for i := range f.Detectors {
		if d := &f.Detectors[i]; d.State == ucare.Active && d.Alarm == e.Alarm {
			return
		}
	}
	f.setClear(e, now)
}

// setClear notes since when an episode is clear; zero: it is not.
func (f *FireState) setClear(e *Episode, since time.Time) {
	before := e.Clear
	e.Clear = since
	switch c := &f.clearing; {
	case !before.IsZero() && before.Equal(c.since):
		*c = clearing{} // It may have been the only one.
	case c.known && !since.IsZero() && (c.since.IsZero() || since.Before(c.since)):
		c.since = since
	}
}

// firstClear looks at all episodes, unless the answer is known.
func (f *FireState) firstClear() clearing {
	if f.clearing.known {
		return f.clearing
	}
	c := clearing{known: true}
	for i := range f.Episodes {
		if at := f.Episodes[i].Clear; !at.IsZero() && (c.since.IsZero() || at.Before(c.since)) {
			c.since = at
		}
	}
	return c
}

// fireDue is when the first hold-off ends, or when a measured level has lasted too long.
func (p *Policy) fireDue(s *State) (time.Time, bool) {
	measured, waits := s.Fire.Measured.due()
	c := s.Fire.firstClear()
	return sooner(measured, waits, c.since.Add(p.Fire.HoldOff), !c.since.IsZero())
}

// fireNotDue is the cheap look: it remembers what it finds.
func (p *Policy) fireNotDue(s *State, now time.Time) bool {
	f := &s.Fire
	if len(f.Episodes) == 0 && !f.Measured.waits() {
		return true
	}
	f.clearing = f.firstClear()
	due, waits := p.fireDue(s)
	return !waits || due.After(now)
}

// tickFire raises what a measured level that lasts has made due, and restores the
// alarms whose hold-off ends, at the instant at.
func (p *Policy) tickFire(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	if p.fireNotDue(s, at) {
		return to
	}
	to = p.tickMeasured(s, at, to)
	f := &s.Fire
	stay, ended := 0, at.Add(-p.Fire.HoldOff)
	for i := range f.Episodes {
		e := &f.Episodes[i]
		if e.Clear.IsZero() || e.Clear.After(ended) {
			if stay < i {
				f.Episodes[stay] = *e
			}
			stay++
			continue
		}
		f.judgeShort(e)
		to = append(to, s.fireDecision(e, ucare.Restore, at, f.release(e.Alarm, at)))
	}
	f.Episodes = slices.Delete(f.Episodes, stay, len(f.Episodes))
	f.clearing = clearing{}
	return to
}

// release lets the detectors of an episode go and returns what they had said.
func (f *FireState) release(alarm string, at time.Time) (all []ucare.Evidence) {
	for i := range f.Detectors {
		d := &f.Detectors[i]
		if d.Alarm != alarm {
			continue
		}
		if !d.Measured {
			all = append(all, ucare.Evidence{Fact: ucare.FactDetected, At: d.On.From.time(), Sensor: d.Sensor, Room: d.Room, Kind: d.Kind})
		}
		cleared := ucare.Evidence{Fact: ucare.FactCleared, At: d.At.time(), Sensor: d.Sensor, Room: d.Room, Kind: d.Kind}
		if d.Measured {
			cleared.Value, cleared.Unit = rounded(d.Value), d.Kind.Unit()
		}
		all = append(all, cleared)
		d.Alarm, d.Restored = "", millisOf(at)
		if d.On.From != 0 { // What was made before the "clear" and comes later was told.
			d.On.To = max(d.On.To, d.At-1)
		}
	}
	return all
}

// answer notes what the centre knows about an alarm.
func (f *FireState) answer(alarm string, a ucare.Answers, now time.Time) {
	closed := !a.ClosedAt.IsZero()
	if closed {
		f.judgeClosed(alarm, a.Outcome)
	}
	if e := f.episode(alarm); e != nil {
		if e.Acknowledged.IsZero() {
			e.Acknowledged = now
		}
		e.Closed = e.Closed || closed
	}
}

// shift moves what is measured. The spans are dropped when the clock goes back:
// new readings could fall into them and be taken for duplicates.
func (f *FireState) shift(by time.Duration) {
	f.clearing = clearing{}
	f.Measured.shift(by)
	for i := range f.Detectors {
		d := &f.Detectors[i]
		d.At, d.Restored = d.At.moved(min(by, 0)), d.Restored.moved(by)
		if by < 0 {
			d.On = stretch{}
		}
	}
	for i := range f.Episodes {
		e := &f.Episodes[i]
		e.Acknowledged, e.Clear = moved(e.Acknowledged, by), moved(e.Clear, by)
	}
}

// detector finds what the reading is about, or begins to remember it.
func (f *FireState) detector(r *ucare.Reading) *Detector {
	measured := isMeasured(r)
	i, ok := f.find(r.Sensor, r.Kind, sideOf(r.Drill, measured))
	if !ok {
		f.Detectors = slices.Insert(f.Detectors, i, Detector{
			Sensor: kept(r.Sensor), Kind: ucare.Kind(kept(string(r.Kind))), Drill: r.Drill, Measured: measured,
		})
	}
	d := &f.Detectors[i]
	if d.Room != r.Room {
		d.Room = kept(r.Room)
	}
	return d
}

func (f *FireState) find(sensor string, kind ucare.Kind, side side) (int, bool) {
	return slices.BinarySearchFunc(f.Detectors, sensor, func(d Detector, sensor string) int {
		if c := cmp.Compare(d.Sensor, sensor); c != 0 {
			return c
		}
		if c := cmp.Compare(d.Kind, kind); c != 0 {
			return c
		}
		return cmp.Compare(sideOf(d.Drill, d.Measured), side)
	})
}

func (f *FireState) episode(alarm string) *Episode {
	if alarm == "" {
		return nil
	}
	for i := range f.Episodes {
		if f.Episodes[i].Alarm == alarm {
			return &f.Episodes[i]
		}
	}
	return nil
}

// checkLeft looks at the episode that a detector has left for a newer alarm, if
// any. Its hold-off begins when only clear detectors are left in it. When none
// is left, it is forgotten: its alarm was answered, and to say that it is
// restored would not be true.
func (f *FireState) checkLeft(alarm string, now time.Time) {
	e := f.episode(alarm)
	switch {
	case e == nil:
	case slices.ContainsFunc(f.Detectors, func(d Detector) bool { return d.Alarm == alarm }):
		f.checkClear(e, now)
	default:
		f.clearing = clearing{}
		f.Episodes = slices.DeleteFunc(f.Episodes, func(e Episode) bool { return e.Alarm == alarm })
	}
}
