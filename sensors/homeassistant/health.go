package homeassistant

import (
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// link is whether the sensor is reachable: by its own availability, by an entity that says so, and by
// whether all that it should have said in time has expired. What it shares with others is
// their bridge's affair.
func (d *Discovery) link(s *sensor) ucare.State {
	yes, no, expires, expired := false, false, 0, 0
	note := func(state ucare.State) {
		yes, no = yes || state == ucare.Active, no || state == ucare.Inactive
	}
	for _, e := range s.entities {
		note(e.available(func(topic string) bool { return len(d.bridges[topic]) == 0 }))
		if e.meaning.how == reachable {
			note(e.State)
		}
		if e.Expire > 0 && e.Heard {
			expires++
			if e.Expired {
				expired++
			}
		}
	}
	switch {
	case no, expires > 0 && expired == expires:
		return ucare.Inactive
	case yes, expires > 0:
		return ucare.Active
	default:
		return ucare.Unknown
	}
}

// tellLink tells when that has changed.
func (d *Discovery) tellLink(at time.Time, retained bool, s *sensor, h *sensors.Heard) {
	now := d.link(s)
	if now == d.Links[s.ID] {
		return
	}
	d.Links[s.ID] = now
	if now == ucare.Unknown {
		delete(d.Links, s.ID)
		h.Cleared = append(h.Cleared, d.fault(at, s, ucare.FaultUnreachable, ""))
		return
	}
	h.Readings = append(h.Readings, ucare.Reading{
		At: at, Dwelling: d.home.Dwelling, Sensor: s.ID, Room: s.Room, Kind: ucare.Link, State: now, UnknownAge: retained,
	})
}

// tellBridge tells whether a bridge is there whose word counts for several sensors.
func (d *Discovery) tellBridge(topic string, m sensors.Message, h *sensors.Heard) {
	if len(d.bridges[topic]) == 0 {
		return
	}
	yes, no := false, false
	for _, e := range d.available[topic] {
		for _, a := range e.Available {
			if a.Topic == topic {
				yes, no = yes || a.State == ucare.Active, no || a.State == ucare.Inactive
			}
		}
	}
	switch {
	case no:
		f := d.bridgeFault(topic, m)
		if m.Topic == topic {
			f.Detail = sensors.Excerpt(m.Payload)
		}
		h.Faults = append(h.Faults, f)
	case yes:
		h.Cleared = append(h.Cleared, d.bridgeFault(topic, m))
	}
}

func (d *Discovery) bridgeFault(topic string, m sensors.Message) ucare.Fault {
	return ucare.Fault{Code: ucare.FaultBridge, Subject: topic, Dwelling: d.home.Dwelling, Since: m.At}
}

func (d *Discovery) fault(at time.Time, s *sensor, code ucare.FaultCode, detail string) ucare.Fault {
	return ucare.Fault{Code: code, Subject: s.ID, Dwelling: d.home.Dwelling, Since: at, Detail: detail}
}

// tellFaults tells what is wrong with a sensor, and what no longer is. What several
// of its entities say is one fault.
func (d *Discovery) tellFaults(at time.Time, s *sensor, h *sensors.Heard) {
	var bad, fails, unclear, troubles []string
	for _, e := range s.entities {
		if e.Bad != "" {
			bad = append(bad, e.label()+": "+e.Bad)
		}
		if why := e.broken + e.Fails; why != "" {
			fails = append(fails, why)
		}
		if e.Expired && sensors.IsDetector(e.meaning.kind) && d.link(s) == ucare.Active {
			fails = append(fails, e.label()+": nothing was heard of it for too long, while the rest of its device is heard")
		}
		if e.meaning.unclear != "" {
			unclear = append(unclear, e.meaning.unclear)
		}
		if e.meaning.how == trouble && e.State == ucare.Active {
			troubles = append(troubles, e.label())
		}
	}
	for _, f := range []struct {
		code  ucare.FaultCode
		holds []string
	}{
		{ucare.FaultUnknownValue, bad},
		{ucare.FaultNotSupervised, fails},
		{ucare.FaultNeedsMapping, unclear},
		{ucare.FaultTrouble, troubles},
	} {
		fault := d.fault(at, s, f.code, firstOf(f.holds))
		if len(f.holds) > 0 {
			h.Faults = append(h.Faults, fault)
		} else {
			h.Cleared = append(h.Cleared, fault)
		}
	}
}

// firstOf joins the first few of what is to be said.
func firstOf(all []string) string {
	const most = 5
	if len(all) > most {
		all = append(slices.Clone(all[:most]), "…")
	}
	return strings.Join(all, "; ")
}

// Next implements sensors.Ticker: when the next entity goes off or expires.
func (d *Discovery) Next() (first time.Time, due bool) {
	for _, entities := range d.Announced {
		for _, e := range entities {
			for _, at := range []time.Time{e.OffAt, e.ExpiresAt} {
				if !at.IsZero() && (!due || at.Before(first)) {
					first, due = at, true
				}
			}
		}
	}
	return first, due
}

// Tick implements sensors.Ticker.
func (d *Discovery) Tick(now time.Time) (h sensors.Heard) {
	d.keepTime(now)
	touched := map[*sensor]bool{}
	var all changes
	for _, s := range d.sensors {
		for _, e := range s.entities {
			before := e.State
			if e.pass(now) {
				touched[s] = true
				all = append(all, change{e, before})
			}
		}
	}
	for _, s := range inOrder(touched) {
		d.tellStates(now, false, s, slices.DeleteFunc(slices.Clone(all), func(c change) bool { return c.e.meaning.how != contact }), &h)
		d.tellLink(now, false, s, &h)
		d.tellFaults(now, s, &h)
	}
	return h
}

// keepTime notices that the clock was set back: then no state may hold longer than it would from now on.
func (d *Discovery) keepTime(now time.Time) {
	if now.Before(d.Now) {
		for _, entities := range d.Announced {
			for _, e := range entities {
				e.OffAt = notAfter(e.OffAt, now, e.OffDelay)
				e.ExpiresAt = notAfter(e.ExpiresAt, now, e.Expire)
			}
		}
	}
	d.Now = now
}

// notAfter is the instant, if it is set, but at most so many seconds from now.
func notAfter(at, now time.Time, seconds float64) time.Time {
	if latest := now.Add(time.Duration(seconds * float64(time.Second))); at.After(latest) {
		return latest
	}
	return at
}

// pass lets time pass for the entity, and reports whether that changed it.
func (e *entity) pass(now time.Time) bool {
	changed := false
	if !e.OffAt.IsZero() && !now.Before(e.OffAt) {
		e.State, e.OffAt, changed = ucare.Inactive, time.Time{}, true
	}
	if !e.ExpiresAt.IsZero() && !now.Before(e.ExpiresAt) {
		e.State, e.Value, e.Expired, e.ExpiresAt, changed = ucare.Unknown, nil, true, time.Time{}, true
		e.OffAt = time.Time{}
	}
	return changed
}
