package rules

import (
	"cmp"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A press raises at once: no pre-alarm, no confirmation. The alarm
// latches; only the centre ends it.
//
// Each button has its own episode, from the press that raised to the centre's
// acknowledgement. While nobody has acknowledged, the alarm escalates, and
// further presses add nothing. Afterwards a press is a new call for help and
// raises a new alarm; it is never swallowed.
//
// One press can arrive twice (zigbee2mqtt publishes it as JSON and again on
// /action; a broker redelivers), which is why presses within SamePress are one.
// 10 s is the upper end of the 5 to 10 s in use. It is counted from the last
// press that was not taken for such a duplicate, so someone who presses again
// and again is heard at the latest after 10 s.
//
// A drill counts as answered at once: nobody needs to come, the centre may never
// answer it, and who tries the button again wants to see another drill.
//
// A press of unknown age (retained, re-published) never raises: nobody knows
// from which day it is. It is reported as a fault, for a human to look.
//
// Two buttons are two episodes: the second one may be pulled in another room,
// and it says where the resident is now.

// HelpPolicy is how presses are told apart.
type HelpPolicy struct {
	// SamePress is how long after a press another one is taken for its duplicate.
	SamePress time.Duration
}

// HelpState is what is remembered of the help buttons.
type HelpState struct {
	Buttons []Button `json:"buttons,omitempty"` // sorted by sensor, drill
}

// A Button is one help button. Its drills are kept apart.
type Button struct {
	Sensor string `json:"sensor"`
	Drill  bool   `json:"drill,omitempty"`
	Room   string `json:"room,omitempty"`
	// Alarm is the last alarm, and Answered whether the centre has acknowledged
	// or closed it.
	Alarm    string `json:"alarm,omitempty"`
	Answered bool   `json:"answered,omitempty"`
	// Pressed is when the last press was heard that was not a duplicate.
	Pressed time.Time `json:"pressed,omitzero"`
	// On is the time in which the presses of the last alarm were made, and Count
	// how many they were. One from that time that arrives later is a duplicate.
	On    Span `json:"on,omitzero"`
	Count int  `json:"count,omitempty"`
}

func (p *Policy) observeHelp(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	if r.State != ucare.Active {
		return to
	}
	if r.UnknownAge {
		return append(to, ucare.Decision{
			At: now, Dwelling: s.Dwelling, Rule: ucare.Help, Verb: ucare.TellFault, Room: kept(r.Room), Kind: ucare.HelpButton,
			UnknownAge: true, Drill: r.Drill,
			Because: because(ucare.FactPressed, kept(r.Sensor), kept(r.Room), ucare.HelpButton, time.Time{}, true, r.Drill),
		})
	}
	b := s.Help.button(r)
	at := observedAt(r, now)
	if b.Alarm != "" && !b.Answered && !b.Drill {
		b.count(at, now)
		return to
	}
	if since := now.Sub(b.Pressed); since >= 0 && since < p.Help.SamePress || b.On.covers(at) {
		return to
	}
	var onset time.Time
	b.Alarm, onset = s.name(ucare.Help, ucare.HelpButton, b.Room, at)
	b.Answered, b.On, b.Count = false, Span{}, 0
	b.count(at, now)
	return append(to, ucare.Decision{
		At: now, Dwelling: s.Dwelling, Rule: ucare.Help, Verb: ucare.Raise, Room: b.Room, Kind: ucare.HelpButton,
		Alarm: b.Alarm, Onset: onset, Drill: r.Drill,
		Because: because(ucare.FactPressed, b.Sensor, b.Room, ucare.HelpButton, at, false, r.Drill),
	})
}

func (b *Button) count(at, now time.Time) {
	b.Pressed, b.On, b.Count = now, b.On.with(at), b.Count+1
}

func (h *HelpState) answer(alarm string) {
	for i := range h.Buttons {
		if b := &h.Buttons[i]; b.Alarm == alarm {
			b.Answered = true
		}
	}
}

// shift moves what is measured; see FireState.shift for the spans.
func (h *HelpState) shift(by time.Duration) {
	for i := range h.Buttons {
		b := &h.Buttons[i]
		b.Pressed = moved(b.Pressed, by)
		if by < 0 {
			b.On = Span{}
		}
	}
}

// button finds the button of the reading, or begins to remember it.
func (h *HelpState) button(r *ucare.Reading) *Button {
	i, ok := slices.BinarySearchFunc(h.Buttons, r.Sensor, func(b Button, sensor string) int {
		if c := cmp.Compare(b.Sensor, sensor); c != 0 || b.Drill == r.Drill {
			return c
		}
		if r.Drill {
			return -1
		}
		return +1
	})
	if !ok {
		h.Buttons = slices.Insert(h.Buttons, i, Button{Sensor: kept(r.Sensor), Drill: r.Drill})
	}
	b := &h.Buttons[i]
	if b.Room != r.Room {
		b.Room = kept(r.Room)
	}
	return b
}
