package acceptance

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// What docs/mqtt-traps.md and deploy say of the household's mosquitto works: it
// starts, the gateway hears every ecosystem through it, and it may say all that it has
// to say.
func TestTheHouseholdsBrokerAsItIsDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/mqtt-traps.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(doc), "## For the household's mosquitto\n\n```\n")
	documented, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("docs/mqtt-traps.md has no mosquitto.conf")
	}
	deployed, err := os.ReadFile("../deploy/mosquitto.conf")
	if err != nil {
		t.Fatal(err)
	}
	for name, conf := range map[string]string{"docs/mqtt-traps.md": documented, "deploy/mosquitto.conf": string(deployed)} {
		t.Run(filepath.Base(name), func(t *testing.T) { householdWorks(t, conf) })
	}
}

func householdWorks(t *testing.T, conf string) {
	place, err := NewPlace(t.TempDir(), ucareBinary(t))
	if err != nil {
		t.Fatal(err)
	}
	devices, ours := startHousehold(t, place, conf)
	if err := place.Write(); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(place.Dir, "ucare.yaml")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), "sensors:\n  broker:")
	_, after, _ := strings.Cut(rest, "\nrules:")
	whole := fmt.Sprintf("%ssensors:\n  client: {url: \"tcp://%s\", client_id: ucare, username: ucare, password_file: device.password}\nrules:%s", before, ours, after)
	if err := os.WriteFile(config, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	onFailure(t, place)
	centre := startMoodyCentre(t, place.Centre)
	process, err := place.StartGateway(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Kill() })
	awaitHearing(t, place)

	account := func(user string) []string { return []string{"-i", "x", "-u", user, "-P", place.DevicePassword} }
	say := func(user, topic, message string) {
		if err := mosquittoPub(t, devices, append(account(user), "-t", topic, "-m", message)...); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
	await(t, 20*time.Second, "a Shelly to be heard", func() bool {
		say("shelly-flood", "shellies/shellyflood-A1B2C3/sensor/flood", "true")
		return strings.Contains(sensorsOf(t, place), "shellyflood-A1B2C3")
	})
	say("zigbee2mqtt", "zigbee2mqtt/kitchen smoke", `{"smoke":true}`)
	centre.hears(t, "kitchen")
	// Everything that it tells is kept by the broker, the last of it too.
	for _, topic := range []string{announced, "ucare/" + Dwelling + "/gateway/status", "ucare/" + Dwelling + "/gateway/last_sign"} {
		args := append(account("homeassistant"), "-t", topic, "-C", "1", "-W", "20")
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second) // its own -W is lost when it comes while it connects
		defer cancel()
		if out, err := exec.CommandContext(ctx, program(t, "mosquitto_sub", "mosquitto-clients"), append(hostAndPort(devices), args...)...).CombinedOutput(); err != nil || len(out) == 0 {
			t.Errorf("nothing is kept on %s: %v %s", topic, err, out)
		}
	}
	for _, f := range health(t, place).Faults {
		if slices.Contains([]ucare.FaultCode{ucare.FaultRefused, ucare.FaultBrokerDeaf, ucare.FaultBrokerDown}, f.Code) {
			t.Errorf("fault %s: %s: %s", f.Code, f.Subject, f.Detail)
		}
	}
}

// startHousehold runs a mosquitto with the configuration and with deploy/acl, and
// returns the addresses for the devices and for the gateway.
func startHousehold(t *testing.T, place *Place, conf string) (devices, ours string) {
	t.Helper()
	mosquitto := program(t, "mosquitto", "mosquitto")
	for _, address := range []*string{&devices, &ours} {
		free, err := FreeAddress()
		if err != nil {
			t.Fatal(err)
		}
		*address = free
	}
	acl, err := os.ReadFile("../deploy/acl")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"acl": strings.NewReplacer("\n#user", "\nuser", "\n#topic", "\ntopic").Replace(string(acl)), "passwords": ""}
	for _, user := range []string{"ucare", "zigbee2mqtt", "homeassistant", "shelly-flood"} {
		files["passwords"] += user + ":" + place.DevicePassword + "\n"
	}
	var lines []string
	for line := range strings.Lines(conf) {
		switch key, value, _ := strings.Cut(strings.TrimSpace(line), " "); key {
		case "listener":
			address := map[string]string{"1883": devices, "1884": ours}[strings.Fields(value)[0]]
			_, port, _ := net.SplitHostPort(address)
			lines = append(lines, "listener "+port+" 127.0.0.1\n")
		case "acl_file", "password_file":
			lines = append(lines, key+" "+filepath.Join(place.Dir, filepath.Base(value))+"\n")
		case "persistence_location":
		default:
			lines = append(lines, line)
		}
	}
	lines = append(lines, "persistence_location "+place.Dir+"/\n")
	if os.Geteuid() == 0 {
		lines = append(lines, "user root\n")
	}
	files["mosquitto.conf"] = strings.Join(lines, "")
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(place.Dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(program(t, "mosquitto_passwd", "mosquitto"), "-U", filepath.Join(place.Dir, "passwords")).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_passwd: %v: %s", err, out)
	}
	cmd := exec.Command(mosquitto, "-c", filepath.Join(place.Dir, "mosquitto.conf"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	awaitPort(t, devices)
	awaitPort(t, ours)
	return devices, ours
}

func hostAndPort(address string) []string {
	host, port, _ := net.SplitHostPort(address)
	return []string{"-h", host, "-p", port}
}

// sensorsOf is what `ucare sensors` asks for.
func sensorsOf(t *testing.T, place *Place) string {
	t.Helper()
	response, err := http.Get("http://" + place.Local + "/sensors")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
