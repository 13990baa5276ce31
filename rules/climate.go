package rules

import (
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A room in which people live that stays below Cold or above Hot for Lasts
// concerns the caregivers, in the day; what begins at night is told in the morning if
// it still holds. The dwelling has one such concern at a time: it stands from the
// first room to the last one, and a room is done when it is inside its limit by 1 °C.
// Within 24 h it is told once.
//
// Airing a room is nothing: the limit must be passed for Lasts, and a second reading
// in the later half of that time must say so too, for the last word of a sensor that
// has died proves nothing about now. A sensor that is silent afterwards settles
// nothing; after a week it is said that it is silent, and that ends it.
//
// Only a thermometer that hangs in a room in which people live may talk:
//
//   - It has a room, and neither the room nor the sensor is called after a place where
//     nobody lives (a balcony, a cellar, a bathroom), or a thing (a freezer, a boiler).
//   - It has shown it on TrustDays days: its temperature, smoothed over an hour, went
//     up and down by no more than 8 °C in 24 h, and stayed from 10 to 35 °C. A day of
//     more than that, or below 0 or above 45 °C, takes two such days away. So neither
//     what hangs outdoors, in an oven or on a pipe, nor a freezer is believed; a
//     room whose heating has failed still is.
//
// It is on, with wide limits, for it stays silent in an ordinary home, and whoever is
// cold does not call anybody for it. With the narrow ones (18 and 26 °C) it would
// speak all winter in many homes, and be switched off.
//
// Figures. WHO Housing and health guidelines (2018): at least 18 °C in cold seasons, and
// more for older people; the guideline of 1987 had 20 °C for them. Cold is 16 °C,
// 2 °C below. WHO's advice on heat: keep rooms below 32 °C by day, 24 °C at night; the
// heatwave plan for England: older people cool badly above 26 °C. Hot is 32 °C.
// Tunstall's sensor for extremes speaks at 35 °C after two minutes. Lasts: 2 h; a room
// is warm again an hour after the window was closed. The 8 °C, and the rest of
// what makes a room: no source; a heated room changes by 2 to 5 °C in a day, the air
// outdoors in Korea by about 10.

// ClimatePolicy is when it is too cold or too hot.
type ClimatePolicy struct {
	On        bool
	Cold, Hot float64 // °C
	Lasts     time.Duration
}

// ClimateState is what is remembered of the thermometers.
type ClimateState struct {
	Thermometers []Thermometer `json:"thermometers,omitempty"`
	// Room is the one that the concern that stands began in, "" when none does, and
	// Told when the last one was told.
	Room string    `json:"room,omitempty"`
	Told time.Time `json:"told,omitzero"`
}

// A Thermometer is one sensor in a room.
type Thermometer struct {
	Sensor string    `json:"sensor"`
	Room   string    `json:"room"`
	At     time.Time `json:"at,omitzero"` // of the last reading
	Value  float32   `json:"value"`       // °C
	Smooth float32   `json:"smooth"`      // over an hour
	// Day is when the 24 h began in which the smoothed value is between Low and High.
	Day  time.Time `json:"day,omitzero"`
	Low  float32   `json:"low"`
	High float32   `json:"high"`
	// Trust are the days that were those of a room, up to trustMost.
	Trust int8 `json:"trust,omitempty"`
	// Beyond is since when it is beyond a limit, and Sure when a later reading said so
	// too. Told: it belongs to the concern that stands.
	Beyond time.Time `json:"beyond,omitzero"`
	Sure   time.Time `json:"sure,omitzero"`
	Hot    bool      `json:"hot,omitempty"`
	Told   bool      `json:"told,omitempty"`
}

const (
	thermometersRemembered = 8
	trustDays              = 3
	trustMost              = 7
	hysteresis             = 1.0 // °C
	thermometerSilent      = 7 * 24 * time.Hour
)

// observeClimate folds a room's temperature.
func (p *Policy) observeClimate(s *State, r *ucare.Reading, now time.Time, to []ucare.Decision) []ucare.Decision {
	value, ok := celsius(r)
	if !ok || !p.Concern.Climate.On || r.UnknownAge || r.Drill {
		return to
	}
	t := s.Concerns.past().Climate.thermometer(r, now)
	if t == nil {
		return to
	}
	at := observedAt(r, now)
	if at.Before(t.At) {
		return to
	}
	t.learn(value, at)
	t.At, t.Value = at, value
	if p.judge(t, now) {
		to = s.climateOver(now, p.measured(t), to)
	}
	return p.tickClimate(s, now, to)
}

// celsius is the reading's temperature, if it is one.
func celsius(r *ucare.Reading) (value float32, ok bool) {
	if r.Kind != ucare.Temperature || math.IsNaN(r.Value) || math.IsInf(r.Value, 0) {
		return 0, false
	}
	switch r.Unit {
	case "°C", "C":
		return float32(r.Value), true
	case "°F", "F":
		return float32((r.Value - 32) / 1.8), true
	default:
		return 0, false
	}
}

// learn looks at whether the thermometer behaves as one in a room.
func (t *Thermometer) learn(value float32, at time.Time) {
	if t.Day.IsZero() {
		t.Smooth = value
	} else {
		t.Smooth += (value - t.Smooth) * float32(1-math.Exp(-at.Sub(t.At).Hours()))
	}
	if !t.Day.IsZero() && at.Sub(t.Day) < aDay {
		t.Low, t.High = min(t.Low, t.Smooth), max(t.High, t.Smooth)
		return
	}
	if t.At.Sub(t.Day) >= aDay/2 { // or it was heard too little of the day
		switch swing := t.High - t.Low; {
		case swing > 8 || t.Low < 0 || t.High > 45:
			t.Trust = max(t.Trust-2, 0)
		case t.Low >= 10 && t.High <= 35:
			t.Trust = min(t.Trust+1, trustMost)
		}
	}
	t.Day, t.Low, t.High = at, t.Smooth, t.Smooth
}

// judge notes whether the last reading is beyond a limit, and reports whether the
// thermometer has left the concern that it belonged to.
func (p *Policy) judge(t *Thermometer, now time.Time) (left bool) {
	q, value, slack := &p.Concern.Climate, float64(t.Value), 0.0
	if t.Told {
		slack = hysteresis
	}
	if over := !t.Hot && value >= q.Cold+slack || t.Hot && value <= q.Hot-slack; over && !t.Beyond.IsZero() {
		left = t.Told
		t.Beyond, t.Sure, t.Told = time.Time{}, time.Time{}, false
	}
	if hot := value > q.Hot; t.Beyond.IsZero() && (hot || value < q.Cold) {
		t.Beyond, t.Hot = t.At, hot
	}
	switch {
	case t.Beyond.IsZero():
	case t.Trust < trustDays:
		t.Sure = time.Time{}
	case t.Sure.IsZero() && t.At.Sub(t.Beyond) >= q.Lasts/2:
		t.Sure = now
	}
	return left
}

// measured is the evidence of a thermometer.
func (p *Policy) measured(t *Thermometer) ucare.Evidence {
	limit := p.Concern.Climate.Cold
	if t.Hot {
		limit = p.Concern.Climate.Hot
	}
	return ucare.Evidence{
		Fact: ucare.FactMeasured, At: t.At, Sensor: t.Sensor, Room: t.Room, Kind: ucare.Temperature,
		Value: math.Round(float64(t.Value)*10) / 10, Limit: limit, Unit: "°C",
	}
}

// climateDue is when the first thermometer joins a concern, or has been silent in it
// for too long.
func (p *Policy) climateDue(c *ClimateState) (first time.Time, due bool) {
	if !p.Concern.Climate.On {
		return first, false
	}
	for i := range c.Thermometers {
		if t := &c.Thermometers[i]; t.Told {
			first, due = sooner(first, due, t.At.Add(thermometerSilent), true)
		} else if at, joins := p.joins(c, t); joins {
			first, due = sooner(first, due, at, true)
		}
	}
	return first, due
}

// joins is when a thermometer that is beyond a limit begins a concern, or joins the
// one that stands. Only what begins one can wait until the morning.
func (p *Policy) joins(c *ClimateState, t *Thermometer) (at time.Time, joins bool) {
	if t.Told || t.Sure.IsZero() {
		return time.Time{}, false
	}
	at = ucare.Later(t.Beyond.Add(p.Concern.Climate.Lasts), t.Sure)
	if c.Room != "" {
		return at, true
	}
	if !c.Told.IsZero() {
		at = ucare.Later(at, c.Told.Add(aDay))
	}
	if night, until := p.night(at); night {
		at = until
	}
	return at, true
}

// tickClimate tells and ends what is due at the instant at.
func (p *Policy) tickClimate(s *State, at time.Time, to []ucare.Decision) []ucare.Decision {
	c := &s.Concerns.past().Climate
	if due, ok := p.climateDue(c); !ok || due.After(at) {
		return to
	}
	for i := range c.Thermometers {
		t := &c.Thermometers[i]
		if t.Told && !t.At.Add(thermometerSilent).After(at) {
			t.Beyond, t.Sure, t.Told = time.Time{}, time.Time{}, false
			to = s.climateOver(at, ucare.Evidence{Fact: ucare.FactBlind, At: t.At, Sensor: t.Sensor, Room: t.Room, Kind: ucare.Temperature}, to)
			continue
		}
		if due, joins := p.joins(c, t); !joins || due.After(at) {
			continue
		}
		if t.Told = true; c.Room == "" {
			c.Room, c.Told = t.Room, at
			to = p.concern(s, ucare.Concern{
				Rule: ucare.Climate, Kind: ucare.Temperature, Room: t.Room, Since: t.Beyond, At: at,
				Because: []ucare.Evidence{p.measured(t)},
			}, to)
		}
	}
	return to
}

// climateOver settles the concern when its last thermometer has left it.
func (s *State) climateOver(at time.Time, why ucare.Evidence, to []ucare.Decision) []ucare.Decision {
	c := &s.Concerns.past().Climate
	if c.Room == "" || slices.ContainsFunc(c.Thermometers, func(t Thermometer) bool { return t.Told }) {
		return to
	}
	room := c.Room
	c.Room = ""
	return s.settle(ucare.Climate, ucare.Temperature, room, at, []ucare.Evidence{why}, to)
}

// thermometer finds what the reading is about, or begins to remember it; nil for one
// that may not talk, and when there are too many.
func (c *ClimateState) thermometer(r *ucare.Reading, now time.Time) *Thermometer {
	for i := range c.Thermometers {
		if t := &c.Thermometers[i]; t.Sensor == r.Sensor && t.Room == r.Room {
			return t
		}
	}
	if r.Room == "" || nobodyLives(r.Room) || nobodyLives(r.Sensor) {
		return nil
	}
	c.Thermometers = slices.DeleteFunc(c.Thermometers, func(t Thermometer) bool {
		return !t.Told && (t.Sensor == r.Sensor || now.Sub(t.At) >= thermometerSilent)
	})
	if len(c.Thermometers) == thermometersRemembered {
		return nil
	}
	c.Thermometers = append(c.Thermometers, Thermometer{Sensor: kept(r.Sensor), Room: kept(r.Room)})
	return &c.Thermometers[len(c.Thermometers)-1]
}

// elsewhere are words in the names of rooms and things in which nobody lives, in the
// languages of our pages.
var elsewhere = [...]string{
	"outdoor", "outside", "garden", "balcony", "terrace", "patio", "yard", "garage", "shed", "greenhouse",
	"cellar", "basement", "attic", "loft", "storage", "pantry", "laundry", "utility", "stair", "entrance", "hall",
	"bath", "toilet", "shower", "sauna", "boiler", "heating", "radiator", "oven", "stove", "fridge", "freezer", "pool", "aquarium",
	"실외", "야외", "외부", "마당", "베란다", "발코니", "테라스", "차고", "창고", "지하", "다락", "세탁", "다용도", "계단", "현관", "복도",
	"욕실", "화장실", "보일러", "온수", "오븐", "냉장", "냉동", "김치", "수족관",
}

// nobodyLives reports whether a name is that of a place or a thing in which nobody
// lives.
func nobodyLives(name string) bool { return mentions(name, elsewhere[:]) }

// gapClimate lets what was not told yet last anew: nobody knows how it was meanwhile.
func (p *Policy) gapClimate(c *ClimateState, from, to time.Time) {
	for i := range c.Thermometers {
		t := &c.Thermometers[i]
		if due, joins := p.joins(c, t); t.Told || t.Beyond.IsZero() || joins && !due.After(from) {
			continue // What was due before the gap stays due.
		}
		t.Beyond, t.Sure = ucare.Later(t.Beyond, to), time.Time{}
	}
}

func (c *ClimateState) shift(by time.Duration) {
	c.Told = moved(c.Told, by)
	for i := range c.Thermometers {
		t := &c.Thermometers[i]
		t.At, t.Day, t.Beyond, t.Sure = moved(t.At, by), moved(t.Day, by), moved(t.Beyond, by), moved(t.Sure, by)
	}
}
