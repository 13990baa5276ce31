package rules_test

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// A year of cooking, heating and sun, in which nothing burns: the thermometers of a home
// hang in good and in bad places, and none of them may call anybody.
//
// The air at a thermometer is the room's, which follows the season, the day and the heating, and what
// happens beside it: something that adds up to so many °C while it lasts, and comes and
// goes with a time constant of its own. The thermometer follows with its own, is noisy
// and rounds, and reports as its make does.

// A source is something warm that happens again and again beside a thermometer.
type source struct {
	name        string
	perDay      float64
	from, to    int     // hours of the day
	least, most float64 // °C that it adds
	rise, fall  float64 // time constants, s
	lastsFrom   float64 // s
	lastsTo     float64
	repeats     int     // times in a row, such as an oven's door
	every       float64 // s
}

var (
	hob       = source{name: "hob", perDay: 3, from: 7, to: 20, least: 2, most: 7, rise: 400, fall: 600, lastsFrom: 600, lastsTo: 3600}
	ovenDoor  = source{name: "oven door", perDay: 0.5, from: 10, to: 19, least: 4, most: 15, rise: 4, fall: 30, lastsFrom: 10, lastsTo: 60, repeats: 4, every: 300}
	flare     = source{name: "frying", perDay: 0.7, from: 11, to: 20, least: 3, most: 10, rise: 20, fall: 60, lastsFrom: 60, lastsTo: 300}
	plume     = source{name: "plume over the stove", perDay: 2, from: 7, to: 20, least: 8, most: 20, rise: 60, fall: 120, lastsFrom: 300, lastsTo: 1800}
	shower    = source{name: "shower", perDay: 1.2, from: 6, to: 23, least: 4, most: 10, rise: 150, fall: 500, lastsFrom: 300, lastsTo: 1200}
	hairDryer = source{name: "hair dryer", perDay: 0.7, from: 6, to: 23, least: 4, most: 15, rise: 4, fall: 20, lastsFrom: 15, lastsTo: 120, repeats: 3, every: 90}
	radiator  = source{name: "beside a radiator", perDay: 6, from: 0, to: 24, least: 5, most: 14, rise: 350, fall: 900, lastsFrom: 1800, lastsTo: 7200}
	onPanel   = source{name: "on a radiator", perDay: 5, from: 0, to: 24, least: 10, most: 25, rise: 300, fall: 900, lastsFrom: 1800, lastsTo: 7200}
	fanHeater = source{name: "fan heater", perDay: 1.5, from: 6, to: 23, least: 8, most: 25, rise: 15, fall: 40, lastsFrom: 600, lastsTo: 3600}
	fireplace = source{name: "fireplace", perDay: 0.4, from: 16, to: 22, least: 8, most: 20, rise: 900, fall: 2400, lastsFrom: 3600, lastsTo: 14400}
	sun       = source{name: "sun", perDay: 1.5, from: 8, to: 17, least: 5, most: 25, rise: 20, fall: 40, lastsFrom: 120, lastsTo: 5400, repeats: 3, every: 1500}
	sill      = source{name: "sun behind glass and a radiator", perDay: 0.8, from: 9, to: 14, least: 20, most: 38, rise: 5000, fall: 3600, lastsFrom: 7200, lastsTo: 18000}
	airing    = source{name: "airing", perDay: 2, from: 7, to: 22, least: -12, most: -3, rise: 100, fall: 300, lastsFrom: 120, lastsTo: 900}
)

// A place is where a thermometer hangs.
type place struct {
	name    string
	room    string
	sources []source
	lag     float64 // the thermometer's time constant, s
	noise   float64 // °C
	step    float64 // °C to which it rounds
	every   float64 // s between reports; 0: when something has changed

	air, shows, said float64
	saidAt           float64
	active           []happening
}

type happening struct {
	of         *source
	adds       float64
	begin, end float64 // s
	now        float64
}

func homeOfTheYear(seed uint64) []*place {
	random := rand.New(rand.NewPCG(seed, 54))
	pick := func(v ...float64) float64 { return v[random.IntN(len(v))] }
	all := []*place{
		{name: "kitchen wall", room: "kitchen", sources: []source{hob, ovenDoor, flare, airing}},
		{name: "over the stove", room: "kitchen", sources: []source{hob, flare, plume, ovenDoor}},
		{name: "bathroom", room: "bathroom", sources: []source{shower, hairDryer, radiator}},
		{name: "bedroom", room: "bedroom", sources: []source{radiator, airing, hairDryer}},
		{name: "window", room: "living", sources: []source{sun, airing}},
		{name: "sill", room: "study", sources: []source{sill, sun}},
		{name: "by the heater", room: "living", sources: []source{fanHeater, fireplace}},
		{name: "valve", room: "hall", sources: []source{onPanel}},
	}
	for _, p := range all {
		p.lag, p.noise, p.step = pick(20, 45, 90, 180, 300), pick(0.03, 0.1, 0.3), pick(0.01, 0.1, 0.5, 1)
		p.every = pick(1, 2, 5, 60, 300, 0)
	}
	return all
}

// year lives days of a home and returns what was raised, with where.
func year(t *testing.T, seed uint64, days int, raised func(at time.Time, d ucare.Decision, p *place)) {
	random := rand.New(rand.NewPCG(seed, 7))
	places := homeOfTheYear(seed)
	policy, state := rules.Default(), rules.NewState("home")
	begin := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	heard := 0
	for now := 0.0; now < float64(days)*86400; {
		busy := false
		for _, p := range places {
			p.begin(random, now)
			busy = busy || len(p.active) > 0 && now < p.active[len(p.active)-1].end+900
		}
		dt := 20.0
		if busy {
			dt = 1
		}
		now += dt
		for i, p := range places {
			value, says := p.live(random, now, dt)
			if !says {
				continue
			}
			heard++
			at := begin.Add(time.Duration(now*1000) * time.Millisecond)
			r := ucare.Reading{At: at, Dwelling: "home", Sensor: fmt.Sprintf("t%02d", i), Room: p.room, Kind: ucare.Temperature, Value: value, Unit: "°C"}
			for _, d := range policy.Observe(state, r, at, nil) {
				if d.Rule == ucare.Fire && d.Verb == ucare.Raise {
					raised(at, d, p)
				}
			}
		}
	}
	if heard < days*1000 {
		t.Errorf("only %d readings in %d days: this year tests nothing", heard, days)
	}
}

// begin lets things happen in the twenty seconds that begin now.
func (p *place) begin(random *rand.Rand, now float64) {
	hour := math.Mod(now/3600, 24)
	for i := range p.sources {
		s := &p.sources[i]
		if hour < float64(s.from) || hour >= float64(s.to) || p.has(s, now) {
			continue
		}
		dt := 20.0
		if len(p.active) > 0 {
			dt = 1
		}
		if random.Float64() > s.perDay/float64(s.to-s.from)/3600*dt {
			continue
		}
		begin := now
		for range max(s.repeats, 1) {
			end := begin + s.lastsFrom + (s.lastsTo-s.lastsFrom)*random.Float64()
			p.active = append(p.active, happening{of: s, adds: s.least + (s.most-s.least)*random.Float64(), begin: begin, end: end})
			begin = end + s.every*(0.3+random.Float64())
		}
	}
}

// has reports whether the source goes on, or will again: nobody opens two doors of one oven.
func (p *place) has(s *source, now float64) bool {
	return slices.ContainsFunc(p.active, func(h happening) bool { return h.of == s && now < h.end })
}

// live lets dt pass and returns what the thermometer reports, if it does.
func (p *place) live(random *rand.Rand, now, dt float64) (value float64, says bool) {
	day := now / 86400
	air := 20 + 4*math.Sin((day-100)/365*2*math.Pi) + 1.5*math.Sin((day-0.35)*2*math.Pi)
	if day > 30 && day < 37 { // on holiday: the heating is off, and comes back at once
		air -= 9
	}
	if p.air == 0 {
		p.air, p.shows = air, air
	}
	p.air += max(-0.3/60*dt, min(0.3/60*dt, air-p.air))
	warmest, coolest := 0.0, 0.0 // streams of air do not add up
	stay := p.active[:0]
	for _, h := range p.active {
		switch {
		case now >= h.end:
			h.now *= math.Exp(-dt / h.of.fall)
		case now >= h.begin:
			h.now += (h.adds - h.now) * (1 - math.Exp(-dt/h.of.rise))
		}
		warmest, coolest = max(warmest, h.now), min(coolest, h.now)
		if now < h.end || math.Abs(h.now) > 0.02 {
			stay = append(stay, h)
		}
	}
	p.active = stay
	p.shows += (p.air + warmest + coolest - p.shows) * (1 - math.Exp(-dt/p.lag))
	value = math.Round((p.shows+p.noise*random.NormFloat64())/p.step) * p.step
	since := now - p.saidAt
	switch {
	case p.every > 0 && since < p.every:
		return 0, false
	case p.every == 0 && since < 3600 && (since < 5 || math.Abs(value-p.said) < 0.5):
		return 0, false
	}
	p.said, p.saidAt = value, now
	if random.IntN(2_000_000) == 0 {
		value = []float64{85, -127, 0, 6553.5, 127}[random.IntN(5)]
	}
	return value, true
}

var wholeYear = flag.Bool("year", false, "live a whole year of cooking, heating and sun, not a few days of it")

func TestAYearOfCookingHeatingAndSunRaisesNothing(t *testing.T) {
	days, homes := 4, uint64(8)
	if *wholeYear {
		days = 365
	} else if testing.Short() {
		homes = 2
	}
	for seed := range homes {
		t.Run(fmt.Sprint("home ", seed), func(t *testing.T) {
			t.Parallel()
			year(t, seed, days, func(at time.Time, d ucare.Decision, p *place) {
				t.Errorf("%v %.1f/%.1f r%.1f %s (lag %.0f s, every %.0f s, noise %.2f, step %.2f): %s", at.Format("01-02 15:04:05"), d.Because[0].Value, d.Because[0].Limit, d.Because[len(d.Because)-1].Value, p.name, p.lag, p.every, p.noise, p.step, activeNames(p))
			})
		})
	}
}

func activeNames(p *place) (all []string) {
	for _, h := range p.active {
		all = append(all, fmt.Sprintf("%s %.0f°C now %.1f", h.of.name, h.adds, h.now))
	}
	return all
}
