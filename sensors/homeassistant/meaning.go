package homeassistant

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/ucare-project/ucare"
)

// A meaning is what an entity says about one kind.
type meaning struct {
	kind    ucare.Kind
	how     how
	words   map[string]ucare.State // of an enum: the state of each of its words
	unclear string                 // why only the household can say what it means
}

// how what an entity says is read.
type how uint8

const (
	nothing   how = iota // not for us
	contact              // on or off
	enum                 // a word
	measured             // a number in the entity's unit
	percent              // a number, of a battery
	press                // momentary
	trouble              // on: something is wrong with the device
	reachable            // on: the device is connected
)

// classes are the device classes of binary_sensor with a meaning. On is active, as Home
// Assistant defines them: of a door that it is open, of a battery that it is low. Left out are those
// that say nothing of a person's safety or day: battery_charging, cold, light, lock, moving, plug, power,
// running, sound, update, vibration.
var classes = map[string]meaning{
	"smoke": {kind: ucare.Smoke, how: contact}, "heat": {kind: ucare.Heat, how: contact},
	"carbon_monoxide": {kind: ucare.CarbonMonoxide, how: contact}, "gas": {kind: ucare.Gas, how: contact},
	"moisture": {kind: ucare.WaterLeak, how: contact}, "motion": {kind: ucare.Motion, how: contact},
	"occupancy": {kind: ucare.Presence, how: contact}, "presence": {kind: ucare.Presence, how: contact},
	"door": {kind: ucare.Door, how: contact}, "window": {kind: ucare.Door, how: contact},
	"opening": {kind: ucare.Door, how: contact}, "garage_door": {kind: ucare.Door, how: contact},
	"tamper": {kind: ucare.Tamper, how: contact}, "battery": {kind: ucare.Battery, how: contact},
	"problem": {how: trouble}, "connectivity": {kind: ucare.Link, how: reachable},
}

// Names decide only where nothing else does, and only those that can mean one thing.
var (
	helpNames  = []string{"sos", "panic", "emergency", "help", "비상", "응급", "긴급", "도움"}
	fallNames  = []string{"fall detected", "falling detected", "fall alarm", "낙상"}
	hintsFall  = []string{"fall", "falling", "fallen", "fell"}
	fireNames  = []string{"smoke", "fire", "연기", "화재"}
	gasNames   = []string{"gas", "가스"}
	coNames    = []string{"co", "carbon monoxide", "carbonmonoxide", "일산화탄소"}
	peopleHere = []string{"people exist", "person information", "재실"}
	// notTheThing: a name with one of these is about a setting or an accessory.
	notTheThing = []string{"test", "mute", "muted", "silence", "silenced", "valve", "light", "lamp", "stop", "mode", "enabled", "sensitivity", "fault", "error", "battery", "self", "eol"}
)

// meaningOf finds what the entity means.
func meaningOf(e *entity) meaning {
	var m meaning
	switch e.Component {
	case "binary_sensor":
		m = binaryMeaning(e)
	case "sensor":
		m = sensorMeaning(e)
	case "event":
		m = eventMeaning(e)
	case "device_automation":
		m = triggerMeaning(e)
	}
	if e.Aside && !countsAside(m) {
		return meaning{}
	}
	return m
}

// countsAside reports whether a meaning counts in an entity that is a diagnosis, a setting or not enabled: what
// is said about the sensor itself, and all that is danger or a call for help.
func countsAside(m meaning) bool {
	switch m.kind {
	case ucare.Battery, ucare.Tamper, ucare.Link, ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas, ucare.WaterLeak,
		ucare.FallSensor, ucare.HelpButton:
		return true
	default:
		return m.how == trouble
	}
}

func binaryMeaning(e *entity) meaning {
	m, known := classes[e.Class]
	about := e.names()
	switch {
	case mentions(about, fallNames) && !about.aside() && (m.how == nothing || m.kind == ucare.Motion || m.kind == ucare.Presence || m.how == trouble):
		return meaning{kind: ucare.FallSensor, how: contact} // ESPHome's seeed_mr60fda2 has no class for it
	case e.Class == "gas" && mentions(about.and(e.lastLevels()), coNames):
		return meaning{kind: ucare.CarbonMonoxide, how: contact} // ring-mqtt has its CO detectors in the class gas
	case e.Class == "motion" && !about.aside() && mentions(about, slices.Concat(fireNames, gasNames, coNames, helpNames)):
		m.unclear = e.ask("its name says more than motion") // PAI announces each zone of a panel as motion
		return m
	case known:
		return m
	case e.Class == "safety":
		return safetyMeaning(e, about)
	case e.Class != "":
		return meaning{}
	case mentions(about, peopleHere):
		return meaning{kind: ucare.Presence, how: contact}
	case !about.aside() && mentions(about, slices.Concat(fireNames, gasNames, coNames, helpNames, hintsFall)):
		return meaning{unclear: e.ask("it has no device class")}
	default:
		return meaning{}
	}
}

// safetyMeaning: the class safety is for everything from a call button to broken glass.
func safetyMeaning(e *entity, about names) meaning {
	switch {
	case mentions(about, []string{"tamper"}):
		return meaning{kind: ucare.Tamper, how: contact}
	case !about.aside() && mentions(about.and(plain(e.Template)), helpNames):
		return meaning{kind: ucare.HelpButton, how: contact}
	default:
		return meaning{unclear: e.ask("its device class safety is for many things")}
	}
}

func sensorMeaning(e *entity) meaning {
	switch {
	case e.Class == "battery" && (e.Unit == "%" || e.Unit == ""):
		return meaning{kind: ucare.Battery, how: percent}
	case e.Class == "temperature" && (celsius(e.Unit) || fahrenheit(e.Unit)):
		return meaning{kind: ucare.Temperature, how: measured}
	case e.Class == "carbon_monoxide" && e.Unit == "ppm":
		return meaning{kind: ucare.CarbonMonoxideLevel, how: measured}
	case e.Unit != "" || e.Measures || e.Aside || e.Class != "" && e.Class != "enum":
		return meaning{}
	}
	about := e.names().and(plain(e.Template))
	for _, t := range enums {
		if mentions(about, []string{t.property}) && len(e.Types) > 0 && t.covers(e.Types) {
			return meaning{kind: t.kind, how: enum, words: t.words}
		}
	}
	if !e.names().aside() && mentions(e.names(), slices.Concat(fireNames, gasNames, coNames, hintsFall, helpNames)) {
		return meaning{unclear: e.ask("it says words that are not known here")}
	}
	return meaning{}
}

func celsius(unit string) bool    { return unit == "°C" || unit == "C" }
func fahrenheit(unit string) bool { return unit == "°F" || unit == "F" }

// An enumeration is a sensor that says one of some words.
type enumeration struct {
	property string
	kind     ucare.Kind
	words    map[string]ucare.State // Unknown: says nothing about the kind
}

// enums are those of devices that are known, by their properties in Zigbee2MQTT.
var enums = []enumeration{
	{"fall status", ucare.FallSensor, words("fall_alarm", "normal", "fall_warning unknown")},
	{"fall down status", ucare.FallSensor, words("fall", "none", "maybe_fall")},
	{"smoke state", ucare.Smoke, words("alarm", "normal none", "detecting unknown")},
	{"gas sensor state", ucare.Gas, words("alarm", "normal", "unknown")},
	{"co state", ucare.CarbonMonoxide, words("alarm", "normal", "unknown")},
	{"water warning", ucare.WaterLeak, words("alarm", "none", "unknown")},
}

func words(active, inactive, saysNothing string) map[string]ucare.State {
	t := map[string]ucare.State{}
	for w := range strings.FieldsSeq(active) {
		t[w] = ucare.Active
	}
	for w := range strings.FieldsSeq(inactive) {
		t[w] = ucare.Inactive
	}
	for w := range strings.FieldsSeq(saysNothing) {
		t[w] = ucare.Unknown
	}
	return t
}

// covers reports whether the table has all the words that the sensor can say.
func (t enumeration) covers(options []string) bool {
	return !slices.ContainsFunc(options, func(o string) bool { _, has := t.words[o]; return !has })
}

// calls are the event types that are a call for help on whatever sends them.
var calls = words("emergency panic sos", "", "")

// presses are the event types of a button, for one that is a call button by its name.
var presses = words(
	"press pressed push single single_press single_click short short_press click double double_press double_click triple triple_press hold long long_press",
	"", "release released short_release long_release hold_release off none",
)

func eventMeaning(e *entity) meaning {
	about := e.names()
	switch {
	case slices.ContainsFunc(e.Types, func(t string) bool { return calls[t] == ucare.Active }):
		t := words("", "", strings.Join(e.Types, " "))
		for w := range calls {
			t[w] = ucare.Active
		}
		return meaning{kind: ucare.HelpButton, how: press, words: t}
	case e.Class == "button" && mentions(about, helpNames):
		return meaning{kind: ucare.HelpButton, how: press, words: presses}
	case mentions(about, slices.Concat(helpNames, fallNames)):
		return meaning{unclear: e.ask("nothing says which of its events is a call")}
	default:
		return meaning{}
	}
}

func triggerMeaning(e *entity) meaning {
	for w := range strings.FieldsSeq(plain(e.Trigger)) {
		if calls[w] == ucare.Active {
			return meaning{kind: ucare.HelpButton, how: press}
		}
	}
	return meaning{}
}

// ask says what the household has to decide.
func (e *entity) ask(why string) string {
	class := ""
	if e.Class != "" {
		class = " of class " + e.Class
	}
	return fmt.Sprintf("%s, a %s%s on %s: %s", clip(e.label()), e.Component, clip(class), clip(e.Topic), why)
}

// names are the texts that an entity is called by, each as plain words. One without
// a name of its own goes by that of its device.
type names []string

func (e *entity) names() names {
	return names{plain(cmp.Or(e.Name, e.Device.Name)), plain(e.Object), plain(e.Unique)}
}

// lastLevels are the last two levels of the entity's topic: ring/…/co/state.
func (e *entity) lastLevels() string {
	levels := strings.Split(e.Topic, "/")
	return plain(strings.Join(levels[max(0, len(levels)-2):], " "))
}

func (n names) and(more string) names { return append(slices.Clone(n), more) }

// aside reports whether the name is about a setting or an accessory of the thing.
func (n names) aside() bool {
	return mentions(n[:1], notTheThing) || n[0] == "" && mentions(n, notTheThing)
}

// mentions reports whether one of the names has one of the words, or rows of words, in it.
func mentions(n names, any []string) bool {
	for _, name := range n {
		for _, w := range any {
			if strings.Contains(" "+name+" ", " "+w+" ") || isHangul(w) && strings.Contains(name, w) {
				return true
			}
		}
	}
	return false
}

// isHangul: Korean joins words and their endings, so that a word is found inside others.
func isHangul(w string) bool {
	return strings.ContainsFunc(w, func(r rune) bool { return unicode.Is(unicode.Hangul, r) })
}

// plain is s in lower case with single spaces for all that separates words.
func plain(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}
