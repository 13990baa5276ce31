package supervision

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// A home is one dwelling: its sensors, the bridges they speak through, and all
// of them together as one voice.
type home struct {
	voice
	dwelling   string
	configured []string // sensors that the household has written down
	sensors    map[string]*sensor
	bridges    map[string]*bridge
	active     activity
	standing   map[condition]ucare.Fault

	unbegun bool            // there are sensors whose silence has no beginning yet
	touched map[string]bool // sensors that the message was about
	soonest instant         // nothing begins before it by time alone; 0: nothing will
	learn   func(*bridge)   // called with each new bridge
}

// A sensor is what is remembered of one device.
type sensor struct {
	voice
	Bridge      string  `json:"bridge,omitempty"`
	Found       bool    `json:"found,omitempty"`       // a message has told of it, not only the configuration
	Unreachable bool    `json:"unreachable,omitempty"` // told as a fault of its own
	Watched     bool    `json:"watched,omitempty"`     // it reports something that we need
	Sees        bool    `json:"sees,omitempty"`        // it notices people
	MustProve   proofs  `json:"must_prove,omitempty"`  // what it detects or calls for
	Proved      proofs  `json:"proved,omitempty"`      // what of that was seen live
	Triggers    voice   `json:"triggers,omitzero"`     // when it noticed somebody
	Hours       uint32  `json:"hours,omitempty"`       // activity.Hours when it last did
	ChecksIn    bool    `json:"checks_in,omitempty"`   // it speaks when nothing happens, too
	Moved       instant `json:"moved,omitempty"`       // when it last spoke of somebody, came or gone
	HeardHours  uint32  `json:"heard_hours,omitempty"` // activity.Hours when it last spoke
	On          []onFor `json:"on,omitempty"`

	spoke bool // in this message
}

// A bridge is what several sensors speak through. Its voice is that of its
// radio: the word of any of the sensors behind it.
type bridge struct {
	voice
	Base    string  `json:"base"`
	Spoke   instant `json:"spoke,omitempty"`   // when it last said something itself
	Offline instant `json:"offline,omitempty"` // since when it is told to be offline
}

// A condition is a fault of a home without its times.
type condition struct {
	code    ucare.FaultCode
	subject string
}

func newHome(dwelling string) *home {
	return &home{
		dwelling: dwelling, sensors: map[string]*sensor{}, bridges: map[string]*bridge{},
		standing: map[condition]ucare.Fault{}, touched: map[string]bool{},
	}
}

// expect gives each configured sensor its place, whether it was heard or not.
func (h *home) expect() {
	for _, id := range h.configured {
		known := h.sensors[id] != nil
		for other := range h.sensors {
			known = known || strings.TrimSpace(other) == id // a bridge may put spaces around a name
		}
		if !known {
			h.sensors[id] = &sensor{Watched: true, Hours: h.active.Hours}
		}
	}
	h.unbegun = true
}

// begin starts the silence of what was not expected before.
func (h *home) begin(now instant) {
	if !h.unbegun {
		return
	}
	h.unbegun = false
	if h.Since == 0 {
		h.Since = now
	}
	for id, s := range h.sensors {
		if s.Since == 0 {
			s.Since = now
			h.touched[id] = true
		}
	}
}

// of gives the sensor to change, or nil when there are more than any home has.
func (h *home) of(id string, now instant) *sensor {
	if s := h.sensors[id]; s != nil {
		return s
	}
	if name := strings.TrimSpace(id); name != id && h.sensors[name] != nil && h.sensors[name].Heard == 0 {
		delete(h.sensors, name)
		h.touched[name] = true
	}
	if len(h.sensors) >= maxSensors {
		return nil
	}
	s := &sensor{voice: voice{Since: now}, Hours: h.active.Hours}
	h.sensors[id] = s
	return s
}

// see takes in what a message told about a device.
func (h *home) see(seen *sensors.Seen, now instant, c *Change) {
	if seen.Sensor == ucare.TestAlarm {
		return
	}
	h.touched[seen.Sensor] = true
	if seen.Gone {
		delete(h.sensors, seen.Sensor)
		h.forget(seen.Sensor, c) // also where a configured one takes its place
		h.expect()
		h.begin(now)
		return
	}
	s := h.of(seen.Sensor, now)
	if s == nil {
		return
	}
	s.Found = true
	s.Bridge = cmp.Or(seen.Bridge, s.Bridge)
	for _, k := range seen.Kinds {
		s.can(k)
	}
	if seen.Tested {
		s.Proved |= s.MustProve.byTestButton()
	}
	through := h.bridge(s.Bridge, now)
	if at := min(instantOf(seen.Heard), now); at != 0 && s.speaks(at) {
		h.heard(through, at)
		s.HeardHours = h.active.Hours
		s.spoke = true
	}
}

// heard notes the word of a sensor as one of its bridge's radio and of the home.
func (h *home) heard(through *bridge, at instant) {
	if through != nil {
		through.speaks(at)
	}
	h.speaks(at)
}

// bridge gives the bridge of that name; nil for none.
func (h *home) bridge(base string, now instant) *bridge {
	if b := h.bridges[base]; b != nil || base == "" || len(h.bridges) >= maxBridges {
		return b
	}
	b := &bridge{voice: voice{Since: now}, Base: base}
	h.bridges[base] = b
	h.learn(b)
	return b
}

// read takes in what a sensor said. What no message has told to be a device, such as
// a switch of the gateway's own, is not missed when it is silent.
func (h *home) read(r *ucare.Reading, now instant) {
	active := isActivity(r)
	if active {
		h.active.at(now)
	}
	s := h.sensors[r.Sensor]
	if s == nil {
		return
	}
	h.touched[r.Sensor] = true
	s.can(r.Kind)
	if r.Kind == ucare.Link && r.State == ucare.Active && !r.UnknownAge && s.Unreachable {
		s.anew(now) // it has just been reached
	}
	if sensors.IsTest(*r) {
		s.Proved |= proofOf(r.Kind)
	}
	s.turned(r, now)
	if isOfPeople(r.Kind) && !r.UnknownAge {
		s.Moved = now
	}
	if active && notices(r.Kind) {
		s.Triggers.speaks(now)
		s.Hours = h.active.Hours
	}
}

// can notes that the sensor reports on a kind. What only reports on itself is
// not missed when it is silent.
func (s *sensor) can(k ucare.Kind) {
	switch k {
	case ucare.Battery, ucare.Tamper, ucare.Mains, ucare.Link:
	default:
		s.Watched = true
	}
	s.Sees = s.Sees || notices(k)
	s.MustProve |= proofOf(k)
}

// shift moves what is being measured, since the clock was set.
func (s *sensor) shift(by instant) {
	s.voice.shift(by)
	s.Triggers.shift(by)
	s.Moved.shift(by)
	for i := range s.On {
		s.On[i].Since.shift(by)
	}
}

// deaf takes off a time in which the sensor could not be heard.
func (s *sensor) deaf(from, to instant) {
	s.voice.deaf(from, to)
	s.Triggers.deaf(from, to)
}

// cause takes note of a fault of the decoder that explains a silence, or of its
// end. It reports whether something has changed.
func (h *home) cause(f ucare.Fault, holds bool, now instant) bool {
	switch f.Code {
	case ucare.FaultUnreachable:
		if s := h.sensors[f.Subject]; s != nil && s.Unreachable != holds {
			s.Unreachable = holds
			h.touched[f.Subject] = true
			return true
		}
	case ucare.FaultBridge:
		b := h.bridge(f.Subject, now)
		if b == nil || holds == (b.Offline != 0) {
			return false
		}
		h.touchAll()
		if holds {
			b.Offline = now
			return true
		}
		h.unheard(b, b.Offline, now)
		b.Offline = 0
		return true
	}
	return false
}

// unheard takes the time in which a bridge could not be heard off the silences
// of what is behind it.
func (h *home) unheard(b *bridge, from, to instant) {
	b.deaf(from, to)
	for _, s := range h.sensors {
		if s.Bridge == b.Base {
			s.deaf(from, to)
		}
	}
}

func (h *home) touchAll() {
	for id := range h.sensors {
		h.touched[id] = true
	}
}

// takeTouched are the sensors to judge after a message.
func (h *home) takeTouched() []string {
	all := slices.Collect(maps.Keys(h.touched))
	clear(h.touched)
	return all
}

// judge finds out which conditions hold of the home, its bridges and the given
// sensors.
func (h *home) judge(now instant, ids []string, c *Change) {
	h.soonest = 0
	if h.judgeCauses(now, c) {
		ids = slices.Collect(maps.Keys(h.sensors))
	}
	slices.Sort(ids)
	for _, id := range ids {
		s := h.sensors[id]
		if s == nil {
			h.forget(id, c)
			continue
		}
		s.checkIn(now)
		h.judgeSilence(id, s, now, c)
		h.judgeBlind(id, s, now, c)
		h.judgeStuck(id, s, now, c)
		h.judgeUntested(id, s, now, c)
	}
}

// tell notes whether a condition holds, and tells when that is news.
func (h *home) tell(code ucare.FaultCode, subject string, holds bool, since instant, detail string, c *Change) {
	key := condition{code, subject}
	f, stands := h.standing[key]
	switch {
	case holds && !stands:
		f = ucare.Fault{Code: code, Subject: subject, Dwelling: h.dwelling, Since: since.time(), Detail: detail}
		h.standing[key] = f
		c.Began = append(c.Began, f)
	case !holds && stands:
		delete(h.standing, key)
		c.Ended = append(c.Ended, f)
	}
}

func (h *home) stands(code ucare.FaultCode, subject string) bool {
	_, stands := h.standing[condition{code, subject}]
	return stands
}

// forget ends what stands of a sensor that is gone.
func (h *home) forget(id string, c *Change) {
	for _, f := range h.told() {
		if f.Subject == id && f.Code != ucare.FaultRadio {
			h.tell(f.Code, id, false, 0, "", c)
		}
	}
}

// told are the faults that stand, in a fixed order.
func (h *home) told() []ucare.Fault {
	return slices.SortedFunc(maps.Values(h.standing), func(a, b ucare.Fault) int {
		return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Key(), b.Key()))
	})
}

// wait remembers when a condition may begin by time alone.
func (h *home) wait(at instant) {
	if h.soonest == 0 || at < h.soonest {
		h.soonest = at
	}
}
