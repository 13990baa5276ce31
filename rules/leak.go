package rules

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A water sensor that becomes active concerns the caregivers at once, at any
// hour; no centre is called for water. A room has one concern, into which repeats
// and further sensors of the room fold. It is settled when all of them have said that
// they are dry and stayed so for HoldOff: a sensor that dries goes on and off.
//
// As with fire, unknown is not dry: only a fresh "dry" counts, not a retained or
// re-published one, not silence, not an older reading that arrives late. Old news of
// water is told once, marked so, and not when it is what was settled a moment ago
// (OldNews). A test press is told as a drill, apart from the real one.
//
// Figures. HoldOff: 10 min. No source; a floor sensor's contacts dry within minutes
// after it was wiped.

// LeakPolicy is how water is told.
type LeakPolicy struct {
	On      bool
	HoldOff time.Duration // all sensors of the room must stay dry for so long
	OldNews time.Duration // as in FirePolicy
}

// LeakState is what is remembered of the water sensors.
type LeakState struct {
	Sensors []LeakSensor `json:"sensors,omitempty"`
}

// A LeakSensor is one water sensor. Its drills are kept apart.
type LeakSensor struct {
	Sensor string      `json:"sensor"`
	Drill  bool        `json:"drill,omitempty"`
	Room   string      `json:"room,omitempty"`
	State  ucare.State `json:"state,omitempty"`
	At     time.Time   `json:"at,omitzero"` // of the newest reading of known age
	// Wet is whether it belongs to a concern that stands, and Dry since when it is dry.
	Wet bool      `json:"wet,omitempty"`
	Dry time.Time `json:"dry,omitzero"`
	// Settled is when its last concern was settled.
	Settled time.Time `json:"settled,omitzero"`
}

// leaksRemembered bounds the state. Sensors beyond it are not looked at: nobody has so
// many.
const leaksRemembered = 16

// observeLeak folds what a water sensor says.
func (p *Policy) observeLeak(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	if !p.Concern.Leak.On || r.State == ucare.Unknown {
		return to
	}
	l := &s.Concerns.past().Leak
	if r.State == ucare.Inactive {
		if l.dry(r, now, r.Drill); !r.Drill {
			l.dry(r, now, true) // When the test button is let go, an ordinary "dry" comes.
		}
		return to
	}
	d := l.sensor(r)
	if d == nil {
		return to
	}
	at := observedAt(r, now)
	switch {
	case r.UnknownAge && (d.Wet || isOldNews(d.Settled, now, p.Concern.Leak.OldNews)):
		return to
	case !r.UnknownAge && at.Before(d.At):
		return to // A later reading has said more.
	case !r.UnknownAge:
		d.At = at
	}
	d.State, d.Dry = ucare.Active, time.Time{}
	if d.Wet {
		return to
	}
	d.Wet = true
	since := at
	if r.UnknownAge {
		since = now
	}
	return p.concern(s, ucare.Concern{
		Rule: ucare.Leak, Kind: ucare.WaterLeak, Room: d.Room, Since: since, At: now, UnknownAge: r.UnknownAge, Drill: r.Drill,
		Because: because(ucare.FactDetected, d.Sensor, d.Room, ucare.WaterLeak, at, r.UnknownAge, r.Drill),
	}, to)
}

// dry folds a "dry". One of unknown age proves nothing.
func (l *LeakState) dry(r *ucare.Reading, now time.Time, drill bool) {
	i := l.find(r.Sensor, drill)
	if i < 0 || r.UnknownAge {
		return
	}
	d, at := &l.Sensors[i], observedAt(r, now)
	if at.Before(d.At) {
		return
	}
	if d.At = at; d.State == ucare.Active {
		d.Dry = now
	}
	d.State = ucare.Inactive
}

// leakDue is when the first room has been dry for long enough.
func (p *Policy) leakDue(l *LeakState) (first time.Time, due bool) {
	for i := range l.Sensors {
		if since, dry := l.dryRoom(&l.Sensors[i]); dry {
			first, due = sooner(first, due, since.Add(p.Concern.Leak.HoldOff), true)
		}
	}
	return first, due
}

// dryRoom is since when all sensors of a wet sensor's concern are dry.
func (l *LeakState) dryRoom(d *LeakSensor) (since time.Time, dry bool) {
	if !d.Wet || d.Dry.IsZero() {
		return time.Time{}, false
	}
	since = d.Dry
	for i := range l.Sensors {
		o := &l.Sensors[i]
		if !o.Wet || o.Room != d.Room || o.Drill != d.Drill {
			continue
		}
		if o.Dry.IsZero() {
			return time.Time{}, false
		}
		since = ucare.Later(since, o.Dry)
	}
	return since, true
}

// tickLeak settles what is dry at the instant at.
func (p *Policy) tickLeak(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	l := &s.Concerns.past().Leak
	for i := range l.Sensors {
		since, dry := l.dryRoom(&l.Sensors[i])
		if !dry || since.Add(p.Concern.Leak.HoldOff).After(at) {
			continue
		}
		room, drill := l.Sensors[i].Room, l.Sensors[i].Drill
		var why []ucare.Evidence
		for j := range l.Sensors {
			if d := &l.Sensors[j]; d.Wet && d.Room == room && d.Drill == drill {
				why = append(why, ucare.Evidence{Fact: ucare.FactCleared, At: d.At, Sensor: d.Sensor, Room: d.Room, Kind: ucare.WaterLeak})
				d.Wet, d.Dry, d.Settled = false, time.Time{}, at
			}
		}
		to = s.Concerns.over(s.Concerns.find(ucare.Leak, ucare.WaterLeak, room, drill), at, why, to)
	}
	return to
}

// sensor finds the sensor of the reading, or begins to remember it; nil when there
// are too many. One that was moved to another room while it was wet stays where it was.
func (l *LeakState) sensor(r *ucare.Reading) *LeakSensor {
	i := l.find(r.Sensor, r.Drill)
	if i < 0 {
		if len(l.Sensors) == leaksRemembered {
			return nil
		}
		l.Sensors = append(l.Sensors, LeakSensor{Sensor: kept(r.Sensor), Drill: r.Drill})
		i = len(l.Sensors) - 1
	}
	d := &l.Sensors[i]
	if d.Room != r.Room && !d.Wet {
		d.Room = kept(r.Room)
	}
	return d
}

func (l *LeakState) find(sensor string, drill bool) int {
	return slices.IndexFunc(l.Sensors, func(d LeakSensor) bool { return d.Sensor == sensor && d.Drill == drill })
}

func (l *LeakState) shift(by time.Duration) {
	for i := range l.Sensors {
		d := &l.Sensors[i]
		d.At, d.Dry, d.Settled = movedBack(d.At, by), moved(d.Dry, by), moved(d.Settled, by)
	}
}
