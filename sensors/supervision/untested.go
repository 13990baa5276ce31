package supervision

import (
	"strings"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// Method. A detector or a help button is not supervised before an alarm of it
// was seen live, a test press or the real thing (sensors.IsTest). That it was never tried is
// told from the moment it is listed or heard. A detector of several dangers has
// one test button, so that one of them proves all; but a button that calls for help
// proves nothing about the smoke detector in the same case, nor about a fall.

// proofs are the things that a device has to prove, each a bit.
type proofs uint8

const (
	danger proofs = 1 << iota // of fire or gas
	help
	fall
)

func proofOf(k ucare.Kind) proofs {
	switch {
	case !sensors.MustBeTested(k):
		return 0
	case k == ucare.HelpButton:
		return help
	case k == ucare.FallSensor:
		return fall
	default:
		return danger
	}
}

// byTestButton is what the test button of a device proves that does not say what it tested.
func (p proofs) byTestButton() proofs {
	if p&danger != 0 {
		return danger
	}
	return p
}

// names are the proofs in words, for the detail of a fault.
func (p proofs) names() string {
	var names []string
	for _, known := range []struct {
		proof proofs
		name  string
	}{{danger, "its alarm of smoke, heat or gas"}, {help, "its call for help"}, {fall, "a fall"}} {
		if p&known.proof != 0 {
			names = append(names, known.name)
		}
	}
	return strings.Join(names, ", ")
}

// judgeUntested finds out whether the sensor still has to be tried.
func (h *home) judgeUntested(id string, s *sensor, now instant, c *Change) {
	missing := s.MustProve &^ s.Proved
	detail := ""
	if missing&(missing-1) != 0 { // more than one thing
		detail = "to be tried one by one: " + missing.names()
	}
	h.tell(ucare.FaultNotTested, id, missing != 0, now, detail, c)
}
