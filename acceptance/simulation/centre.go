package simulation

import (
	"time"

	"github.com/ucare-project/ucare"
)

// A center answers for alarms: mostly.
type center struct {
	y     *Year
	lazy  float64 // the share of alarms that nobody acknowledges
	calls map[string]bool
}

func (c *center) begin(y *Year) {
	*c = center{y: y, lazy: 0.15 * y.random.Float64(), calls: make(map[string]bool)}
}

// told hears of a raise: an operator looks, sends somebody, and closes it in the end.
func (c *center) told(d ucare.Decision) {
	y := c.y
	if d.Verb != ucare.Raise || c.calls[d.Alarm] || y.chance(c.lazy) {
		return
	}
	c.calls[d.Alarm] = true
	y.in(10*time.Second+y.about(3*time.Minute), func() {
		c.answers(d.Alarm, func(now time.Time) ucare.Answers {
			return ucare.Answers{ReceivedAt: now, AcknowledgedAt: now, AcknowledgedBy: "op-1"}
		})
		c.sendsHelp(d)
	})
	if y.chance(0.9) {
		y.in(20*time.Minute+y.about(90*time.Minute), func() {
			c.answers(d.Alarm, func(now time.Time) ucare.Answers { return ucare.Answers{ClosedAt: now, ClosedBy: "op-1"} })
		})
	}
}

func (c *center) sendsHelp(d ucare.Decision) {
	if l := c.y.lying(); l != nil && !d.Drill {
		n := len(c.y.Lain) - 1
		c.y.in(c.y.between(10*time.Minute, time.Hour), func() { c.y.found(&c.y.Lain[n]) })
	}
}

// answers reaches the gateway, when it is on again.
func (c *center) answers(alarm string, what func(now time.Time) ucare.Answers) {
	a := &c.y.air
	if !a.off.IsZero() {
		c.y.in(time.Hour, func() { c.answers(alarm, what) })
		return
	}
	now := a.clock()
	c.y.out = append(c.y.out, Thing{At: now, Answer: &Answer{Alarm: alarm, Answers: what(now)}})
}
