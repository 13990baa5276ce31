package sensors

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
)

// Enrolment. That a detector is in the list proves nothing: its alarm may never
// be decoded (gas that is always false, a smoke alarm that says "Unknown", a
// button whose press gets lost). So a detector or a help button counts as supervised only
// after an alarm of it was seen live once: a test press, or the real thing. Until then
// package supervision tells a fault, from the moment it is listed or heard.
//
// One test of a device that detects several dangers of fire is enough, for it has one
// test button; which kinds were seen is written down.

// MustBeTested reports whether a sensor of the kind is not supervised before an
// alarm of it was seen live. A water leak is not among them: nobody should have
// to wet the floor, and what it misses costs no life.
func MustBeTested(k ucare.Kind) bool { return IsDetector(k) && k != ucare.WaterLeak }

// MustBeTested reports whether the sensor is not supervised before an alarm of
// it was seen live.
func (s SensorState) MustBeTested() bool { return slices.ContainsFunc(s.Kinds, MustBeTested) }

// tested notes a test that was seen.
func (s *SensorState) tested(at time.Time) {
	if at.After(s.Tested) {
		s.Tested = at
	}
}

// IsTest reports whether a reading proves that its sensor's alarm is understood:
// an active one, drill or not, of which we know that it was made now.
func IsTest(r ucare.Reading) bool {
	return r.State == ucare.Active && !r.UnknownAge && MustBeTested(r.Kind)
}

// prove notes such a reading.
func (s *SensorState) prove(r ucare.Reading) {
	if !IsTest(r) {
		return
	}
	s.tested(r.At)
	if s.TestedKinds == nil {
		s.TestedKinds = map[ucare.Kind]time.Time{}
	}
	if r.At.After(s.TestedKinds[r.Kind]) {
		s.TestedKinds[r.Kind] = r.At
	}
}

// TestsIn finds in a decoder's memory, also in that of another version, the
// sensors that were tested, each as it was seen at its test. Nobody shall have to
// go round the home and press every button again because of an upgrade.
func TestsIn(memory []byte) []Seen {
	var kept struct {
		Sensors []struct {
			ID       string       `json:"id"`
			Dwelling string       `json:"dwelling"`
			Room     string       `json:"room"`
			Kinds    []ucare.Kind `json:"kinds"`
			Tested   time.Time    `json:"tested"`
		} `json:"sensors"`
	}
	_ = json.Unmarshal(memory, &kept) // what another version wrote in another way is not known here
	var tests []Seen
	for _, s := range kept.Sensors {
		if !s.Tested.IsZero() && s.ID != "" {
			tests = append(tests, Seen{Dwelling: s.Dwelling, Sensor: s.ID, Room: s.Room, Kinds: s.Kinds, Heard: s.Tested, Tested: true})
		}
	}
	return tests
}

// Enrol takes note of a sensor as something other than a message tells of it.
func (d *Decoder) Enrol(s Seen) Heard { return d.settle(Heard{Seen: []Seen{s}}) }

// Supervised says whether the sensor is supervised, or why not: from the faults
// that stand, so that every list says the same.
func (s SensorState) Supervised(standing []ucare.Fault) ucare.Supervised {
	worst := ucare.SupervisedYes
	for _, f := range standing {
		if f.Dwelling != s.Dwelling {
			continue
		}
		if why := s.reason(f); why.Worse(worst) {
			worst = why
		}
	}
	if s.LastHeard.IsZero() && ucare.NeverHeard.Worse(worst) {
		worst = ucare.NeverHeard
	}
	return worst
}

// reason is what a fault of the dwelling means for the sensor.
func (s SensorState) reason(f ucare.Fault) ucare.Supervised {
	switch f.Code {
	case ucare.FaultBridge, ucare.FaultRadio:
		if s.Bridge != "" && f.Subject == s.Bridge {
			return ucare.SensorAway
		}
	case ucare.FaultHomeQuiet:
		return ucare.SensorSilent
	}
	if f.Subject != s.ID {
		return ucare.SupervisedYes
	}
	switch f.Code {
	case ucare.FaultUnreachable:
		return ucare.SensorAway
	case ucare.FaultSilent:
		return ucare.SensorSilent
	case ucare.FaultNotSupervised, ucare.FaultNeedsMapping, ucare.FaultNotUnderstood, ucare.FaultUnknownValue, ucare.FaultUnknownDevice:
		return ucare.NotEvaluated
	case ucare.FaultNeverTriggers, ucare.FaultStuck, ucare.FaultTrouble:
		return ucare.SensorFaulty
	case ucare.FaultNotTested:
		return ucare.NotTested
	case ucare.FaultNoHeartbeat:
		return ucare.NoHeartbeat
	default:
		return ucare.SupervisedYes
	}
}
