package supervision

import (
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

func TestAnOrdinaryMonthHasNoFault(t *testing.T) {
	for seed := range uint64(3) {
		w := newWorld(t, seed, theHome()...)
		w.run(30 * day)
		for _, x := range w.told { // in the fifth week it is said, once, that nobody was ever in the guest room
			if x.fault.Code != ucare.FaultNeverTriggers || x.fault.Subject != "guest-motion" || x.at.Sub(monday) < 28*day {
				t.Errorf("seed %d: on %v %v", seed, x.at, x.fault)
			}
		}
	}
}

func TestOneOfTwentySensorsDies(t *testing.T) {
	for _, c := range []struct {
		id   string
		most time.Duration
	}{
		{"kitchen-use", 61 * time.Minute}, // speaks every few seconds
		{"kitchen-gas", 61 * time.Minute},
		{"living-temperature", 70 * time.Minute},
		{"kitchen-motion", 2 * time.Hour},
		{"kitchen-smoke", 9 * time.Hour},
		{"bath-water_leak", 27 * time.Hour},
		{"bedroom-help", 55 * time.Hour}, // wakes every 24 h 20 min
	} {
		w := newWorld(t, 1, theHome()...)
		w.run(15 * day)
		w.device(c.id).dead = w.now
		died := w.now
		w.run(4 * day)
		at, noticed := w.when(ucare.FaultSilent, c.id, died)
		if !noticed || at.Sub(died) > c.most {
			t.Errorf("%s: noticed %v after %v, want it within %v", c.id, noticed, at.Sub(died), c.most)
		}
		w.device(c.id).back = w.now
		w.run(26 * time.Hour)
		for _, f := range w.s.Standing() {
			if f.Code == ucare.FaultSilent {
				t.Errorf("%s speaks again and still stands as %v", c.id, f)
			}
		}
	}
}

func TestADailyWakerMayBeLate(t *testing.T) {
	d := &device{id: "shelly-smoke", kind: ucare.Smoke, every: 24*time.Hour + 20*time.Minute}
	w := newWorld(t, 3, d)
	w.run(60 * day)
	if got := w.began(); len(got) > 0 {
		t.Errorf("it wakes every day and is told as %v", got)
	}
}

func TestASensorThatWasNeverHeard(t *testing.T) {
	s := New(sensors.Config{Dwellings: []sensors.DwellingTopics{{
		Dwelling: "kim", Sensors: []ucare.Sensor{{ID: "bed"}, {ID: "front door"}},
	}}})
	s.Gap(monday, monday, monday) // the start
	at, due := s.Next()
	if want := monday.Add(26 * time.Hour); !due || !at.Equal(want) {
		t.Fatalf("it waits until %v, %v; want %v", at, due, want)
	}
	if c := s.Tick(at.Add(-time.Minute)); len(c.Began) > 0 {
		t.Errorf("too early: %v", c.Began)
	}
	c := s.Tick(at)
	if len(c.Began) != 2 || c.Began[0].Code != ucare.FaultSilent || c.Began[0].Subject != "bed" || !c.Began[0].Since.Equal(monday) {
		t.Fatalf("%+v", c)
	}
	c = s.Hear("ucare/kim/bed", sensors.Heard{Seen: []sensors.Seen{{Dwelling: "kim", Sensor: "bed", Heard: at}}}, at)
	if len(c.Ended) != 1 || c.Ended[0].Subject != "bed" {
		t.Errorf("it was heard: %+v", c)
	}
	c = s.Hear("z/ front door", sensors.Heard{Seen: []sensors.Seen{{Dwelling: "kim", Sensor: " front door", Heard: at}}}, at)
	if len(c.Ended) != 1 || c.Ended[0].Subject != "front door" {
		t.Errorf("it was heard under its name with a space before: %+v", c)
	}
}

func TestAnOldWordIsNoSignThatItLives(t *testing.T) {
	w := newWorld(t, 1, theHome()...)
	w.run(10 * day)
	d := w.device("kitchen-gas")
	d.dead = w.now
	for range 180 { // the bridge repeats what it has cached, and says that it is there
		w.run(time.Minute)
		w.says(sensors.Heard{
			Readings: []ucare.Reading{{Dwelling: "kim", Sensor: d.id, Kind: ucare.Link, State: ucare.Active, At: w.now}},
			Seen:     []sensors.Seen{{Dwelling: "kim", Sensor: d.id, Bridge: base, Heard: d.dead}},
		})
	}
	if _, noticed := w.when(ucare.FaultSilent, d.id, d.dead); !noticed {
		t.Error("its bridge's word was taken for its own")
	}
}

func TestQuietNightsAndAHolidayAreNoFaults(t *testing.T) {
	w := newWorld(t, 2, theHome()...)
	w.run(14 * day)
	w.told = nil
	w.away = [][2]time.Time{{w.now, w.now.Add(12 * day)}}
	w.run(13 * day)
	for _, x := range w.told {
		t.Errorf("%v %v", x.at, x.fault)
	}
}

func TestAHolidayOfAHomeWhoseSensorsSpeakOnlyWhenTheySeeSomebody(t *testing.T) {
	var devices []*device
	for _, room := range []string{"kitchen", "living", "bath", "hall", "bedroom"} {
		devices = append(devices, &device{id: room, room: room, kind: ucare.Motion})
	}
	w := newWorld(t, 2, devices...)
	w.run(14 * day)
	w.away = [][2]time.Time{{w.now, w.now.Add(7 * day)}}
	w.run(6 * day)
	w.wants("home_quiet ") // true, and once
	w.run(2 * day)
	w.wants()
}

func TestASensorThatSpeaksOnlyWhenSomethingHappens(t *testing.T) {
	d := &device{id: "balcony", kind: ucare.Door}
	w := newWorld(t, 1, d, &device{id: "gas", kind: ucare.Temperature, every: time.Hour})
	for i := range 20 {
		w.hear(d, reading(d, ucare.Active), w.now)
		w.run(time.Duration(4+i%3) * day)
	}
	w.wants("no_heartbeat balcony")
	silent := 0
	for _, x := range w.told {
		if x.began && x.fault.Code == ucare.FaultSilent {
			silent++
		}
	}
	if silent > 4 {
		t.Errorf("it was told %d times to be silent before we knew it", silent)
	}
	for range 30 { // somebody goes there each day now
		w.hear(d, reading(d, ucare.Active), w.now)
		w.run(day)
	}
	w.wants()
}

func TestABatteryThatWasReplacedTeachesNothing(t *testing.T) {
	w := newWorld(t, 1, theHome()...)
	w.run(10 * day)
	d := w.device("kitchen-motion")
	d.dead, d.back = w.now, w.now.Add(5*day)
	w.run(6 * day)
	w.wants()
	d.dead, d.back = w.now, time.Time{}
	w.run(3 * time.Hour)
	if _, noticed := w.when(ucare.FaultSilent, d.id, d.dead); !noticed {
		t.Error("the second silence is noticed no more")
	}
}

func TestTheRadioDies(t *testing.T) {
	wifi := &device{id: "wifi-plug", kind: ucare.Use, every: time.Minute}
	w := newWorld(t, 1, append(theHome(), wifi)...)
	w.run(12 * day)
	w.told = nil
	died := w.now
	w.radio = func(t time.Time) bool { return !t.Before(died) && t.Before(died.Add(2*day)) }
	w.run(2 * day)
	at, noticed := w.when(ucare.FaultRadio, base, died)
	if !noticed || at.Sub(died) > 90*time.Minute {
		t.Errorf("noticed %v after %v", noticed, at.Sub(died))
	}
	w.wants("radio_dead " + base)
	w.restart()
	w.run(3 * day)
	for _, x := range w.told {
		if x.fault.Code == ucare.FaultSilent || x.fault.Code == ucare.FaultHomeQuiet {
			t.Errorf("its cause was told, and yet on %v: %v", x.at, x.fault)
		}
	}
}

func TestAHomeThatFallsSilent(t *testing.T) {
	w := newWorld(t, 1, theHome()...)
	w.run(12 * day)
	w.told = nil
	from := w.now
	w.down = func(t time.Time) bool { return !t.Before(from) && t.Before(from.Add(3*day)) }
	w.run(3 * day)
	at, noticed := w.when(ucare.FaultHomeQuiet, "", from)
	if !noticed || at.Sub(from) > 2*time.Hour {
		t.Errorf("noticed %v after %v", noticed, at.Sub(from))
	}
	w.wants("home_quiet ")
	w.run(2 * day)
	for _, x := range w.told {
		if x.fault.Code == ucare.FaultSilent {
			t.Errorf("on %v: %v", x.at, x.fault)
		}
	}
}

func TestOneChattySensorIsNotTheWholeHome(t *testing.T) {
	devices := []*device{
		{id: "plug", kind: ucare.Use, every: time.Minute},
		{id: "hall", room: "hall", kind: ucare.Motion},
		{id: "bed", room: "bedroom", kind: ucare.Motion},
	}
	w := newWorld(t, 1, devices...)
	w.run(10*day + 22*time.Hour)
	devices[0].dead = w.now // at the beginning of the night
	died := w.now
	w.run(10 * time.Hour)
	w.wants("sensor_silent plug")
	if at, is := w.when(ucare.FaultHomeQuiet, "", died); is {
		t.Errorf("the death of one was taken for that of the home, on %v", at)
	}
}

func TestABridgeRestartIsNoFault(t *testing.T) {
	w := newWorld(t, 1, theHome()...)
	w.run(12 * day)
	w.told = nil
	for range 4 {
		from := w.now
		w.down = func(t time.Time) bool { return !t.Before(from) && t.Before(from.Add(7*time.Minute)) }
		w.run(9 * time.Hour)
	}
	if len(w.told) > 0 {
		t.Errorf("%v", w.told)
	}
}

func TestTheGatewayWasOffForTwoDays(t *testing.T) {
	for _, daysBefore := range []int{1, 12} { // not known yet, and known
		w := newWorld(t, 4, theHome()...)
		w.run(time.Duration(daysBefore) * day)
		w.told = nil
		from := w.now
		w.down = func(t time.Time) bool { return !t.Before(from) && t.Before(from.Add(2*day)) }
		s := w.s
		w.s = New(sensors.Config{}) // nobody listens
		w.run(2 * day)
		w.s = s
		w.restart()
		w.note(w.s.Gap(from, w.now, w.now))
		w.run(3 * day)
		for _, x := range w.told {
			t.Errorf("after %d days, on %v: %v", daysBefore, x.at, x.fault)
		}
	}
}

// What is not known to speak more often than once a day is given a day again.
func TestASilenceThatIsNotKnownYetBeginsAnewAfterAGap(t *testing.T) {
	off, on := monday.Add(20*time.Hour), monday.Add(68*time.Hour)
	v := voice{Since: instantOf(monday), Heard: instantOf(monday)}
	v.deaf(instantOf(off), instantOf(on))
	if quiet := v.quiet(instantOf(on)); quiet != 0 {
		t.Errorf("it was quiet for %v when we began to hear again", quiet.duration())
	}
	v.Habit = habit{Days: daysKept}
	v.Deaf = 0
	v.deaf(instantOf(off), instantOf(on))
	if quiet := v.quiet(instantOf(on)); quiet != 20*60*60 {
		t.Errorf("it was quiet for %v before we could not hear, want 20 h", quiet.duration())
	}
}

func TestASetClockIsNoSilence(t *testing.T) {
	for _, by := range []time.Duration{50 * time.Hour, -50 * time.Hour, -20 * day, 3 * time.Hour, 365 * day} {
		w := newWorld(t, 4, theHome()...)
		w.run(12 * day)
		w.told = nil
		w.note(w.s.Tick(w.now))
		w.s.Shift(by)
		w.now = w.now.Add(by)
		for _, d := range w.devices {
			d.next = d.next.Add(by)
		}
		w.note(w.s.Gap(w.now, w.now, w.now)) // judges all anew
		w.run(2 * day)
		for _, x := range w.told {
			t.Errorf("set by %v: %v %v", by, x.at, x.fault)
		}
		w.device("kitchen-gas").dead = w.now
		died := w.now
		w.run(2 * time.Hour)
		if _, noticed := w.when(ucare.FaultSilent, "kitchen-gas", died); !noticed {
			t.Errorf("set by %v: a death is noticed no more", by)
		}
		w.down = func(time.Time) bool { return true }
		w.run(2 * time.Hour)
		if _, noticed := w.when(ucare.FaultHomeQuiet, "", died); !noticed {
			t.Errorf("set by %v: a quiet home is noticed no more", by)
		}
	}
}

func TestACoveredMotionSensor(t *testing.T) {
	w := newWorld(t, 1, theHome()...)
	w.run(15 * day)
	d := w.device("kitchen-motion")
	d.blind = w.now
	w.run(4 * day)
	at, noticed := w.when(ucare.FaultNeverTriggers, d.id, d.blind)
	if !noticed || at.Sub(d.blind) < 47*time.Hour || at.Sub(d.blind) > 3*day {
		t.Errorf("noticed %v after %v", noticed, at.Sub(d.blind))
	}
	d.blind = time.Time{}
	w.run(day)
	for _, f := range w.s.Standing() {
		if f.Subject == d.id {
			t.Errorf("it sees again: %v", f)
		}
	}
}

func TestAMotionSensorThatNeverSawAnybody(t *testing.T) {
	d := &device{id: "new", room: "attic", kind: ucare.Motion, every: time.Hour, untried: true}
	w := newWorld(t, 1, append(theHome(), d)...)
	w.away = [][2]time.Time{{monday, monday.Add(5 * day)}}
	w.run(5 * day)
	w.wants() // nobody was there
	w.run(2 * day)
	w.wants("never_triggers new")
	w.note(w.s.Hear("x", sensors.Heard{Readings: reading(d, ucare.Active)}, w.now))
	w.wants()
}

func TestAContactThatStaysOn(t *testing.T) {
	at := func(s *Supervisor, kind ucare.Kind, state ucare.State, now time.Time) Change {
		return s.Hear("ucare/kim/x", sensors.Heard{
			Readings: []ucare.Reading{{Dwelling: "kim", Sensor: "x", Kind: kind, State: state, At: now}},
			Seen:     []sensors.Seen{{Dwelling: "kim", Sensor: "x", Heard: now, Tested: true}},
		}, now)
	}
	for kind, after := range map[ucare.Kind]time.Duration{
		ucare.Motion: 12 * time.Hour, ucare.Presence: day, ucare.Smoke: day, ucare.Gas: day, ucare.Heat: day,
		ucare.CarbonMonoxide: day, ucare.WaterLeak: day, ucare.FallSensor: day,
		ucare.Door: 0, ucare.Bed: 0, ucare.Seat: 0, ucare.Use: 0, ucare.HelpButton: 0,
	} {
		s := New(sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "kim"}}})
		at(s, kind, ucare.Inactive, monday)
		at(s, kind, ucare.Active, monday)
		var began []ucare.Fault
		now := monday
		for now.Before(monday.Add(3 * day)) {
			now = now.Add(30 * time.Minute)
			began = append(began, at(s, kind, ucare.Active, now).Began...) // it says so again and again
			if due, is := s.Next(); is && !now.Before(due) {
				began = append(began, s.Tick(now).Began...)
			}
			if len(began) > 0 {
				break
			}
		}
		switch {
		case after == 0 && len(began) > 0:
			t.Errorf("%s may stay on: %v", kind, began)
		case after == 0:
		case len(began) != 1 || began[0].Code != ucare.FaultStuck || !began[0].Since.Equal(monday) || now.Sub(monday) != after:
			t.Errorf("%s: %v after %v, want it after %v", kind, began, now.Sub(monday), after)
		default:
			if c := at(s, kind, ucare.Inactive, now); len(c.Ended) != 1 {
				t.Errorf("%s is off: %+v", kind, c)
			}
		}
	}
}

func TestAMotionSensorThatNeverSaysOffIsNotStuck(t *testing.T) {
	d := &device{id: "pir433", kind: ucare.Motion, untried: true}
	w := newWorld(t, 1, d)
	for range 50 {
		w.hear(d, reading(d, ucare.Active), w.now)
		w.run(time.Hour)
	}
	w.wants()
}

func TestADetectorCountsOnlyAfterATest(t *testing.T) {
	hear := func(s *Supervisor, r ucare.Reading, seen sensors.Seen) Change {
		r.Dwelling, r.Sensor, r.At = "kim", "x", monday
		seen.Dwelling, seen.Sensor = "kim", "x"
		h := sensors.Heard{Seen: []sensors.Seen{seen}}
		if r.Kind != "" {
			h.Readings = []ucare.Reading{r}
		}
		return s.Hear("zigbee2mqtt/x", h, monday)
	}
	for _, kind := range []ucare.Kind{ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas, ucare.FallSensor, ucare.HelpButton} {
		for name, c := range map[string]struct {
			r      ucare.Reading
			seen   sensors.Seen
			proves bool
		}{
			"off":              {r: ucare.Reading{Kind: kind, State: ucare.Inactive}},
			"old news":         {r: ucare.Reading{Kind: kind, State: ucare.Active, UnknownAge: true}},
			"an old drill":     {r: ucare.Reading{Kind: kind, State: ucare.Active, UnknownAge: true, Drill: true}},
			"tamper":           {r: ucare.Reading{Kind: ucare.Tamper, State: ucare.Active}},
			"the real thing":   {r: ucare.Reading{Kind: kind, State: ucare.Active}, proves: true},
			"a drill":          {r: ucare.Reading{Kind: kind, State: ucare.Active, Drill: true}, proves: true},
			"a test without a": {seen: sensors.Seen{Tested: true, Heard: monday}, proves: true},
		} {
			s := New(sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "kim"}}})
			if c := hear(s, ucare.Reading{}, sensors.Seen{Kinds: []ucare.Kind{ucare.Battery, kind}}); len(c.Began) != 1 || c.Began[0].Code != ucare.FaultNotTested {
				t.Fatalf("%s is listed: %+v", kind, c)
			}
			got := hear(s, c.r, c.seen)
			if proved := len(got.Ended) == 1 && got.Ended[0].Code == ucare.FaultNotTested; proved != c.proves || len(got.Began) > 0 {
				t.Errorf("%s of %s: %+v, want it to prove: %v", name, kind, got, c.proves)
			}
		}
	}
	s := New(sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "kim"}}})
	several := hear(s, ucare.Reading{}, sensors.Seen{Kinds: []ucare.Kind{ucare.Smoke, ucare.CarbonMonoxide, ucare.HelpButton, ucare.FallSensor}})
	if len(several.Began) != 1 || several.Began[0].Detail != "to be tried one by one: its alarm of smoke, heat or gas, its call for help, a fall" {
		t.Errorf("a device of several kinds: %+v", several)
	}
	for i, r := range []ucare.Reading{
		{Kind: ucare.HelpButton, State: ucare.Active}, {Kind: ucare.Smoke, State: ucare.Active, Drill: true}, {Kind: ucare.FallSensor, State: ucare.Active},
	} {
		if c := hear(s, r, sensors.Seen{}); (len(c.Ended) == 1) != (i == 2) {
			t.Errorf("after %s: %+v; each has to be tried", r.Kind, c)
		}
	}
	s = New(sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "kim"}}})
	if c := hear(s, ucare.Reading{Kind: ucare.WaterLeak, State: ucare.Inactive}, sensors.Seen{}); len(c.Began) > 0 {
		t.Errorf("nobody has to wet the floor: %+v", c)
	}
}

func TestASensorThatIsGoneIsMissedNoMore(t *testing.T) {
	w := newWorld(t, 1, theHome()...)
	w.run(10 * day)
	d := w.device("kitchen-gas")
	d.dead = w.now
	w.run(2 * time.Hour)
	w.wants("sensor_silent kitchen-gas")
	w.says(sensors.Heard{Seen: []sensors.Seen{{Dwelling: "kim", Sensor: d.id, Gone: true}}})
	w.run(3 * day)
	w.wants()
}
