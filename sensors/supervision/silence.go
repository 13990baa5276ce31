package supervision

import (
	"fmt"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A sensor is silent when it was quiet for longer than its limit
// (voice.go). A bridge's radio is dead when none of the sensors behind it was
// heard for longer than the limit of them all together, and the bridge itself
// has spoken since: Zigbee2MQTT goes on publishing timers, availability and its
// health when its coordinator hangs (zigbee2mqtt issues 15965 and 16140). A home is
// quiet when none of its sensors was heard for longer than its limit.
//
// A sensor that speaks only of what people do (433 MHz) is quiet when nobody is
// there. Of one that never checks in by itself the silence is told after 48 h at the
// soonest, and only when the home was alive without it: the others have noticed somebody
// in 20 different hours. (Three recorded homes of such sensors would have been told 0.6
// to 1.2 false silences a sensor-month, most of them of cupboards; without this, 0.7 to
// 5.5. TestTableOfRealHomes prints them.)
//
// One sensor that speaks every minute sets the limit of the fleet that it is
// part of. That its own death be not taken for that of the fleet, there must be
// two sensors that have been quiet for half of their own limit. And that the death of
// the fleet be not told sensor by sensor first, a sensor's silence is held back while
// its fleet has been quiet for half of the fleet's limit, until that limit.

// afterTimers is how long after the last word of a sensor a bridge must have
// spoken for it to count: timers of its own follow each word (Zigbee2MQTT clears
// an occupancy after 90 s).
const afterTimers = instant(10 * 60)

// muteLeast is how long a sensor may be quiet that never checks in by itself.
const muteLeast = instant(48 * 60 * 60)

// judgeCauses finds out whether a radio is dead or the home quiet. It reports
// whether one of these has changed.
func (h *home) judgeCauses(now instant, c *Change) (changed bool) {
	before := len(c.Began) + len(c.Ended)
	for _, base := range sortedKeys(h.bridges) {
		b := h.bridges[base]
		stood := h.stands(ucare.FaultRadio, base)
		if stood && b.quiet(now) < b.limit() { // it was heard again
			h.unheard(b, instantOf(h.standing[condition{ucare.FaultRadio, base}].Since), now)
		}
		over := h.over(&b.voice, now, func(s *sensor) bool { return s.Bridge == base })
		dead := b.Offline == 0 && over != 0 && now >= over && b.Spoke >= b.from()+afterTimers
		if !dead && over > now {
			h.wait(over)
		}
		h.tell(ucare.FaultRadio, base, dead, b.from(), quietFor(b.quiet(now)), c)
	}
	if h.stands(ucare.FaultHomeQuiet, "") && h.quiet(now) < h.limit() {
		from := instantOf(h.standing[condition{ucare.FaultHomeQuiet, ""}].Since)
		for _, s := range h.sensors {
			s.deaf(from, now)
		}
	}
	over := h.over(&h.voice, now, func(*sensor) bool { return true })
	quiet := over != 0 && now >= over && !h.explained()
	if over > now {
		h.wait(over)
	}
	h.tell(ucare.FaultHomeQuiet, "", quiet, h.from(), quietFor(h.quiet(now)), c)
	return len(c.Began)+len(c.Ended) != before
}

// over is when a fleet will have been quiet for too long, or an instant before
// that is still to come; 0: never, for it has fewer than two sensors that were ever heard.
func (h *home) over(fleet *voice, now instant, belongs func(*sensor) bool) instant {
	over := fleet.overdue(fleet.limit())
	if over > now {
		return over // most of the time, and it spares a look at each sensor
	}
	var doubts []instant // when each sensor has been quiet for half of its limit
	for _, s := range h.sensors {
		if s.Heard != 0 && belongs(s) {
			doubts = append(doubts, s.overdue(s.voice.limit()/2))
		}
	}
	if len(doubts) < 2 {
		return 0
	}
	slices.Sort(doubts)
	return max(over, doubts[1])
}

// explained reports whether everything in the home is behind a bridge of which
// it is told that it cannot be heard.
func (h *home) explained() bool {
	for _, s := range h.sensors {
		if s.Heard != 0 && !h.cutOff(s) {
			return false
		}
	}
	return true
}

// cutOff reports whether it is told that the sensor's bridge cannot be heard.
func (h *home) cutOff(s *sensor) bool {
	b := h.bridges[s.Bridge]
	return b != nil && (b.Offline != 0 || h.stands(ucare.FaultRadio, b.Base))
}

// judgeSilence finds out whether a sensor is silent, and whether that is told
// by its cause already.
func (h *home) judgeSilence(id string, s *sensor, now instant, c *Change) {
	usual, known := s.Habit.usual()
	rare := known && usual > noHeartbeat
	h.tell(ucare.FaultNoHeartbeat, id, s.Watched && rare, now, "it was quiet for "+inWords(usual), c)
	over := s.overdue(s.limit())
	caused := s.Unreachable || h.cutOff(s) || h.stands(ucare.FaultHomeQuiet, "")
	silent := s.Watched && !rare && now >= over
	switch until, missing := h.heldBack(s, now), h.hoursMissing(s); {
	case !s.Watched || rare:
	case !silent:
		h.wait(over)
	case missing > 0:
		silent = false
		h.wait(now + instant(missing)*60*60)
	case until != 0 && !h.stands(ucare.FaultSilent, id):
		silent = false
		h.wait(until)
	}
	detail := quietFor(s.quiet(now))
	if s.Heard == 0 {
		detail = "it was never heard"
	}
	h.tell(ucare.FaultSilent, id, silent && !caused, s.from(), detail, c)
}

// afterPeople is for how long what a sensor says belongs to the last time it spoke
// of somebody: it clears, and sends how bright it is.
const afterPeople = instant(15 * 60)

// checkIn learns from a message of the sensor whether it ever speaks when nothing happens.
func (s *sensor) checkIn(now instant) {
	if s.spoke && now-s.Moved >= afterPeople {
		s.ChecksIn = true
	}
	s.spoke = false
}

// mute reports whether it never does, as far as we know.
func (s *sensor) mute() bool { return !s.ChecksIn && s.Heard != 0 }

// limit is how long the sensor may be quiet.
func (s *sensor) limit() instant {
	if s.mute() {
		return max(s.voice.limit(), muteLeast)
	}
	return s.voice.limit()
}

// hoursMissing is for how many more hours the home has to be alive before the silence
// of a sensor that never checks in means anything.
func (h *home) hoursMissing(s *sensor) uint32 {
	if !s.mute() {
		return 0
	}
	return blindHours - min(blindHours, h.active.Hours-s.HeardHours)
}

// heldBack is until when the silence of a sensor may be that of its whole fleet;
// 0: it is its own.
func (h *home) heldBack(s *sensor, now instant) (until instant) {
	fleets := []*voice{&h.voice}
	if b := h.bridges[s.Bridge]; b != nil {
		fleets = append(fleets, &b.voice)
	}
	for _, fleet := range fleets {
		limit := fleet.limit()
		alone := fleet.Heard == s.Heard // it may be all there is of the fleet
		if quiet := fleet.quiet(now); !alone && quiet >= limit/2 && quiet < limit {
			until = max(until, fleet.overdue(limit))
		}
	}
	return until
}

// quietFor is a fault's detail.
func quietFor(quiet instant) string { return "quiet for " + inWords(quiet) }

// inWords writes a length of time for people: hours, and minutes below one.
func inWords(d instant) string {
	if d < 2*60*60 {
		return fmt.Sprintf("%d min", d/60)
	}
	return fmt.Sprintf("%d h", int(d.duration()/time.Hour))
}
