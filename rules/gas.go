package rules

import (
	"time"

	"github.com/ucare-project/ucare"
)

// Method. Combustible gas is measured as a share of the lower explosive limit (% LEL), at
// which it can burn. EN 50194 lets household detectors alarm between 3 and 20 % LEL, and
// they are set to 10; so it is here. One reading can be wrong and a leak cannot wait:
// a second reading that says so raises, and 20 s after the first one the alarm is
// raised in any case, unless the sensor has taken it back. From 20 % LEL on it is
// more serious than what was closed below it, and told again. It is over below 5 % LEL.

const (
	gasLimit = 10.0 // % LEL
	gasHeavy = 20.0
	gasOver  = 5.0
	gasWaits = 20 * time.Second
)

// A GasMeter is a level of combustible gas that is measured.
type GasMeter struct {
	meter
	Now float32 `json:"now"` // % LEL
	// Since is when the first reading of the limit or more was heard.
	Since millis `json:"since,omitempty"`
}

func (p *Policy) observeGas(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	switch r.Unit {
	case "% LEL", "%LEL", "LEL", "%lel", "lel":
	default:
		return to
	}
	if r.Value < -10 || r.Value > 1000 {
		return to
	}
	m := meterOf(&s.Fire.Measured.Gases, r)
	if m == nil {
		return to
	}
	at := observedAt(r, now)
	switch m.order(millisOf(at)) {
	case passOver:
		return to
	case first:
		m.Since = 0
	}
	m.At, m.Now = millisOf(at), float32(r.Value)
	if m.Now < gasLimit {
		m.Since = 0
		if m.Level > 0 && m.Now < gasOver {
			s.Fire.over(&m.meter, ucare.Gas, r.Value, at, now)
		}
		return to
	}
	if m.Since == 0 {
		m.Since = millisOf(now)
		return to
	}
	return p.alarmGas(s, m, r, now, to)
}

// due is when a single reading of the limit is believed; 0: never.
func (m *GasMeter) due() millis {
	if m.Level > 0 || m.Since == 0 {
		return 0
	}
	return m.Since + millis(gasWaits/time.Millisecond)
}

func (p *Policy) alarmGas(s *State, m *GasMeter, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	level := uint8(1)
	if m.Now >= gasHeavy {
		level = 2
	}
	found := finding{value: float64(m.Now), limit: gasLimit, unit: ucare.Gas.Unit()}
	return p.alarming(s, &m.meter, level, r, &found, now, to)
}

func (m *GasMeter) shift(by time.Duration) {
	m.meter.shift(by)
	m.Since = m.Since.moved(by)
}
