package center

import (
	"cmp"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
)

// A Case is what the centre knows of one alarm of one gateway: the fold of all
// reports about it and of what operators did.
type Case struct {
	Gateway string `json:"gateway"`
	// Alarm is as the gateway described it, but its answers are this centre's own.
	Alarm    ucare.Alarm       `json:"alarm"`
	Dwelling ucare.Dwelling    `json:"dwelling"`
	Texts    map[string]string `json:"texts,omitempty"`
	// RaiseReceivedAt is zero while only a restore or a cancel has come: reports
	// can overtake each other.
	RaiseReceivedAt time.Time `json:"raise_received_at,omitzero"`
	CancelledAt     time.Time `json:"cancelled_at,omitzero"`
	// ConfirmedAt is when the last of the gateway's confirmations was decided.
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"`
	// Rounds is the highest round of the escalation that was heard of, and
	// Raises how many raise reports have come.
	Rounds int `json:"rounds"`
	Raises int `json:"raises"`
	// ClockDiffersSeconds is by how much the gateway's clock was ahead (behind
	// when negative) at the last report, if it was more than the tolerance.
	ClockDiffersSeconds int64 `json:"clock_differs_seconds,omitempty"`
	// Outcome is what the operator chose on closing, and Words what they wrote.
	// Alarm.Outcome has both in one text.
	Outcome Outcome `json:"outcome_code,omitempty"`
	Words   string  `json:"outcome_words,omitempty"`
	// Unsaved marks a case that is in memory only, because the disk refuses.
	Unsaved bool `json:"unsaved,omitempty"`
}

// apply folds one report into the case. It holds for every order in which the
// reports can arrive.
func (c *Case) apply(r emergency.Report, at time.Time, receiver string, clockAhead time.Duration) {
	firstHeard := c.Alarm.ID == ""
	if firstHeard || r.Verb == ucare.Raise && r.Round >= c.Rounds {
		c.Texts = r.Texts
	}
	if firstHeard || c.newest(r) {
		c.describe(r)
	}
	if firstHeard {
		c.Alarm.ReceivedAt, c.Alarm.ReceivedBy = at, receiver
	}
	// A gateway that took a restore into account says so in later raises too.
	c.restored(r.Alarm.RestoredAt)
	switch r.Verb {
	case ucare.Raise:
		c.Raises++
		c.Rounds = max(c.Rounds, r.Round, 1)
		if c.RaiseReceivedAt.IsZero() {
			c.RaiseReceivedAt = at
		}
	case ucare.Confirm:
		if r.Round >= c.Alarm.Confirmed {
			c.ConfirmedAt = cmp.Or(r.At, at)
		}
	case ucare.Restore:
		c.restored(cmp.Or(r.At, at))
	case ucare.Cancel:
		c.CancelledAt = firstInstant(c.CancelledAt, r.At, at)
	}
	c.ClockDiffersSeconds = int64(clockAhead / time.Second)
}

// newest reports whether nothing that came before knew more of the alarm: a
// confirmation adds evidence, and a raise of a later round holds what is known by then.
func (c *Case) newest(r emergency.Report) bool {
	switch r.Verb {
	case ucare.Confirm:
		return r.Alarm.Confirmed >= c.Alarm.Confirmed
	case ucare.Raise:
		return r.Alarm.Confirmed >= c.Alarm.Confirmed && r.Round >= c.Rounds
	default:
		return false
	}
}

// describe takes over what the report says about the alarm, except for the
// answers: those of another receiver are not ours.
func (c *Case) describe(r emergency.Report) {
	ours, restored := c.Alarm.Answers, c.Alarm.RestoredAt
	c.Alarm, c.Dwelling = r.Alarm, r.Dwelling
	c.Alarm.Answers, c.Alarm.RestoredAt = ours, restored
}

func (c *Case) restored(at time.Time) {
	c.Alarm.RestoredAt = firstInstant(c.Alarm.RestoredAt, at)
}

func firstInstant(instants ...time.Time) time.Time {
	for _, t := range instants {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// acknowledge records that an operator has seen the alarm. It reports whether
// that is new: the first acknowledgement stands.
func (c *Case) acknowledge(by string, at time.Time) bool {
	return c.Alarm.Merge(ucare.Answers{AcknowledgedAt: at, AcknowledgedBy: by})
}

// close ends the case. Whoever closes has also seen it.
func (c *Case) close(by string, at time.Time, outcome Outcome, words string) bool {
	if !c.Alarm.Merge(ucare.Answers{ClosedAt: at, ClosedBy: by, Outcome: outcome.inWords(words)}) {
		return false
	}
	c.acknowledge(by, at)
	c.Outcome, c.Words = outcome, words
	return true
}

// open reports whether a human still has something to do. A cancel without a
// raise is only kept: nothing was raised. A restore without its raise is open,
// since the raise may still be on its way.
func (c *Case) open() bool {
	return c.Alarm.ClosedAt.IsZero() && (c.Raises > 0 || c.CancelledAt.IsZero())
}

// priority orders cases for the operators. A rule this centre does not know
// comes from a newer gateway; unknown is never safe, so it goes to the top.
func (c *Case) priority() ucare.Priority {
	switch c.Alarm.Rule {
	case ucare.Fire, ucare.Help, ucare.Fall, ucare.Inactivity, ucare.Supervision:
		return c.Alarm.Rule.Priority()
	default:
		return 1
	}
}

// since is the instant the case is old by: when the condition began, or else
// when we heard of it.
func (c *Case) since() time.Time {
	return firstInstant(c.Alarm.Onset, c.Alarm.RaisedAt, c.Alarm.ReceivedAt)
}

// sortOpen puts those first that nobody has seen yet; then the most urgent, a
// real one before a drill, the oldest first.
func sortOpen(cases []Case) {
	slices.SortStableFunc(cases, func(a, b Case) int {
		return cmp.Or(
			compareBool(!a.Alarm.AcknowledgedAt.IsZero(), !b.Alarm.AcknowledgedAt.IsZero()),
			cmp.Compare(a.priority(), b.priority()),
			compareBool(a.Alarm.Drill, b.Alarm.Drill),
			a.since().Compare(b.since()),
			cmp.Compare(a.Gateway, b.Gateway),
			cmp.Compare(a.Alarm.ID, b.Alarm.ID),
		)
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// An Outcome is how a case ended. The documented failing of the real system is
// its false alarms, so their causes are kept apart.
type Outcome string

// The outcomes.
const (
	Helped  Outcome = "helped"  // help was given
	Well    Outcome = "well"    // the resident was reached and is well
	Steam   Outcome = "steam"   // false alarm
	Cooking Outcome = "cooking" // false alarm
	Insects Outcome = "insects" // false alarm
	Test    Outcome = "test"    // false alarm: a test or a drill
	Other   Outcome = "other"   // false alarm or anything else; words are required
)

// Outcomes are all of them, in the order in which they are offered.
func Outcomes() []Outcome {
	return []Outcome{Helped, Well, Steam, Cooking, Insects, Test, Other}
}

// inWords is what the answer to the gateway carries.
func (o Outcome) inWords(words string) string {
	text := string(o)
	switch o {
	case Well:
		text = "resident is well"
	case Steam, Cooking, Insects, Test:
		text = "false alarm: " + string(o)
	}
	if words == "" {
		return text
	}
	return text + ": " + words
}
