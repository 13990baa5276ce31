package sensors

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

func TestALiveTestIsRememberedByKind(t *testing.T) {
	d := NewDecoder(kim)
	state := func() SensorState {
		for _, s := range d.Sensors() {
			if s.ID == "s1" {
				return s
			}
		}
		t.Fatal("s1 is not in the list")
		return SensorState{}
	}
	for _, proof := range []string{
		`{"kind":"smoke","active":false}`, `{"kind":"smoke","active":true,"unknown_age":true}`,
		`{"kind":"tamper","active":true}`, `{"kind":"water_leak","active":true}`,
	} {
		d.Hear(said("ucare/kim/s1", proof))
		if s := state(); !s.Tested.IsZero() {
			t.Errorf("%s is taken for a test", proof)
		}
	}
	if !state().MustBeTested() {
		t.Error("a smoke detector need not be tested")
	}
	d.Hear(said("ucare/kim/s1", `{"kind":"smoke","active":true,"drill":true}`))
	m := said("ucare/kim/s1", `{"kind":"carbon_monoxide","active":true}`)
	m.At = noon.Add(time.Hour)
	d.Hear(m)
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	d = NewDecoder(kim)
	if err := json.Unmarshal(text, d); err != nil {
		t.Fatal(err)
	}
	s := state()
	if !s.Tested.Equal(m.At) || !s.TestedKinds[ucare.Smoke].Equal(noon) || !s.TestedKinds[ucare.CarbonMonoxide].Equal(m.At) || len(s.TestedKinds) != 2 {
		t.Errorf("%v %v", s.Tested, s.TestedKinds)
	}
}

func TestATestThatTheBridgeTellsOf(t *testing.T) {
	r := register{}
	r.take(Heard{Seen: []Seen{{Dwelling: "kim", Sensor: "x", Bridge: "zigbee2mqtt", Heard: noon, Tested: true, Kinds: []ucare.Kind{ucare.Smoke}}}})
	if s := r.list()[0]; !s.Tested.Equal(noon) || s.Bridge != "zigbee2mqtt" {
		t.Errorf("%+v", s)
	}
}

func TestWhetherASensorIsSupervised(t *testing.T) {
	fault := func(code ucare.FaultCode, subject string) ucare.Fault {
		return ucare.Fault{Code: code, Subject: subject, Dwelling: "kim"}
	}
	heard := SensorState{ID: "x", Dwelling: "kim", Bridge: "z", LastHeard: noon}
	for name, c := range map[string]struct {
		s        SensorState
		standing []ucare.Fault
		want     ucare.Supervised
	}{
		"nothing stands":         {heard, nil, ucare.SupervisedYes},
		"a low battery":          {heard, []ucare.Fault{fault(ucare.FaultBattery, "x")}, ucare.SupervisedYes},
		"another's silence":      {heard, []ucare.Fault{fault(ucare.FaultSilent, "y")}, ucare.SupervisedYes},
		"another bridge":         {heard, []ucare.Fault{fault(ucare.FaultBridge, "y")}, ucare.SupervisedYes},
		"no bridge":              {SensorState{ID: "x", Dwelling: "kim", LastHeard: noon}, []ucare.Fault{fault(ucare.FaultBridge, "")}, ucare.SupervisedYes},
		"another dwelling":       {heard, []ucare.Fault{{Code: ucare.FaultSilent, Subject: "x", Dwelling: "lee"}}, ucare.SupervisedYes},
		"never heard":            {SensorState{ID: "x", Dwelling: "kim"}, nil, ucare.NeverHeard},
		"silent":                 {heard, []ucare.Fault{fault(ucare.FaultSilent, "x")}, ucare.SensorSilent},
		"the home is quiet":      {heard, []ucare.Fault{fault(ucare.FaultHomeQuiet, "")}, ucare.SensorSilent},
		"unreachable":            {heard, []ucare.Fault{fault(ucare.FaultUnreachable, "x")}, ucare.SensorAway},
		"the bridge is offline":  {heard, []ucare.Fault{fault(ucare.FaultBridge, "z")}, ucare.SensorAway},
		"the radio is dead":      {heard, []ucare.Fault{fault(ucare.FaultRadio, "z")}, ucare.SensorAway},
		"not tested":             {heard, []ucare.Fault{fault(ucare.FaultNotTested, "x")}, ucare.NotTested},
		"the worst is told":      {heard, []ucare.Fault{fault(ucare.FaultNotTested, "x"), fault(ucare.FaultUnreachable, "x"), fault(ucare.FaultStuck, "x")}, ucare.SensorAway},
		"a template":             {heard, []ucare.Fault{fault(ucare.FaultNotSupervised, "x")}, ucare.NotEvaluated},
		"a value":                {heard, []ucare.Fault{fault(ucare.FaultUnknownValue, "x")}, ucare.NotEvaluated},
		"it sees nobody":         {heard, []ucare.Fault{fault(ucare.FaultNeverTriggers, "x")}, ucare.SensorFaulty},
		"it stays on":            {heard, []ucare.Fault{fault(ucare.FaultStuck, "x")}, ucare.SensorFaulty},
		"its end is not noticed": {heard, []ucare.Fault{fault(ucare.FaultNoHeartbeat, "x")}, ucare.NoHeartbeat},
	} {
		if got := c.s.Supervised(c.standing); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// A battery that was replaced, reported in percent with each status.
func TestABatteryThatWasReplaced(t *testing.T) {
	d := NewDecoder(kim, &reporter{})
	for _, c := range []struct {
		percent float64
		faults  string
		cleared string
	}{{80, "", ""}, {11, "", ""}, {10, "battery_low", ""}, {12, "", ""}, {100, "", "battery_low"}, {100, "", ""}, {9, "battery_low", ""}} {
		text, _ := json.Marshal(c.percent)
		h := d.Hear(said("plug/status", string(text)))
		if codes(h.Faults) != c.faults || codes(h.Cleared) != c.cleared {
			t.Errorf("%v %%: began %q, ended %q", c.percent, codes(h.Faults), codes(h.Cleared))
		}
		memory, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		d = NewDecoder(kim, &reporter{}) // a restart in between
		if err := json.Unmarshal(memory, d); err != nil {
			t.Fatal(err)
		}
	}
}

// reporter is an ecosystem whose one device reports its battery.
type reporter struct{}

func (*reporter) Hear(m Message) (Heard, bool) {
	var percent float64
	if m.Topic != "plug/status" || json.Unmarshal(m.Payload, &percent) != nil {
		return Heard{}, false
	}
	return Heard{
		Repeated: []ucare.Reading{{At: m.At, Dwelling: "kim", Sensor: "plug", Kind: ucare.Battery, Value: percent, Unit: "%"}},
		Seen:     []Seen{{Dwelling: "kim", Sensor: "plug", Heard: m.At, Battery: &percent}},
	}, true
}
