package ucare

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// A Rule is what decided: one of the three rules, the help button beside them,
// supervision, which only ever reports faults, or one of those that only ever
// concern the caregivers.
type Rule string

// The rules.
const (
	Fire        Rule = "fire"
	Inactivity  Rule = "inactivity"
	Fall        Rule = "fall"
	Help        Rule = "help"
	Supervision Rule = "supervision"

	CheckIn  Rule = "check_in"   // the resident has not said today that all is well
	NightOut Rule = "night_out"  // left home at night and not back
	Climate  Rule = "climate"    // too cold or too hot for an older person
	Leak     Rule = "water_leak" // water where none should be
)

// A Verb is what a rule decided about an alarm.
type Verb string

// The verbs.
const (
	PreAlarm  Verb = "prealarm" // a grace period began that the resident can end
	Raise     Verb = "raise"    // a human is needed now
	Confirm   Verb = "confirm"  // further evidence for an alarm that was raised
	Restore   Verb = "restore"  // the condition is gone; the alarm is not closed by it
	Cancel    Verb = "cancel"   // the grace period ended well, nothing was raised
	TellFault Verb = "fault"    // a technical condition that a human should know
	// TellConcern tells of a Concern, and Settled that it is over.
	TellConcern Verb = "concern"
	Settled     Verb = "settled"
)

// A Decision is what a rule made of a reading or of time passing.
type Decision struct {
	At       time.Time `json:"at"`
	Dwelling string    `json:"dwelling"`
	Rule     Rule      `json:"rule"`
	Verb     Verb      `json:"verb"`
	Room     string    `json:"room"`
	Kind     Kind      `json:"kind,omitempty"`
	// Alarm is the name of the alarm or the concern this is about, from AlarmID; empty
	// for a fault.
	Alarm string    `json:"alarm,omitempty"`
	Onset time.Time `json:"onset,omitzero"`
	// UnknownAge and Drill are those of the reading that began it.
	UnknownAge bool       `json:"unknown_age,omitempty"`
	Drill      bool       `json:"drill,omitempty"`
	Because    []Evidence `json:"because"`
}

// LogValue is the decision in a log: what was decided, without the evidence.
func (d Decision) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("dwelling", d.Dwelling), slog.String("rule", string(d.Rule)), slog.String("verb", string(d.Verb)),
		slog.String("room", d.Room), slog.String("kind", string(d.Kind)), slog.String("alarm", d.Alarm),
		slog.Time("at", d.At), slog.Bool("drill", d.Drill), slog.Bool("unknown_age", d.UnknownAge),
	)
}

// Evidence is one fact behind a decision. The texts that people read are made
// from it in their language.
type Evidence struct {
	Fact   Fact      `json:"fact"`
	At     time.Time `json:"at,omitzero"`
	Sensor string    `json:"sensor,omitempty"`
	Room   string    `json:"room,omitempty"`
	Kind   Kind      `json:"kind,omitempty"`
	// Seconds is a length of time the fact is about.
	Seconds int64 `json:"seconds,omitempty"`
	// Value was measured, in Unit; Limit is what it was measured against.
	Value float64 `json:"value,omitempty"`
	Limit float64 `json:"limit,omitempty"`
	Unit  string  `json:"unit,omitempty"`
}

// A Fact is a kind of evidence.
type Fact string

// The facts.
const (
	FactDetected     Fact = "detected"      // a detector became active
	FactCleared      Fact = "cleared"       // a detector became inactive
	FactPressed      Fact = "pressed"       // a help button was pressed
	FactQuietSince   Fact = "quiet_since"   // last sign of life, Seconds ago
	FactUsualSilence Fact = "usual_silence" // the longest silence usual at this hour, Seconds long
	FactOutOfBed     Fact = "out_of_bed"    // the bed was left At in the night, and nobody is back
	FactNoKitchen    Fact = "no_kitchen"    // the last sign of life in the kitchen was At
	FactUsuallyBy    Fact = "usually_by"    // usually there is one by At
	FactUsualOuting  Fact = "usual_outing"  // the longest outing usual, Seconds long
	FactActivity     Fact = "activity"      // the sign of life that ended a silence
	FactUnknownAge   Fact = "unknown_age"   // nobody can say since when this holds
	FactDrill        Fact = "drill"         // a test press
	FactNotHeard     Fact = "not_heard"     // for Seconds the gateway could not hear the sensors
	FactAway         Fact = "away"          // the resident was said to be away, for Seconds where it is over
	FactBlind        Fact = "blind"         // since At a sensor cannot be relied on
	FactWentOut      Fact = "went_out"      // the front door was used At, and nobody was inside afterwards
	FactLying        Fact = "lying"         // for Seconds somebody lies in the bed or sits on the seat
	FactInRoom       Fact = "in_room"       // for Seconds nobody was noticed outside that room
	FactUsualVisit   Fact = "usual_visit"   // the longest stay usual in that room, Seconds long
	FactImpact       Fact = "impact"        // a wearable felt an impact of Value
	FactTurned       Fact = "turned"        // with it, gravity turned by Value for the wearable
	FactStill        Fact = "still"         // no movement for Seconds after it
	FactGotUp        Fact = "got_up"        // somebody moves about again
	FactMeasured     Fact = "measured"      // Value was measured; the limit is Limit
	FactRising       Fact = "rising"        // it rises by Value a minute; usual is at most Limit
	FactNoCheckIn    Fact = "no_check_in"   // nobody has said since At that all is well
	FactCheckedIn    Fact = "checked_in"    // the resident said At that all is well
	FactCounted      Fact = "counted"       // Value concerns were counted and not told; at most Limit are told a day
)

// Priority orders alarms for people and for the outbox: lower is more urgent.
type Priority int

// Priority of the rule's alarms.
func (r Rule) Priority() Priority {
	switch r {
	case Fire:
		return 1
	case Help:
		return 2
	case Fall:
		return 3
	default:
		return 4
	}
}

// An Alarm needs a human, now. Its instants are zero until they have happened.
type Alarm struct {
	ID         string     `json:"id"`
	Dwelling   string     `json:"dwelling"`
	Rule       Rule       `json:"rule"`
	Kind       Kind       `json:"kind,omitempty"`
	Room       string     `json:"room"`
	Onset      time.Time  `json:"onset"`     // when the condition began
	RaisedAt   time.Time  `json:"raised_at"` // when the rule raised it
	RestoredAt time.Time  `json:"restored_at,omitzero"`
	Because    []Evidence `json:"because"`
	UnknownAge bool       `json:"unknown_age,omitempty"`
	Drill      bool       `json:"drill,omitempty"`
	// Confirmed is how often further evidence came for it; Because holds it.
	Confirmed int `json:"confirmed,omitempty"`
	Answers
}

// Answers are the three instants in which a centre answers for an alarm:
// its machine has it, an operator has seen it, help was given.
type Answers struct {
	ReceivedAt     time.Time `json:"received_at,omitzero"`
	ReceivedBy     string    `json:"received_by,omitempty"` // the receiver
	AcknowledgedAt time.Time `json:"acknowledged_at,omitzero"`
	AcknowledgedBy string    `json:"acknowledged_by,omitempty"` // the operator, as the centre names them
	ClosedAt       time.Time `json:"closed_at,omitzero"`
	ClosedBy       string    `json:"closed_by,omitempty"`
	Outcome        string    `json:"outcome,omitempty"` // the operator's words on closing
}

// Merge takes over the instants of b that a does not have yet and reports
// whether anything was new. The first answer stands.
func (a *Answers) Merge(b Answers) bool {
	before := *a
	if a.ReceivedAt.IsZero() && !b.ReceivedAt.IsZero() {
		a.ReceivedAt, a.ReceivedBy = b.ReceivedAt, b.ReceivedBy
	}
	if a.AcknowledgedAt.IsZero() && !b.AcknowledgedAt.IsZero() {
		a.AcknowledgedAt, a.AcknowledgedBy = b.AcknowledgedAt, b.AcknowledgedBy
	}
	if a.ClosedAt.IsZero() && !b.ClosedAt.IsZero() {
		a.ClosedAt, a.ClosedBy, a.Outcome = b.ClosedAt, b.ClosedBy, b.Outcome
	}
	return *a != before
}

// AlarmID derives an alarm's name from what raised it, so that redelivery,
// recovery and resending all name the same alarm. The kind is part of it
// because one message of a combined detector can raise smoke and carbon
// monoxide in the same room at the same instant.
//
// The name is 26 characters of [a-z2-7].
func AlarmID(dwelling string, rule Rule, kind Kind, room string, onset time.Time) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{
		dwelling, string(rule), string(kind), room, strconv.FormatInt(onset.UnixNano(), 10),
	}, "\x00")))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}

// MoreUrgent orders open alarms by what needs somebody first, for slices.SortFunc:
// real ones before drills; those that go on before those whose condition is over;
// then by the rule's priority, those that nobody has acknowledged before the
// others, and by age.
func MoreUrgent(a, b Alarm) int {
	last := func(is bool) int {
		if is {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(last(a.Drill), last(b.Drill)),
		cmp.Compare(last(!a.RestoredAt.IsZero()), last(!b.RestoredAt.IsZero())),
		cmp.Compare(a.Rule.Priority(), b.Rule.Priority()),
		cmp.Compare(last(!a.AcknowledgedAt.IsZero()), last(!b.AcknowledgedAt.IsZero())),
		a.RaisedAt.Compare(b.RaisedAt),
		cmp.Compare(a.ID, b.ID),
	)
}
