package voice

import (
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/language"
)

// An Announcement is what a speaker in the home may say. It is published on
// ucare/<dwelling>/gateway/announce.
type Announcement struct {
	At    time.Time         `json:"at"`
	Verb  string            `json:"verb"` // prealarm, raise, restore, cancel, acknowledged
	Rule  ucare.Rule        `json:"rule"`
	Room  string            `json:"room,omitempty"`
	Alarm string            `json:"alarm,omitempty"`
	Drill bool              `json:"drill,omitempty"`
	Texts map[string]string `json:"texts"` // by language
}

// verbAcknowledged is announced when an operator has taken an alarm.
const verbAcknowledged = "acknowledged"

// Decided announces what the resident should hear of a decision: faults and concerns
// are for the caregivers, a confirmation is for the centre.
func (v *Voice) Decided(d ucare.Decision) {
	switch d.Verb {
	case ucare.Confirm, ucare.TellFault, ucare.TellConcern, ucare.Settled:
		return
	case ucare.PreAlarm, ucare.Raise, ucare.Restore, ucare.Cancel:
	}
	v.announce(d.Dwelling, Announcement{
		At: d.At, Verb: string(d.Verb), Rule: d.Rule, Room: d.Room, Alarm: d.Alarm, Drill: d.Drill,
		Texts: textsFor("announce."+string(d.Verb)+"."+string(d.Rule), d.Drill),
	})
}

// Acknowledged tells the resident that help has heard.
func (v *Voice) Acknowledged(alarm ucare.Alarm) {
	v.announce(alarm.Dwelling, Announcement{
		At: alarm.AcknowledgedAt, Verb: verbAcknowledged, Rule: alarm.Rule, Room: alarm.Room, Alarm: alarm.ID,
		Drill: alarm.Drill, Texts: textsFor("announce."+verbAcknowledged, alarm.Drill),
	})
}

func (v *Voice) announce(dwelling string, said Announcement) {
	for _, t := range v.tellers {
		t.announce(announced{gatewayTopic(dwelling, "announce"), said})
	}
}

// textsFor is one text in every language. Of a drill nothing is said but that it
// is one: who hears that the home has to be left may do so.
func textsFor(key string, drill bool) map[string]string {
	if drill {
		key = "announce.drill"
	}
	texts := make(map[string]string)
	for _, l := range language.All() {
		texts[l.Tag()] = l.Text(key)
	}
	return texts
}
