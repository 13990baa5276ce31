package sensors

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ucare-project/ucare"
)

// aheadAllowed is how far a sensor's clock may be ahead of the gateway's.
const aheadAllowed = 2 * time.Minute

// clockNeverSet is a time before any sensor of ours was made: a clock that
// says so was never set since the battery was put in.
var clockNeverSet = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// readings decodes our own form: one reading as a JSON object on
// ucare/<dwelling>/<sensor>.
type readings struct {
	dwellings map[string]DwellingTopics
}

func newReadings(c Config) *readings {
	r := &readings{dwellings: map[string]DwellingTopics{}}
	for _, d := range c.Dwellings {
		r.dwellings[d.Dwelling] = d
	}
	return r
}

// Filters implements Listener.
func (r *readings) Filters() []string {
	var all []string
	for dwelling := range r.dwellings {
		all = append(all, "ucare/"+dwelling+"/+")
	}
	return all
}

// Hear implements Ecosystem.
func (r *readings) Hear(m Message) (Heard, bool) {
	level := strings.Split(m.Topic, "/")
	if level[0] != "ucare" {
		return Heard{}, false
	}
	if len(level) == 4 && level[2] == "canary" {
		return Heard{}, true // the client's own round trip, not about a dwelling
	}
	if len(level) != 3 || level[2] == "" {
		return Heard{}, false
	}
	home, known := r.dwellings[level[1]]
	if !known {
		return Heard{}, false
	}
	if len(m.Payload) == 0 {
		return Heard{}, true // somebody removed a retained message
	}
	return r.hear(m, home, home.Sensor(m.Topic, level[2])), true
}

// hear decodes the payload of one sensor's message.
func (r *readings) hear(m Message, home DwellingTopics, sensor ucare.Sensor) Heard {
	fault := func(code ucare.FaultCode, detail string) ucare.Fault {
		return ucare.Fault{Code: code, Subject: sensor.ID, Dwelling: home.Dwelling, Since: m.At, Detail: detail}
	}
	var w wire
	if err := json.Unmarshal(m.Payload, &w); err != nil {
		return Heard{Faults: []ucare.Fault{fault(ucare.FaultNotUnderstood, NotUnderstood(err, m.Payload))}}
	}
	if said := w.spoofs(home.Dwelling, sensor.ID, m.Topic); said != "" {
		return Heard{Faults: []ucare.Fault{fault(ucare.FaultRefused, said)}}
	}
	if err := w.check(); err != nil {
		return Heard{Faults: []ucare.Fault{fault(ucare.FaultUnknownValue, err.Error())}}
	}
	h := Heard{
		Cleared: []ucare.Fault{
			fault(ucare.FaultNotUnderstood, ""), fault(ucare.FaultRefused, ""), fault(ucare.FaultUnknownValue, ""),
		},
		Seen: []Seen{{Dwelling: home.Dwelling, Sensor: sensor.ID, Heard: m.At}},
	}
	reading := w.reading()
	reading.Dwelling, reading.Sensor = home.Dwelling, sensor.ID
	if reading.Room == "" {
		reading.Room = sensor.Room
	}
	h.Seen[0].Room = reading.Room
	switch {
	case w.At == nil:
		reading.At = m.At
		reading.UnknownAge = reading.UnknownAge || m.Retained
	case w.At.After(m.At.Add(aheadAllowed)), w.At.Before(clockNeverSet):
		reading.At = m.At
		reading.UnknownAge = reading.UnknownAge || m.Retained
		h.Faults = append(h.Faults, fault(ucare.FaultSensorClock, "the sensor's clock says "+w.At.Format(time.RFC3339)))
	default:
		reading.At = *w.At
		h.Cleared = append(h.Cleared, fault(ucare.FaultSensorClock, ""))
	}
	h.Readings = []ucare.Reading{reading}
	return h
}

// wire is the JSON form with "absent" told from "zero".
type wire struct {
	At         *time.Time   `json:"at"`
	Dwelling   string       `json:"dwelling"`
	Sensor     string       `json:"sensor"`
	Room       string       `json:"room"`
	Kind       ucare.Kind   `json:"kind"`
	Active     *bool        `json:"active"`
	Value      *float64     `json:"value"`
	Unit       string       `json:"unit"`
	RateHz     float64      `json:"rate_hz"`
	Samples    [][3]float64 `json:"samples"`
	UnknownAge bool         `json:"unknown_age"`
	Drill      bool         `json:"drill"`
}

// measuredIn is the unit that the value must have, "" for a contact. Gas is both: a
// detector's contact, or measured as a share of the lower explosive limit.
func (w wire) measuredIn() string {
	if w.Kind == ucare.Gas && w.Active != nil {
		return ""
	}
	return w.Kind.Unit()
}

// spoofs says in words whose place the payload claims, if it is not the topic's.
func (w wire) spoofs(dwelling, sensor, topic string) string {
	if w.Dwelling != "" && w.Dwelling != dwelling {
		return fmt.Sprintf("the payload says dwelling %q on topic %q", w.Dwelling, topic)
	}
	last := topic[strings.LastIndexByte(topic, '/')+1:]
	if w.Sensor != "" && w.Sensor != sensor && w.Sensor != last {
		return fmt.Sprintf("the payload says sensor %q on topic %q", w.Sensor, topic)
	}
	return ""
}

// check says what is missing for the payload to be a reading of its kind.
func (w wire) check() error {
	unit := w.measuredIn()
	switch {
	case !w.Kind.Known():
		return fmt.Errorf("kind %q is not one of the kinds of a reading", w.Kind)
	case w.Kind == ucare.Acceleration:
		if w.RateHz <= 0 || len(w.Samples) == 0 || w.Unit != "g" {
			return fmt.Errorf("acceleration needs rate_hz, samples and unit %q; it has rate_hz %v, %d samples, unit %q", "g", w.RateHz, len(w.Samples), w.Unit)
		}
	case unit != "":
		if w.Value == nil || math.IsNaN(*w.Value) || w.Unit != unit {
			return fmt.Errorf("%s needs a number as value and unit %q; it has unit %q", w.Kind, unit, w.Unit)
		}
	case w.Active == nil:
		return fmt.Errorf("%s needs active true or false; it has neither", w.Kind)
	}
	return nil
}

// reading is what a checked payload says.
func (w wire) reading() ucare.Reading {
	r := ucare.Reading{Room: w.Room, Kind: w.Kind, UnknownAge: w.UnknownAge, Drill: w.Drill}
	switch {
	case w.Kind == ucare.Acceleration:
		r.Unit, r.RateHz, r.Samples = w.Unit, w.RateHz, w.Samples
	case w.measuredIn() != "":
		r.Unit, r.Value = w.Unit, *w.Value
	default:
		r.State = ucare.StateOf(*w.Active)
	}
	return r
}

// NotUnderstood is the detail of a fault about a payload that is no JSON of the
// expected form: the error and the beginning of what came.
func NotUnderstood(err error, payload []byte) string {
	return err.Error() + ": " + Excerpt(payload)
}

// secretWords are parts of the names under which devices publish what nobody
// else may read: Tasmota answers a setting with it, others list their whole setup.
var secretWords = []string{"password", "passwd", "secret", "token", "psk", "apikey", "api_key"}

// Excerpt is the quoted beginning of a payload, for people to recognise it by.
// One that may hold a password is not shown: an excerpt goes into logs, onto pages
// and to centres.
func Excerpt(payload []byte) string {
	const most = 80
	lower := strings.ToLower(string(payload[:min(len(payload), 4*most)]))
	if slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(lower, word) }) {
		return fmt.Sprintf("(%d bytes, not shown: a password may be in them)", len(payload))
	}
	if len(payload) <= most {
		return strconv.QuoteToGraphic(string(payload))
	}
	cut := payload[:most]
	for len(cut) > most-utf8.UTFMax && !utf8.RuneStart(payload[len(cut)]) {
		cut = cut[:len(cut)-1]
	}
	return strconv.QuoteToGraphic(string(cut)) + " …"
}
