package gateway

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/language"
)

// This file says what the home is told, topic by topic: docs/home-topics.md.

const (
	switchOn, switchOff = "ON", "OFF"
	// drillStands bounds how long a drill that nobody closes counts as an alarm of
	// the home: it must not hide that the next one is real.
	drillStands = 10 * time.Minute
	// titlesMost bounds how many faults are told by name.
	titlesMost = 20
)

// A teller knows how to tell one dwelling about itself.
type teller struct {
	dwelling string
	several  bool     // the gateway watches over more than one
	prefixes []string // of Home Assistant's discovery
	speakers []configs.Speaker
	language language.Language
	location *time.Location
	version  string
	// announcement is what discovery() makes, once for all.
	announcement string
}

// A told is a state that a broker keeps for whoever begins to listen.
type told struct {
	topic   string
	payload string
}

// gatewayTopic is where the gateway tells a dwelling something about itself.
func gatewayTopic(dwelling, what string) string { return "ucare/" + dwelling + "/gateway/" + what }

// The states of a dwelling, each on the topic of its name.
var stateTopics = []string{"status", "siren", "alarm", "prealarm", "away", "faults", "last_sign"}

// topics are all on which something is kept about the dwelling.
func (t teller) topics() []string {
	var all []string
	for _, what := range stateTopics {
		all = append(all, gatewayTopic(t.dwelling, what))
	}
	for _, prefix := range t.prefixes {
		all = append(all, discoveryTopic(prefix, t.dwelling))
	}
	return all
}

// told is everything that holds, the most urgent first.
func (t teller) told(s homeState, faults []ucare.Fault, now time.Time) []told {
	all := []told{
		t.state("status", online),
		t.state("siren", string(soundOf(s, configs.LoudRules(), now))),
		t.entity("alarm", t.alarm(s, now)),
		t.entity("prealarm", t.preAlarm(s)),
		t.entity("away", awayEntity(s)),
		t.entity("faults", t.faults(faults)),
		t.entity("last_sign", lastSignEntity(s)),
	}
	for _, prefix := range t.prefixes {
		all = append(all, told{discoveryTopic(prefix, t.dwelling), t.announcement})
	}
	return all
}

func (t teller) state(what, payload string) told {
	return told{gatewayTopic(t.dwelling, what), payload}
}

// An entity is a state with what else is known about it.
type entity struct {
	State      any `json:"state"`
	Attributes any `json:"attributes"`
}

func (t teller) entity(what string, e entity) told {
	payload, _ := json.Marshal(e) // texts, numbers and instants always marshal
	return t.state(what, string(payload))
}

// none are the attributes of what does not hold.
type none struct{}

// alarmAttributes are what an alarm or a pre-alarm is about.
type alarmAttributes struct {
	Rule         ucare.Rule        `json:"rule"`
	Kind         ucare.Kind        `json:"kind,omitempty"`
	Room         string            `json:"room"`
	Since        time.Time         `json:"since"`
	Drill        bool              `json:"drill"`
	Acknowledged bool              `json:"acknowledged"`
	Restored     bool              `json:"restored"`
	Open         int               `json:"open"` // how many there are
	Texts        map[string]string `json:"texts"`
}

func (t teller) alarm(s homeState, now time.Time) entity {
	stands := slices.DeleteFunc(slices.Clone(s.alarms), func(a ucare.Alarm) bool {
		return a.Drill && now.Sub(a.RaisedAt) >= drillStands
	})
	if len(stands) == 0 {
		return entity{switchOff, none{}}
	}
	a := stands[0]
	return entity{switchOn, alarmAttributes{
		Rule: a.Rule, Kind: a.Kind, Room: a.Room, Since: a.Onset, Drill: a.Drill, Open: len(stands),
		Acknowledged: !a.AcknowledgedAt.IsZero(), Restored: !a.RestoredAt.IsZero(), Texts: reportTexts(t.location)(ucare.Raise, a),
	}}
}

func (t teller) preAlarm(s homeState) entity {
	if len(s.pending) == 0 {
		return entity{switchOff, none{}}
	}
	p := s.pending[0]
	return entity{switchOn, alarmAttributes{
		Rule: p.Rule, Room: p.Room, Since: p.Since, Open: len(s.pending),
		Texts: textsFor("announce."+string(ucare.PreAlarm)+"."+string(p.Rule), false),
	}}
}

func awayEntity(s homeState) entity {
	if s.away.Since.IsZero() {
		return entity{switchOff, none{}}
	}
	return entity{switchOn, map[string]time.Time{"since": s.away.Since, "until": s.away.Until}}
}

// faultAttributes are what does not work, in the language of the home.
type faultAttributes struct {
	Count  int      `json:"count"`
	Titles []string `json:"titles"` // the oldest ones
}

func (t teller) faults(faults []ucare.Fault) entity {
	about := faultAttributes{Titles: []string{}}
	for _, f := range faults {
		if f.Dwelling != "" && f.Dwelling != t.dwelling {
			continue
		}
		if about.Count++; about.Count <= titlesMost {
			about.Titles = append(about.Titles, t.language.Fault(f).Title)
		}
	}
	if about.Count == 0 {
		return entity{switchOff, about}
	}
	return entity{switchOn, about}
}

// lastSignEntity tells of signs of life by the minute: more often it is nobody's
// business, and a home with many sensors would talk all day.
func lastSignEntity(s homeState) entity {
	if s.lastSign.IsZero() {
		return entity{nil, none{}}
	}
	return entity{s.lastSign.UTC().Truncate(time.Minute), none{}}
}
