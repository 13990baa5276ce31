package acceptance

import (
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/ucare-project/ucare"
)

// A realDevice is what a device does that has just been connected: its client id,
// the topics it publishes on and the filters it subscribes to. The sources are
// the programs' own: api/lib/MqttClient.ts of zwave-js-ui, output_mqtt.c of rtl_433,
// my_user_config.h of Tasmota, mqtt_client.cpp of ESPHome, the makers' pages for Shelly.
type realDevice struct {
	clientID   string
	says, asks []string
}

var realDevices = map[string]realDevice{
	"zigbee2mqtt": {
		"zigbee2mqtt",
		[]string{"zigbee2mqtt/bridge/state", "zigbee2mqtt/kitchen smoke", "homeassistant/binary_sensor/0x00124b/smoke/config", "homeassistant/device/0x00124b/config"},
		[]string{"zigbee2mqtt/#", "homeassistant/status", "homeassistant/#"},
	},
	"zwave": {
		"ZWAVE_GATEWAY-home",
		[]string{"zwave/_CLIENTS/ZWAVE_GATEWAY-home/status", "zwave/kitchen/smoke/113/0/Smoke_Alarm", "homeassistant/binary_sensor/nodeID_2/smoke/config"},
		[]string{"zwave/_CLIENTS/ZWAVE_GATEWAY-home/api/#", "zwave/_CLIENTS/ZWAVE_GATEWAY-home/broadcast/#", "homeassistant/status"},
	},
	"rtl_433": {"rtl_433-9a3f00c2", []string{"rtl_433/attic/events", "rtl_433/attic/devices/Interlogix-Security/1/id"}, nil},
	"tasmota-door": {
		"DVES_1A2B3C",
		[]string{"tele/tasmota-door/LWT", "stat/tasmota-door/RESULT", "tasmota/discovery/A0B1C21A2B3C/config"},
		[]string{"cmnd/tasmota-door/#", "cmnd/tasmotas/#", "cmnd/DVES_1A2B3C_fb/#"},
	},
	"shelly-flood": {
		"shellyflood-A1B2C3",
		[]string{"shellies/announce", "shellies/shellyflood-A1B2C3/online", "shellies/shellyflood-A1B2C3/sensor/flood"},
		[]string{"shellies/command", "shellies/shellyflood-A1B2C3/command"},
	},
	"shellyplussmoke-a1b2c3d4e5f6": {
		"shellyplussmoke-a1b2c3d4e5f6",
		[]string{"shellyplussmoke-a1b2c3d4e5f6/online", "shellyplussmoke-a1b2c3d4e5f6/events/rpc", "shellyplussmoke-a1b2c3d4e5f6/status/smoke:0"},
		[]string{"shellyplussmoke-a1b2c3d4e5f6/rpc", "shellyplussmoke-a1b2c3d4e5f6/command"},
	},
	"bathroom": {
		"bathroom-a4cf12d3e4f5",
		[]string{"bathroom/status", "bathroom/binary_sensor/motion/state", "homeassistant/binary_sensor/bathroom/motion/config", "esphome/discover/bathroom"},
		[]string{"bathroom/switch/fan/command", "esphome/discover", "esphome/ping/bathroom"},
	},
	"homeassistant": {
		"homeassistant",
		[]string{"homeassistant/status", "ucare/home/gateway/set/cancel"},
		[]string{"homeassistant/+/+/config", "homeassistant/+/+/+/config", "ucare/home/gateway/status", "ucare/home/gateway/alarm"},
	},
	"stove-plug": {"stove-plug", []string{"ucare/home/stove-plug"}, nil},
}

// documentedAccounts are the accounts in docs/sensors.md, as they stand there, for
// the dwelling of a Place.
func documentedAccounts(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/sensors.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(doc), "\n    devices:\n")
	if !found {
		t.Fatal("docs/sensors.md has no accounts")
	}
	var lines []string
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, "      ") {
			break
		}
		lines = append(lines, line)
	}
	accounts := strings.Join(lines, "")
	return strings.NewReplacer("ucare/kim/", "ucare/"+Dwelling+"/", "dwelling: kim", "dwelling: "+Dwelling).Replace(accounts)
}

// Each account of the documentation lets its real device do what it does, against
// the real gateway with the real mosquitto clients.
func TestTheAccountsOfTheDocumentationWork(t *testing.T) {
	accounts := documentedAccounts(t)
	var listed []struct {
		ID       string
		Password string `yaml:"password_file"`
	}
	if err := yaml.Unmarshal([]byte(accounts), &listed); err != nil {
		t.Fatalf("%v in\n%s", err, accounts)
	}
	place := startWithAccounts(t, accounts, func(dir string) {
		for _, account := range listed {
			file := filepath.Join(dir, account.Password)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte("password-of-"+account.ID), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	left := maps.Clone(realDevices)
	for _, account := range listed {
		real, known := realDevices[account.ID]
		delete(left, account.ID)
		if !known {
			t.Errorf("%s: it is not known what the real device does", account.ID)
		}
		who := []string{"-i", real.clientID, "-u", account.ID, "-P", "password-of-" + account.ID}
		for _, topic := range real.says {
			if err := mosquittoPub(t, place.Broker, append(slices.Clone(who), "-t", topic, "-m", "x")...); err != nil {
				t.Errorf("%s on %s: %v", account.ID, topic, err)
			}
		}
		for _, filter := range real.asks {
			if err := mosquittoSub(t, place.Broker, append(slices.Clone(who), "-t", filter)...); err != "" {
				t.Errorf("%s asks for %s: %s", account.ID, filter, err)
			}
		}
	}
	if len(left) > 0 {
		t.Errorf("not documented any more: %v", slices.Sorted(maps.Keys(left)))
	}
	for _, f := range health(t, place).Faults {
		if f.Code == ucare.FaultRefused {
			t.Errorf("refused: %s: %s", f.Subject, f.Detail)
		}
	}
	beyondTheAccount(t, place)
}

// beyondTheAccount shows that this test can fail: what no account allows is refused.
func beyondTheAccount(t *testing.T, place *Place) {
	t.Helper()
	who := []string{"-u", "rtl_433", "-P", "password-of-rtl_433"}
	if err := mosquittoPub(t, place.Broker, append(who, "-i", "DVES_1A2B3C", "-t", "rtl_433/x", "-m", "x")...); err == nil {
		t.Error("let in with another's client id")
	}
	who = append(who, "-i", "rtl_433-1")
	if err := mosquittoSub(t, place.Broker, append(slices.Clone(who), "-t", "zigbee2mqtt/#")...); err == "" {
		t.Error("it may listen to others")
	}
	if err := mosquittoPub(t, place.Broker, append(slices.Clone(who), "-t", "zigbee2mqtt/forged", "-m", "x")...); err != nil {
		t.Errorf("cut off instead of acknowledged: %v", err)
	}
	if f := awaitFault(t, place, ucare.FaultRefused); f.Subject != "rtl_433" || !strings.Contains(f.Detail, "zigbee2mqtt/forged") {
		t.Errorf("fault %+v", f)
	}
}

// startWithAccounts starts a gateway with further accounts.
func startWithAccounts(t *testing.T, accounts string, write func(dir string)) *Place {
	t.Helper()
	place, err := NewPlace(t.TempDir(), ucareBinary(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := place.Write(); err != nil {
		t.Fatal(err)
	}
	write(place.Dir)
	config := filepath.Join(place.Dir, "ucare.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	whole := strings.Replace(string(text), "    devices:\n", "    devices:\n"+accounts, 1)
	if err := os.WriteFile(config, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	onFailure(t, place)
	startMoodyCentre(t, place.Centre)
	process, err := place.StartGateway(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Kill() })
	awaitHearing(t, place)
	return place
}

// mosquittoSub subscribes, and says what it was told when it was not let.
func mosquittoSub(t *testing.T, address string, args ...string) string {
	t.Helper()
	host, port, _ := net.SplitHostPort(address)
	cmd := exec.Command(program(t, "mosquitto_sub", "mosquitto-clients"),
		append([]string{"-h", host, "-p", port, "-q", "1", "-E"}, args...)...)
	out, err := cmd.CombinedOutput()
	switch {
	case err != nil:
		return err.Error() + ": " + string(out)
	case strings.Contains(string(out), "denied"): // it ends well all the same
		return string(out)
	}
	return ""
}
