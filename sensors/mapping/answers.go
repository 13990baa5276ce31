package mapping

import (
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
)

// Which questions of others the household's own entries answer. A decoder that
// finds a property only the household can explain tells a fault, and says
// it again with each list of its bridge; the entry for it is the answer.

// answersOf are the properties that the household's entries are about, by
// sensor, as far as the topic alone tells the sensor.
func (h *Home) answersOf() map[string][]string {
	all := map[string][]string{}
	for i := range h.entries {
		e := &h.entries[i]
		if e.Ready != "" || e.NeedsMapping || !e.fromTopic {
			continue
		}
		for _, f := range e.filters {
			if !strings.ContainsAny(f.text, "+#") {
				s, _ := h.sensorOf(e, f.text, nil, nil)
				all[s.ID] = append(all[s.ID], e.property(f.text))
			}
		}
	}
	return all
}

// property is the name of what the entry looks at, as other decoders call it:
// the first key of its path, or the last level of a topic of its own.
func (e *entry) property(topic string) string {
	for _, steps := range e.path {
		return steps[0].key
	}
	return topic[strings.LastIndexByte(topic, '/')+1:]
}

// answered notes that an entry of the household spoke of a sensor.
func (in *hearing) answered(sensor string, e *entry) {
	if !in.native(in.m.Topic) { // what was asked here was asked by a ready mapping
		in.heard.Cleared = append(in.heard.Cleared, in.fault(ucare.FaultNeedsMapping, sensor, ""))
	}
	property, known := clip(e.property(in.m.Topic)), in.Answered[sensor]
	if slices.Contains(known, property) || len(known) >= maxBad || known == nil && len(in.Answered) >= maxRemembered {
		return
	}
	in.Answered[sensor] = append(known, property)
}

// Answers implements sensors.Answerer. The questions of a fault stand behind each
// other, "action (single, double): …; vibration: …", each with its property first.
func (h *Home) Answers(f ucare.Fault) (left ucare.Fault, open bool) {
	if f.Dwelling != h.home.Dwelling || f.Code != ucare.FaultNeedsMapping {
		return f, true
	}
	known := slices.Concat(h.answers[f.Subject], h.Answered[f.Subject])
	questions := slices.DeleteFunc(strings.Split(f.Detail, "; "), func(question string) bool {
		end := strings.IndexAny(question+" ", " :(")
		return slices.Contains(known, question[:end])
	})
	f.Detail = strings.Join(questions, "; ")
	return f, len(questions) > 0
}
