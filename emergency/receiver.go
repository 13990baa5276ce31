package emergency

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// LongestWait is the most that lies between the starts of two attempts.
const LongestWait = 30 * time.Second

const (
	attemptTime = 8 * time.Second // bounds one attempt
	// Attempts at the same time to one receiver. A receiver that hangs ties up
	// this many goroutines and no more; the reserved ones are only for raises of
	// fire and help, so that nothing less urgent that hangs is in their way.
	places         = 8
	reservedPlaces = 2
	// Every fourth attempt goes to the delivery that was left alone longest, if
	// that is more than LongestWait: urgent ones that the receiver never takes
	// cannot hold up the others for ever.
	fairness = 4

	stuckTries = 2               // so many failures are a fault,
	stuckAfter = 5 * time.Second // or so long without a receipt
)

// A pending is a delivery that no receipt has come for.
type pending struct {
	Delivery
	alarm *openAlarm // nil when the alarm is closed or was never open
	verb  ucare.Verb
	round int

	tries    int // started, in this process
	failures int
	refusals int // failures in which the receiver said that it does not want this report
	firstTry time.Time
	lastTry  time.Time
	dueAt    time.Time
	alone    time.Time // since when it was left alone: its last attempt, or its arrival
	flying   bool
	failure  string // the last error
}

// urgent deliveries may use the reserved places.
func (p *pending) urgent() bool { return p.Priority <= ucare.Help.Priority() }

func (p *pending) alarmOpen() bool { return p.alarm != nil && p.alarm.ClosedAt.IsZero() }

// compare orders deliveries: those of open alarms first, then by priority, then
// the newest first.
func (p *pending) compare(q *pending) int {
	switch {
	case p.alarmOpen() != q.alarmOpen():
		if p.alarmOpen() {
			return -1
		}
		return 1
	case p.Priority != q.Priority:
		return int(p.Priority - q.Priority)
	default:
		return q.CreatedAt.Compare(p.CreatedAt)
	}
}

// opening is the number of attempts at fixed times after the first.
const opening = 5

// openingAt returns when the n-th attempt (from 0) follows the first: 0, 1, 2, 4, 8 s.
func openingAt(n int) time.Duration {
	if n == 0 {
		return 0
	}
	return time.Second << (n - 1)
}

// nextTry returns when to try again after an attempt that failed now. After the
// opening the wait is random, so that the gateways of a town do not come back
// to their centre all at once. asked is what the receiver wants us to wait: it
// can lengthen the wait, but never beyond LongestWait.
func (p *pending) nextTry(now time.Time, asked time.Duration) time.Time {
	var next time.Time
	if p.tries < opening {
		next = p.firstTry.Add(openingAt(p.tries))
	} else {
		next = p.lastTry.Add(time.Second + rand.N(LongestWait-time.Second))
	}
	if wish := now.Add(asked); asked <= LongestWait && wish.After(next) {
		next = wish
		if last := p.lastTry.Add(LongestWait); next.After(last) {
			next = last
		}
	}
	return next
}

// stuckAt is when the delivery becomes a fault of its receiver by time alone.
// It is zero as long as it was not tried.
func (p *pending) stuckAt() time.Time {
	if p.tries == 0 {
		return time.Time{}
	}
	return p.firstTry.Add(stuckAfter)
}

// unwanted reports whether it is a confirmation that the receiver does not take.
func (p *pending) unwanted() bool { return p.verb == ucare.Confirm && p.refusals >= refusedTries }

func (p *pending) stuck(now time.Time) bool {
	if p.verb == ucare.Confirm && p.failures > 0 && p.failures == p.refusals {
		return false
	}
	return p.failures >= stuckTries || p.tries > 0 && !now.Before(p.stuckAt())
}

// A receiver is what the loop knows of one of them.
type receiver struct {
	name    string
	link    Link
	pending []*pending
	// The same by report, and of each alarm the raise that is on its way.
	byReport map[string]*pending
	raises   map[string]*pending

	flying int // attempts under way
	starts int // attempts ever started

	failing   bool      // the fault is known
	since     time.Time // of the first failure in a row
	failure   string    // the last error
	heardAt   time.Time // the last good reply to a report
	reachedAt time.Time // the last good reply to anything

	beating      bool // a heartbeat is under way
	beatenAt     time.Time
	beatFailures int
	beatFailure  string // the last error of a heartbeat
	asked        int    // where among the alarms that wait the last heartbeat ended
}

func (r *receiver) has(d Delivery) bool { return r.byReport[d.Report] != nil }

// add takes a delivery in and returns by how many there are more now. A raise
// takes the place of an earlier one about the same alarm: it says the same and
// is told because the earlier one was refused.
func (r *receiver) add(p *pending) (more int) {
	if r.byReport == nil {
		r.byReport, r.raises = make(map[string]*pending), make(map[string]*pending)
	}
	more = 1
	if p.verb == ucare.Raise {
		if earlier := r.raises[p.Alarm]; earlier != nil && r.remove(earlier) {
			more--
		}
		r.raises[p.Alarm] = p
	}
	r.byReport[p.Report] = p
	r.pending = append(r.pending, p)
	return more
}

// supersedes reports whether no later raise of the same alarm is on its way.
func (r *receiver) supersedes(p *pending) bool {
	later := r.raises[p.Alarm]
	return p.verb != ucare.Raise || later == nil || later.round < p.round
}

// remove takes a delivery out; false when it was taken out before.
func (r *receiver) remove(p *pending) bool {
	at := slices.Index(r.pending, p)
	if at < 0 {
		return false
	}
	r.pending = slices.Delete(r.pending, at, at+1)
	delete(r.byReport, p.Report)
	if r.raises[p.Alarm] == p {
		delete(r.raises, p.Alarm)
	}
	return true
}

const (
	refusedTries  = 3                // so many refusals of one report,
	refusedRounds = 10               // and the next round is told; after so many rounds
	refusedAgain  = 10 * time.Minute // no more often than this, so that no flood builds up
)

// refused reports whether the receiver does not want this very report.
func (p *pending) refused(now time.Time) bool {
	return p.refusals >= refusedTries && (p.round < refusedRounds || now.Sub(p.CreatedAt).Abs() >= refusedAgain)
}

// awaits reports whether a raise of the alarm is still on its way to the
// receiver, with a prospect.
func (r *receiver) awaits(alarm string, now time.Time) bool {
	p := r.raises[alarm]
	return p != nil && !p.refused(now)
}

// pick returns the delivery to try next, nil when none is due or no place is free.
func (r *receiver) pick(now time.Time) *pending {
	free := places - r.flying
	if free <= 0 {
		return nil
	}
	var best, left *pending
	for _, p := range r.pending {
		if p.flying || p.dueAt.After(now) || free <= reservedPlaces && !p.urgent() {
			continue
		}
		if best == nil || p.compare(best) < 0 {
			best = p
		}
		if left == nil || p.alone.Before(left.alone) {
			left = p
		}
	}
	if left != nil && r.starts%fairness == fairness-1 && now.Sub(left.alone) > LongestWait {
		return left
	}
	return best
}

func (r *receiver) started(p *pending, now time.Time) {
	r.flying++
	r.starts++
	p.flying, p.lastTry, p.alone = true, now, now
	if p.tries == 0 {
		p.firstTry = now
	}
	p.tries++
}

func (r *receiver) landed(p *pending) {
	r.flying--
	p.flying = false
}

// failed notes an attempt or heartbeat that began at an instant.
func (r *receiver) failed(err error, began time.Time) {
	r.failure = err.Error()
	if r.since.IsZero() {
		r.since = began
	}
}

// wasReached notes that the receiver took something. If it was down until now,
// everything goes at once, and in the order of urgency.
func (r *receiver) wasReached(now time.Time, wasDown bool) {
	if !r.failing {
		r.since, r.failure = time.Time{}, ""
	}
	long := now.Sub(r.reachedAt) > LongestWait
	r.reachedAt = now
	if !wasDown {
		return
	}
	for _, p := range r.pending {
		if p.flying {
			continue
		}
		if p.tries >= opening && p.dueAt.After(now) {
			p.dueAt = now
		}
		if long {
			p.alone = now
		}
	}
}

// inTrouble reports whether a human should know that the receiver fails.
func (r *receiver) inTrouble(now time.Time) bool {
	return r.beatFailures >= stuckTries || slices.ContainsFunc(r.pending, func(p *pending) bool { return p.stuck(now) })
}
