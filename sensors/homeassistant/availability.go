package homeassistant

import (
	"cmp"

	"github.com/ucare-project/ucare"
)

// An availability is one topic on which it is said whether an entity is there.
type availability struct {
	Topic    string      `json:"topic"`
	Template string      `json:"template,omitempty"`
	Yes      string      `json:"yes"`
	No       string      `json:"no"`
	State    ucare.State `json:"state,omitempty"`
	Latest   bool        `json:"latest,omitempty"` // it spoke last

	compiled *template
}

// availabilityOf reads both forms: one topic, or a list of them.
func availabilityOf(a announcement) []availability {
	var all []availability
	add := func(topic, template, yes, no string) {
		if topic != "" && len(topic) <= maxTopic && len(template) <= maxTemplate && canBeHeard(topic) && len(yes)+len(no) <= 2*maxNames && len(all) < maxAvailability {
			all = append(all, availability{Topic: topic, Template: template, Yes: yes, No: no})
		}
	}
	if topic := a.text("availability_topic"); topic != "" {
		add(topic, a.text("availability_template"), a.textOr("payload_available", "online"), a.textOr("payload_not_available", "offline"))
		return all
	}
	for _, one := range a.list("availability") {
		if o, is := one.(map[string]any); is {
			of := announcement(o)
			add(of.text("topic"), cmp.Or(of.text("value_template"), of.text("availability_template")),
				of.textOr("payload_available", "online"), of.textOr("payload_not_available", "offline"))
		}
	}
	return all
}

// hear takes a message on the topic. What is neither of the two payloads is not
// understood and changes nothing, as in Home Assistant.
func (a *availability) hear(m *said) (understood bool) {
	text := m.text
	if a.compiled != nil {
		rendered, err := a.compiled.run(m)
		if err != nil {
			return false
		}
		text = rendered
	} else if a.Template != "" {
		return false // it does not compile, which is told
	}
	switch fold(text) {
	case fold(a.Yes):
		a.State = ucare.Active
	case fold(a.No):
		a.State = ucare.Inactive
	default:
		return false
	}
	return true
}

// available is whether the entity is there, by those topics that count: those that it does not
// share with other devices.
func (e *entity) available(counts func(topic string) bool) ucare.State {
	yes, no, heard := false, false, false
	for _, a := range e.Available {
		if !counts(a.Topic) || a.State == ucare.Unknown {
			continue
		}
		if a.Latest && e.Mode == "latest" {
			return a.State
		}
		heard = true
		yes, no = yes || a.State == ucare.Active, no || a.State == ucare.Inactive
	}
	switch {
	case !heard:
		return ucare.Unknown
	case e.Mode == "any":
		return ucare.StateOf(yes)
	default:
		return ucare.StateOf(!no)
	}
}

// hearAvailability takes a message for those of the entity's availabilities that are on its topic.
func (e *entity) hearAvailability(topic string, m *said) {
	for i := range e.Available {
		if e.Available[i].Topic != topic || !e.Available[i].hear(m) {
			continue
		}
		for j := range e.Available {
			e.Available[j].Latest = i == j
		}
	}
}
