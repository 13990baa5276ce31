package voice

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// This file says what the home is told, topic by topic: docs/home-topics.md.

// Online and Offline are what a status is, Home Assistant's as well as ours.
const Online, Offline = "online", "offline"

const (
	switchOn, switchOff = "ON", "OFF"
	// drillStands bounds how long a drill that nobody closes counts as an alarm of
	// the home: it must not hide that the next one is real.
	drillStands = 10 * time.Minute
	// titlesMost bounds how many faults are told by name.
	titlesMost = 20
)

// A told is a state that a broker keeps for whoever begins to listen.
type told struct {
	topic   string
	payload string
}

// gatewayTopic is where the gateway tells a dwelling something about itself.
func gatewayTopic(dwelling, what string) string { return "ucare/" + dwelling + "/gateway/" + what }

// StatusTopic is where a dwelling is told whether the gateway watches over it.
func StatusTopic(dwelling string) string { return gatewayTopic(dwelling, "status") }

// The states of a dwelling, each on the topic of its name.
var stateTopics = []string{"status", "siren", "alarm", "prealarm", "away", "faults", "concerns", "last_sign"}

// topics are all on which something is kept about the dwelling.
func (h Home) topics() []string {
	var all []string
	for _, what := range stateTopics {
		all = append(all, gatewayTopic(h.Dwelling, what))
	}
	for _, prefix := range h.Prefixes {
		all = append(all, discoveryTopic(prefix, h.Dwelling))
	}
	return all
}

// told is everything that holds, the most urgent first.
func (h Home) told(s State, faults []ucare.Fault, now time.Time) []told {
	all := []told{
		h.state("status", Online),
		h.state("siren", string(soundOf(s, h.Siren, now))),
		h.entity("alarm", h.alarm(s, now)),
		h.entity("prealarm", h.preAlarm(s)),
		h.entity("away", awayEntity(s)),
		h.entity("faults", h.faults(faults)),
		h.entity("concerns", h.concerns(s)),
		h.entity("last_sign", lastSignEntity(s)),
	}
	for _, prefix := range h.Prefixes {
		all = append(all, told{discoveryTopic(prefix, h.Dwelling), h.announcement})
	}
	return all
}

func (h Home) state(what, payload string) told {
	return told{gatewayTopic(h.Dwelling, what), payload}
}

// An entity is a state with what else is known about it.
type entity struct {
	State      any `json:"state"`
	Attributes any `json:"attributes"`
}

func (h Home) entity(what string, e entity) told {
	payload, _ := json.Marshal(e) // texts, numbers and instants always marshal
	return h.state(what, string(payload))
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

func (h Home) alarm(s State, now time.Time) entity {
	stands := slices.DeleteFunc(slices.Clone(s.Alarms), func(a ucare.Alarm) bool {
		return a.Drill && now.Sub(a.RaisedAt) >= drillStands
	})
	if len(stands) == 0 {
		return entity{switchOff, none{}}
	}
	a := stands[0]
	return entity{switchOn, alarmAttributes{
		Rule: a.Rule, Kind: a.Kind, Room: a.Room, Since: a.Onset, Drill: a.Drill, Open: len(stands),
		Acknowledged: !a.AcknowledgedAt.IsZero(), Restored: !a.RestoredAt.IsZero(), Texts: h.AlarmTexts(a),
	}}
}

func (h Home) preAlarm(s State) entity {
	if len(s.PreAlarms) == 0 {
		return entity{switchOff, none{}}
	}
	p := s.PreAlarms[0]
	return entity{switchOn, alarmAttributes{
		Rule: p.Rule, Room: p.Room, Since: p.Since, Drill: p.Drill, Open: len(s.PreAlarms),
		Texts: textsFor("announce."+string(ucare.PreAlarm)+"."+string(p.Rule), p.Drill),
	}}
}

func awayEntity(s State) entity {
	if s.Away.Since.IsZero() {
		return entity{switchOff, none{}}
	}
	return entity{switchOn, map[string]time.Time{"since": s.Away.Since, "until": s.Away.Until}}
}

// faultAttributes are what does not work, in the language of the home.
type faultAttributes struct {
	Count  int      `json:"count"`
	Titles []string `json:"titles"` // the oldest ones
}

func (h Home) faults(faults []ucare.Fault) entity {
	about := faultAttributes{Titles: []string{}}
	for _, f := range faults {
		if f.Dwelling != "" && f.Dwelling != h.Dwelling {
			continue
		}
		if about.Count++; about.Count <= titlesMost {
			about.Titles = append(about.Titles, h.Language.Fault(f).Title)
		}
	}
	if about.Count == 0 {
		return entity{switchOff, about}
	}
	return entity{switchOn, about}
}

// concernAttributes are the concerns that stand, in the language of the home, the
// newest first.
type concernAttributes struct {
	Titles []string `json:"titles"`
}

// concerns counts what caregivers should look at. A drill is nothing to look at.
func (h Home) concerns(s State) entity {
	about, count := concernAttributes{Titles: []string{}}, 0
	for _, c := range slices.Backward(s.Concerns) {
		if c.Drill {
			continue
		}
		if count++; count <= titlesMost {
			about.Titles = append(about.Titles, h.ConcernText(c))
		}
	}
	return entity{count, about}
}

// lastSignEntity tells of signs of life by the minute: more often it is nobody's
// business, and a home with many sensors would talk all day.
func lastSignEntity(s State) entity {
	if s.LastSign.IsZero() {
		return entity{nil, none{}}
	}
	return entity{s.LastSign.UTC().Truncate(time.Minute), none{}}
}
