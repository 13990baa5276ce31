package configs

import (
	"slices"
	"time"
)

// A Mapping says what a device's messages mean that nothing else decodes; see
// docs/mappings.md. It either uses a ready mapping (Use, with Base in the place
// of its own base topics), or says for itself what one value means. The
// fields are those of sensors/mapping.Entry.
type Mapping struct {
	Use        string `yaml:"use,omitempty"`
	Base       string `yaml:"base,omitempty"`
	ListedOnly bool   `yaml:"listed_only,omitempty"`

	Topic  Values      `yaml:"topic,omitempty"`
	When   []Condition `yaml:"when,omitempty"`
	Each   string      `yaml:"each,omitempty"`
	Path   string      `yaml:"path,omitempty"`
	Kind   string      `yaml:"kind,omitempty"`
	Room   string      `yaml:"room,omitempty"`
	Sensor string      `yaml:"sensor,omitempty"`
	Model  string      `yaml:"model,omitempty"`

	On           Values        `yaml:"on,omitempty"`
	Off          Values        `yaml:"off,omitempty"`
	Drill        Values        `yaml:"drill,omitempty"`
	SaysNothing  Values        `yaml:"says_nothing,omitempty"`
	FoldCase     bool          `yaml:"fold_case,omitempty"`
	Unit         string        `yaml:"unit,omitempty"`
	Scale        Number        `yaml:"scale,omitempty"`
	Event        bool          `yaml:"event,omitempty"`
	Repeats      bool          `yaml:"repeats,omitempty"`
	Fresh        bool          `yaml:"fresh,omitempty"`
	ClearAfter   time.Duration `yaml:"clear_after,omitempty"`
	At           string        `yaml:"at,omitempty"`
	Bridge       bool          `yaml:"bridge,omitempty"`
	NeedsMapping bool          `yaml:"needs_mapping,omitempty"`
}

// A Condition holds when what stands at Path is one of Is, or none of IsNot.
// It is a list entry and not a key, because keys lose their capitals.
type Condition struct {
	Path  string `yaml:"path"`
	Is    Values `yaml:"is,omitempty"`
	IsNot Values `yaml:"is_not,omitempty"`
}

// A MappingInForce is one mapping of a home with its base written out.
type MappingInForce struct {
	Mapping
	Ready string // the ready mapping that it is from; "" is the household's own
}

// MappingsInForce are the mappings of the home with that index, the ready ones
// written out: the household's own first.
func (g *Gateway) MappingsInForce(home int) []MappingInForce {
	return mappingsInForce(g.Dwellings[home].Mappings)
}

func mappingsInForce(written []Mapping) []MappingInForce {
	var own, ready []MappingInForce
	for _, m := range written {
		if m.Use == "" {
			own = append(own, MappingInForce{Mapping: m})
			continue
		}
		for _, base := range m.bases() {
			for _, entry := range readyMappings()[m.Use].Mappings {
				entry.Base, entry.ListedOnly = base, m.ListedOnly
				ready = append(ready, MappingInForce{Mapping: entry, Ready: m.Use})
			}
		}
	}
	return append(own, ready...)
}

// QuietTopics are the filters of what the ready mappings of the home know to be
// of no interest.
func (g *Gateway) QuietTopics(home int) []string {
	var all []string
	for _, m := range g.Dwellings[home].Mappings {
		if m.Use == "" {
			continue
		}
		for _, base := range m.bases() {
			for _, filter := range readyMappings()[m.Use].Quiet {
				all = append(all, below(base, filter))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// bases are where a ready mapping listens.
func (m Mapping) bases() []string {
	if m.Base != "" {
		return []string{m.Base}
	}
	if ready := readyMappings()[m.Use]; len(ready.Bases) > 0 {
		return ready.Bases
	}
	return []string{""}
}

// filters are the topic filters of a mapping in force.
func (m MappingInForce) filters() []string {
	var all []string
	for _, topic := range m.Topic {
		all = append(all, below(m.Base, string(topic)))
	}
	return all
}

// below puts a topic below a base; either may be "".
func below(base, topic string) string {
	if base == "" || topic == "" {
		return base + topic
	}
	return base + "/" + topic
}
