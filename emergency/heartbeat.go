package emergency

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

const (
	usualHeartbeat = time.Minute
	// A centre that has an alarm is asked often whether an operator has seen
	// it, because somebody at home waits to hear it; after a while less often,
	// for its answers come with every further report too.
	askEvery      = 5 * time.Second
	askOften      = 15 * time.Minute
	askCloseEvery = 30 * time.Second
	// A heartbeat that failed is repeated after 5, 10, 20, 40 s.
	beatAgain = 5 * time.Second
)

// startBeating sets the first heartbeat to a random instant of the interval, so
// that the gateways of a town do not all beat at once after a power cut.
func (r *receiver) startBeating(now time.Time, every time.Duration) {
	r.beatenAt = now.Add(-rand.N(every))
}

// beatAt returns when the receiver's next heartbeat is due.
func (d *Dispatcher) beatAt(r *receiver, now time.Time) time.Time {
	at := r.beatenAt.Add(d.o.HeartbeatEvery)
	if r.beatFailures > 0 {
		again := min(beatAgain<<min(r.beatFailures-1, 4), d.o.HeartbeatEvery)
		return r.beatenAt.Add(again)
	}
	heard := r.beatenAt
	if r.heardAt.After(heard) {
		heard = r.heardAt
	}
	for _, o := range d.open {
		if ask, asks := o.ask(r.name, now); asks && heard.Add(ask).Before(at) {
			at = heard.Add(ask)
			if ask == askEvery {
				break // no alarm asks more often, and there may be thousands
			}
		}
	}
	return at
}

// ask returns how often a receiver is asked for news of the alarm; false when
// it is not.
func (o *openAlarm) ask(receiver string, now time.Time) (every time.Duration, asks bool) {
	since, has := o.accepted[receiver]
	switch {
	case !has || !o.ClosedAt.IsZero():
		return 0, false
	case o.AcknowledgedAt.IsZero() && now.Sub(since) < askOften:
		return askEvery, true
	default:
		return askCloseEvery, true
	}
}

// beat starts the heartbeats that are due, one at a time to each receiver: a
// centre that hangs gets the next one when it has ended the last.
func (d *Dispatcher) beat(ctx context.Context, now time.Time) {
	for _, r := range d.receivers {
		if r.beating || d.beatAt(r, now).After(now) {
			continue
		}
		r.beating, r.beatenAt = true, now
		beat := d.heartbeat(r, now)
		d.flights.Go(func() {
			if d.o.Faults != nil {
				beat.Faults = told(d.o.Faults())
			}
			reply, err := beatOnce(ctx, r.link, beat)
			if err != nil && ctx.Err() != nil {
				return
			}
			d.inbox.put(func(now time.Time) { d.beaten(r, reply, err, now) })
		})
	}
}

func beatOnce(ctx context.Context, link Link, beat Heartbeat) (reply HeartbeatReply, err error) {
	defer recoverAs(&err)
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	return link.Heartbeat(ctx, beat)
}

// heartbeat is what the receiver is told now: it is asked only for the alarms
// that it has.
func (d *Dispatcher) heartbeat(r *receiver, now time.Time) Heartbeat {
	beat := Heartbeat{
		SentBy: d.o.Policy.SentBy, At: now.Round(0), Version: d.o.Version,
		Every: int(max(d.o.HeartbeatEvery, time.Second) / time.Second), Dwellings: slices.Sorted(maps.Keys(d.o.Policy.Dwellings)),
	}
	var waiting []ucare.Alarm
	for _, o := range d.open {
		if _, asks := o.ask(r.name, now); asks {
			waiting = append(waiting, o.Alarm)
		}
	}
	slices.SortFunc(waiting, mostUrgent)
	for _, a := range waiting {
		beat.Waiting = append(beat.Waiting, a.ID)
	}
	beat.Waiting = r.inTurn(beat.Waiting)
	beat.Dwellings = beat.Dwellings[:min(len(beat.Dwellings), mostDwellings)]
	return beat
}

// The bounds of a heartbeat keep it well below what a centre reads, whatever
// goes on at home.
const (
	mostFaults    = 100
	mostDwellings = 1000
	mostWaiting   = 500
	alwaysAsked   = 100 // of those, the most urgent ones; the others come in turn
)

// inTurn returns the alarms that this heartbeat asks for.
func (r *receiver) inTurn(waiting []string) []string {
	if len(waiting) <= mostWaiting {
		r.asked = 0
		return waiting
	}
	asked, others := slices.Clone(waiting[:alwaysAsked]), waiting[alwaysAsked:]
	for range mostWaiting - alwaysAsked {
		r.asked %= len(others)
		asked = append(asked, others[r.asked])
		r.asked++
	}
	return asked
}

// told returns the faults that fit into a heartbeat: those of the whole gateway
// first, then the newest. A centre that misses an old one of a sensor has the
// others; one that refuses the heartbeat has nothing.
func told(faults []ucare.Fault) []ucare.Fault {
	faults = slices.Clone(faults)
	slices.SortStableFunc(faults, func(a, b ucare.Fault) int {
		if wide := cmp.Compare(min(len(a.Dwelling), 1), min(len(b.Dwelling), 1)); wide != 0 {
			return wide
		}
		return b.Since.Compare(a.Since)
	})
	faults = faults[:min(len(faults), mostFaults)]
	for i := range faults {
		clipAll(&faults[i].Subject, &faults[i].Detail, &faults[i].Dwelling)
	}
	return faults
}

// mostUrgent orders alarms by priority, then the newest first.
func mostUrgent(a, b ucare.Alarm) int {
	return cmp.Or(cmp.Compare(a.Rule.Priority(), b.Rule.Priority()), b.RaisedAt.Compare(a.RaisedAt), cmp.Compare(a.ID, b.ID))
}

// beaten takes the end of a heartbeat.
func (d *Dispatcher) beaten(r *receiver, reply HeartbeatReply, err error, now time.Time) {
	r.beating = false
	if err != nil {
		r.beatFailures++
		if failure := err.Error(); failure != r.beatFailure {
			r.beatFailure = failure
			d.log.Warn("a heartbeat was not answered", "receiver", r.name, "error", failure)
		}
		r.failed(err, r.beatenAt)
		return
	}
	r.wasReached(now, r.beatFailures > 0)
	r.beatFailures, r.beatFailure = 0, ""
	d.answers(r, reply.Answer, now)
}
