package configs

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// The form of paths and names, as sensors/mapping reads them.
const (
	keyForm  = `[^.\[\]|{}]+`
	stepForm = `\["(?:[^"\\]|\\.)*"\]|\[(?:[0-9]+|\*|,)\]`
	onePath  = `(?:` + keyForm + `|` + stepForm + `)(?:\.` + keyForm + `|` + stepForm + `)*`
)

var (
	pathForm = regexp.MustCompile(`^` + onePath + `(?:\|` + onePath + `)*$`)
	nameForm = regexp.MustCompile(`^(?:[^{}]|\{` + onePath + `(?:\|` + onePath + `)*\})+$`)
	placeOf  = regexp.MustCompile(`[{|](-?[0-9]+)[|}]`)
)

// mappings checks the mappings of the home with that index.
func (c *checker) mappings(home string, homes []Dwelling, index int) {
	rooms := seen{}
	for _, room := range homes[index].Rooms {
		rooms[room.ID] = home
	}
	for i := range homes[index].Mappings {
		m, path := &homes[index].Mappings[i], at(home+".mappings", i)
		switch {
		case m.Use != "":
			c.use(path, m)
		case len(m.Topic) == 0:
			c.add(path+".topic", "", "is missing: write the topic, such as home/+/smoke, or use: with the name of a ready mapping (%s)", strings.Join(ReadyNames(), ", "))
		default:
			if m.Base != "" {
				c.add(path+".base", m.Base, "belongs to use: write it into topic")
			}
			c.entry(path, m, rooms)
		}
		for other := range index {
			c.apart(path, *m, homes[other].Mappings, at("dwellings", other))
		}
	}
}

// use checks a line that takes a ready mapping.
func (c *checker) use(path string, m *Mapping) {
	if _, known := ReadyMapping(m.Use); !known {
		hint := "there are " + strings.Join(ReadyNames(), ", ")
		if i := slices.IndexFunc(ReadyNames(), func(name string) bool { return alike(name, m.Use) }); i >= 0 {
			hint = fmt.Sprintf("write %q", ReadyNames()[i])
		}
		c.add(path+".use", m.Use, "is not a ready mapping: %s", hint)
		m.Use = ""
		c.problems.quiet(path)
		return
	}
	if m.Base != "" {
		if err := checkFilter(m.Base); err != nil {
			c.add(path+".base", m.Base, "%v", err)
		} else if strings.Contains(m.Base, "#") || strings.HasSuffix(m.Base, "/") {
			c.add(path+".base", m.Base, "is what stands before the topics: write it without # and without / at the end")
		}
	}
	for _, key := range keysOf(reflect.TypeFor[Mapping]()) {
		if !slices.Contains([]string{"use", "base", "listed_only"}, key) && c.doc.has(path+"."+key) {
			c.add(path+"."+key, "", "does not go with use: write an entry of your own with topic; it goes before the ready ones")
		}
	}
}

// entry checks one sentence about a value. rooms is nil in a ready mapping.
func (c *checker) entry(path string, m *Mapping, rooms seen) {
	for i, topic := range m.Topic {
		c.topicOf(at(path+".topic", i), string(topic), rooms == nil)
	}
	c.path(path+".path", m.Path)
	c.path(path+".each", m.Each)
	c.path(path+".at", m.At)
	for i, condition := range m.When {
		key := at(path+".when", i) + ".path"
		if condition.Path == "" {
			c.add(key, "", "is missing: write where in the payload to look, such as model")
		}
		c.path(key, condition.Path)
	}
	c.name(path+".sensor", m.Sensor, m.Topic)
	c.name(path+".model", m.Model, m.Topic)
	if m.Room != "" {
		c.known(path+".room", m.Room, rooms, "room of this dwelling")
	}
	if m.NeedsMapping {
		return
	}
	c.kindOf(path, m)
	c.lists(path, m)
	c.course(path, m)
}

func (c *checker) topicOf(path, topic string, isReady bool) {
	if isReady && topic == "" {
		return // the base itself
	}
	if err := checkFilter(topic); err != nil && !(isReady && strings.HasPrefix(topic, "$")) {
		c.add(path, topic, "%v", err)
	} else if topic == "#" || topic == "+/#" {
		c.add(path, topic, "is every topic: write where the device speaks, such as home/+/smoke")
	} else if within(topic, "ucare") {
		c.add(path, topic, "is where sensors speak to us directly, in our own form: it needs no mapping")
	}
}

func (c *checker) path(path, text string) {
	if text != "" && !pathForm.MatchString(text) {
		c.add(path, text, `is not a path: write for example a.b, a["b c"], a[0], a[*] or, with an alternative, a.b|c`)
	}
}

// name checks the template of a name, and that the topic has its wildcards.
func (c *checker) name(path, text string, topics Values) {
	if text == "" {
		return
	}
	if !nameForm.MatchString(text) {
		c.add(path, text, "is not a name: places to fill in are {1} for the first wildcard of the topic, {-1} for the last, and {a.b} for a path of the payload")
		return
	}
	wildcards := math.MaxInt
	for _, topic := range topics {
		wildcards = min(wildcards, strings.Count(string(topic), "+")+strings.Count(string(topic), "#"))
	}
	for _, place := range placeOf.FindAllStringSubmatch(text, -1) {
		if n, err := strconv.Atoi(place[1]); err == nil && (n == 0 || max(n, -n) > wildcards) {
			c.add(path, text, "uses {%d}: the topic has %d wildcards (+ and #)", n, wildcards)
		}
	}
}

// What the kinds are measured in; a battery and gas may be measured or be a contact.
var unitsOf = map[ucare.Kind][]string{
	ucare.Temperature: {"°C", "°F"}, ucare.SmokeDensity: {"%/m"}, ucare.CarbonMonoxideLevel: {"ppm"},
	ucare.Gas: {"% LEL"}, ucare.Battery: {"%"},
}

// detectors are the kinds whose active state is danger or a call for help.
var detectors = []ucare.Kind{
	ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas, ucare.WaterLeak, ucare.HelpButton, ucare.FallSensor,
}

// kindOf checks the kind and its unit.
func (c *checker) kindOf(path string, m *Mapping) {
	kind := ucare.Kind(m.Kind)
	units := unitsOf[kind]
	switch {
	case m.Kind == "":
		c.add(path+".kind", "", "is missing: write one of %s", kindNames())
	case !slices.Contains(mappable, kind):
		c.add(path+".kind", m.Kind, "is not a kind that can be mapped: write one of %s", kindNames())
	case m.Unit != "" && units == nil:
		c.add(path+".unit", m.Unit, "does not go with %s, which is on or off: write on and off", m.Kind)
	case m.Unit != "" && !slices.Contains(units, m.Unit):
		hint := "write %s"
		if kind == ucare.Battery {
			hint = "write %s, or on and off; volts do not say how much is left"
		}
		c.add(path+".unit", m.Unit, "is not a unit of %s: "+hint, m.Kind, quotedList(units))
	case m.Unit == "" && units != nil && kind != ucare.Battery && kind != ucare.Gas:
		c.add(path+".unit", "", "is missing: %s is measured in %s", m.Kind, quotedList(units))
	case m.Bridge && kind != ucare.Link:
		c.add(path+".bridge", "", "goes with kind: link only")
	}
	if m.Scale != 0 && m.Unit == "" {
		c.add(path+".scale", "", "goes with a unit only")
	}
}

// lists checks the lists of values.
func (c *checker) lists(path string, m *Mapping) {
	first := map[string]string{}
	for _, list := range []struct {
		key    string
		values Values
	}{{"on", m.On}, {"off", m.Off}, {"drill", m.Drill}, {"says_nothing", m.SaysNothing}} {
		for i, value := range list.values {
			key := at(path+"."+list.key, i)
			same := sameAs(value, m.FoldCase)
			if where, twice := first[same]; twice {
				c.add(key, string(value), "stands in %s already: a value has one meaning", where)
			}
			first[same] = list.key
			if value == "*" && (list.key == "on" || list.key == "drill") {
				c.add(key, "*", "would let anything at all raise: write the values; or, where each message is the alarm, event: true without on")
			} else if value == "*" && list.key == "off" && slices.Contains(detectors, ucare.Kind(m.Kind)) {
				c.add(key, "*", "would take whatever is not understood for safe: write the values that mean %s is over", m.Kind)
			}
		}
	}
	if m.Unit != "" && len(m.On)+len(m.Off)+len(m.Drill) > 0 {
		c.add(path+".unit", m.Unit, "makes it a measurement: leave on, off and drill out")
	}
	if len(m.Drill) > 0 && !slices.Contains(detectors, ucare.Kind(m.Kind)) {
		c.add(path+".drill", "", "is for detectors and help buttons: write says_nothing")
	}
}

// sameAs is the form in which two values are compared.
func sameAs(value Value, fold bool) string {
	text := string(value)
	if fold {
		text = strings.ToLower(text)
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return strconv.FormatFloat(n, 'g', -1, 64)
	}
	return text
}

// course checks whether it begins, ends and repeats in a way that can be.
func (c *checker) course(path string, m *Mapping) {
	kind := ucare.Kind(m.Kind)
	isDetector := slices.Contains(detectors, kind)
	switch {
	case m.Unit != "" || unitsOf[kind] != nil && kind != ucare.Battery:
		for _, key := range []string{"event", "repeats", "fresh"} {
			if m.Event && key == "event" || m.Repeats && key == "repeats" || m.Fresh && key == "fresh" {
				c.add(path+"."+key, "", "does not go with a measurement, which is news each time: leave it out")
			}
		}
	case m.Event && len(m.Off) > 0:
		c.add(path+".off", "", "does not go with event: an event has no end; leave event out, or off (says_nothing: for values that mean nothing)")
	case m.Fresh && (m.Event || m.Repeats):
		c.add(path+".fresh", "", "does not go with event or repeats: leave it out")
	case m.Event && m.Repeats:
		c.add(path+".repeats", "", "does not go with event: leave one of them out")
	case !m.Event && len(m.On) == 0 && len(m.Off) == 0 && len(m.Drill) == 0:
		c.add(path+".on", "", "is missing: write the values that mean %s, and under off those that mean not; event: true if each message is one", cmp.Or(m.Kind, "on"))
	case !m.Event && isDetector && len(m.On) == 0:
		c.add(path+".on", "", "is missing: write the values that mean %s; without them it never raises", m.Kind)
	case !m.Event && isDetector && len(m.Off) == 0:
		c.add(path+".off", "", "is missing: write the values that mean %s is over; or event: true, with clear_after, if the device never says so", m.Kind)
	}
	if m.ClearAfter == 0 {
		return
	}
	if !m.Event {
		c.add(path+".clear_after", writeDuration(m.ClearAfter), "goes with event: true only: a state ends with a value of off")
		return
	}
	c.between(path+".clear_after", m.ClearAfter, 10*time.Second, 48*time.Hour)
}

// apart checks that no message could belong to two homes.
func (c *checker) apart(path string, m Mapping, others []Mapping, home string) {
	for _, mine := range mappingsInForce([]Mapping{m}) {
		for _, other := range mappingsInForce(others) {
			for _, f := range mine.filters() {
				if slices.ContainsFunc(other.filters(), func(g string) bool { return overlap(f, g) }) {
					c.add(path, "", "hears %q, which %s maps too: each home needs topics of its own", f, home)
					return
				}
			}
		}
	}
}

// mappable are the kinds that a mapping can give: all but the samples of a wearable.
var mappable = []ucare.Kind{
	ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas, ucare.WaterLeak, ucare.HelpButton, ucare.FallSensor,
	ucare.Motion, ucare.Presence, ucare.Door, ucare.Bed, ucare.Seat, ucare.Use,
	ucare.Temperature, ucare.SmokeDensity, ucare.CarbonMonoxideLevel,
	ucare.Battery, ucare.Tamper, ucare.Mains, ucare.Link,
}

func kindNames() string {
	names := make([]string, len(mappable))
	for i, k := range mappable {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

func quotedList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = strconv.Quote(text)
	}
	return strings.Join(quoted, " or ")
}
