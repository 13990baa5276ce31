package gateway

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/rules"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/supervision"
)

// minimal is the shortest configuration, with rules of its only home.
func minimal(t *testing.T, own string) *configs.Gateway {
	t.Helper()
	dir := t.TempDir()
	for name, secret := range map[string]string{"zigbee2mqtt.password": "correct horse", "centre.secret": "whsec_Y2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2M="} {
		file := filepath.Join(dir, "secrets", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := strings.Replace(configs.MinimalExample(), "    rooms:\n", "    "+own+"\n    rooms:\n", 1)
	file := filepath.Join(dir, "ucare.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := configs.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The configuration's defaults and the rules' own are the same: a replay without a
// configuration judges like a gateway that says nothing about its rules.
func TestASilentConfigurationJudgesAsTheRulesDo(t *testing.T) {
	want := rules.Default()
	got := *policiesOf(minimal(t, "")).of("kim")
	want.Location = got.Location
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the policy is\n%+v\nwant\n%+v", got, want)
	}
	if err := got.Validate(); err != nil {
		t.Error(err)
	}
}

// Each home is judged by its own rules, whatever happens: a reading, time, a gap, a
// set clock.
func TestAHomeIsJudgedByItsOwnRules(t *testing.T) {
	c := minimal(t, `rules: {inactivity: {after: 6h, caution: 0s, night: ""}}`)
	p := policiesOf(c)
	if err := p.of("kim").Validate(); err != nil {
		t.Error(err)
	}
	f := newFold(sensors.NewDecoder(sensors.Config{}), supervision.New(sensors.Config{}), p, []string{"kim", "lee"})
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.FixedZone("KST", 9*3600))
	for _, dwelling := range []string{"kim", "lee"} {
		r := ucare.Reading{At: at, Dwelling: dwelling, Sensor: "hall", Room: "hall", Kind: ucare.Motion, State: ucare.Active}
		f.heard(sensors.Heard{Readings: []ucare.Reading{r}}, "", at)
	}
	due, _ := f.next()
	if want := at.Add(6 * time.Hour); due.After(want) {
		t.Errorf("the next tick is at %v, want %v", due, want)
	}
	asked := map[string]bool{}
	for _, d := range f.tick(at.Add(7 * time.Hour)).decisions {
		asked[d.Dwelling] = asked[d.Dwelling] || d.Verb == ucare.PreAlarm
	}
	if !asked["kim"] || asked["lee"] {
		t.Errorf("asked after 7 h: %v", asked)
	}
}

func TestACheckInHasAButtonWhereItIsAwaited(t *testing.T) {
	for own, want := range map[string]string{
		"": "", `rules: {concerns: {check_in: {by: "10:00", sensors: [pillbox]}}}`: "ucare/kim/gateway/set/checkin",
	} {
		c := minimal(t, own)
		if got := homesOf(c, "test")[0].Commands.CheckIn; got != want {
			t.Errorf("%q: the button is %q, want %q", own, got, want)
		}
		if sensors := policiesOf(c).of("kim").Concern.CheckIn.Sensors; own != "" && !reflect.DeepEqual(sensors, []string{"checkin", "cancel", "pillbox"}) {
			t.Errorf("a check-in is the use of %v", sensors)
		}
	}
}
