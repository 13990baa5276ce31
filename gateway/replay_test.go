package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/supervision"
)

// A spoken is a message in our own form.
type spoken struct {
	at      time.Time
	topic   string
	payload string
}

// weeks are what a home says in some weeks: a resident who moves about, sleeps, and
// once lies still; a detector that is tried, a battery, a link.
func weeks(seed uint64, days int) (all []spoken) {
	r := rand.New(rand.NewPCG(seed, 1))
	contact := func(at time.Time, sensor, room string, kind ucare.Kind, active bool) {
		all = append(all, spoken{at, "ucare/home/" + sensor, fmt.Sprintf(`{"room":%q,"kind":%q,"active":%t}`, room, kind, active)})
	}
	places := []string{"kitchen", "bathroom", "bedroom", "hall"}
	for day := range days {
		for at := spring.AddDate(0, 0, day).Add(6 * time.Hour); at.Before(spring.AddDate(0, 0, day).Add(22 * time.Hour)); {
			at = at.Add(time.Duration(5+r.IntN(90)) * time.Minute)
			if day == days/2 {
				continue // the day of the long silence
			}
			room := places[r.IntN(len(places))]
			contact(at, room+"-pir", room, ucare.Motion, true)
			contact(at.Add(time.Minute), room+"-pir", room, ucare.Motion, false)
			switch r.IntN(60) {
			case 0:
				contact(at.Add(2*time.Minute), "detector", "kitchen", ucare.Smoke, true)
				contact(at.Add(4*time.Minute), "detector", "kitchen", ucare.Smoke, false)
			case 1:
				contact(at.Add(2*time.Minute), "front-door", "hall", ucare.Door, true)
				contact(at.Add(3*time.Minute), "front-door", "hall", ucare.Door, false)
			case 2:
				contact(at.Add(2*time.Minute), "kitchen-pir", "kitchen", ucare.Link, false)
			case 3:
				contact(at.Add(2*time.Minute), "button", "bedroom", ucare.HelpButton, true)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b spoken) int { return a.at.Compare(b.at) })
	return all
}

// liveHome folds messages as the watch does, each tick when it is due and each night's
// profile as the keeper learns it.
type liveHome struct {
	fold    *fold
	learns  time.Time
	past    []ucare.Reading
	decided []ucare.Decision
}

func (d *liveHome) entry(t *testing.T, e journal.Entry) {
	t.Helper()
	for {
		due, waits := d.fold.next()
		if !d.learns.After(e.At) && (!waits || !due.Before(d.learns)) {
			learned, err := d.fold.policies.all.LearnProfile(withoutError(d.past), d.learns)
			if err != nil {
				t.Fatal(err)
			}
			payload, err := json.Marshal(profile{"home", learned})
			if err != nil {
				t.Fatal(err)
			}
			if learned.Days > 0 {
				d.take(d.fold.entry(journal.Entry{At: d.learns, Kind: journal.Profile, Payload: payload}))
			}
			d.learns = d.learns.Add(untilClock(d.learns, learnAt, time.UTC))
			continue
		}
		if !waits || !due.Before(e.At) {
			break
		}
		d.take(d.fold.entry(journal.Entry{At: due, Kind: journal.Tick, Payload: []byte("{}")}))
		if again, waits := d.fold.next(); waits && !again.After(due) {
			break
		}
	}
	d.take(d.fold.entry(e))
}

func (d *liveHome) take(f folded) {
	d.decided = append(d.decided, f.decisions...)
	d.past = append(d.past, f.readings...)
}

// The daemon hears messages, a replay the readings that an export would hold.
func TestAReplayDecidesAsTheDaemonDoes(t *testing.T) {
	raised := map[ucare.Rule]int{}
	for seed := range uint64(6) {
		policy := rules.Default()
		topics := sensors.Config{Dwellings: []sensors.DwellingTopics{{Dwelling: "home"}}}
		live := &liveHome{fold: newFold(sensors.NewDecoder(topics), supervision.New(topics), onePolicy(&policy), []string{"home"})}
		messages := weeks(seed, 35)
		live.learns = messages[0].at.Add(untilClock(messages[0].at, learnAt, time.UTC))
		for _, m := range messages {
			live.entry(t, journal.Entry{At: m.at, Kind: journal.Message, Topic: m.topic, Payload: []byte(m.payload)})
		}
		again := NewReplay(nil)
		var replayed []ucare.Decision
		for _, r := range live.past {
			for _, h := range again.Hear(r) {
				if h.Fault == nil {
					replayed = append(replayed, h.Decision)
				}
			}
		}
		for i, d := range live.decided {
			if d.Verb == ucare.Raise {
				raised[d.Rule]++
			}
			if i >= len(replayed) || !bytes.Equal(asJSON(t, d), asJSON(t, replayed[i])) {
				t.Fatalf("seed %d, decision %d: the daemon decides %s, the replay %s", seed, i, asJSON(t, d), asJSON(t, replayed[min(i, len(replayed)):]))
			}
		}
		if len(replayed) > len(live.decided) {
			t.Errorf("seed %d: the replay decides %s besides", seed, asJSON(t, replayed[len(live.decided):]))
		}
	}
	if raised[ucare.Fire] == 0 || raised[ucare.Inactivity] == 0 || raised[ucare.Help] == 0 {
		t.Errorf("raised %v: these weeks test nothing", raised)
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestEachDwellingOfAReplayHasItsOwnTime(t *testing.T) {
	r := NewReplay(nil)
	motion := func(dwelling string, at time.Time) ucare.Reading {
		return ucare.Reading{At: at, Dwelling: dwelling, Sensor: "pir", Room: "hall", Kind: ucare.Motion, State: ucare.Active}
	}
	r.Hear(motion("then", spring.AddDate(-10, 0, 0)))
	if out := r.Hear(motion("now", spring)); len(out) != 0 {
		t.Errorf("a reading of another home let ten years pass: %s", asJSON(t, out))
	}
	var silent []string
	for _, h := range r.Until(spring.AddDate(0, 0, 2)) {
		if h.Rule == ucare.Inactivity && h.Verb == ucare.Raise {
			silent = append(silent, h.Dwelling)
		}
	}
	if !slices.Equal(silent, []string{"then", "now"}) {
		t.Errorf("silence was raised in %v", silent)
	}
}
