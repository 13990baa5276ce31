package rules

import (
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Beside the certified contacts some sensors say what they measure: a
// temperature (heat.go), a smoke density (smokedensity.go), a level of carbon monoxide
// (carbonmonoxide.go) or of combustible gas (gas.go). Each file works out when its value
// is an alarm and when it is over. What it finds goes the way of a contact (fire.go): an
// alarm of its own, or a confirmation of one that is open in the room.
//
// It holds for all of them:
//   - They only ever add. No contact waits for a value, and no value clears a contact.
//   - Old news (a retained or re-published value) says nothing, for nobody knows when it
//     was measured. Nor does a drill.
//   - A reading that is not younger than the last one of its sensor is a duplicate or
//     came late, and is passed over. Three of them in a row mean that the sensor's clock was set:
//     then its memory begins anew.
//   - A stretch in which nothing was heard has no rate: after it a value is compared with
//     limits, but not with what was there before.
//   - A value that cannot be (not a number, outside of what air can be) is passed over.
//
// Instants are kept as milliseconds, a third of the memory of a time.Time.

// MeasuredState is what is remembered of measured values. Each list is sorted by sensor
// and bounded.
type MeasuredState struct {
	HeatMeters  []HeatMeter  `json:"heat_meters,omitempty"`
	SmokeMeters []SmokeMeter `json:"smoke_meters,omitempty"`
	Monoxides   []Monoxide   `json:"monoxides,omitempty"`
	Gases       []GasMeter   `json:"gases,omitempty"`
}

// metersKept bounds each list. Of sensors beyond it only the contacts count.
const metersKept = 48

// millis is an instant.
type millis int64

func millisOf(t time.Time) millis { return millis(t.UnixMilli()) }

func (m millis) time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// A stretch of time, its ends included.
type stretch struct {
	From millis `json:"from,omitempty"`
	To   millis `json:"to,omitempty"`
}

func (s stretch) covers(m millis) bool { return s.From != 0 && m >= s.From && m <= s.To }

// tells is covers, or m is a while before the stretch.
func (s stretch) tells(m millis, before time.Duration) bool {
	return s.covers(m) || s.From != 0 && m < s.From && s.From.time().Sub(m.time()) <= before
}

func (s stretch) with(m millis) stretch {
	if s.From == 0 {
		return stretch{From: m, To: m}
	}
	return stretch{From: min(s.From, m), To: max(s.To, m)}
}

// A meter is what every measured value of a sensor has.
type meter struct {
	Sensor string `json:"sensor"`
	Room   string `json:"room,omitempty"`
	// At is when the newest reading was made.
	At millis `json:"at"`
	// Late is how many readings in a row were older than that.
	Late uint8 `json:"late,omitempty"`
	// Level is how serious the alarm is that the value has raised; 0: none.
	Level uint8 `json:"level,omitempty"`
	// Told: it was told as a confirmation of the alarm that is open in its room.
	Told bool `json:"told,omitempty"`
}

// lateInARow is how many late readings in a row mean that the sensor's clock was set.
const lateInARow = 3

// When a reading comes.
type order uint8

const (
	first    order = iota // nothing is known of the sensor, or nothing counts any more
	next                  // it is younger than the last one
	passOver              // a duplicate, or late
)

func (m *meter) order(at millis) order {
	switch {
	case m.At == 0:
	case at > m.At:
		m.Late = 0
		return next
	case at == m.At:
		return passOver
	default:
		if m.Late++; m.Late < lateInARow {
			return passOver
		}
	}
	m.At, m.Late = at, 0
	return first
}

func (m *meter) common() *meter { return m }

// meterOf finds the sensor's place in a list, or makes it; nil when the list is full.
func meterOf[M any, P interface {
	*M
	common() *meter
}](list *[]M, r *ucare.Reading,
) P {
	i, to := 0, len(*list)
	for i < to {
		if middle := (i + to) / 2; P(&(*list)[middle]).common().Sensor < r.Sensor {
			i = middle + 1
		} else {
			to = middle
		}
	}
	if i == len(*list) || P(&(*list)[i]).common().Sensor != r.Sensor {
		if len(*list) == metersKept {
			return nil
		}
		*list = slices.Insert(*list, i, *new(M))
		P(&(*list)[i]).common().Sensor = kept(r.Sensor)
	}
	found := P(&(*list)[i])
	if m := found.common(); m.Room != r.Room {
		m.Room = kept(r.Room)
	}
	return found
}

// A finding is why a value is an alarm.
type finding struct {
	value, limit float64
	unit         string
	// perMinute is how fast it rises, when that is why.
	perMinute, usual float64
	lasted           time.Duration
}

func (f *finding) evidence(sensor, room string, kind ucare.Kind, at time.Time) []ucare.Evidence {
	e := ucare.Evidence{
		Fact: ucare.FactMeasured, At: at, Sensor: sensor, Room: room, Kind: kind,
		Value: rounded(f.value), Limit: rounded(f.limit), Unit: f.unit, Seconds: int64(f.lasted / time.Second),
	}
	if f.perMinute <= f.usual {
		return []ucare.Evidence{e}
	}
	return []ucare.Evidence{e, {
		Fact: ucare.FactRising, At: at, Sensor: sensor, Room: room, Kind: kind,
		Value: rounded(f.perMinute), Limit: rounded(f.usual), Unit: f.unit,
	}}
}

// rounded is to a tenth, as people read it.
func rounded[F float32 | float64](v F) float64 { return math.Round(float64(v)*10) / 10 }

// observeMeasured folds a measured temperature, smoke density or level of gas.
func (p *Policy) observeMeasured(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	if r.UnknownAge || r.Drill || math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
		return to
	}
	switch r.Kind {
	case ucare.Temperature:
		return p.observeTemperature(s, r, now, to)
	case ucare.SmokeDensity:
		return p.observeSmokeDensity(s, r, now, to)
	case ucare.CarbonMonoxideLevel:
		return p.observeMonoxide(s, r, now, to)
	case ucare.Gas:
		return p.observeGas(s, r, now, to)
	}
	return to
}

// alarming takes over how serious a value is now. More serious than before raises, or
// joins what is open, or, where the centre has closed the alarm, raises anew: whoever
// closed it saw less.
func (p *Policy) alarming(s *State, m *meter, level uint8, r *ucare.Reading, found *finding, now time.Time, to []ucare.Decision) []ucare.Decision {
	if level <= m.Level {
		return to
	}
	before := m.Level
	m.Level, m.Told = level, true
	value := *r
	value.State = ucare.Unknown
	d := s.Fire.detector(&value)
	if e := s.Fire.episode(d.Alarm); before > 0 && e != nil {
		if !e.Closed {
			return s.confirmFire(e, said(d, &value, found, observedAt(r, now)), now, to)
		}
		d.State = ucare.Inactive // It is not what was closed that goes on.
	}
	return p.detected(s, &value, found, now, to)
}

// over takes over that a value is no alarm any more.
func (f *FireState) over(m *meter, kind ucare.Kind, value float64, at, now time.Time) {
	m.Level, m.Told = 0, false
	if i, ok := f.find(m.Sensor, kind, measuredSide); ok {
		f.Detectors[i].Value = float32(value)
		f.clear(&f.Detectors[i], at, now)
	}
}

// supports tells once of a value that is no alarm by itself and yet makes the one that
// is open in its room more certain.
func (s *State) supports(m *meter, kind ucare.Kind, found *finding, at, now time.Time, to []ucare.Decision) []ucare.Decision {
	e := s.Fire.burning(m.Room)
	if e == nil {
		m.Told = m.Level > 0
		return to
	}
	if m.Told {
		return to
	}
	m.Told = true
	return s.confirmFire(e, found.evidence(m.Sensor, m.Room, kind, at), now, to)
}

// burning is the open alarm of smoke or heat in a room, the last one where there are several.
func (f *FireState) burning(room string) *Episode {
	for i := len(f.Episodes) - 1; i >= 0; i-- {
		if e := &f.Episodes[i]; e.Room == room && room != "" && !e.Closed && !e.Drill && hazard(e.Kind) == ucare.Smoke {
			return e
		}
	}
	return nil
}

// shift moves all that is compared with the time.
func (m *MeasuredState) shift(by time.Duration) {
	for i := range m.HeatMeters {
		m.HeatMeters[i].shift(by)
	}
	for i := range m.SmokeMeters {
		m.SmokeMeters[i].shift(by)
	}
	for i := range m.Monoxides {
		m.Monoxides[i].shift(by)
	}
	for i := range m.Gases {
		m.Gases[i].shift(by)
	}
}

func (m *meter) shift(by time.Duration) { m.At = m.At.moved(by) }

// moved is the instant after the clock was set; one that has not happened stays so.
func (m millis) moved(by time.Duration) millis {
	if m == 0 {
		return 0
	}
	return m + millis(by/time.Millisecond)
}

// waits reports whether time alone can make something due.
func (m *MeasuredState) waits() bool { return len(m.Monoxides) > 0 || len(m.Gases) > 0 }

// due is when the first level that lasts will be an alarm.
func (m *MeasuredState) due() (time.Time, bool) {
	var first millis
	for i := range m.Monoxides {
		first = soonest(first, m.Monoxides[i].due())
	}
	for i := range m.Gases {
		first = soonest(first, m.Gases[i].due())
	}
	return first.time(), first != 0
}

func soonest(a, b millis) millis {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// tickMeasured raises what is due at the instant at.
func (p *Policy) tickMeasured(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	f := &s.Fire.Measured
	for i := range f.Monoxides {
		if m := &f.Monoxides[i]; m.isDue(m.due(), at) {
			to = p.alarmMonoxide(s, m, m.again(ucare.CarbonMonoxideLevel, at), at, to)
		}
	}
	for i := range f.Gases {
		if m := &f.Gases[i]; m.isDue(m.due(), at) {
			to = p.alarmGas(s, m, m.again(ucare.Gas, at), at, to)
		}
	}
	return to
}

func (*meter) isDue(due millis, at time.Time) bool { return due != 0 && !due.time().After(at) }

// again is the reading that a level which holds would make then.
func (m *meter) again(kind ucare.Kind, at time.Time) *ucare.Reading {
	return &ucare.Reading{At: at, Sensor: m.Sensor, Room: m.Room, Kind: kind, Unit: kind.Unit()}
}
