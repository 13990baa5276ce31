package rules

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A fall that no device notices can be inferred: somebody went into the bathroom
// or the hall, and then nothing, anywhere, for much longer than visits there last.
//
// A visit goes from the first sign of life in a room to the first one elsewhere. It is
// suspicious when
//
//   - nothing was heard since the last sign of life there for the room's limit, or
//   - in a bathroom whose visits are known: nobody was noticed anywhere else for twice the
//     limit, for people on the floor move, too.
//
// The limit is twice the usual longest visit (RoomHabit), a quarter more than the longest
// one of the last weeks (one apart, which may be anything), and at least AtLeast: bathing
// for an hour is normal, and a sensor over the door does not see the tub. It is known
// from a week and ten visits on; until then it is Unlearned, or AtLeast for whoever came
// out of a bed that would tell that they are back. Where it exceeds longestLimit (6 h),
// nothing is inferred: such a room is left without being noticed, and the inactivity rule
// judges alone.
//
// What nobody can see is not inferred. So the last sign of life must not be that of a
// door or of a help button (one leaves by a door), and
//
//   - no bed or seat says that somebody lay or sat down shortly before the visit;
//   - the home sees who leaves the room: there was a sign elsewhere within half an hour
//     before the visit (what moves alone in an empty home is no visit), one from the
//     bedroom or the bed within two days where the visit is at night, and one on the way
//     out (hall, entrance, front door) within a week;
//   - the hall counts only where a contact at the front door tells that nobody left, and
//     only signs that come some time after it was used, or after coming home: whoever
//     leaves is seen in the hall, too. Somebody comes home whose sign at the door is the
//     first one since another at the door, at least absence (5 min) before;
//   - the resident is not out or said to be away, no sensor is blind that alone looks into
//     a room or sees the way out, and there was no time since in which nothing could be heard.
//
// The resident is asked for Visit.Grace, which is longer than after a device's verdict:
// whoever is in the bath has to get out of it. What is an answer says asked.go; one
// visit is asked about once. The alarm latches: only the centre ends it.
//
// Figures. AtLeast: the published methods speak 30 to 180 min after an emergency
// (Floeck & Litz), QuietCare has a limit for each resident, and after one hour on the
// floor people do not recover (the "long lie"); 90 min is that hour and half a
// bath. Twice: ours. Grace is that of the inactivity rule.

// VisitPolicy is when a fall is inferred.
type VisitPolicy struct {
	AtLeast   time.Duration // the shortest limit; 0 switches the inferred fall off
	Unlearned time.Duration // the limit as long as nothing is known of the room
	Grace     time.Duration // between pre-alarm and alarm
}

const (
	visitMargin   = 2 // times the usual longest visit
	visitsNeeded  = 10
	daysNeeded    = 7
	longestLimit  = 6 * time.Hour
	sinceTheDoor  = 2 * time.Minute  // in which somebody who leaves is still seen in the hall
	walksThere    = 30 * time.Minute // from the last sign elsewhere
	absence       = 5 * time.Minute
	bedroomSeen   = 48 * time.Hour
	wayOutSeen    = 7 * 24 * time.Hour
	longestMoment = time.Minute // not heard, in which nobody gets out of a room unnoticed
)

// A Visit is where the resident was last noticed, and since when.
type Visit struct {
	Room    string        `json:"room,omitempty"`
	Purpose ucare.Purpose `json:"purpose,omitempty"`
	Since   time.Time     `json:"since,omitzero"`
	Last    time.Time     `json:"last,omitzero"` // the last sign of life
	// Bed, Bedroom, WayOut and Door are when somebody was last noticed there, Bed by a
	// sensor of its own.
	Bed     time.Time `json:"bed,omitzero"`
	Bedroom time.Time `json:"bedroom,omitzero"`
	WayOut  time.Time `json:"way_out,omitzero"`
	Door    time.Time `json:"door,omitzero"`
	// AtDoor is whether the last sign came from the front door, and Arrived whether the one
	// before it did, too, long ago.
	AtDoor  bool `json:"at_door,omitempty"`
	Arrived bool `json:"arrived,omitempty"`
	// Elsewhere is whether there was a sign elsewhere before.
	Elsewhere bool `json:"elsewhere,omitempty"`
	// Doubted is whether nobody can tell if the visit goes on.
	Doubted bool `json:"doubted,omitempty"`
	// Told is whether it was asked about.
	Told bool `json:"told,omitempty"`
}

// followVisit takes over the last sign of life, once the inactivity rule has noted it.
func (p *Policy) followVisit(s *State, now time.Time) {
	q, v := &s.Silence, &s.Fall.Visit
	if !q.Last.After(v.Last) {
		p.doubtVisit(s, now)
		return
	}
	before := v.Last
	if q.Room != v.Room {
		v.Room = q.Room
		v.Since, v.Told, v.Arrived, v.Elsewhere = q.Last, false, false, !before.IsZero() && q.Last.Sub(before) <= walksThere
	}
	v.Last = q.Last
	if q.Kind != ucare.HelpButton {
		v.Purpose = q.Purpose
	}
	if q.Kind == ucare.Bed {
		v.Bed = q.Last
	}
	if v.Purpose == ucare.Bedroom || q.Kind == ucare.Bed {
		v.Bedroom = q.Last
	}
	if v.Purpose == ucare.Hall || v.Purpose == ucare.Entrance {
		v.WayOut = q.Last
	}
	v.throughDoor(q.Kind)
	v.Doubted = q.Kind == ucare.Door || q.Kind == ucare.HelpButton ||
		v.Purpose != ucare.Bathroom && !v.Arrived && !v.Door.IsZero() && q.Last.Sub(v.Door) < sinceTheDoor
	p.beginAnew(s)
}

// beginAnew begins a visit with its last sign of life where it would have been suspicious
// before that and did not count: in the morning nobody is asked about the night.
func (p *Policy) beginAnew(s *State) {
	v := &s.Fall.Visit
	if p.visitNotDue(s, v.Last) {
		return
	}
	if due, ok := p.visitDue(s); ok && !due.After(v.Last) {
		v.Since = v.Last
	}
}

// doubtVisit doubts a visit that would be suspicious only since something else became
// known just now, such as that nobody is in bed.
func (p *Policy) doubtVisit(s *State, now time.Time) {
	if p.visitNotDue(s, now) {
		return
	}
	if due, ok := p.visitDue(s); ok && !due.After(now) {
		s.Fall.Visit.Doubted = true
	}
}

// throughDoor notes whether the last sign came from a door that may be the front door.
func (v *Visit) throughDoor(kind ucare.Kind) {
	if kind != ucare.Door || v.Purpose.Leads() == ucare.NoWayOut {
		v.AtDoor = false
		return
	}
	switch long := v.Last.Sub(v.Door) >= absence; {
	case !v.AtDoor:
		v.Arrived = false // Somebody from inside.
	case long:
		v.Arrived = true
		v.Since, v.Told, v.Elsewhere = v.Last, false, true
	}
	v.AtDoor, v.Door, v.WayOut = true, v.Last, v.Last
}

// visitDue is when a visit becomes suspicious.
func (p *Policy) visitDue(s *State) (time.Time, bool) {
	v := &s.Fall.Visit
	if !p.visitCounts(s) {
		return time.Time{}, false
	}
	limit, known := p.visitLimit(s)
	if limit > longestLimit {
		return time.Time{}, false
	}
	at := v.Last.Add(limit)
	if known && v.Purpose == ucare.Bathroom {
		at = ucare.Earlier(at, v.Since.Add(max(2*limit, p.Fall.Visit.Unlearned)))
	}
	return ucare.Later(at, s.Profile.At), true
}

// visitCounts reports whether anything can be inferred from the last sign of life.
func (p *Policy) visitCounts(s *State) bool {
	v := &s.Fall.Visit
	switch {
	case p.Fall.Visit.AtLeast == 0, v.Told, v.Doubted, !v.Elsewhere, v.Last.Sub(v.WayOut) > wayOutSeen:
		return false
	case s.away(), v.Last.Before(s.Silence.Away.To), s.Silence.out(), s.Silence.resting(v), s.Silence.unseen():
		return false
	case v.Purpose == ucare.Hall || v.Purpose == ucare.Entrance:
		return !v.Door.IsZero() && v.Last.Sub(v.Door) <= wayOutSeen && p.seesTheBedroom(v)
	default:
		return v.Purpose == ucare.Bathroom && p.seesTheBedroom(v)
	}
}

// seesTheBedroom reports whether somebody who goes back to bed is noticed, or need not be.
func (p *Policy) seesTheBedroom(v *Visit) bool {
	if !v.Bedroom.IsZero() && v.Last.Sub(v.Bedroom) <= bedroomSeen {
		return true
	}
	night, _ := p.night(v.Last)
	return !night
}

// visitLimit is how long nothing may be heard of somebody in that room, and whether that
// is known from their habits.
func (p *Policy) visitLimit(s *State) (limit time.Duration, known bool) {
	for i := range s.Profile.Rooms {
		if h := &s.Profile.Rooms[i]; h.Room == s.Fall.Visit.Room && h.Visits >= visitsNeeded && s.Profile.Days >= daysNeeded {
			return max(p.Fall.Visit.AtLeast, visitMargin*h.Longest, h.Most+h.Most/4), true
		}
	}
	if v := &s.Fall.Visit; !v.Bed.IsZero() && v.Since.Sub(v.Bed) <= walksThere {
		return p.Fall.Visit.AtLeast, false // Out of a bed that tells when somebody is back.
	}
	return max(p.Fall.Visit.AtLeast, p.Fall.Visit.Unlearned), false
}

// visitNotDue is the cheap look.
func (p *Policy) visitNotDue(s *State, now time.Time) bool {
	v := &s.Fall.Visit
	return v.Told || v.Doubted || p.Fall.Visit.AtLeast == 0 || now.Sub(v.Since) < p.Fall.Visit.AtLeast
}

// tickVisit asks about a visit that is suspicious at the instant at.
func (p *Policy) tickVisit(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	due, ok := p.visitDue(s)
	if !ok || due.After(at) {
		return to
	}
	f, v := &s.Fall, &s.Fall.Visit
	v.Told = true
	f.Falls = slices.DeleteFunc(f.Falls, func(e Fall) bool { return e.Inferred && !f.active(e.Alarm) })
	e := Fall{Room: v.Room, Inferred: true, Question: &Question{Fell: v.Last, Because: p.whyInferred(s, due)}}
	e.Alarm, e.Onset = s.name(ucare.Fall, "", v.Room, v.Last)
	f.Falls = append(f.Falls, e)
	return p.proceed(s, &f.Falls[len(f.Falls)-1], due, to)
}

// whyInferred says how long nobody was noticed elsewhere, what would be usual and when
// the last sign of life was.
func (p *Policy) whyInferred(s *State, at time.Time) []ucare.Evidence {
	q, v := &s.Silence, &s.Fall.Visit
	all := []ucare.Evidence{{Fact: ucare.FactInRoom, At: v.Since, Room: v.Room, Seconds: int64(at.Sub(v.Since) / time.Second)}}
	for _, h := range s.Profile.Rooms {
		if h.Room == v.Room && h.Visits >= visitsNeeded {
			all = append(all, ucare.Evidence{Fact: ucare.FactUsualVisit, Room: v.Room, Seconds: int64(h.Longest / time.Second)})
		}
	}
	return append(all, ucare.Evidence{
		Fact: ucare.FactQuietSince, At: v.Last, Seconds: int64(at.Sub(v.Last) / time.Second),
		Sensor: q.Sensor, Room: v.Room, Kind: q.Kind,
	})
}

// inferred is the fall that was inferred and is open, if any.
func (f *FallState) inferred() *Fall {
	for i := range f.Falls {
		if f.Falls[i].Inferred {
			return &f.Falls[i]
		}
	}
	return nil
}

// resting reports whether a bed or a seat that somebody took a moment before the visit
// says that they are still on it. One that is in use for longer is contradicted by who
// came into the room.
func (q *SilenceState) resting(visit *Visit) bool {
	return slices.ContainsFunc(q.Contacts, func(c Contact) bool {
		return (c.Kind == ucare.Bed || c.Kind == ucare.Seat) && c.State != ucare.Inactive && !c.Blind &&
			c.Since.After(visit.Since.Add(-walksThere))
	})
}

// unseen reports whether somebody may have left the room, or may be in another one,
// without a sensor that would notice it.
func (q *SilenceState) unseen() bool {
	for i := range q.Contacts {
		switch c := &q.Contacts[i]; {
		case !c.Blind:
		case c.Kind == ucare.Door && c.leads() != ucare.NoWayOut, c.Kind != ucare.Door && !q.seesInto(c.Room):
			return true
		}
	}
	return false
}

// seesInto reports whether a sensor looks into a room that can be relied on.
func (q *SilenceState) seesInto(room string) bool {
	return slices.ContainsFunc(q.Contacts, func(c Contact) bool { return c.Room == room && c.Kind != ucare.Door && !c.Blind })
}

// awayAfterAll cancels the question about a visit: whoever says that they go out has
// not fallen.
func (p *Policy) awayAfterAll(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	p.doubtVisit(s, now)
	e := s.Fall.inferred()
	if e == nil || !e.waits() || !s.away() || r.State != ucare.Active || s.Fall.active(e.Alarm) {
		return to
	}
	to = p.notFallen(s, e, true, ucare.Evidence{Fact: ucare.FactAway, At: observedAt(r, now), Sensor: kept(r.Sensor)}, now, to)
	s.Fall.forget(e.Alarm)
	return to
}

// gapVisit doubts a visit in which nothing could be heard between from and to.
func (p *Policy) gapVisit(s *State, from, to time.Time) {
	if due, ok := p.visitDue(s); ok && !due.After(from) {
		return // Due before it: it stays due.
	}
	if v := &s.Fall.Visit; to.Sub(ucare.Later(from, v.Last)) > longestMoment {
		v.Doubted = true
	}
}

func (v *Visit) shift(by time.Duration) {
	for _, t := range [...]*time.Time{&v.Since, &v.Last, &v.Bed, &v.Bedroom, &v.WayOut, &v.Door} {
		*t = moved(*t, by)
	}
}
