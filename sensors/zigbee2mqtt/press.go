package zigbee2mqtt

import (
	"slices"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
)

// doubledWithin is for how long a press in the one form of output may be the
// same as one in the other (zigbee-herdsman-converters issue 2797).
const doubledWithin = 10 * time.Second

// pressed is the last press that was heard in one form of output and not yet
// in the other.
type pressed struct {
	At    time.Time `json:"at,omitzero"`
	Value string    `json:"value,omitempty"`
	Whole bool      `json:"whole,omitempty"` // in the device's JSON, else on a topic of its own
}

// isDoubled reports whether this press is one that was already heard in the
// other form: a bridge with attribute_and_json output tells each press on two
// topics. Two presses in one form are two presses.
func (d *device) isDoubled(at time.Time, value string, whole bool) bool {
	before, value := d.Pressed, clip(value)
	since := at.Sub(before.At)
	if before.Value == value && before.Whole != whole && since >= 0 && since <= doubledWithin {
		d.Pressed = pressed{}
		return true
	}
	d.Pressed = pressed{At: at, Value: value, Whole: whole}
	return false
}

// press gives the reading of a press. A bridge never caches these, so only one
// from the broker's store is old.
func (b *Bridge) press(m sensors.Message, name string, d *device, what meaning, property, value string, whole bool) []ucare.Reading {
	if value != "null" && !strings.HasPrefix(value, `"`) {
		d.bad(property, value)
		return nil
	}
	state, known := what.state(value)
	if !known && d.Listed {
		d.bad(property, value) // perhaps a call under a name that its definition does not list
		return nil
	}
	d.good(property)
	if state != ucare.Active || !m.Retained && d.isDoubled(m.At, property+"="+value, whole) {
		return nil
	}
	r := b.reading(name, what.kind)
	r.At, r.State, r.UnknownAge = m.At, ucare.Active, m.Retained
	return []ucare.Reading{r}
}

// state is what an action says: whether it is a call for help, and whether we know
// it at all. A button may say more than its definition lists (ORVIBO's SE20-O lists
// "single" and says "double" too), and a call is one all the same.
func (what meaning) state(action string) (state ucare.State, known bool) {
	if state, known := what.states[action]; known || action == "null" {
		return state, true
	}
	switch w := word(action); {
	case isCall(w), what.clicks && isClick(w):
		return ucare.Active, true
	default:
		return ucare.Unknown, w == "off" || w == "none" || strings.Contains(w, "release")
	}
}

// oncePressed leaves one press of those that a message tells: a keypad says
// "action":"sos" and "sos_alarm":true of the same one.
func oncePressed(readings []ucare.Reading) []ucare.Reading {
	pressed := -1
	for i, r := range readings {
		if r.Kind != ucare.HelpButton || r.State != ucare.Active {
			continue
		}
		if pressed >= 0 {
			readings[pressed].UnknownAge = readings[pressed].UnknownAge && r.UnknownAge
			return slices.Delete(readings, i, i+1)
		}
		pressed = i
	}
	return readings
}
