package supervision

import (
	"encoding/json"
	"fmt"
	"time"
)

// Method. Of each sensor, each bridge's radio and each home we keep the longest
// silence of each of the last 14 days on which it was heard (UTC days; a few
// bytes). Its usual silence is the second longest of them: one outage, an empty
// battery that was replaced, teaches nothing. It is silent when it was quiet for
//
//	twice its usual silence,         so that one lost report is no fault,
//	but at least 1 h,                so that a router may restart,
//	at most 26 h more than usual,    so that a rare speaker is missed in time,
//	at least 26 h, if the usual silence is over 8 h or not known yet.
//
// Sources of the figures: a battery device wakes once a day and drifts
// (24 h 20 min, openhab-addons issue 17767), Zigbee2MQTT calls a battery device
// offline after 25 h and an active one after 10 min (its documentation of
// availability), Shelly's smoke detector wakes every 24 h. The usual silence is
// known after three whole days, which is on the fourth.
//
// A sensor whose usual silence is over 3 days speaks only when something happens
// (a 433 MHz door contact of a balcony). No silence of it means anything, so
// none is told; that nobody would notice its death is told instead.
//
// Time in which nothing could be heard is taken off the silence. By then a
// report may have been lost; twice the usual silence allows for that. As long as the
// usual silence is not known the silence starts anew.

const (
	leastSilence = instant(60 * 60)
	mostMore     = instant(26 * 60 * 60)
	dailyWaker   = instant(26 * 60 * 60) // the least for who speaks about once a day
	rareFrom     = instant(8 * 60 * 60)  // a usual silence over this belongs to a daily waker
	noHeartbeat  = instant(3 * 24 * 60 * 60)

	daysKept  = 14 // heard days that are remembered
	daysKnown = 4  // of them, for the usual silence to be known: the first and the last are not whole
)

// An instant is a time in whole seconds since 1970, or a length of time in
// seconds. It is what the memory is made of: small, and the same after a round
// trip through JSON. Zero is never.
type instant int64

func instantOf(t time.Time) instant {
	if t.IsZero() {
		return 0
	}
	return instant(t.Unix())
}

func seconds(d time.Duration) instant { return instant(d / time.Second) }

func (i instant) time() time.Time {
	if i == 0 {
		return time.Time{}
	}
	return time.Unix(int64(i), 0).UTC()
}

func (i instant) duration() time.Duration { return time.Duration(i) * time.Second }

func (i *instant) shift(by instant) {
	if *i != 0 {
		*i += by
	}
}

// A voice is something that is heard now and then.
type voice struct {
	Since instant `json:"since,omitempty"` // expected from then on
	Heard instant `json:"heard,omitempty"` // last; 0: never
	Deaf  instant `json:"deaf,omitempty"`  // seconds since then in which it could not be heard
	Habit habit   `json:"habit,omitzero"`
}

// from is when the silence began.
func (v *voice) from() instant { return max(v.Since, v.Heard) }

// speaks notes that it was heard at an instant, and learns from the silence
// before. It reports whether that is news.
func (v *voice) speaks(at instant) bool {
	if at <= v.Heard {
		return false
	}
	day := int32(at / (24 * 60 * 60))
	if v.Heard == 0 || v.Deaf > 0 {
		v.Habit.learn(day, 0)
	} else {
		v.Habit.learn(day, at-v.Heard)
	}
	v.Heard, v.Deaf = at, 0
	return true
}

// quiet is for how long nothing was heard that could have been.
func (v *voice) quiet(now instant) instant { return max(0, now-v.from()-v.Deaf) }

// deaf takes off a time in which it could not be heard.
func (v *voice) deaf(from, to instant) {
	from = max(from, v.from())
	if v.from() == 0 || to <= from {
		return
	}
	v.Deaf += to - from
	if _, known := v.Habit.usual(); !known {
		v.anew(to)
	}
	v.Deaf = min(v.Deaf, to-v.from())
}

// anew lets the silence begin now.
func (v *voice) anew(now instant) { v.Deaf = max(v.Deaf, now-v.from()) }

// limit is how long it may be quiet.
func (v *voice) limit() instant {
	usual, known := v.Habit.usual()
	if !known {
		return dailyWaker
	}
	limit := max(min(2*usual, usual+mostMore), leastSilence)
	if usual > rareFrom {
		limit = max(limit, dailyWaker)
	}
	return limit
}

// overdue is when it will have been quiet for that long.
func (v *voice) overdue(quiet instant) instant { return v.from() + v.Deaf + quiet }

func (v *voice) shift(by instant) {
	v.Since.shift(by)
	v.Heard.shift(by)
}

// A habit is the longest silence of each of the last days on which something
// was heard, the newest first, in minutes.
type habit struct {
	Day     int32 // of the newest, since 1970
	Days    uint8 // how many there are
	Longest [daysKept]uint16
}

// learn takes in a silence that ended on a day.
func (h *habit) learn(day int32, silence instant) {
	if day != h.Day || h.Days == 0 {
		copy(h.Longest[1:], h.Longest[:])
		h.Longest[0] = 0
		h.Day, h.Days = day, min(daysKept, h.Days+1)
	}
	minutes := min((silence+59)/60, 1<<16-1)
	h.Longest[0] = max(h.Longest[0], uint16(minutes))
}

// usual is the second longest silence, and whether enough was heard to know.
func (h *habit) usual() (instant, bool) {
	_, second := h.twoLongest()
	return second, h.Days >= daysKnown
}

// longest is the longest silence of all, and whether enough was heard to know.
func (h *habit) longest() (instant, bool) {
	first, _ := h.twoLongest()
	return first, h.Days >= daysKnown
}

func (h *habit) twoLongest() (first, second instant) {
	for _, minutes := range h.Longest[:h.Days] {
		d := instant(minutes) * 60
		first, second = max(first, d), max(second, min(first, d))
	}
	return first, second
}

// MarshalJSON writes the day and the silences that there are: [20516,12,240,9].
func (h habit) MarshalJSON() ([]byte, error) {
	out := []int32{h.Day}
	for _, m := range h.Longest[:h.Days] {
		out = append(out, int32(m))
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (h *habit) UnmarshalJSON(data []byte) error {
	var in []int32
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if len(in) == 0 || len(in) > 1+daysKept {
		return fmt.Errorf("%d numbers are no habit", len(in))
	}
	*h = habit{Day: in[0], Days: uint8(len(in) - 1)}
	for i, m := range in[1:] {
		h.Longest[i] = uint16(m)
	}
	return nil
}

// IsZero is for omitzero: nothing was learned yet.
func (h habit) IsZero() bool { return h.Days == 0 }
