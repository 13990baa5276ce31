package voice

import (
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

func TestWhatSounds(t *testing.T) {
	now := time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)
	ago := func(d time.Duration, rule ucare.Rule) ucare.Alarm {
		return ucare.Alarm{Rule: rule, RaisedAt: now.Add(-d)}
	}
	with := func(a ucare.Alarm, change func(*ucare.Alarm)) ucare.Alarm {
		change(&a)
		return a
	}
	seen := func(a *ucare.Alarm) { a.AcknowledgedAt = now }
	gone := func(a *ucare.Alarm) { a.RestoredAt = now }
	drill := func(a *ucare.Alarm) { a.Drill = true }
	asked := []PreAlarm{{Rule: ucare.Inactivity}}
	for name, c := range map[string]struct {
		state State
		want  sound
	}{
		"nothing":                   {State{}, quiet},
		"a fire":                    {State{Alarms: []ucare.Alarm{ago(time.Minute, ucare.Fire)}}, soundAlarm},
		"a fire that was seen":      {State{Alarms: []ucare.Alarm{with(ago(time.Minute, ucare.Fire), seen)}}, quiet},
		"a fire that is out":        {State{Alarms: []ucare.Alarm{with(ago(time.Minute, ucare.Fire), gone)}}, quiet},
		"a fire of long ago":        {State{Alarms: []ucare.Alarm{ago(soundsFor, ucare.Fire)}}, quiet},
		"a call for help":           {State{Alarms: []ucare.Alarm{ago(0, ucare.Help)}}, quiet},
		"a pre-alarm":               {State{PreAlarms: asked}, soundPreAlarm},
		"a pre-alarm beside a fire": {State{PreAlarms: asked, Alarms: []ucare.Alarm{ago(0, ucare.Fire)}}, soundAlarm},
		"a pre-alarm of a drill": {
			State{PreAlarms: []PreAlarm{{Rule: ucare.Fall, Drill: true, Since: now}}}, soundPreAlarm,
		},
		"a pre-alarm of a drill, afterwards": {
			State{PreAlarms: []PreAlarm{{Rule: ucare.Fall, Drill: true, Since: now.Add(-drillSounds)}}}, quiet,
		},
		"a drill of help":             {State{Alarms: []ucare.Alarm{with(ago(0, ucare.Help), drill)}}, soundPreAlarm},
		"a drill of fire, afterwards": {State{Alarms: []ucare.Alarm{with(ago(drillSounds, ucare.Fire), drill)}}, quiet},
		"a drill does not hide a fire": {
			State{Alarms: []ucare.Alarm{with(ago(0, ucare.Help), drill), ago(0, ucare.Fire)}}, soundAlarm,
		},
	} {
		if got := soundOf(c.state, loud, now); got != c.want {
			t.Errorf("%s sounds %q, want %q", name, got, c.want)
		}
	}
	if got := soundOf(State{Alarms: []ucare.Alarm{ago(0, ucare.Help)}}, []ucare.Rule{ucare.Help}, now); got != soundAlarm {
		t.Errorf("a speaker that is to sound for help sounds %q", got)
	}
}

// A device without words for a sound must not go on with the one before.
func TestADeviceWithoutAPreAlarmFallsSilent(t *testing.T) {
	s := Speaker{Alarm: "howl", Quiet: "hush"}
	if got := commandFor(s, soundPreAlarm, soundAlarm); got != "hush" {
		t.Errorf("from alarm to pre-alarm it is told %q", got)
	}
	if got := commandFor(s, soundPreAlarm, quiet); got != "" {
		t.Errorf("from quiet to pre-alarm it is told %q", got)
	}
}
