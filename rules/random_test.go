package rules_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/rules"
)

// A world is one dwelling to which random things happen. What happens is
// decided by bytes alone, so a seed or a fuzzer's input is a whole story.
type world struct {
	policy   rules.Policy
	state    *rules.State
	now      time.Time
	got      []ucare.Decision
	punctual bool // tick whenever one is due
	reload   bool // store and load the state before each step
	twice    bool // every reading arrives twice
	learns   bool // now and then there is a profile
	// seen is told of each reading after it was folded, with what it decided.
	seen func(r ucare.Reading, decided []ucare.Decision)
}

func newWorld() *world {
	w := &world{policy: rules.Default(), state: rules.NewState("home"), now: time.Date(2025, 3, 28, 6, 0, 0, 0, time.UTC)}
	loc, err := time.LoadLocation("Europe/Berlin") // Two days before the clocks change.
	if err != nil {
		panic(err)
	}
	w.policy.Location = loc
	w.policy.Concern.CheckIn.By, w.policy.Concern.NightOut.Within = 10*time.Hour, 30*time.Minute
	w.policy.Concern.MostADay = 3
	return w
}

var (
	sensors = []struct {
		sensor, room string
		kind         ucare.Kind
	}{
		{"k1", "kitchen", ucare.Smoke},
		{"k2", "kitchen", ucare.Heat},
		{"k3", "kitchen", ucare.Smoke},
		{"combi", "bedroom", ucare.Smoke},
		{"combi", "bedroom", ucare.CarbonMonoxide},
		{"new1", "", ucare.Smoke},
		{"new2", "", ucare.Smoke},
		{"g", "kitchen", ucare.Gas},
		{"pendant", "", ucare.HelpButton},
		{"cord", "bathroom", ucare.HelpButton},
		{"m1", "hall", ucare.Motion},
		{"m2", "kitchen", ucare.Motion},
		{"d", "hall", ucare.Door},
		{"b", "bedroom", ucare.Bed},
		{"p", "living", ucare.Presence},
		{"t", "kitchen", ucare.Temperature},
		{"sd", "kitchen", ucare.SmokeDensity},
		{"combi", "bedroom", ucare.CarbonMonoxideLevel},
		{"out", "", ucare.Away},
		{"radar", "bathroom", ucare.FallSensor},
		{"mat", "bathroom", ucare.FallSensor},
		{"watch", "", ucare.FallSensor},
		{"t2", "bedroom", ucare.Temperature},
		{"w1", "kitchen", ucare.WaterLeak},
		{"w2", "kitchen", ucare.WaterLeak},
		{"checkin", "", ucare.Use},
	}
	units = map[ucare.Kind]string{
		ucare.Temperature: "°C", ucare.SmokeDensity: "%/m", ucare.CarbonMonoxideLevel: "ppm", ucare.Gas: "%LEL",
	}
	values = []float64{0, 12, 20, 21, 22, 25, 31, 45, 57, 60, 85, 110, 320}
	steps  = []time.Duration{0, 0, time.Second, 5 * time.Second, 20 * time.Second, 61 * time.Second, 10 * time.Minute, 70 * time.Minute, 5 * time.Hour, 13 * time.Hour}
	delays = []time.Duration{0, 0, 0, 0, 5 * time.Second, 40 * time.Second, 90 * time.Second, 2 * time.Hour, -time.Hour, 30 * time.Hour}
	jumps  = []time.Duration{-49 * time.Hour, -time.Hour, -30 * time.Second, 30 * time.Second, time.Hour, 400 * 24 * time.Hour}
)

// step makes one thing happen.
func (w *world) step(b [4]byte) {
	if w.reload {
		w.state = restored(w.state)
	}
	w.wait(w.now.Add(steps[int(b[0])%len(steps)]))
	switch b[1] % 16 {
	case 0:
		w.got = w.policy.Tick(w.state, w.now, w.got)
	case 1, 2:
		w.answer(b)
	case 3:
		from, to := w.now, w.now.Add(steps[int(b[2])%len(steps)])
		w.policy.Gap(w.state, from, to)
		w.now = to
	case 4:
		switch {
		case b[3] < 64:
			by := jumps[int(b[2])%len(jumps)]
			w.got = w.policy.Tick(w.state, w.now, w.got)
			w.policy.Shift(w.state, by)
			w.now = w.now.Add(by)
		case b[3] < 160:
			of := sensors[int(b[2])%len(sensors)]
			w.got = w.policy.Blind(w.state, of.sensor, b[3]&1 == 0, w.now, w.got)
		case w.learns:
			w.got = w.policy.Tick(w.state, w.now, w.got)
			w.policy.Learn(w.state, w.profile(b))
		}
	default:
		w.read(w.reading(b))
	}
}

// profile is what might have been learned: limits from nothing to ten hours.
func (w *world) profile(b [4]byte) rules.Profile {
	p := rules.Profile{
		Days: int(b[2] % 12), At: w.now.Round(0).UTC(), Outing: time.Duration(b[0]) * time.Minute, Kitchen: time.Duration(b[0]%20) * time.Hour,
	}
	for place := range p.Silences {
		for slot := range p.Silences[place].Limit {
			limit := b[place%4] + uint8(slot*7)
			p.Silences[place].Longest[slot], p.Silences[place].Limit[slot] = limit%100, limit%120
		}
	}
	return p
}

func (w *world) reading(b [4]byte) ucare.Reading {
	of := sensors[int(b[2])%len(sensors)]
	r := ucare.Reading{
		Dwelling: "home", Sensor: of.sensor, Room: of.room, Kind: of.kind,
		At: w.now.Add(-delays[int(b[3])%len(delays)]), State: ucare.StateOf(b[1]&16 == 0),
		UnknownAge: b[1]&0xe0 == 0x20, Drill: b[1]&0xe0 == 0x40,
	}
	if unit := units[of.kind]; unit != "" && (of.kind != ucare.Gas || b[0]&64 == 0) {
		r.State, r.Unit, r.Value = ucare.Unknown, unit, values[int(b[0])%len(values)]
		if of.kind == ucare.Temperature && b[0]&32 == 0 { // of a room that is sometimes too cold
			r.Value = 13 + float64(b[3]%8)
		}
	}
	switch b[1] & 0xe0 {
	case 0x60:
		r.State = ucare.Unknown
	case 0x80:
		r.At = time.Time{}
	}
	return r
}

func (w *world) read(r ucare.Reading) {
	for range 1 + map[bool]int{true: 1}[w.twice] {
		before := len(w.got)
		w.got = w.policy.Observe(w.state, r, w.now, w.got)
		if w.seen != nil {
			w.seen(r, w.got[before:])
		}
	}
}

func (w *world) answer(b [4]byte) {
	w.got = w.policy.Tick(w.state, w.now, w.got)
	if len(w.got) == 0 {
		return
	}
	d := w.got[len(w.got)-1-int(b[2])%min(len(w.got), 4)]
	a := ucare.Answers{AcknowledgedAt: w.now}
	if b[3]&1 == 0 {
		a = ucare.Answers{ClosedAt: w.now}
	}
	w.got = w.policy.Answer(w.state, d.Alarm, a, w.now, w.got)
}

func (w *world) wait(to time.Time) {
	for w.punctual {
		due, ok := w.policy.Next(w.state)
		if !ok || due.After(to) {
			break
		}
		w.got = w.policy.Tick(w.state, due, w.got)
	}
	w.now = to
}

func restored(s *rules.State) *rules.State {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	back := &rules.State{}
	if err := json.Unmarshal(text, back); err != nil {
		panic(err)
	}
	return back
}

// story is the bytes of a seed.
func story(seed uint64, length int) [][4]byte {
	random := rand.New(rand.NewPCG(seed, 1))
	all := make([][4]byte, length)
	for i := range all {
		u := random.Uint32()
		all[i] = [4]byte{byte(u), byte(u >> 8), byte(u >> 16), byte(u >> 24)}
	}
	return all
}

// stories runs a test on random stories, the same ones each time.
func stories(t *testing.T, count uint64, tell func(t *testing.T, story [][4]byte)) {
	for seed := range count {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { tell(t, story(seed, 320)) })
	}
}

func live(story [][4]byte, how func(*world)) *world {
	w := newWorld()
	how(w)
	for _, b := range story {
		w.step(b)
	}
	return w
}

// same fails unless both worlds decided the same and know the same.
func same(t *testing.T, a, b *world) {
	t.Helper()
	for i := range max(len(a.got), len(b.got)) {
		if i >= len(a.got) || i >= len(b.got) || !reflect.DeepEqual(a.got[i], b.got[i]) {
			t.Fatalf("decision %d of %d and %d differs:\n%+v\n%+v", i, len(a.got), len(b.got), a.got[i:], b.got[i:])
		}
	}
	if x, y := mustJSON(a.state), mustJSON(b.state); x != y {
		t.Fatalf("the states differ:\n%s\n%s", x, y)
	}
}

func mustJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestTheFoldIsDeterministic(t *testing.T) {
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		same(t, live(story, func(*world) {}), live(story, func(*world) {}))
	})
}

// TestWhatWasLearnedChangesNoPromise: with a profile, too, the fold decides alike
// whenever it is ticked and however often it is stored, and never in the past of what
// was learned.
func TestWhatWasLearnedChangesNoPromise(t *testing.T) {
	early := 0
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		learning := func(w *world) { w.learns = true }
		late := live(story, learning)
		punctual := live(story, func(w *world) { w.learns, w.punctual = true, true })
		for _, w := range []*world{late, punctual} {
			w.got = w.policy.Tick(w.state, w.now, w.got)
		}
		same(t, late, punctual)
		w := live(story, func(w *world) { w.learns, w.reload = true, true })
		w.got = w.policy.Tick(w.state, w.now, w.got)
		same(t, late, w)
		for _, d := range late.got {
			if d.Rule != ucare.Inactivity || d.Verb != ucare.PreAlarm {
				continue
			}
			silent := d.At.Sub(d.Onset)
			if silent < late.policy.Silence.Soonest-late.policy.Silence.Grace-time.Microsecond {
				t.Fatalf("pre-alarm after %v: %+v", silent, d)
			}
			if silent < late.policy.Silence.After {
				early++
			}
		}
	})
	if early < 50 {
		t.Errorf("only %d silences were unusual: these stories test nothing", early)
	}
}

func TestRestoredStateDecidesAlike(t *testing.T) {
	decisions := 0
	stories(t, 30, func(t *testing.T, story [][4]byte) {
		w := live(story, func(*world) {})
		decisions += len(w.got)
		same(t, w, live(story, func(w *world) { w.reload = true }))
		if back := restored(w.state); !reflect.DeepEqual(back, restored(back)) {
			t.Error("JSON and back is another state")
		}
	})
	if decisions < 500 {
		t.Errorf("only %d decisions: these stories test nothing", decisions)
	}
}

func FuzzRestoredStateDecidesAlike(f *testing.F) {
	for seed := range uint64(4) {
		var data []byte
		for _, b := range story(seed, 60) {
			data = append(data, b[:]...)
		}
		f.Add(data, uint16(20))
	}
	f.Fuzz(func(t *testing.T, data []byte, stored uint16) {
		a, b := newWorld(), newWorld()
		for i := 0; len(data) >= 4; i, data = i+1, data[4:] {
			if i == int(stored) {
				b.state = restored(b.state)
			}
			a.step([4]byte(data))
			b.step([4]byte(data))
		}
		same(t, a, b)
	})
}

func TestLateTicksDecideAlike(t *testing.T) {
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		late, punctual := live(story, func(*world) {}), live(story, func(w *world) { w.punctual = true })
		for _, w := range []*world{late, punctual} {
			w.got = w.policy.Tick(w.state, w.now, w.got)
		}
		same(t, late, punctual)
	})
}

func TestNextIsNeverInThePast(t *testing.T) {
	waited := 0
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		w := newWorld()
		for i, b := range story {
			w.step(b)
			w.got = w.policy.Tick(w.state, w.now, w.got)
			if due, ok := w.policy.Next(w.state); ok && !due.After(w.now) {
				t.Fatalf("step %d: Next says %v after Tick at %v", i, due, w.now)
			} else if ok {
				waited++
			}
		}
	})
	if waited == 0 {
		t.Error("nothing was ever due")
	}
}

func TestADuplicateRaisesNothing(t *testing.T) {
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		var last ucare.Reading
		first := false
		live(story, func(w *world) {
			w.twice = true
			w.seen = func(r ucare.Reading, decided []ucare.Decision) {
				if first = !first; first {
					last = r
					return
				}
				for _, d := range decided {
					if d.Verb != ucare.TellFault { // A fault has a key and may be told again.
						t.Fatalf("the second %+v decided %+v", last, d)
					}
				}
			}
		})
	})
}

func TestEveryAlarmIsRaisedOnce(t *testing.T) {
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		w := live(story, func(*world) {})
		did, confirmed := map[string]map[ucare.Verb]bool{}, map[string]int{}
		for _, d := range w.got {
			if d.Verb == ucare.TellFault {
				continue
			}
			before := did[d.Alarm]
			if before == nil {
				before = map[ucare.Verb]bool{}
				did[d.Alarm] = before
			}
			if d.Verb == ucare.Confirm {
				if confirmed[d.Alarm]++; confirmed[d.Alarm] > 4 || !before[ucare.Raise] || before[ucare.Restore] {
					t.Fatalf("confirmed too often, or before the raise, or after the end: %+v", d)
				}
				continue
			}
			if before[d.Verb] || before[ucare.Restore] || before[ucare.Cancel] || before[ucare.Settled] {
				t.Fatalf("%s comes again, or after the end: %+v", d.Verb, d)
			}
			if wrong := d.Verb == ucare.Restore && !before[ucare.Raise] ||
				d.Verb == ucare.Settled && !before[ucare.TellConcern] ||
				d.Verb == ucare.Cancel && (before[ucare.Raise] || !before[ucare.PreAlarm]) ||
				d.Verb == ucare.Raise && before[ucare.PreAlarm] != asksFirst(d) && !calledForHelp(d); wrong {
				t.Fatalf("%s in the wrong order: %+v", d.Verb, d)
			}
			if d.Dwelling != "home" || len(d.Because) == 0 || d.Alarm == "" || d.Onset.IsZero() {
				t.Fatalf("a decision says from where, why, and what about: %+v", d)
			}
			before[d.Verb] = true
		}
	})
}

// asksFirst reports whether there has to be a pre-alarm before that raise.
func asksFirst(d ucare.Decision) bool {
	return d.Rule == ucare.Inactivity || d.Rule == ucare.Fall && !d.UnknownAge
}

// calledForHelp reports whether it is the raise of a fall that did not wait for an
// answer, because of a press.
func calledForHelp(d ucare.Decision) bool {
	return d.Rule == ucare.Fall && slices.ContainsFunc(d.Because, func(e ucare.Evidence) bool { return e.Fact == ucare.FactPressed })
}

// TestFireIsNeverSwallowedOrDelayed holds the promise of fire.go against a
// bookkeeping of its own: whenever a detector becomes active, an alarm of its
// room is open that a human has not closed, or acknowledged an hour ago.
func TestFireIsNeverSwallowedOrDelayed(t *testing.T) {
	edges := 0
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		w := newWorld()
		clear := map[string]bool{} // detectors that were last heard clear, or never
		w.seen = func(r ucare.Reading, decided []ucare.Decision) {
			for _, d := range decided {
				asks := d.Rule == ucare.Inactivity || d.Rule == ucare.Fall
				if d.Verb == ucare.Raise && !asks && units[d.Kind] == "" && !d.At.Equal(w.now) {
					t.Fatalf("raised at %v by a reading of %v: %+v", d.At, w.now, d)
				}
				if !asks && (d.Verb == ucare.PreAlarm || d.Verb == ucare.Cancel) {
					t.Fatalf("only silence and falls know a pre-alarm: %+v", d)
				}
			}
			if hazardOf(r.Kind) == "" || r.Unit != "" {
				return
			}
			key := r.Sensor + string(r.Kind) + fmt.Sprint(r.Drill)
			was, known := clear[key]
			fresh := !r.UnknownAge && r.At.Equal(w.now)
			if fresh && r.State == ucare.Active && (was || !known) {
				edges++
				if !openFor(w, r) {
					t.Fatalf("swallowed at %v: %+v\nstate %s", w.now, r, mustJSON(w.state))
				}
			}
			clear[key] = fresh && r.State == ucare.Inactive
		}
		for _, b := range story {
			w.step(b)
		}
	})
	if edges < 600 {
		t.Errorf("only %d fires: these stories test nothing", edges)
	}
}

// TestAFallIsNeverSwallowed holds the promise of fall.go against a bookkeeping
// of its own: whenever a sensor that was heard "over", or never, tells of a fall,
// a fall of its room is open that a human has not closed, or acknowledged long
// ago, and that was raised or of which the resident is being asked.
func TestAFallIsNeverSwallowed(t *testing.T) {
	falls, again := 0, 0
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		w := newWorld()
		over := map[string]bool{}    // sensors that were last heard "over", or never
		at := map[string]time.Time{} // when a fall of theirs was last heard
		w.seen = func(r ucare.Reading, _ []ucare.Decision) {
			if r.Kind != ucare.FallSensor {
				return
			}
			key := r.Sensor + fmt.Sprint(r.Drill)
			was, known := over[key]
			fresh := !r.UnknownAge && r.At.Equal(w.now)
			if fresh && r.State == ucare.Active && (was || !known) && !at[key].Equal(w.now) {
				falls++
				if known {
					again++
				}
				if !fallOpenFor(w, r) {
					t.Fatalf("swallowed at %v: %+v\nstate %s", w.now, r, mustJSON(w.state))
				}
			}
			over[key] = fresh && r.State == ucare.Inactive
			if r.State == ucare.Active {
				at[key] = w.now
			}
		}
		for _, b := range story {
			w.step(b)
		}
	})
	if falls < 200 || again < 50 {
		t.Errorf("only %d falls, %d of them not the first: these stories test nothing", falls, again)
	}
}

func fallOpenFor(w *world, r ucare.Reading) bool {
	for _, e := range w.state.Fall.Falls {
		here := e.Room == r.Room && (r.Room != "" || e.Sensor == r.Sensor)
		answered := !e.Acknowledged.IsZero() && (e.UnknownAge || w.now.Sub(e.Acknowledged) >= w.policy.Fall.SameFall)
		if here && e.Drill == r.Drill && !e.Closed && !answered {
			return raised(w, e.Alarm) || slices.ContainsFunc(w.state.Pending(), func(p rules.Pending) bool { return p.Alarm == e.Alarm })
		}
	}
	return false
}

// TestAFallIsRaisedInTimeUnlessSomebodyGotUp: each pre-alarm of a fall ends within Grace.
// Only what nobody can do who lies where the fall was prevents the raise.
func TestAFallIsRaisedInTimeUnlessSomebodyGotUp(t *testing.T) {
	ends := map[ucare.Verb]int{}
	stories(t, 1000, func(t *testing.T, story [][4]byte) {
		w := newWorld()
		w.policy.Fall.Grace = 10 * time.Minute // so that things happen meanwhile
		w.policy.Fall.Visit.Grace = w.policy.Fall.Grace
		asked := map[string]ucare.Decision{}
		said := 0
		for _, b := range story {
			w.step(b)
			for _, d := range w.got[said:] {
				first, waits := asked[d.Alarm]
				switch {
				case d.Rule != ucare.Fall:
				case d.Verb == ucare.PreAlarm:
					asked[d.Alarm] = d
				case waits && d.Verb == ucare.Raise:
					if after := d.At.Sub(first.At); after != w.policy.Fall.Grace && (after > w.policy.Fall.Grace || !calledForHelp(d)) {
						t.Fatalf("raised %v after the question: %+v", after, d)
					}
					ends[d.Verb]++
				case waits && d.Verb == ucare.Cancel:
					if !gotUp(d) {
						t.Fatalf("this proves nothing: %+v", d)
					}
					ends[d.Verb]++
				}
			}
			if said = len(w.got); b[1]%16 == 4 {
				clear(asked) // The clock was set: lengths of time are not what they seem.
			}
		}
		w.got = w.policy.Tick(w.state, w.now, w.got)
		for _, p := range w.state.Pending() {
			if p.Rule == ucare.Fall && p.Since.Add(w.policy.Fall.Grace).Before(w.now) {
				t.Fatalf("asked and forgotten: %+v", p)
			}
		}
	})
	if ends[ucare.Raise] < 300 || ends[ucare.Cancel] < 100 {
		t.Errorf("only %v: these stories test nothing", ends)
	}
}

// gotUp reports whether somebody who was asked about a fall must be up, by what is said.
func gotUp(d ucare.Decision) bool {
	e := d.Because[len(d.Because)-1]
	switch e.Kind {
	case ucare.FallSensor:
		return e.Fact == ucare.FactCleared || e.Fact == ucare.FactGotUp
	case ucare.Motion, ucare.Presence:
		return e.Room != d.Room && e.Room != "" && e.At.Sub(d.Onset) >= 10*time.Second
	default:
		return e.Kind == ucare.Bed || e.Kind == ucare.Use
	}
}

// TestAFallThatIsOpenHasAnActiveSensor: otherwise it would have been restored,
// and could be remembered for ever. Of one that was closed the sensor may be in doubt,
// and of one that was inferred there is at most one.
func TestAFallThatIsOpenHasAnActiveSensor(t *testing.T) {
	open := 0
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		w := newWorld()
		for i, b := range story {
			w.step(b)
			active, doubted := map[string]bool{}, map[string]bool{}
			for _, d := range w.state.Fall.Sensors {
				switch d.State {
				case ucare.Active:
					active[d.Alarm] = true
				case ucare.Unknown:
					doubted[d.Alarm] = true
				}
			}
			for _, e := range w.state.Fall.Falls {
				open++
				if !e.Inferred && !active[e.Alarm] && !(e.Closed && doubted[e.Alarm]) {
					t.Fatalf("step %d: %s", i, mustJSON(w.state.Fall))
				}
			}
			if active[""] {
				t.Fatalf("step %d: an active sensor without an alarm: %s", i, mustJSON(w.state.Fall))
			}
		}
	})
	if open < 1000 {
		t.Errorf("only %d falls: these stories test nothing", open)
	}
}

func hazardOf(k ucare.Kind) string {
	switch k {
	case ucare.Smoke, ucare.Heat, ucare.Temperature, ucare.SmokeDensity:
		return "smoke"
	case ucare.CarbonMonoxide, ucare.CarbonMonoxideLevel:
		return "carbon_monoxide"
	case ucare.Gas:
		return "gas"
	}
	return ""
}

// openFor reports whether an alarm is open to which people still answer and
// that stands for this reading.
func openFor(w *world, r ucare.Reading) bool {
	for _, e := range w.state.Fire.Episodes {
		here := e.Room == r.Room && (r.Room != "" || e.Sensor == r.Sensor)
		answered := !e.Acknowledged.IsZero() && (e.UnknownAge || e.Measured || w.now.Sub(e.Acknowledged) >= w.policy.Fire.SameFire)
		if here && hazardOf(e.Kind) == hazardOf(r.Kind) && e.Drill == r.Drill && !e.Closed && !answered {
			return raised(w, e.Alarm)
		}
	}
	return false
}

func raised(w *world, alarm string) bool {
	for _, d := range w.got {
		if d.Alarm == alarm && d.Verb == ucare.Raise {
			return true
		}
		if d.Alarm == alarm && d.Verb == ucare.Restore {
			return false
		}
	}
	return false
}

func TestSilenceIsNeverTooEarlyAndAlwaysEnds(t *testing.T) {
	raises := 0
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		w := live(story, func(*world) {})
		q := &w.policy.Silence
		w.read(ucare.Reading{At: w.now, Dwelling: "home", Sensor: "out", Kind: ucare.Away, State: ucare.Inactive})
		for range 3 { // The power comes and goes, whatever happened before.
			w.policy.Gap(w.state, w.now, w.now.Add(20*time.Hour))
			w.now = w.now.Add(20 * time.Hour)
		}
		w.got = w.policy.Tick(w.state, w.now.Add(q.Settle+9*time.Hour+q.Grace), w.got)
		if !w.state.Silence.Last.IsZero() && !w.state.Silence.Raised {
			t.Fatalf("nobody was heard for 60 h and nothing is raised: %s", mustJSON(w.state))
		}
		for _, d := range w.got {
			if d.Rule == ucare.Inactivity && d.Verb == ucare.PreAlarm && d.At.Sub(d.Onset) < q.After-time.Microsecond {
				t.Fatalf("pre-alarm after %v: %+v", d.At.Sub(d.Onset), d)
			}
			if d.Rule == ucare.Inactivity && d.Verb == ucare.Raise {
				raises++
			}
		}
	})
	if raises < 250 {
		t.Errorf("only %d alarms: these stories test nothing", raises)
	}
}

// Whatever was said about being away: when nobody is seen any more, the rule
// speaks in the end.
func TestAwayIsNotBelievedForever(t *testing.T) {
	away := 0
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		w := live(story, func(*world) {})
		if !w.state.Away.Since.IsZero() {
			away++
		}
		q := &w.policy.Silence
		w.policy.Tick(w.state, w.now.Add(w.policy.Away.AtMost+2*q.AtMost+q.Settle+9*time.Hour+q.Grace), nil)
		if !w.state.Silence.Last.IsZero() && !w.state.Silence.Raised {
			t.Fatalf("nobody was seen for days and nothing is raised: %s", mustJSON(w.state))
		}
	})
	if away < 20 {
		t.Errorf("only %d stories end away: these stories test nothing", away)
	}
}

// However much happens: within 24 h no more is told than the policy allows, and one
// of each rule, and of water one of each room, beside it. What is told is over once.
func TestConcernsAreFew(t *testing.T) {
	told := map[ucare.Rule]int{}
	settled := 0
	stories(t, 250, func(t *testing.T, story [][4]byte) {
		var at []time.Time
		w := newWorld()
		for range 4 * 24 { // A thermometer is believed after some days.
			w.now = w.now.Add(time.Hour)
			w.read(ucare.Reading{At: w.now, Sensor: "t2", Room: "bedroom", Kind: ucare.Temperature, Value: 20, Unit: "°C"})
		}
		for _, b := range story {
			if b[1]%16 == 4 {
				b[1]++ // A clock that is set back has days of its own.
			}
			before := len(w.got)
			w.step(b)
			for _, d := range w.got[before:] {
				switch {
				case d.Verb == ucare.Settled:
					settled++
				case d.Verb == ucare.TellConcern && !d.Drill:
					told[d.Rule]++
					at = append(at, d.At)
				}
			}
		}
		for i, first := range at {
			if n := i + w.policy.Concern.MostADay + 4; n < len(at) && at[n].Sub(first) < 24*time.Hour {
				t.Fatalf("too many within 24 h: %v", at[i:n+1])
			}
		}
	})
	for _, rule := range []ucare.Rule{ucare.CheckIn, ucare.NightOut, ucare.Climate, ucare.Leak} {
		if told[rule] < 10 {
			t.Errorf("only %d concerns of rule %s: these stories test nothing", told[rule], rule)
		}
	}
	if settled < 100 {
		t.Errorf("only %d were settled", settled)
	}
}
