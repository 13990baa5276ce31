package rules

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
)

// Method. A detector that alarms over and over without a fire is switched off by its
// household in the end; the documented failing of the real system is such alarms. So
// each detector counts its nuisances, for people to see which one hangs in the wrong
// place. Nothing is decided by the count but this: a thermometer whose rise alone has
// already raised a nuisance needs company or heat itself the next time (heat.go). A
// contact is believed for ever.
//
// A nuisance is an alarm of a single detector, not a drill,
//   - that the centre closes with the words "false alarm", or that the resident cancels;
//   - or that was restored within 15 minutes of its onset, as steam and toast are, unless
//     the centre says on closing that help was given.

// shortAlarm is how soon an alarm of a single detector is restored when nothing burns.
const shortAlarm = 15 * time.Minute

// A Nuisance is how often a detector raised an alarm for nothing.
type Nuisance struct {
	Sensor string
	Kind   ucare.Kind
	Room   string
	Count  int
}

// Raised is what became of a detector's alarms.
type Raised struct {
	Sensor   string     `json:"sensor"`
	Kind     ucare.Kind `json:"kind"`
	Room     string     `json:"room,omitempty"`
	Measured bool       `json:"measured,omitempty"`
	// Alarm is the last alarm that it belonged to, and Counted whether that counts.
	Alarm   string `json:"alarm"`
	Counted bool   `json:"counted,omitempty"`
	Count   uint16 `json:"count,omitempty"`
}

// Nuisances are the detectors that raised alarms for nothing, the worst first.
func (s *State) Nuisances() (all []Nuisance) {
	for i := range s.Fire.Raised {
		if d := &s.Fire.Raised[i]; d.Count > 0 {
			all = append(all, Nuisance{Sensor: d.Sensor, Kind: d.Kind, Room: d.Room, Count: int(d.Count)})
		}
	}
	slices.SortStableFunc(all, func(a, b Nuisance) int { return cmp.Compare(b.Count, a.Count) })
	return all
}

// joined notes the alarm that a detector belongs to from now on. A drill is none.
func (f *FireState) joined(d *Detector) {
	if d.Drill {
		return
	}
	i, ok := f.raised(d.Sensor, d.Kind, d.Measured)
	if !ok {
		f.Raised = slices.Insert(f.Raised, i, Raised{Sensor: d.Sensor, Kind: d.Kind, Measured: d.Measured})
	}
	r := &f.Raised[i]
	r.Room, r.Alarm, r.Counted = d.Room, d.Alarm, false
}

func (f *FireState) raised(sensor string, kind ucare.Kind, measured bool) (int, bool) {
	return slices.BinarySearchFunc(f.Raised, sensor, func(r Raised, sensor string) int {
		return cmp.Or(cmp.Compare(r.Sensor, sensor), cmp.Compare(r.Kind, kind), cmp.Compare(sideOf(false, r.Measured), sideOf(false, measured)))
	})
}

// count takes the detector's last alarm for a nuisance, or no longer.
func (r *Raised) count(is bool) {
	switch {
	case is && !r.Counted && r.Count < math.MaxUint16:
		r.Count++
	case !is && r.Counted:
		r.Count--
	default:
		return
	}
	r.Counted = is
}

// judgeShort counts an alarm that is restored within minutes.
func (f *FireState) judgeShort(e *Episode) {
	if r := f.onlyOne(e.Alarm); r != nil && !e.UnknownAge && !e.Closed && e.Clear.Sub(e.Onset) < shortAlarm {
		r.count(true)
	}
}

// judgeClosed goes by what the centre says on closing.
func (f *FireState) judgeClosed(alarm, outcome string) {
	r := f.onlyOne(alarm)
	if r == nil {
		return
	}
	switch said := strings.ToLower(outcome); {
	case strings.HasPrefix(said, "false alarm: test"):
	case strings.HasPrefix(said, "false alarm"), said == string(ucare.Cancel):
		r.count(true)
	case strings.HasPrefix(said, "helped"):
		r.count(false)
	}
}

// onlyOne is the detector that an alarm is of, when it is the only one.
func (f *FireState) onlyOne(alarm string) (only *Raised) {
	for i := range f.Raised {
		if r := &f.Raised[i]; r.Alarm == alarm {
			if only != nil {
				return nil
			}
			only = r
		}
	}
	return only
}

// nuisances is how often what a sensor measures has raised an alarm for nothing.
func (f *FireState) nuisances(sensor string, kind ucare.Kind) int {
	if i, ok := f.raised(sensor, kind, true); ok {
		return int(f.Raised[i].Count)
	}
	return 0
}
