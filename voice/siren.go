package voice

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// A sound is what a siren or a speaker does.
type sound string

// The sounds.
const (
	quiet         sound = "off"
	soundPreAlarm sound = "prealarm" // "are you all right?"
	soundAlarm    sound = "alarm"
)

const (
	// soundsFor bounds a siren. Alarm systems sound for 4 to 15 minutes; after that
	// it tells nobody anything new, and drowns the voice of whoever calls.
	soundsFor = 15 * time.Minute
	// drillSounds is long enough to hear that the siren works, and too short to
	// be taken for the real thing.
	drillSounds = 10 * time.Second
	// soundAgain is how often a device is told to sound that may have stopped by
	// itself: many end a sound after a while.
	soundAgain = time.Minute
)

// soundOf is what sounds in the home for some rules. An alarm sounds until
// somebody has acknowledged it or its condition is gone; a pre-alarm until it is
// over; a drill of any rule for a moment, as a pre-alarm.
func soundOf(s State, rules []ucare.Rule, now time.Time) sound {
	heard := quiet
	for _, a := range s.Alarms {
		unanswered := a.AcknowledgedAt.IsZero() && a.RestoredAt.IsZero()
		age := now.Sub(a.RaisedAt)
		switch {
		case !unanswered:
		case a.Drill && age < drillSounds:
			heard = soundPreAlarm
		case !a.Drill && age < soundsFor && slices.Contains(rules, a.Rule):
			return soundAlarm
		}
	}
	for _, p := range s.PreAlarms {
		isTest := p.Drill && now.Sub(p.Since) < drillSounds
		if isTest || !p.Drill && slices.Contains(rules, p.Rule) {
			heard = soundPreAlarm
		}
	}
	return heard
}

// commandFor is what a device is sent to make the sound; "" is nothing. One that
// has no words for a sound must not go on with the one before.
func commandFor(s Speaker, want, before sound) string {
	command := map[sound]string{quiet: s.Quiet, soundPreAlarm: s.PreAlarm, soundAlarm: s.Alarm}[want]
	if command == "" && before != quiet {
		return s.Quiet
	}
	return command
}

// A sounding is what a device was last told, and when.
type sounding struct {
	sound sound
	at    time.Time
}

// due reports whether the device has to be told. Of one that was never told
// anything nobody knows what it does: a siren may still sound from before a
// restart.
func (b sounding) due(want sound, now time.Time) bool {
	return want != b.sound || want != quiet && now.Sub(b.at) >= soundAgain
}
