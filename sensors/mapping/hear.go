package mapping

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// lag is for how long a message may be on its way and still be news. It is also how
// far a sensor's clock may be ahead of ours.
const lag = 2 * time.Minute

// Hear implements sensors.Ecosystem. What a message on the topic of a native
// bridge says by a mapping of the household is added to what the bridge's own
// decoder makes of it: then the message is not "mine".
func (h *Home) Hear(m sensors.Message) (sensors.Heard, bool) {
	h.setBack(m.At)
	in := hearing{Home: h, m: m, doc: &document{payload: m.Payload}, decided: map[key]*entry{}, own: map[string]ucare.Sensor{}}
	levels, matched := strings.Split(m.Topic, "/"), false
	for i := range h.entries {
		e := &h.entries[i]
		if wild, base, ok := e.matches(levels); ok {
			matched = true
			in.apply(e, wild, base)
		}
	}
	if !matched {
		return sensors.Heard{}, false
	}
	in.tellBad()
	in.tellNotJSON()
	in.heard.Seen = in.seen
	mine := in.applied || len(m.Payload) == 0 || len(in.heard.Faults) > 0
	return in.heard, mine && !h.native(m.Topic)
}

// native reports whether another decoder has more to say about the topic than
// one entry has: it is a bridge's or a Tasmota device's, whose messages hold all
// that a device says.
func (h *Home) native(topic string) bool {
	if h.home.Native(topic) {
		return true
	}
	levels := strings.Split(topic, "/")
	return len(h.home.Tasmota) > 0 && (slices.Contains(levels, "tele") || slices.Contains(levels, "stat"))
}

// A hearing is the decoding of one message.
type hearing struct {
	*Home
	m       sensors.Message
	doc     *document
	heard   sensors.Heard
	seen    []sensors.Seen
	applied bool // an entry had something to say, if only that it means nothing
	broken  error
	decided map[key]*entry          // which entry spoke of a sensor's kind
	own     map[string]ucare.Sensor // the sensors of the household's own entries
	touched []string                // sensors whose values were looked at
}

// A key is one kind of one sensor.
type key struct {
	sensor string
	kind   ucare.Kind
}

// apply lets an entry speak whose topic it is.
func (in *hearing) apply(e *entry, wild []string, base string) {
	if len(in.m.Payload) == 0 && !e.knowsEmpty() {
		return // somebody removed a retained message
	}
	root, err := any(nil), error(nil)
	if e.needsJSON {
		if root, err = in.doc.json(); err != nil {
			in.broken = err
			return
		}
	}
	for _, element := range e.elements(root) {
		if !e.holds(element) {
			continue
		}
		for _, value := range e.valuesIn(element, in.m.Payload) {
			in.say(e, spoken{root: element, value: value, wild: wild, base: base})
		}
	}
}

// elements are what the entry is about: the payload, or the elements of an array.
func (e *entry) elements(root any) []any {
	found := e.each.find(root)
	if e.Each == "" {
		return found
	}
	var all []any
	for _, v := range found {
		if array, is := v.([]any); is {
			all = append(all, array[:min(len(array), maxFound)]...)
		} else {
			all = append(all, v)
		}
	}
	return all[:min(len(all), maxFound)]
}

// knowsEmpty reports whether an empty payload means something.
func (e *entry) knowsEmpty() bool {
	return e.Path == "" && e.Each == "" && (e.Event && e.on.empty() || e.on.has("") || e.off.has("") || e.nothing.has(""))
}

// holds reports whether the conditions hold.
func (e *entry) holds(root any) bool {
	for _, c := range e.when {
		found := c.path.find(root)
		if len(found) == 0 {
			if c.is.empty() && !c.isNot.empty() {
				continue
			}
			return false
		}
		text, _ := textOf(found[0])
		if c.isNot.has(text) || !c.is.empty() && !c.is.has(text) {
			return false
		}
	}
	return true
}

// valuesIn are the values that the entry is about. A device that sends null in
// place of an object says nothing of any of its values, and that is not known.
func (e *entry) valuesIn(root any, payload []byte) []any {
	if e.Path != "" {
		if root == nil {
			return []any{nil}
		}
		return e.path.find(root)
	}
	if e.Each != "" {
		return []any{root}
	}
	return []any{string(bytes.TrimSpace(payload))}
}

// spoken is one value in its place.
type spoken struct {
	root  any
	value any
	wild  []string
	base  string
}

// say turns one value into what is heard.
func (in *hearing) say(e *entry, v spoken) {
	s, listed := in.sensorOf(e, in.m.Topic, v.wild, v.root)
	in.applied = true
	if e.ListedOnly && !listed {
		return // perhaps the neighbours'
	}
	if e.Ready != "" && len(in.own) == 1 && !e.Bridge {
		for _, own := range in.own {
			s = own // the household has given this sensor a name
		}
	}
	if e.NeedsMapping {
		in.needsMapping(e, s, v)
		return
	}
	k := key{s.ID, e.Kind}
	if by := in.decided[k]; by != nil && by != e && !in.overrules(by, e, k, v) {
		return
	}
	in.decided[k] = e
	if e.Ready == "" {
		in.own[s.ID] = s
		in.answered(s.ID, e)
	}
	old := in.isOld(e, s, v)
	in.see(e, s, v, old)
	if e.Unit != "" {
		in.measure(e, s, v, old)
	} else {
		in.contact(e, s, v, old)
	}
}

// overrules reports whether an entry of the household sees danger where an earlier
// one of its own has just seen none, and takes that back: of two alarm bits of one
// detector each counts.
func (in *hearing) overrules(by, e *entry, k key, v spoken) bool {
	if by.Ready != "" || e.Ready != "" || !sensors.IsDetector(k.kind) {
		return false
	}
	if means := e.verdict(v.value); means != active && means != drill {
		return false
	}
	isOff := func(r ucare.Reading) bool {
		return r.Sensor == k.sensor && r.Kind == k.kind && r.State == ucare.Inactive
	}
	if !slices.ContainsFunc(slices.Concat(in.heard.Readings, in.heard.Repeated), isOff) {
		return false
	}
	in.heard.Readings = slices.DeleteFunc(in.heard.Readings, isOff)
	in.heard.Repeated = slices.DeleteFunc(in.heard.Repeated, isOff)
	return true
}

// needsMapping tells that only the household knows what this means, unless it
// has an entry for the same place.
func (in *hearing) needsMapping(e *entry, s ucare.Sensor, v spoken) {
	if v.value == nil || v.value == "" {
		return
	}
	for _, by := range in.decided {
		if by.Ready == "" && by.Path == e.Path && by.Each == e.Each {
			return
		}
	}
	in.heard.Faults = append(in.heard.Faults, in.fault(ucare.FaultNeedsMapping, s.ID, e.where()+" is "+excerpt(shown(v.value))))
}

// isOld reports whether the value is old news, by the store it came from or by
// the time that it bears.
func (in *hearing) isOld(e *entry, s ucare.Sensor, v spoken) bool {
	if e.At == "" {
		return in.m.Retained
	}
	found := e.at.find(v.root)
	if len(found) == 0 {
		if whole, err := in.doc.json(); err == nil {
			found = e.at.find(whole)
		}
	}
	if len(found) == 0 {
		return in.m.Retained
	}
	at, is := timeOf(found[0])
	switch {
	case !is:
		return in.m.Retained
	case at.After(in.m.At.Add(lag)):
		in.heard.Faults = append(in.heard.Faults, in.fault(ucare.FaultSensorClock, s.ID, "the message bears the time "+at.Format(time.RFC3339)))
		return in.m.Retained
	default:
		in.heard.Cleared = append(in.heard.Cleared, in.fault(ucare.FaultSensorClock, s.ID, ""))
		return in.m.Retained || in.m.At.Sub(at) > lag
	}
}

// see notes that the sensor was heard, and what it can say.
func (in *hearing) see(e *entry, s ucare.Sensor, v spoken, old bool) {
	if e.Bridge {
		return
	}
	i := slices.IndexFunc(in.seen, func(seen sensors.Seen) bool { return seen.Sensor == s.ID })
	if i < 0 {
		i = len(in.seen)
		in.seen = append(in.seen, sensors.Seen{Dwelling: in.home.Dwelling, Sensor: s.ID, Room: s.Room, Bridge: v.base})
	}
	seen := &in.seen[i]
	if !slices.Contains(seen.Kinds, e.Kind) {
		seen.Kinds = append(seen.Kinds, e.Kind)
	}
	if model, filled := e.model.fill(v.wild, v.root); filled {
		seen.Model = clip(model)
	}
	if !old && e.Kind != ucare.Link { // the link may be the word of somebody else
		seen.Heard = in.m.At
	}
}

// tellNotJSON tells of a payload that the entries of its topic cannot read.
func (in *hearing) tellNotJSON() {
	fault := in.fault(ucare.FaultNotUnderstood, in.m.Topic, "")
	switch {
	case in.broken != nil && !in.applied:
		fault.Detail = sensors.NotUnderstood(in.broken, in.m.Payload)
		if !in.native(in.m.Topic) {
			in.heard.Faults = append(in.heard.Faults, fault)
		}
	case in.applied && in.doc.isJSON:
		in.heard.Cleared = append(in.heard.Cleared, fault)
	}
}

func (in *hearing) fault(code ucare.FaultCode, subject, detail string) ucare.Fault {
	return ucare.Fault{Code: code, Subject: subject, Dwelling: in.home.Dwelling, Since: in.m.At, Detail: detail}
}

// where is the place that an entry looks at, for people.
func (e *entry) where() string {
	switch {
	case e.Each != "" && e.Path != "":
		return e.Each + "[*]." + e.Path
	case e.Path != "":
		return e.Path
	case e.Each != "":
		return e.Each + "[*]"
	default:
		return "the payload"
	}
}

// placeOf is the place that an entry looks at, to remember something by: an entry
// of whole payloads may have many topics.
func (in *hearing) placeOf(e *entry) string {
	if e.Path == "" && e.Each == "" {
		return clip(in.m.Topic)
	}
	return e.where()
}

// excerpt is the beginning of a text.
func excerpt(text string) string {
	const most = 80
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + " …"
}
