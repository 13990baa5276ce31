package zigbee2mqtt

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// What a device says about itself: that something is wrong with it, and how a
// test of it went.

// wellWords are what a device says when nothing is wrong with it, and
// illWords how a failed test ends. A test that is running says nothing yet.
const (
	wellWords    = "false off not_detected none normal clear no_alert ok no_fault no_fault_detected 0 []"
	passedWords  = "success check_success passed pass"
	illWords     = "failure check_failure failed fail comm_fault radar_fault error"
	runningWords = "checking others testing running idle none"
)

// troubled takes what the device says to be wrong with itself.
func (d *device) troubled(property, value string) {
	w := word(value)
	switch {
	case value == "null" || w == "" || w == "unknown" || strings.HasPrefix(value, "{"):
		d.bad(property, value)
		return
	case isAmong(w, wellWords):
		delete(d.Trouble, property)
	default:
		put(&d.Trouble, property, clip(value))
	}
	d.good(property)
}

// selfTested takes how the device's test of itself ended, and reports whether it
// was passed: proof that what the device says arrives.
func (d *device) selfTested(property, value string) (passed bool) {
	w := word(value)
	switch {
	case isAmong(w, passedWords):
		delete(d.Trouble, property)
		passed = d.Values[property] != value
		put(&d.Values, property, value)
	case isAmong(w, illWords):
		put(&d.Trouble, property, clip(value))
		delete(d.Values, property)
	case isAmong(w, runningWords):
		delete(d.Values, property)
	default:
		d.bad(property, value)
		return false
	}
	d.good(property)
	return passed
}

// troubles are all that the device says to be wrong with itself.
func (d *device) troubles() string {
	var all []string
	for _, property := range slices.Sorted(maps.Keys(d.Trouble)) {
		all = append(all, property+" is "+d.Trouble[property])
	}
	return strings.Join(all, ", ")
}

// testing notes since when the device says that it tests itself, and reports
// whether a test began just now. Some say "smoke" with it and some do not
// (github.com/Koenkk/zigbee2mqtt/issues/391); both are a live test press.
func (d *device) testing(value string, n news) (began bool) {
	switch value {
	case "true":
		if d.TestSince.IsZero() {
			d.TestSince = n.at
			return !n.stale
		}
	case "false":
		d.TestSince, d.Drills = time.Time{}, nil
	}
	return false
}

// isDrill reports whether a detector's alarm belongs to a test that has just begun.
// Each kind has its own: a test of one is no word about the fire that another sees.
func (d *device) isDrill(kind ucare.Kind, active, changed bool, n news) bool {
	switch {
	case !active:
		delete(d.Drills, kind)
	case changed && !d.TestSince.IsZero() && n.at.Sub(d.TestSince).Abs() <= testHolds: // a clock may have been set back
		put(&d.Drills, kind, true)
	case changed:
		delete(d.Drills, kind)
	}
	return d.Drills[kind]
}
