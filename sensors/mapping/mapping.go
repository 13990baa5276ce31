// Package mapping decodes messages as the household says: which topics, where
// in the payload the value stands, and what each value means.
//
// It is for everything that no package of its own decodes, and for correcting
// what one does: rtl_433, Homie, Homematic, LoRaWAN, an old alarm panel, a
// script. An [Entry] is one sentence of the household: "on this topic the value at
// this path is the smoke detector's; true is smoke, false is none". Entries come
// from the configuration: the household's own first, then those of ready
// mappings (configs/mappings).
//
// A value that an entry does not list is unknown, and unknown is a visible
// fault, never "off". What was delivered from a broker's store, or bears a time
// that is long past, is old news.
package mapping

import (
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// An Entry says what one value means. The texts Path, Each, At, Sensor, Model
// and those of Condition are in the small languages of path.go and names.go.
type Entry struct {
	// Base is a topic filter that goes before Topics; "" is nothing.
	Base string
	// Topics are topic filters. Their wildcards, but not those of Base, are {1},
	// {2} … in names. "" is the base itself.
	Topics []string
	// When are conditions on the payload; the entry applies when all hold.
	When []Condition
	// Each is the path of an array: the entry is about each of its elements,
	// and the other paths begin in the element.
	Each string
	// Path is where the value stands in a JSON payload; "" is the whole payload
	// as text. Where there is nothing at Path the entry does not apply.
	Path string

	Kind   ucare.Kind
	Room   string // "": from the configuration or from the name
	Sensor string // "": from the topic
	Model  string

	// On, Off, Drill and SaysNothing are the values, compared as texts or as
	// numbers: active, inactive, a test press, and known to mean nothing. "*" is
	// any value that no other list has.
	On, Off, Drill, SaysNothing []string
	// FoldCase makes True the same as true.
	FoldCase bool
	// Unit makes the value a measurement: "°C", "°F" (becomes °C), "ppm", "%/m",
	// "% LEL" for gas, and "%" for a battery. Scale multiplies it; 0 is 1.
	Unit  string
	Scale float64

	// Event: each message is something that happened, such as a press. Without
	// values in On every message is one.
	Event bool
	// Repeats: the device says the same again and again, and only a change is
	// news. A state with values for on and off is taken so, unless it is Fresh: then
	// each message is news, such as each trip of a motion sensor that tells its end too.
	Repeats, Fresh bool
	// ClearAfter ends what an Event began when nothing more comes for so long;
	// 0 is never. For detectors that do not say "clear".
	ClearAfter time.Duration
	// At is the path of a time: what is older than two minutes is old news.
	At string
	// Bridge: the reachability is that of a whole bridge.
	Bridge bool
	// NeedsMapping: only the household can say what the value means. It applies
	// when no other entry does.
	NeedsMapping bool
	// ListedOnly: sensors that the configuration does not list are passed over.
	// For radio receivers, which hear the neighbours too.
	ListedOnly bool
	// Ready is the name of the ready mapping that the entry is from; "" is the
	// household's own, which goes first.
	Ready string
}

// A Condition is about one place in the payload. Without Is it only has to be
// there; with IsNot alone it may be absent.
type Condition struct {
	Path      string
	Is, IsNot []string
}

// A Home is the mappings of one dwelling. It implements sensors.Ecosystem,
// Listener, Ticker and Rememberer.
type Home struct {
	home    sensors.DwellingTopics
	entries []entry
	answers map[string][]string // properties by sensor
	memory
}

// entry is an Entry made ready to be used.
type entry struct {
	Entry
	filters                       []filter
	path, each, at                choice
	sensor, model                 template
	on, off, drill, nothing       values
	when                          []condition
	fromTopic, needsJSON, isState bool
}

type filter struct {
	text   string
	levels []string
	base   int // levels of the base
}

type condition struct {
	path      choice
	is, isNot values
}

// New returns the decoder of the entries for the dwelling. The household's own
// are asked first, otherwise the order is kept.
func New(entries []Entry, home sensors.DwellingTopics) *Home {
	h := &Home{home: home, memory: newMemory()}
	for _, e := range entries {
		h.entries = append(h.entries, ready(e))
	}
	slices.SortStableFunc(h.entries, func(a, b entry) int { return rank(a) - rank(b) })
	h.answers = h.answersOf()
	return h
}

// rank is the household's own entries, then ready ones, then those that only
// say that something needs a mapping.
func rank(e entry) int {
	switch {
	case e.NeedsMapping:
		return 2
	case e.Ready != "":
		return 1
	default:
		return 0
	}
}

// All returns the decoder of each dwelling that has entries, by its ID.
func All(c sensors.Config, entries map[string][]Entry) []sensors.Ecosystem {
	var all []sensors.Ecosystem
	for _, home := range c.Dwellings {
		if mine := entries[home.Dwelling]; len(mine) > 0 {
			all = append(all, New(mine, home))
		}
	}
	return all
}

// ready prepares an entry.
func ready(e Entry) entry {
	r := entry{
		Entry: e, path: parsePath(e.Path), each: parsePath(e.Each), at: parsePath(e.At),
		sensor: parseTemplate(e.Sensor), model: parseTemplate(e.Model),
		on: parseValues(e.On, e.FoldCase), off: parseValues(e.Off, e.FoldCase),
		drill: parseValues(e.Drill, e.FoldCase), nothing: parseValues(e.SaysNothing, e.FoldCase),
	}
	base := strings.TrimSuffix(e.Base, "/")
	for _, topic := range e.Topics {
		f := filter{text: topic}
		if base != "" {
			f = filter{text: strings.TrimSuffix(base+"/"+topic, "/"), base: 1 + strings.Count(base, "/")}
		}
		f.levels = strings.Split(f.text, "/")
		r.filters = append(r.filters, f)
	}
	for _, c := range e.When {
		r.when = append(r.when, condition{parsePath(c.Path), parseValues(c.Is, e.FoldCase), parseValues(c.IsNot, e.FoldCase)})
	}
	r.fromTopic = e.Sensor == "" || !r.sensor.ofPayload()
	r.needsJSON = e.Path != "" || e.Each != "" || len(e.When) > 0
	r.isState = !e.Event && !e.Fresh && e.Unit == "" && len(e.On) > 0 && len(e.Off) > 0
	return r
}

// Filters are the topic filters of all entries.
func (h *Home) Filters() []string {
	var all []string
	for _, e := range h.entries {
		for _, f := range e.filters {
			all = append(all, f.text)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// matches tells the levels that the wildcards of the entry's topic stand for,
// and the base as it is in this topic. got are the topic's levels.
func (e *entry) matches(got []string) (wild []string, base string, ok bool) {
	for _, f := range e.filters {
		if !f.matches(got) {
			continue
		}
		for i := f.base; i < len(f.levels); i++ {
			switch {
			case f.levels[i] == "#":
				wild = append(wild, strings.Join(got[min(i, len(got)):], "/"))
			case f.levels[i] == "+":
				wild = append(wild, got[i])
			}
		}
		return wild, strings.Join(got[:min(f.base, len(got))], "/"), true
	}
	return nil, "", false
}

// matches is sensors.Match on levels that were split before: each message is
// held against every entry.
func (f filter) matches(got []string) bool {
	if strings.HasPrefix(got[0], "$") && !strings.HasPrefix(f.levels[0], "$") {
		return false
	}
	for i, level := range f.levels {
		switch {
		case level == "#":
			return true
		case i == len(got):
			return false
		case level != "+" && level != got[i]:
			return false
		}
	}
	return len(got) == len(f.levels)
}
