package rules

import (
	"math"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Carbon monoxide harms by level and time. EN 50291 says when an alarm must have
// come, and before when it must not:
//
//	level     not before   at the latest   here
//	 30 ppm   120 min      –               135 min
//	 50 ppm    60 min      90 min           75 min
//	100 ppm    10 min      40 min           25 min
//	300 ppm     –           3 min            2 min
//
// In between, the time lies on the straight line through the points in logarithms of both
// (above 300 ppm level times time stays the same, down to half a minute). A dose adds up what
// share of its time each level has lasted; a full dose is the alarm. So a higher level
// is never later than a lower one, and a level that changes is judged by what it did. Below 30 ppm
// the dose goes down again, by all of it in an hour of clean air and more slowly the
// nearer the level is to 30 ppm.
//
// A level holds until the next reading, so the alarm comes at its time whether the sensor reports every second
// or only when something has changed; but it holds for half an hour at most, for a sensor that is silent
// measures nothing (supervision tells of it).
//
// A sensor that stands still at exactly the level that it said first has shown nothing
// but an offset or a start from cold; the air of a room never stands still at such levels. Its dose begins
// when it first moves. If it never does, it is believed after a quarter of an hour.
//
// 300 ppm is more serious than what was closed below it, and told again. Above 50 ppm the
// level confirms an alarm of smoke or heat in its room. It is over below 30 ppm and
// once a tenth of the dose is gone, so that a level at the limit does not go on and off.

const (
	monoxideFrom     = 30.0 // ppm
	monoxideSupports = 50.0
	monoxideHeavy    = 300.0
	monoxideOver     = 0.9 // of the dose
	monoxideHolds    = 30 * time.Minute
	monoxideHeals    = time.Hour
	monoxideProves   = 15 * time.Minute
	monoxideAtLeast  = 30 * time.Second
)

// monoxideTable is how long a level lasts until it is an alarm.
var monoxideTable = [...]struct{ ppm, minutes float64 }{{30, 135}, {50, 75}, {100, 25}, {300, 2}}

// A Monoxide is a level of carbon monoxide that is measured.
type Monoxide struct {
	meter
	Now  float32 `json:"now"`            // ppm
	Dose float32 `json:"dose,omitempty"` // 1: alarm
	// Since is since when it is 30 ppm or more.
	Since millis `json:"since,omitempty"`
	// Moved: it has said another level than its first.
	Moved bool `json:"moved,omitempty"`
}

func (p *Policy) observeMonoxide(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	v := r.Value
	if r.Unit != "ppm" || v < -50 || v > 20000 {
		return to
	}
	m := meterOf(&s.Fire.Measured.Monoxides, r)
	if m == nil {
		return to
	}
	at := observedAt(r, now)
	before, was := m.At, m.Now
	switch m.order(millisOf(at)) {
	case passOver:
		return to
	case first:
		*m = Monoxide{meter: m.meter}
	case next:
		m.fold(time.Duration(millisOf(at)-before) * time.Millisecond)
		m.Moved = m.Moved || float32(v) != was
	}
	m.At, m.Now = millisOf(at), float32(v)
	switch {
	case m.Now < monoxideFrom:
		m.Since = 0
	case m.Since == 0:
		m.Since = m.At
	}
	return p.judgeMonoxide(s, m, r, at, now, to)
}

// fold adds what the level that held until now did to the dose.
func (m *Monoxide) fold(dt time.Duration) {
	dt = min(dt, monoxideHolds)
	level := float64(m.Now)
	switch {
	case level < monoxideFrom:
		heals := dt.Hours() / monoxideHeals.Hours() * (1 - max(level, 0)/monoxideFrom)
		m.Dose = max(0, m.Dose-float32(heals))
	case m.Moved:
		m.Dose = min(1, m.Dose+float32(dt.Minutes()/timeToAlarm(level).Minutes()))
	}
}

// timeToAlarm is how long a level of 30 ppm or more lasts until it is an alarm.
func timeToAlarm(ppm float64) time.Duration {
	last := monoxideTable[len(monoxideTable)-1]
	minutes := last.minutes * last.ppm / ppm
	for i, to := range monoxideTable[1:] {
		if from := monoxideTable[i]; ppm < to.ppm {
			along := math.Log(ppm/from.ppm) / math.Log(to.ppm/from.ppm)
			minutes = from.minutes * math.Pow(to.minutes/from.minutes, along)
			break
		}
	}
	return max(time.Duration(minutes*float64(time.Minute)), monoxideAtLeast)
}

// due is when the level that holds will have been an alarm; 0: never, for what is known.
func (m *Monoxide) due() millis {
	if m.Level > 0 || m.Now < monoxideFrom {
		return 0
	}
	left := time.Duration(float64(1-m.Dose) * float64(timeToAlarm(float64(m.Now))))
	due := m.At + millis(left.Round(time.Second)/time.Millisecond)
	if !m.Moved {
		due = m.Since + millis(monoxideProves/time.Millisecond)
	}
	if due > m.At+millis(monoxideHolds/time.Millisecond) {
		return 0
	}
	return due
}

func (p *Policy) judgeMonoxide(s *State, m *Monoxide, r *ucare.Reading, at, now time.Time, to []ucare.Decision) []ucare.Decision {
	if m.Level > 0 {
		if m.Now < monoxideFrom && m.Dose < monoxideOver {
			s.Fire.over(&m.meter, ucare.CarbonMonoxideLevel, float64(m.Now), at, now)
			return to
		}
		if m.Now >= monoxideHeavy {
			return p.alarmMonoxide(s, m, r, now, to)
		}
		return to
	}
	if due := m.due(); due != 0 && due <= millisOf(now) {
		return p.alarmMonoxide(s, m, r, now, to)
	}
	if m.Now < monoxideSupports || !m.Moved {
		m.Told = m.Told && s.Fire.burning(m.Room) != nil
		return to
	}
	found := finding{value: float64(m.Now), limit: monoxideSupports, unit: "ppm"}
	return s.supports(&m.meter, ucare.CarbonMonoxideLevel, &found, at, now, to)
}

func (p *Policy) alarmMonoxide(s *State, m *Monoxide, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	m.Dose = 1
	level := uint8(1)
	if m.Now >= monoxideHeavy {
		level = 2
	}
	found := finding{
		value: float64(m.Now), limit: monoxideFrom, unit: "ppm",
		lasted: max(0, time.Duration(millisOf(now)-m.Since)*time.Millisecond),
	}
	return p.alarming(s, &m.meter, level, r, &found, now, to)
}

func (m *Monoxide) shift(by time.Duration) {
	m.meter.shift(by)
	m.Since = m.Since.moved(by)
}
