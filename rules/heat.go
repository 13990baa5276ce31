package rules

import (
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A thermometer of the home is no heat detector: it hangs at breast height, in
// the sun or over the stove, and speaks every second, every five minutes or only when
// something has changed. Four things are an alarm (°C, and °C per minute):
//
//  1. Heat. The fixed limit of a class A1 detector, which the rate lowers: 56 °C, and 46
//     °C where it rises by 4 °C/min or more (a published algorithm for EN 54-5 class A1,
//     Panasonic EBL128), straight in between from 1 °C/min on, so that noise at an edge
//     decides nothing. Below 1 °C/min the limit goes up, to 70 °C at 0.5 °C/min, the
//     fixed temperature of Korean detectors (정온식): a fire that takes hours does not
//     heat a room, the sun on a sill does. A test holds the response times of EN 54-5
//     for A1 from 1 to 30 °C/min.
//     Where the rate is not known, the limit is 56 °C.
//  2. Heavy heat: 90 °C, however it got there.
//  3. Growth. A fire that burns freely grows with the square of the time or faster (the
//     t² fires by which detectors are designed). What is switched on or opened (a
//     heater, an oven's door, a shower, the sun from behind a cloud) rises fastest at
//     first and then ever more slowly. So it is a fire when a thermometer is 5 °C above
//     its last ten minutes, rises by 9 °C/min, and has accelerated over three quarters
//     of a minute: the last quarter 1.5 times as steep as the one before (1.2 times where
//     it is 9 °C above), no quarter more than four times (that is a step), the first one
//     already rising, and the last one faster in its second half. All of it must be more
//     than the sensor's own noise and steps, which are learned. A steady ramp, however
//     steep, waits for the limit. Only a sensor that speaks every few seconds shows the
//     shape of a rise; the others have the limits.
//  4. Company. 4 °C above, 5 °C/min and accelerating is enough when something else agrees:
//     thermometers of two other rooms that have risen by 1.5 °C, most of it in the last
//     two minutes, or smoke that is measured (half of its limit). Heating warms several
//     rooms by a few tenths of a degree in a minute.
//
// What is not a room must not call anybody. A thermometer whose temperature often stays
// high (a boiler room, a sill) is known by the highest half-hour mean it had, and has to
// exceed that by 11 °C (NFPA 72: a detector is rated 20 °F above what its place reaches);
// it is forgotten over half a year. One that lives below 5 or above 40 °C, or has been over
// 50 °C for long, is judged by the limits alone, and so is one whose growth has raised
// a nuisance (nuisance.go), unless it has company. One that is called after an oven, a sauna, a
// fridge or a freezer, or that FirePolicy.NotRooms names, never raises.
//
// A step of more than 30 °C, or of more than 15 °C and 10 more for each minute, is a
// mistake of the device until the next reading says about the same: a DS18B20 says 85.0
// when its power fails, others -127 or 0. Exactly 85 never confirms itself. A sensor that
// reports every five minutes may show a real fire like that; the next one raises.
//
// It is over when the thermometer is cooler than 45 °C (or, where it is usually warmer,
// than that) and no longer rises.

const (
	heatSlow, heatMiddle, heatFast   = 70.0, 56.0, 46.0 // limits, °C
	rateSlow, rateMiddle, rateFast   = 0.5, 1.0, 4.0    // where they hold, °C/min
	heavyHeat                        = 90.0
	airFrom, airTo                   = -60.0, 1200.0 // what air can have
	aboveUsual                       = 11.0
	growthRate, growthFirst          = 9.0, 1.0 // of the last stretch and the first, °C/min
	growthRise, growthAcc            = 5.0, 1.5 // straight to …
	growthRiseMore, growthAccLess    = 9.0, 1.2
	growthStep, growthHalf           = 4.0, 1.05
	companyRise, companyRate         = 4.0, 5.0
	companyAcc, companyFirst         = 1.2, 0.5
	otherRise, otherRate, otherSince = 1.5, 1.0, 2.0 // °C, °C/min, min
	roomFrom, roomTo, roomAtMost     = 5.0, 40.0, 50.0
	heatOver, overRate               = 45.0, 0.5
	preHeatSlow, preHeatFast         = 46.0, 36.0 // support an alarm that is open
)

const (
	smoothing      = 2 * time.Second
	baseOver       = 10 * time.Minute
	noiseOver      = 5 * time.Minute
	calmOver       = 30 * time.Minute
	forgetOver     = 180 * 24 * time.Hour
	stretchAtLeast = 15 * time.Second
	stretchAtMost  = 150 * time.Second
	dense          = 8 * time.Second
	apart          = 5 * time.Second
	ratedOver      = time.Minute
	heardOver      = 15 * time.Minute // longer ago is no rate
)

// A HeatMeter is a thermometer, as this rule sees it.
type HeatMeter struct {
	meter
	Last float32 `json:"last"` // reading
	Now  float32 `json:"now"`  // of the last seconds
	Base float32 `json:"base"` // of the last ten minutes
	Calm float32 `json:"calm"` // of the last half hour
	Top  float32 `json:"top"`  // the highest that Calm was, half forgotten
	// Noise is how far a reading usually is from Now, and Step the least by which two
	// readings have differed: a change is believed when it is larger than both.
	Noise float32 `json:"noise,omitempty"`
	Step  float32 `json:"step,omitempty"`
	// Odd is a value that was a step away and that nothing has confirmed.
	Odd float32 `json:"odd,omitempty"`
	// Past is what it was before, the youngest first.
	Past past `json:"past,omitzero"`
}

// past are a few points, the youngest first: temperatures in hundredths of a degree, and by
// how many tenths of a second each is older than the next younger one; 0: there is none.
type past struct {
	T     [points]int16  `json:"t"`
	Older [points]uint16 `json:"older"`
}

const points = 10

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
		if t.Odd = v; dt > heardOver {
			t.Past = past{}
		}
		t.Past.age(dt)
		return false
	}
	if t.Odd != 0 && t.Past.Older[0] == 0 {
		t.Last, t.Now, t.Odd = v, v, 0 // Nobody knows how long that took.
		return true
	}
	if by := float32(math.Abs(float64(v - t.Last))); by > 0.005 && (t.Step == 0 || by < t.Step) {
		t.Step = by
	}
	t.Last, t.Odd = v, 0
	t.fold(v, dt)
	return true
}

// powerOn is what a DS18B20 says that could not measure.
const powerOn = 85

func (t *HeatMeter) begin(v float32) {
	t.Last, t.Now, t.Base, t.Calm, t.Top, t.Odd, t.Past = v, v, v, v, max(t.Top, v), 0, past{}
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
	if by := float32(math.Abs(float64(v - t.Now))); t.Now-t.Base < 1 {
		t.Noise += (by - t.Noise) * share(min(dt, heardOver), noiseOver)
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
	if p.Older[0] != 0 {
		p.Older[0] = uint16(min(time.Duration(p.Older[0])+dt/tenth, math.MaxUint16))
	}
}

// add lets dt pass and takes the value that held before it for a point, unless the
// youngest one was too near. It reports whether it did.
func (p *past) add(before float32, dt time.Duration) bool {
	if p.Older[0] != 0 && time.Duration(p.Older[0])*tenth < apart {
		p.age(dt)
		return false
	}
	copy(p.T[1:], p.T[:points-1])
	copy(p.Older[1:], p.Older[:points-1])
	hundredths := math.Round(float64(before) * 100)
	p.T[0] = int16(max(min(hundredths, math.MaxInt16), math.MinInt16))
	p.Older[0] = uint16(max(min(dt/tenth, math.MaxUint16), 1))
	return true
}

// stretch is the length of the stretches of time that are compared: a quarter of a minute,
// or the sensor's interval where that is longer; 0: nothing can be compared.
func (t *HeatMeter) stretch() time.Duration {
	youngest := time.Duration(t.Past.Older[0]) * tenth
	if youngest == 0 || youngest > stretchAtMost {
		return 0
	}
	return max(youngest, stretchAtLeast)
}

// ago is what was measured so long ago, on the straight line between the points.
func (t *HeatMeter) ago(age time.Duration) (celsius float64, known bool) {
	value, at := float64(t.Now), time.Duration(0)
	for i, older := range t.Past.Older {
		length := time.Duration(older) * tenth
		if length == 0 || length > stretchAtMost {
			break
		}
		before := float64(t.Past.T[i]) / 100
		if at+length >= age {
			return value + (before-value)*float64(age-at)/float64(length), true
		}
		value, at = before, at+length
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

// rate is how fast it has risen in the last minute, or since the reading before it. Where
// that is not known, the limit is the one between.
func (t *HeatMeter) rate() float64 {
	if t.Past.Older[0] == 0 {
		return rateMiddle
	}
	var rate float64
	var length time.Duration
	for i, older := range t.Past.Older {
		if older == 0 {
			break
		}
		length += time.Duration(older) * tenth
		rate = (float64(t.Now) - float64(t.Past.T[i])/100) / length.Minutes()
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
	case level > t.Level && (isAThing(t.Sensor) || isAThing(t.Room)):
		return to
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

// things are words in the names of what has a temperature of its own, in the languages of
// our pages.
var things = [...]string{
	"oven", "sauna", "fridge", "freezer", "grill", "barbecue", "오븐", "사우나", "냉장", "냉동", "김치",
}

func isAThing(name string) bool { return mentions(name, things[:]) }

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
	found.perMinute = steep[0]
	if n < 3 || !t.speedsUp(steep) {
		return 0, found
	}
	if grows(steep, rise) && t.isDense() && s.Fire.nuisances(t.Sensor, ucare.Temperature) == 0 {
		found.limit = float64(t.Base) + growthRise
		return 1, found
	}
	if steep[0] >= companyRate && s.company(t) {
		found.limit, found.usual = float64(t.Base)+companyRise, otherRate
		return 1, found
	}
	return 0, found
}

// sure is by how much two temperatures must differ so that neither noise nor rounding can
// have done it, °C.
func (t *HeatMeter) sure() float64 { return max(3*float64(t.Noise), 2*float64(t.Step)) }

// isDense reports whether it has been heard at least every few seconds. Where it speaks only now and
// then, or when something has changed, the shape of a rise is that of the intervals.
func (t *HeatMeter) isDense() bool {
	var length time.Duration
	for _, tenths := range t.Past.Older {
		older := time.Duration(tenths) * tenth
		if older == 0 || older > dense {
			return false
		}
		if length += older; length >= 3*stretchAtLeast {
			return true
		}
	}
	return false
}

// grows reports whether the rise accelerates as that of a fire does.
func grows(steep [3]float64, rise float64) bool {
	times := between(rise, growthRise, growthRiseMore, growthAcc, growthAccLess)
	return rise >= growthRise && steep[0] >= growthRate && steep[0] >= times*steep[1] && steep[2] >= growthFirst
}

// speedsUp reports whether the rise is not that of something which was switched on: it began
// before the last stretch, and does not slow down within it.
func (t *HeatMeter) speedsUp(steep [3]float64) bool {
	sure := t.sure() / t.stretch().Minutes()
	if steep[2] < sure || steep[0]-steep[1] < sure {
		return false
	}
	if steep[0] < companyAcc*steep[1] || steep[0] > growthStep*steep[1] || steep[1] > growthStep*steep[2] || steep[2] < companyFirst {
		return false
	}
	halves, n := t.slopes(t.stretch() / 2)
	return n >= 2 && (halves[0] >= growthHalf*halves[1] || t.stretch() > stretchAtLeast)
}

// company reports whether something else in the home tells of a fire.
func (s *State) company(t *HeatMeter) bool {
	m := &s.Fire.Measured
	var one *HeatMeter
	for i := range m.HeatMeters {
		o := &m.HeatMeters[i]
		if !t.near(o.At) || sameRoom(&o.meter, &t.meter) || !o.risesToo() {
			continue
		}
		if one != nil && !sameRoom(&o.meter, &one.meter) {
			return true
		}
		one = o
	}
	for i := range m.SmokeMeters {
		if o := &m.SmokeMeters[i]; t.near(o.At) && o.excess() >= smokeLimit/2 {
			return true
		}
	}
	return false
}

// risesToo reports whether most of the rise is of the last minutes, and goes on.
func (t *HeatMeter) risesToo() bool {
	rise, rate := float64(t.Now-t.Base), t.rate()
	steep, n := t.slopes(max(t.stretch(), 20*time.Second))
	return rise >= otherRise && rate >= otherRate && rise <= otherSince*rate && n >= 2 && steep[0] >= steep[1]
}

// sameRoom reports whether two sensors may hang in one room.
func sameRoom(a, b *meter) bool { return a.Sensor == b.Sensor || a.Room == b.Room && a.Room != "" }

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
