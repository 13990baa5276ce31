package voice

import (
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

var urgent = time.Date(2026, 5, 4, 9, 30, 0, 0, time.UTC)

// An older person who hears "leave the home" may leave it, whatever was said before.
func TestADrillIsAnnouncedAsOneAndAsNothingElse(t *testing.T) {
	for _, rule := range []ucare.Rule{ucare.Fire, ucare.Help, ucare.Fall, ucare.Inactivity} {
		for _, verb := range []ucare.Verb{ucare.PreAlarm, ucare.Raise, ucare.Restore, ucare.Cancel} {
			key := "announce." + string(verb) + "." + string(rule)
			drill := textsFor(key, true)
			if drill["en"] != "This is only a drill. You do not have to do anything." || drill["ko"] != "지금은 훈련입니다. 아무것도 하지 않으셔도 됩니다." {
				t.Errorf("a drill of %s %s is announced as %q", rule, verb, drill)
			}
			if real := textsFor(key, false); strings.Contains(real["en"], "drill") || strings.HasPrefix(real["en"], "announce.") {
				t.Errorf("%s %s is announced as %q", rule, verb, real)
			}
		}
	}
}

func TestTheMostUrgentAlarmIsTold(t *testing.T) {
	paper := newPaperBroker()
	v, _ := aVoice(paper, "")
	v.Show(map[string]State{"home": {Alarms: []ucare.Alarm{
		{ID: "seen", Rule: ucare.Fire, RaisedAt: urgent, Answers: ucare.Answers{AcknowledgedAt: urgent}},
		{ID: "over", Rule: ucare.Fire, RaisedAt: urgent, RestoredAt: urgent},
		{ID: "new", Rule: ucare.Fire, RaisedAt: urgent.Add(1)},
	}}})
	state, _, _ := v.now("home")
	if len(state.Alarms) != 3 || state.Alarms[0].ID != "new" || state.Alarms[2].ID != "over" {
		t.Errorf("told in the order %+v", state.Alarms)
	}
}
