package supervision

import "github.com/ucare-project/ucare"

// Method. A motion or presence sensor that is heard (battery, temperature, a
// check-in) and notices nobody may be covered, turned away or broken: Contact ID
// 391, Sensor Watch. Or nobody was there. It is told when it saw nobody for
//
//	3 times its longest such time in the last 14 days on which it saw anybody, at least 48 h,
//	72 h, if it never saw anybody,
//	28 days, if it saw somebody on too few days to know how often it does.
//
// and the others in the home have noticed somebody in 10 different hours of each 24
// of that time, so 20 at least. A home that nobody is in has no such hours, and a guest
// room has a long such time. The figures are ours; alarm panels let the installer choose hours to
// days. The next movement ends it.

const (
	blindHours   = 20 // of activity elsewhere, in blindLeast; more in proportion
	blindLeast   = instant(48 * 60 * 60)
	blindNever   = instant(72 * 60 * 60)
	blindUnknown = instant(28 * 24 * 60 * 60)
)

// notices reports whether a sensor of the kind sees people who come by.
func notices(k ucare.Kind) bool { return k == ucare.Motion || k == ucare.Presence }

// isActivity reports whether somebody in the home did something.
func isActivity(r *ucare.Reading) bool {
	return r.State == ucare.Active && !r.UnknownAge && !r.Drill && isOfPeople(r.Kind)
}

// isOfPeople reports whether a sensor of the kind speaks because of somebody.
func isOfPeople(k ucare.Kind) bool {
	switch k {
	case ucare.Motion, ucare.Presence, ucare.Door, ucare.Bed, ucare.Seat, ucare.Use:
		return true
	default:
		return false
	}
}

// activity counts the different hours in which somebody did something.
type activity struct {
	Hours uint32  `json:"hours,omitempty"`
	Last  instant `json:"last,omitempty"` // the last of them, since 1970
}

func (a *activity) at(now instant) {
	if hour := now / (60 * 60); hour > a.Last {
		a.Last = hour
		a.Hours++
	}
}

// shift moves the last hour, since the clock was set: else no hour would count before
// the old time comes again.
func (a *activity) shift(by instant) { a.Last.shift(by / (60 * 60)) }

// judgeBlind finds out whether a living sensor sees nobody.
func (h *home) judgeBlind(id string, s *sensor, now instant, c *Change) {
	if !s.Sees {
		return
	}
	may := s.mayNotSee()
	over := s.sawNobodyFrom() + s.Triggers.Deaf + may
	hours := uint32(may * blindHours / blindLeast)
	lives := s.Heard != 0 && !s.Unreachable && now < s.overdue(s.limit()) && !h.cutOff(s)
	blind := lives && !s.isOn() && now >= over && h.active.Hours-s.Hours >= hours
	if over > now {
		h.wait(over)
	}
	h.tell(ucare.FaultNeverTriggers, id, blind, s.sawNobodyFrom(), "", c)
}

// sawNobodyFrom is since when it sees nobody: as long as it is there, or since
// the last time.
func (s *sensor) sawNobodyFrom() instant { return max(s.Since, s.Triggers.Heard) }

// mayNotSee is for how long it may see nobody while the others do.
func (s *sensor) mayNotSee() instant {
	longest, known := s.Triggers.Habit.longest()
	switch {
	case known:
		return max(blindLeast, 3*longest)
	case s.Triggers.Heard == 0:
		return blindNever
	default:
		return blindUnknown
	}
}
