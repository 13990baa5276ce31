package rules

import (
	"iter"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// LearnFrom is how many days of history a profile is learned from.
const LearnFrom = 28

// A Profile is what the history knows about a resident's days.
type Profile struct {
	// Days is how many days it was learned from; 0: nothing is known.
	Days int `json:"days,omitempty"`
	// At is when it was learned. It makes nothing due before that.
	At time.Time `json:"at,omitzero"`
	// Silences are how long silences last, by where they begin: anywhere, in bed, on a
	// seat, up and about.
	Silences [places]Usual `json:"silences,omitzero"`
	// Outing is how long the usual longest absence is that began at the front door; 0
	// where none was seen.
	Outing time.Duration `json:"outing,omitempty"`
	// Kitchen is the time since midnight by which somebody is usually in the kitchen; 0: not
	// each day.
	Kitchen time.Duration `json:"kitchen,omitempty"`
	// Rooms are the rooms in which the resident was noticed, sorted by name.
	Rooms []RoomHabit `json:"rooms,omitempty"`
}

// Usual is how long silences of one place last, by the half hour in which they begin
// and counted from its beginning.
type Usual struct {
	Longest Clock `json:"longest,omitzero"` // the usual longest one
	Limit   Clock `json:"limit,omitzero"`   // what is longer than this is not usual
}

// A RoomHabit is how long the resident usually stays in a room: from the first sign
// of life there to the first one elsewhere.
type RoomHabit struct {
	Room    string        `json:"room"`
	Visits  int           `json:"visits"`
	Longest time.Duration `json:"longest"` // the usual longest one
	Most    time.Duration `json:"most"`    // the longest one, another one apart
}

const (
	slots      = 48 // half hours of a day
	slotLength = 24 * time.Hour / slots
	clockStep  = 5 * time.Minute
)

// A Clock has a length of time for each half hour of the day, in steps of five minutes;
// 0 where none is known.
type Clock [slots]uint8

// Of is the length for the half hour.
func (c *Clock) Of(slot int) time.Duration { return time.Duration(c[slot]) * clockStep }

// set notes a length, rounded up to the next step.
func (c *Clock) set(slot int, d time.Duration) {
	c[slot] = uint8(min((d+clockStep-1)/clockStep, 255))
}

const hexDigits = "0123456789abcdef"

// MarshalText writes two hexadecimal digits for each half hour.
func (c Clock) MarshalText() ([]byte, error) {
	text := make([]byte, 0, 2*slots)
	for _, v := range c {
		text = append(text, hexDigits[v>>4], hexDigits[v&15])
	}
	return text, nil
}

// UnmarshalText reads what MarshalText writes. What is no digit is a 0: nothing is known.
func (c *Clock) UnmarshalText(text []byte) error {
	*c = Clock{}
	for i := range min(len(text)/2, slots) {
		c[i] = digit(text[2*i])<<4 | digit(text[2*i+1])
	}
	return nil
}

func digit(b byte) uint8 { return uint8(max(0, strings.IndexByte(hexDigits, b))) }

// slot is the half hour of the wall clock in which t is, and when it began.
func (p *Policy) slot(t time.Time) (begin time.Time, slot int) {
	local := t.In(p.location())
	minutes := local.Hour()*60 + local.Minute()
	into := time.Duration(minutes%30)*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
	return t.Add(-into), minutes / 30
}

// learnedDays is how many days must have been seen before a profile decides anything.
const learnedDays = 2

// learned reports whether enough was seen to decide by it.
func (pr *Profile) learned() bool { return pr.Days >= learnedDays }

// limit is what is longer than any usual silence; unknown where none was seen.
func (pr *Profile) limit(at place, slot int) (limit time.Duration, known bool) {
	limit = pr.Silences[at].Limit.Of(slot)
	if limit == 0 {
		limit = pr.Silences[anywhere].Limit.Of(slot)
	}
	return limit, limit != 0
}

func (pr *Profile) usual(at place, slot int) time.Duration {
	if pr.Silences[at].Limit[slot] == 0 {
		at = anywhere
	}
	return pr.Silences[at].Longest.Of(slot)
}

// outingLimit is what is longer than any usual outing, by a quarter.
func (pr *Profile) outingLimit() time.Duration { return pr.Outing * 5 / 4 }

func (pr *Profile) shift(by time.Duration) { pr.At = moved(pr.At, by) }

// Learns reports whether readings of a kind can teach anything.
func Learns(k ucare.Kind) bool {
	switch k {
	case ucare.Motion, ucare.Presence, ucare.Door, ucare.Bed, ucare.Seat, ucare.Use, ucare.HelpButton, ucare.Away:
		return true
	default:
		return false
	}
}

// LearnProfile learns from one dwelling's readings of the LearnFrom days before now,
// in the order of time; it passes over others. An error is one of reading them.
func (p *Policy) LearnProfile(readings iter.Seq2[ucare.Reading, error], now time.Time) (Profile, error) {
	l, from := newLessons(p), now.AddDate(0, 0, -LearnFrom)
	for r, err := range readings {
		if err != nil {
			return Profile{}, err
		}
		if !r.At.Before(from) && !r.At.After(now) {
			l.hear(r)
		}
	}
	return l.profile(instant(now)), nil
}
