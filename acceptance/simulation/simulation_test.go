package simulation

import (
	"reflect"
	"testing"
	_ "time/tzdata" // the homes are in many zones, whatever the machine has

	"github.com/ucare-project/ucare"
)

// some are the first things of a seed's year, of which nobody decides anything.
func some(seed uint64, n int) (all []Thing) {
	y := New(seed, 3)
	for len(all) < n {
		all = append(all, y.Happen()...)
	}
	return all
}

func TestASeedIsAHome(t *testing.T) {
	for seed := range uint64(20) {
		if !reflect.DeepEqual(some(seed, 3000), some(seed, 3000)) {
			t.Fatalf("seed %d lives twice, and not the same", seed)
		}
	}
	if reflect.DeepEqual(some(1, 100), some(2, 100)) {
		t.Error("two seeds live the same")
	}
}

// What never happens here tests nothing there.
func TestEverythingHappensInSomeHome(t *testing.T) {
	kinds, homes := map[ucare.Kind]int{}, map[Kind]int{}
	var oldNews, drills, off, deaf, set, late, twice int
	for seed := range uint64(40) {
		homes[New(seed, 1).Home.Kind]++
		var before Thing
		for _, thing := range some(seed, 8000) {
			switch r := thing.Reading; {
			case thing.ClockBy != 0:
				set++
			case thing.Unheard != nil && thing.Unheard.Off:
				off++
			case thing.Unheard != nil:
				deaf++
			case r != nil:
				kinds[r.Kind]++
				if r.UnknownAge {
					oldNews++
				}
				if r.Drill {
					drills++
				}
				if thing.At.Sub(r.At) > 30e9 {
					late++
				}
				if before.Reading != nil && reflect.DeepEqual(*before.Reading, *r) {
					twice++
				}
			}
			before = thing
		}
	}
	for what, n := range map[string]int{
		"old news": oldNews, "drills": drills, "absences": off, "deaf brokers": deaf, "set clocks": set, "late readings": late, "doubled readings": twice,
	} {
		if n == 0 {
			t.Errorf("no %s", what)
		}
	}
	for _, kind := range Kinds() {
		if homes[kind] == 0 {
			t.Errorf("no home %s", kind)
		}
	}
	for _, kind := range []ucare.Kind{
		ucare.Motion, ucare.Presence, ucare.Door, ucare.Bed, ucare.Seat, ucare.Use, ucare.Smoke, ucare.Heat, ucare.CarbonMonoxide, ucare.Gas,
		ucare.Temperature, ucare.HelpButton, ucare.FallSensor, ucare.Acceleration, ucare.Battery, ucare.Link, ucare.Away,
	} {
		if kinds[kind] == 0 {
			t.Errorf("no reading of kind %s", kind)
		}
	}
}

func TestKeptHomesAreReadable(t *testing.T) {
	if all, err := KeptHomes(); err != nil || len(all) == 0 {
		t.Errorf("%d homes, %v", len(all), err)
	}
}
