package activity

import (
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// A hearing is what is heard of one sensor.
type hearing struct {
	SensorDay
	last time.Time // reading so far
	gap  [2]time.Time
}

// tellSensors says how each sensor was heard.
func (t *teller) tellSensors(hours []Hour) {
	all := make(map[string]*hearing)
	for i := range hours {
		h := &hours[i]
		if !h.From.Before(t.Until) {
			break
		}
		for j := range h.Sensors {
			if row := &h.Sensors[j]; row.Readings > 0 && row.Sensor != ucare.TestAlarm {
				t.hears(all, row, !h.From.Before(t.From))
			}
		}
		t.gaps(all, h)
	}
	for _, h := range t.record.held {
		if s := all[h.sensor]; s != nil && h.kind == ucare.Link {
			s.Unreachable += seconds(h.at, h.to, t.From, t.Until)
		}
	}
	for _, s := range all {
		s.miss(s.last, t.Until, t.From)
		if s.LastHeard = t.clock(s.last); s.gap[1].Sub(s.gap[0]) >= Length {
			gap := t.span(s.gap[0], s.gap[1])
			s.Gap = &gap
		}
		t.Sensors = append(t.Sensors, s.SensorDay)
	}
	slices.SortFunc(t.Sensors, func(a, b SensorDay) int { return strings.Compare(a.Sensor, b.Sensor) })
	for _, u := range t.record.unheard {
		if from, to := ucare.Later(u.From, t.From), ucare.Earlier(u.To, t.Until); from.Before(to) {
			t.Unheard = append(t.Unheard, t.span(from, to))
		}
	}
}

// hears takes what a sensor said of one kind in an hour.
func (t *teller) hears(all map[string]*hearing, row *SensorHour, today bool) {
	s := all[row.Sensor]
	if s == nil {
		s = &hearing{SensorDay: SensorDay{Sensor: row.Sensor}}
		all[row.Sensor] = s
	}
	s.Room = row.Room
	if !slices.Contains(s.Kinds, row.Kind) {
		s.Kinds = append(s.Kinds, row.Kind)
		slices.Sort(s.Kinds)
	}
	if today {
		s.Readings += row.Readings
		t.Readings += row.Readings
	}
}

// gaps notes since when the sensors of an hour had not been heard.
func (t *teller) gaps(all map[string]*hearing, h *Hour) {
	first := make(map[string]time.Time)
	last := make(map[string]time.Time)
	for i := range h.Sensors {
		row := &h.Sensors[i]
		if row.Readings == 0 {
			continue
		}
		if f, ok := first[row.Sensor]; !ok || row.First.Before(f) {
			first[row.Sensor] = row.First
		}
		last[row.Sensor] = ucare.Later(last[row.Sensor], row.Last)
	}
	for sensor, at := range first {
		if s := all[sensor]; s != nil {
			s.miss(s.last, ucare.Earlier(at, t.Until), t.From)
			s.last = last[sensor]
		}
	}
}

// miss notes a time in which the sensor was not heard, as far as it is on the day.
func (s *hearing) miss(from, to, midnight time.Time) {
	if from = ucare.Later(from, midnight); to.Sub(from) > s.gap[1].Sub(s.gap[0]) {
		s.gap = [2]time.Time{from, to}
	}
}
