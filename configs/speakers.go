package configs

import (
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// A Speaker is a siren, a speaker or a lamp in the home that is told, on its own
// topic and in its own words, when a pre-alarm or an alarm begins, and when there
// is quiet again. A payload that is empty is not sent.
type Speaker struct {
	Topic    string `yaml:"topic"`
	PreAlarm string `yaml:"prealarm,omitempty"`
	Alarm    string `yaml:"alarm,omitempty"`
	Quiet    string `yaml:"quiet,omitempty"`
	// Rules are those that it sounds for. Nothing is said: all but help, because
	// who calls for help wants to hear the voice of whoever answers, and may have
	// reasons to be quiet. A drill of any rule sounds shortly as a pre-alarm.
	Rules []string `yaml:"rules,omitempty"`
}

// loud are the rules that a speaker sounds for when nothing is said.
var loud = []ucare.Rule{ucare.Fire, ucare.Inactivity, ucare.Fall}

// LoudRules are the rules that a siren sounds for when nothing is said.
func LoudRules() []ucare.Rule { return slices.Clone(loud) }

// Away is how long a word about the resident being away is believed.
type Away struct {
	AtMost time.Duration `yaml:"at_most"`
}

// speakers checks the speakers of a home. Two homes, or two entries, cannot share
// one: the one's quiet would end the other's alarm.
func (c *checker) speakers(home string, speakers []Speaker, topics seen) {
	for i := range speakers {
		s, path := &speakers[i], at(home+".speakers", i)
		c.speakerTopic(path+".topic", s.Topic, topics)
		if s.PreAlarm == "" && s.Alarm == "" {
			c.add(path, "", `says neither prealarm nor alarm: write the payload that makes it sound, such as alarm: '{"warning":{"mode":"emergency"}}'`)
		}
		if s.Quiet == "" {
			c.add(path+".quiet", "", `is missing: write the payload that ends the sound, such as '{"warning":{"mode":"stop"}}'`)
		}
		once := seen{}
		for j, rule := range s.Rules {
			key := at(path+".rules", j)
			if !slices.Contains(routed, ucare.Rule(rule)) {
				c.add(key, rule, "is not a rule: there are %s", ruleNames())
				continue
			}
			c.once(once, key, rule, takeOneOut)
		}
		if len(s.Rules) == 0 {
			for _, rule := range loud {
				s.Rules = append(s.Rules, string(rule))
			}
		}
	}
}

func (c *checker) speakerTopic(path, topic string, topics seen) {
	switch err := checkTopic(topic); {
	case topic == "":
		c.add(path, "", "is missing: write where the device takes commands, such as zigbee2mqtt/siren/set")
	case err != nil:
		c.add(path, topic, "%v", err)
	case within(topic, "ucare"):
		c.add(path, topic, "is where sensors speak to us: write where the device takes commands, such as zigbee2mqtt/siren/set")
	default:
		c.once(topics, path, topic, "a speaker has one entry")
	}
}
