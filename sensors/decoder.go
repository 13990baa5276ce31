package sensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// Bounds on what a misbehaving device can make the decoder remember.
const (
	maxStanding = 5_000
	maxSensors  = 500 // in one dwelling
)

// A Decoder finds the ecosystem that a message belongs to, and remembers which
// faults stand and what each sensor last said. One goroutine uses it; its
// memory survives JSON.
type Decoder struct {
	ecosystems []Ecosystem
	quiet      []string
	standing   map[string]ucare.Fault // by Fault.Key
	strays     strays
	owners     owners
	sensors    register
	configured []SensorState // never heard, as the configuration has them
	bridges    bridges
	filters    []string // what to listen to, from all ecosystems
}

// NewDecoder returns a Decoder of our own form, of commands to the gateway and of
// the further ecosystems, which are asked in their order.
func NewDecoder(c Config, further ...Ecosystem) *Decoder {
	d := &Decoder{
		ecosystems: append([]Ecosystem{newReadings(c), newCommands(c)}, further...),
		quiet:      append([]string{"homeassistant/#", "$SYS/#"}, c.Quiet...),
		standing:   map[string]ucare.Fault{},
		strays:     strays{},
		owners:     owners{},
		sensors:    register{},
		configured: c.sensors(),
		bridges:    bridges{expected: c.bridges(), heard: map[string]bool{}},
	}
	d.sensors.expect(d.configured)
	d.listen()
	return d
}

// Hear decodes one message. It reports a fault each time it is seen, with the
// Since of the first time, and the end of a fault once.
func (d *Decoder) Hear(m Message) Heard {
	h := unbroken(func() Heard { return d.decode(m) }, m.Topic, m.At, m.Payload)
	h.Cleared = append(h.Cleared, d.strays.forget(m.At)...)
	began, ended := d.bridges.listen(m)
	h.Faults, h.Cleared = append(h.Faults, began...), append(h.Cleared, ended...)
	return d.settle(h)
}

// Tick lets time pass in the ecosystems that have a use for it.
func (d *Decoder) Tick(now time.Time) Heard {
	var h Heard
	for _, e := range d.ecosystems {
		t, ticks := e.(Ticker)
		if !ticks {
			continue
		}
		if at, due := t.Next(); due && !now.Before(at) {
			h.add(d.disambiguate(e, unbroken(func() Heard { return t.Tick(now) }, "time", now, nil)))
		}
	}
	return d.settle(h)
}

// unbroken hears, and makes a fault of what breaks a decoder: a message is in
// the log for good, and would break it again at every start.
func unbroken(hear func() Heard, subject string, at time.Time, payload []byte) (h Heard) {
	defer func() {
		if broken := recover(); broken != nil {
			h = Heard{Faults: []ucare.Fault{{
				Code: ucare.FaultNotUnderstood, Subject: subject, Since: at,
				Detail: fmt.Sprintf("the decoder broke on this message (%v): %s", broken, Excerpt(payload)),
			}}}
		}
	}()
	return hear()
}

// Next is when Tick must be called, and whether it must be at all.
func (d *Decoder) Next() (first time.Time, due bool) {
	for _, e := range d.ecosystems {
		t, ticks := e.(Ticker)
		if !ticks {
			continue
		}
		if at, waits := t.Next(); waits && (!due || at.Before(first)) {
			first, due = at, true
		}
	}
	return first, due
}

// Filters are the topic filters of everything that the ecosystems have to hear,
// without those that another one covers. They change when a Heard says Relisten.
func (d *Decoder) Filters() []string { return slices.Clone(d.filters) }

// listen asks the ecosystems anew what they have to hear.
func (d *Decoder) listen() {
	var all []string
	for _, e := range d.ecosystems {
		if l, listens := e.(Listener); listens {
			all = append(all, l.Filters()...)
		}
	}
	all = slices.DeleteFunc(all, func(f string) bool { return !IsFilter(f) })
	slices.Sort(all)
	all = slices.Compact(all)
	var wide []string // only those can cover another one
	for _, f := range all {
		if strings.ContainsAny(f, "+#") {
			wide = append(wide, f)
		}
	}
	d.filters = nil
	for _, f := range all {
		covered := slices.ContainsFunc(wide, func(g string) bool { return g != f && Covers(g, f) })
		if !covered {
			d.filters = append(d.filters, f)
		}
	}
}

// decode finds the ecosystem that the message belongs to.
func (d *Decoder) decode(m Message) Heard {
	var h Heard
	known := false
	for _, e := range d.ecosystems {
		said, mine := e.Hear(m)
		h.extend(d.disambiguate(e, said))
		if known = mine; mine {
			break
		}
	}
	if known || !h.nothing() {
		h.Cleared = append(h.Cleared, d.strays.claimed(clip(m.Topic))...)
		return h
	}
	if d.passOver(m.Topic) {
		return Heard{}
	}
	return Heard{Faults: []ucare.Fault{d.strays.hear(clip(m.Topic), m)}}
}

// passOver reports whether nobody needs to decode the topic: commands to
// devices, logs and discovery.
func (d *Decoder) passOver(topic string) bool {
	for _, filter := range d.quiet {
		if Match(filter, topic) {
			return true
		}
	}
	for _, part := range []string{"/set", "/get", "/bridge/logging", "/bridge/request", "/bridge/response"} {
		if strings.HasSuffix(topic, part) || strings.Contains(topic, part+"/") {
			return true
		}
	}
	return false
}

// settle takes the memory into account: what follows from the readings, since
// when a fault stands, which ends are ends of something, and what the page shows.
func (d *Decoder) settle(h Heard) Heard {
	bound(&h)
	d.answer(&h)
	d.sensors.takeRepeated(&h)
	if h.Relisten {
		d.listen()
	}
	for _, r := range h.Readings {
		began, ended := follows(r)
		h.Faults = append(h.Faults, began...)
		h.Cleared = append(h.Cleared, ended...)
	}
	for _, s := range h.Seen {
		if s.Gone {
			h.Cleared = append(h.Cleared, d.faultsOf(s.Dwelling, s.Sensor)...)
		}
	}
	holds := map[string]bool{} // what a message shows does not end in it
	for _, f := range h.Faults {
		holds[f.Key()] = true
	}
	h.Cleared = slices.DeleteFunc(h.Cleared, func(f ucare.Fault) bool {
		if holds[f.Key()] {
			return true
		}
		_, stands := d.standing[f.Key()]
		delete(d.standing, f.Key())
		return !stands
	})
	for i, f := range h.Faults {
		if before, stands := d.standing[f.Key()]; stands {
			h.Faults[i].Since = before.Since
		}
		if len(d.standing) < maxStanding {
			d.standing[f.Key()] = h.Faults[i]
		}
	}
	d.sensors.take(h)
	if slices.ContainsFunc(h.Seen, func(s Seen) bool { return s.Gone }) {
		d.sensors.expect(d.configured)
	}
	return h
}

// Again takes a reading that was decoded before, as an export holds it, with all
// that follows from it.
func (d *Decoder) Again(r ucare.Reading) Heard {
	return d.settle(Heard{
		Readings: []ucare.Reading{r},
		Seen:     []Seen{{Dwelling: r.Dwelling, Sensor: r.Sensor, Room: r.Room, Kinds: []ucare.Kind{r.Kind}, Heard: r.At}},
	})
}

// Standing are the faults that hold now, in a fixed order.
func (d *Decoder) Standing() []ucare.Fault {
	var fs []ucare.Fault
	for _, key := range slices.Sorted(maps.Keys(d.standing)) {
		fs = append(fs, d.standing[key])
	}
	return fs
}

// faultsOf are the standing faults about a sensor.
func (d *Decoder) faultsOf(dwelling, sensor string) []ucare.Fault {
	var fs []ucare.Fault
	for _, key := range slices.Sorted(maps.Keys(d.standing)) {
		if f := d.standing[key]; f.Dwelling == dwelling && f.Subject == sensor {
			fs = append(fs, f)
		}
	}
	return fs
}

// follows gives the fault that a reading about the sensor itself begins or ends.
func follows(r ucare.Reading) (began, ended []ucare.Fault) {
	tell := func(code ucare.FaultCode, holds bool) {
		f := ucare.Fault{Code: code, Subject: r.Sensor, Dwelling: r.Dwelling, Since: r.At}
		if holds {
			began = append(began, f)
		} else {
			ended = append(ended, f)
		}
	}
	switch r.Kind {
	case ucare.Battery:
		tell(ucare.FaultBattery, r.State == ucare.Active)
	case ucare.Tamper:
		tell(ucare.FaultTamper, r.State == ucare.Active)
	case ucare.Mains:
		tell(ucare.FaultMains, r.State == ucare.Inactive)
	case ucare.Link:
		tell(ucare.FaultUnreachable, r.State == ucare.Inactive)
	case ucare.HelpButton:
		if r.State == ucare.Active {
			tell(ucare.FaultOldHelp, r.UnknownAge)
		}
	}
	return began, ended
}

// Sensors is a copy of what is known of each sensor, in the order of dwelling
// and ID. Those of the configuration are always among them, with LastHeard zero
// while they have not been heard.
func (d *Decoder) Sensors() []SensorState { return d.sensors.list() }

// decoderJSON is the form in which the memory is kept.
type decoderJSON struct {
	Standing   []ucare.Fault              `json:"standing,omitempty"`
	Strays     strays                     `json:"strays,omitempty"`
	Owners     owners                     `json:"owners,omitempty"`
	Sensors    []SensorState              `json:"sensors,omitempty"`
	Bridges    bridgesJSON                `json:"bridges,omitzero"`
	Ecosystems map[string]json.RawMessage `json:"ecosystems,omitempty"`
}

// MarshalJSON writes the decoder's memory and that of its ecosystems.
func (d *Decoder) MarshalJSON() ([]byte, error) {
	w := decoderJSON{
		Strays:     d.strays,
		Owners:     d.owners,
		Sensors:    slices.DeleteFunc(d.Sensors(), SensorState.silent),
		Bridges:    d.bridges.kept(),
		Ecosystems: map[string]json.RawMessage{},
	}
	for _, key := range slices.Sorted(maps.Keys(d.standing)) {
		w.Standing = append(w.Standing, d.standing[key])
	}
	for _, e := range d.ecosystems {
		r, remembers := e.(Rememberer)
		if !remembers {
			continue
		}
		memory, err := r.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("the memory of %s: %w", r.Name(), err)
		}
		w.Ecosystems[r.Name()] = memory
	}
	return json.Marshal(w)
}

// UnmarshalJSON takes the memory that MarshalJSON wrote. The memory of an
// ecosystem that is not configured any more is passed over.
func (d *Decoder) UnmarshalJSON(data []byte) error {
	var w decoderJSON
	if err := json.Unmarshal(data, &w); err != nil {
		return fmt.Errorf("the decoder's memory: %w", err)
	}
	d.standing, d.strays, d.owners, d.sensors = map[string]ucare.Fault{}, strays{}, owners{}, register{}
	for _, f := range w.Standing {
		d.standing[f.Key()] = f
	}
	maps.Copy(d.strays, w.Strays)
	maps.Copy(d.owners, w.Owners)
	for _, s := range w.Sensors {
		d.sensors.put(&s)
	}
	d.sensors.expect(d.configured)
	d.bridges.take(w.Bridges)
	defer d.listen()
	var errs []error
	for _, e := range d.ecosystems {
		r, remembers := e.(Rememberer)
		if memory, kept := w.Ecosystems[nameOf(r)]; remembers && kept {
			if err := r.UnmarshalJSON(memory); err != nil {
				errs = append(errs, fmt.Errorf("the memory of %s: %w", r.Name(), err))
			}
		}
	}
	return errors.Join(errs...)
}

func nameOf(r Rememberer) string {
	if r == nil {
		return ""
	}
	return r.Name()
}
