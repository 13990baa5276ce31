package rules

import (
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A thermometer of the home is no heat detector: it hangs at breast height, in
// the sun or over the stove, and speaks every second, every five minutes or only when
// something has changed. Four things are an alarm, and each of them is judged relative to
// the room (°C, °C per minute):
//
//  1. Heat. The fixed limit of a class A1 detector, which the rate lowers: 56 °C, and 46
//     °C where it rises by 4 °C/min or more (a published algorithm of EN 54-5 class A1,
//     Panasonic EBL128), straight in between from 1 °C/min on, so that noise at the edge
//     decides nothing. Below 1 °C/min the limit goes up to 70 °C at 0.5 °C/min, the fixed
//     temperature of Korean detectors (정온식): a fire that takes hours heats no room,
//     the sun on a sill does. The response times of EN 54-5 for A1 from 1 to 30 °C/min are a test.
//  2. Heavy heat: 90 °C, however it got there.
//  3. Growth. A fire that burns freely grows with the square of the time or faster
//     (the t² fires by which detectors are designed), and so does what it adds to the room; whatever
//     is switched on or opened (a heater, an oven's door, a shower, the sun from behind a
//     cloud) rises fastest at first and then ever more slowly. So it is a fire when
//     a thermometer is 5 °C above its room of the last ten minutes, rises by 6 °C/min
//     or more, and has accelerated over three stretches of time, each of at least 15 s: the last at
//     least 1.4 times as steep as the one before, and the first already rising. A steady
//     ramp, however steep, is not growth; it waits for the limit.
//  4. Company. 3 °C above the room, 3 °C/min and not slowing down is enough when
//     something else in the home agrees: another room's thermometer rises too
//     (by 1 °C and by 1 °C/min), or smoke is measured (half of its limit). Heating warms
//     several rooms by a few tenths of a degree in a minute; a fire in the room and
//     its smoke in the others by more.
//
// What is not a room must not call anybody. A thermometer whose temperature often
// stays high (a sauna, a boiler room, a sill) is known by the highest half-hour mean it had, and has to
// exceed that by 11 °C (NFPA 72: a detector is rated 20 °F above what its place can reach);
// it is forgotten over half a year. One that lives below 5 or above 40 °C, or that has been over
// 50 °C (a freezer, a drying cupboard, a radiator), is judged by the limits alone, and so is one whose rise has raised
// a nuisance (nuisance.go), unless it has company. FirePolicy.NotRooms names those that are never judged.
//
// A step of more than 30 °C, or of more than 15 °C and 10 more for each minute, is a
// mistake of the device until the next reading says about the same: a DS18B20 says 85.0
// when its power fails, others -127 or 0. Exactly 85 never confirms itself. Such a step
// is what a sensor that reports every five minutes may show of a real fire, too; it is
// then raised by the next one.
//
// It is over when the thermometer is cooler than 45 °C (or, where it is usually warmer,
// than that) and no longer rises.

const (
	heatSlow, heatMiddle, heatFast = 70.0, 56.0, 46.0 // limits, °C
	rateSlow, rateMiddle, rateFast = 0.5, 1.0, 4.0    // where they hold, °C/min
	heavyHeat                      = 90.0
	airFrom, airTo                 = -60.0, 1200.0 // what air can have
	aboveUsual                     = 11.0
	growthRate, growthFirst        = 6.0, 1.0 // of the last stretch and the first, °C/min
	growthRise, growthAcc          = 4.0, 1.4
	growthRiseMore, growthAccLess  = 6.0, 1.25
	growthStep, growthHalf         = 5.0, 1.1
	companyRise, companyRate       = 3.0, 3.0
	otherRise, otherRate           = 1.0, 1.0
	roomFrom, roomTo, roomAtMost   = 5.0, 40.0, 50.0
	heatOver, overRate             = 45.0, 0.5
	preHeatSlow, preHeatFast       = 46.0, 36.0 // support an alarm that is open
)

const (
	smoothing      = 2 * time.Second
	baseOver       = 10 * time.Minute
	calmOver       = 30 * time.Minute
	forgetOver     = 180 * 24 * time.Hour
	stretchAtLeast = 15 * time.Second
	stretchAtMost  = 150 * time.Second
	apart          = 7 * time.Second
	ratedOver      = time.Minute
	heardOver      = 15 * time.Minute // longer ago is no rate
)

// A HeatMeter is a thermometer, as this rule sees it.
type HeatMeter struct {
	meter
	Now  float32 `json:"now"`  // of the last seconds
	Base float32 `json:"base"` // of the last ten minutes
	Calm float32 `json:"calm"` // of the last half hour
	Top  float32 `json:"top"`  // the highest that Calm was, half forgotten
	// Odd is a value that was a step away and that nothing has confirmed.
	Odd float32 `json:"odd,omitempty"`
	// Past is what it was before, the youngest first.
	Past past `json:"past,omitzero"`
}

// past are a few points, each at least a stretch older than the one before it.
type past [8]point

// A point is a temperature in hundredths of a degree, and by how many tenths of a second it
// is older than the next younger one; 0: there is none.
type point struct {
	T     int16
	Older uint16
}

func (p *Policy) observeTemperature(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	v, ok := celsius(r)
	if !ok || v < airFrom || v > airTo || slices.Contains(p.Fire.NotRooms, r.Sensor) {
		return to
	}
	t := meterOf(&s.Fire.Measured.HeatMeters, r)
	at := observedAt(r, now)
	if t == nil || !t.takes(v, millisOf(at)) {
		return to
	}
	return p.judgeHeat(s, t, r, at, now, to)
}

// takes folds a temperature and reports whether it counts.
func (t *HeatMeter) takes(v float32, at millis) bool {
	since := at - t.At
	switch t.order(at) {
	case passOver:
		return false
	case first:
		if v == powerOn {
			t.At = 0
			return false
		}
		t.begin(v)
		return true
	}
	dt := time.Duration(since) * time.Millisecond
	if t.At = at; t.isStep(v-t.Now, dt) && !t.confirms(v) {
		t.Odd = v
		// The time stands still for what it is compared with.
		t.Past.age(dt)
		return false
	}
	t.Odd = 0
	t.fold(v, dt)
	return true
}

// powerOn is what a DS18B20 says that could not measure.
const powerOn = 85

func (t *HeatMeter) begin(v float32) {
	t.Now, t.Base, t.Calm, t.Top, t.Odd, t.Past = v, v, v, max(t.Top, v), 0, past{}
}

func (t *HeatMeter) isStep(by float32, dt time.Duration) bool {
	return math.Abs(float64(by)) > min(15+10*dt.Minutes(), 30)
}

// confirms reports whether a value says about the same as the step before it.
func (t *HeatMeter) confirms(v float32) bool {
	return t.Odd != 0 && math.Abs(float64(v-t.Odd)) < 15 && !(v == powerOn && t.Odd == powerOn)
}

// fold lets the means follow. They are first-order filters that are right for any
// interval; what was measured before counts until the reading.
func (t *HeatMeter) fold(v float32, dt time.Duration) {
	if dt > heardOver {
		t.Past = past{}
	} else if t.Past.add(t.Now, dt) {
		t.Top += (t.Calm - t.Top) * share(dt+apart, forgetOver)
	}
	t.Base += (t.Now - t.Base) * share(dt, baseOver)
	t.Calm += (t.Now - t.Calm) * share(dt, calmOver)
	t.Top = max(t.Top, t.Calm)
	t.Now += (v - t.Now) * share(dt, smoothing)
}

func share(dt, of time.Duration) float32 { return float32(dt) / float32(dt+of) }

const tenth = 100 * time.Millisecond

// age lets all points become older.
func (p *past) age(dt time.Duration) {
	if p[0].Older != 0 {
		p[0].Older = uint16(min(time.Duration(p[0].Older)+dt/tenth, math.MaxUint16))
	}
}

// add lets dt pass and takes the value that held before it for a point, unless the
// youngest one was too near. It reports whether it did.
func (p *past) add(before float32, dt time.Duration) bool {
	if p[0].Older != 0 && time.Duration(p[0].Older)*tenth < apart {
		p.age(dt)
		return false
	}
	copy(p[1:], p[:len(p)-1])
	hundredths := math.Round(float64(before) * 100)
	p[0] = point{T: int16(max(min(hundredths, math.MaxInt16), math.MinInt16)), Older: uint16(max(min(dt/tenth, math.MaxUint16), 1))}
	return true
}

// stretch is the length of the stretches of time that are compared: a quarter of a minute,
// or the sensor's interval where that is longer; 0: nothing can be compared.
func (t *HeatMeter) stretch() time.Duration {
	youngest := time.Duration(t.Past[0].Older) * tenth
	if youngest == 0 || youngest > stretchAtMost {
		return 0
	}
	return max(youngest, stretchAtLeast)
}

// ago is what was measured so long ago, on the straight line between the points.
func (t *HeatMeter) ago(age time.Duration) (celsius float64, known bool) {
	value, at := float64(t.Now), time.Duration(0)
	for _, p := range t.Past {
		length := time.Duration(p.Older) * tenth
		if length == 0 || length > stretchAtMost {
			break
		}
		older := float64(p.T) / 100
		if at+length >= age {
			return value + (older-value)*float64(age-at)/float64(length), true
		}
		value, at = older, at+length
	}
	return 0, false
}

// slopes are how steep the last stretches of a length were, °C/min, the youngest first, and
// how many of them are known.
func (t *HeatMeter) slopes(length time.Duration) (steep [3]float64, n int) {
	value := float64(t.Now)
	for n < len(steep) && length > 0 {
		before, known := t.ago(time.Duration(n+1) * length)
		if !known {
			break
		}
		steep[n] = (value - before) / length.Minutes()
		value = before
		n++
	}
	return steep, n
}

// rate is how fast it has risen in the last minute, or since the reading before it.
func (t *HeatMeter) rate() float64 {
	var rate float64
	var length time.Duration
	for _, p := range t.Past {
		if p.Older == 0 {
			break
		}
		length += time.Duration(p.Older) * tenth
		rate = (float64(t.Now) - float64(p.T)/100) / length.Minutes()
		if length >= ratedOver {
			break
		}
	}
	return rate
}

func (p *Policy) judgeHeat(s *State, t *HeatMeter, r *ucare.Reading, at, now time.Time, to []ucare.Decision) []ucare.Decision {
	if t.Level == 0 && t.Now < companyRise+t.Base && t.Now < preHeatFast {
		t.Told = t.Told && s.Fire.burning(t.Room) != nil
		return to // The cheap look: it is as warm as it was.
	}
	level, found := s.heat(t)
	switch {
	case level > t.Level:
		return p.alarming(s, &t.meter, level, r, &found, now, to)
	case t.Level > 0:
		if t.isOver() {
			s.Fire.over(&t.meter, ucare.Temperature, float64(t.Now), at, now)
		}
		return to
	}
	if limit := preHeat(t.rate()); float64(t.Now) >= max(limit, float64(t.Top)+aboveUsual) {
		found := finding{value: float64(t.Now), limit: limit, unit: "°C"}
		return s.supports(&t.meter, ucare.Temperature, &found, at, now, to)
	}
	return to
}

// heat is how serious the temperature is, and why.
func (s *State) heat(t *HeatMeter) (uint8, finding) {
	now, rate := float64(t.Now), t.rate()
	found := finding{value: now, unit: "°C", perMinute: rate, usual: rateFast}
	usual := float64(t.Top) + aboveUsual
	if found.limit = max(heavyHeat, usual); now >= found.limit {
		return 3, found
	}
	if found.limit = max(heatLimit(rate), usual); now >= found.limit {
		return 2, found
	}
	rise := now - float64(t.Base)
	if float64(t.Base) < roomFrom || float64(t.Base) > roomTo || t.Top > roomAtMost || rise < companyRise {
		return 0, found
	}
	steep, n := t.slopes(t.stretch())
	if n < 2 {
		return 0, found
	}
	found.perMinute = steep[0]
	if n == 3 && t.grows(steep, rise) && s.Fire.nuisances(t.Sensor, ucare.Temperature) == 0 {
		found.limit = float64(t.Base) + growthRise
		return 1, found
	}
	if steep[0] >= companyRate && steep[0] >= steep[1] && s.company(t) {
		found.limit, found.usual = float64(t.Base)+companyRise, otherRate
		return 1, found
	}
	return 0, found
}

// grows reports whether the rise accelerates as that of a fire does, and not as that of
// something which was switched on.
func (t *HeatMeter) grows(steep [3]float64, rise float64) bool {
	accelerates := rise >= growthRise && steep[0] >= growthAcc*steep[1] ||
		rise >= growthRiseMore && steep[0] >= growthAccLess*steep[1]
	if !accelerates || steep[0] < growthRate || steep[0] > growthStep*steep[1] || steep[2] < growthFirst {
		return false
	}
	halves, n := t.slopes(t.stretch() / 2)
	return n >= 2 && (halves[0] >= growthHalf*halves[1] || t.stretch() > stretchAtLeast)
}

// company reports whether something else in the home tells of a fire.
func (s *State) company(t *HeatMeter) bool {
	m := &s.Fire.Measured
	for i := range m.HeatMeters {
		o := &m.HeatMeters[i]
		elsewhere := o.Sensor != t.Sensor && (o.Room != t.Room || o.Room == "")
		if elsewhere && t.near(o.At) && o.Now-o.Base >= otherRise && o.rate() >= otherRate {
			return true
		}
	}
	for i := range m.SmokeMeters {
		if o := &m.SmokeMeters[i]; t.near(o.At) && o.excess() >= smokeLimit/2 {
			return true
		}
	}
	return false
}

// near reports whether what was measured then can be compared with it.
func (m *meter) near(at millis) bool {
	apart := m.At - at
	return max(apart, -apart) <= millis(stretchAtMost/time.Millisecond)
}

// heatLimit is the limit that the rate lowers.
func heatLimit(rate float64) float64 {
	if rate < rateMiddle {
		return between(rate, rateSlow, rateMiddle, heatSlow, heatMiddle)
	}
	return between(rate, rateMiddle, rateFast, heatMiddle, heatFast)
}

// preHeat is the limit of the pre-warning.
func preHeat(rate float64) float64 {
	return between(rate, rateMiddle, rateFast, preHeatSlow, preHeatFast)
}

// between is the straight line from (x0, y0) to (x1, y1), level outside.
func between(x, x0, x1, y0, y1 float64) float64 {
	return y0 + (y1-y0)*max(0, min(1, (x-x0)/(x1-x0)))
}

func (t *HeatMeter) isOver() bool {
	steep, n := t.slopes(t.stretch())
	return float64(t.Now) < max(heatOver, float64(t.Top)) && (n == 0 || steep[0] <= overRate)
}
