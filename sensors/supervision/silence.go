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
// One sensor that speaks every minute sets the limit of the fleet that it is
// part of. That its own death be not taken for that of the fleet, there must be
// two sensors that have been quiet for half of their own limit.

// afterTimers is how long after the last word of a sensor a bridge must have
// spoken for it to count: timers of its own follow each word (Zigbee2MQTT clears
// an occupancy after 90 s).
const afterTimers = instant(10 * 60)

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
			doubts = append(doubts, s.overdue(s.limit()/2))
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
	if s.Watched && !rare && !silent {
		h.wait(over)
	}
	detail := quietFor(s.quiet(now))
	if s.Heard == 0 {
		detail = "it was never heard"
	}
	h.tell(ucare.FaultSilent, id, silent && !caused, s.from(), detail, c)
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
