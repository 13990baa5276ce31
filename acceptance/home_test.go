package acceptance

import (
	"context"
	"encoding/json"
	"fmt"
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

const (
	announced = "homeassistant/device/ucare_" + Dwelling + "/config"
	siren     = "zigbee2mqtt/siren/set"
)

// The gateway speaks back: real program, real mosquitto and its clients in the
// place of Home Assistant and of a siren.
func TestTheGatewayAppearsInHomeAssistantAndTakesItsCommands(t *testing.T) {
	t.Run("on the embedded broker", func(t *testing.T) {
		home := newSpeakingHome(t, "")
		home.walk(t)
	})
	t.Run("through the household's mosquitto", func(t *testing.T) {
		home := newSpeakingHome(t, startMosquitto(t))
		home.walk(t)
		home.dies(t)
		home.retainedCommand(t)
	})
}

// A speakingHome is a gateway with a siren, its centre, and somebody who listens
// as Home Assistant does.
type speakingHome struct {
	*Place
	gateway *Process
	broker  string
	account []string // of who listens
}

func newSpeakingHome(t *testing.T, broker string) *speakingHome {
	t.Helper()
	place, err := NewPlace(t.TempDir(), ucareBinary(t))
	if err != nil {
		t.Fatal(err)
	}
	h := &speakingHome{Place: place, broker: place.Broker}
	if broker != "" {
		place.Client, h.broker = broker, broker
	} else {
		h.account = []string{"-i", Device, "-u", Device, "-P", place.DevicePassword}
	}
	if err := place.Write(); err != nil {
		t.Fatal(err)
	}
	h.configure(t)
	centre, err := place.StartCenter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = centre.Kill() })
	h.start(t)
	return h
}

// configure adds a siren, and what Home Assistant's account may do.
func (h *speakingHome) configure(t *testing.T) {
	t.Helper()
	path := filepath.Join(h.Dir, "ucare.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	speaker := fmt.Sprintf("    speakers: [{topic: %s, prealarm: beep, alarm: howl, quiet: hush}]\nsensors:\n", siren)
	out := strings.Replace(string(text), "sensors:\n", speaker, 1)
	out = strings.Replace(out, `publish: ["ucare/`, `publish: ["homeassistant/status", "ucare/`+Dwelling+`/gateway/set/+", "ucare/`, 1)
	out = strings.Replace(out, `subscribe: ["ucare/`, `subscribe: ["homeassistant/#", "zigbee2mqtt/#", "ucare/`, 1)
	if err := os.WriteFile(path, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (h *speakingHome) start(t *testing.T) {
	t.Helper()
	gateway, err := h.StartGateway(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h.gateway = gateway
	t.Cleanup(func() { _ = gateway.Kill() })
	awaitHearing(t, h.Place)
}

func (h *speakingHome) press(t *testing.T, command, payload string, more ...string) {
	t.Helper()
	args := append(append([]string{}, h.account...), "-t", "ucare/"+Dwelling+"/gateway/set/"+command, "-m", payload)
	if err := mosquittoPub(t, h.broker, append(args, more...)...); err != nil {
		t.Fatal(err)
	}
}

// listen returns what comes on a topic, as many messages as are asked for.
func (h *speakingHome) listen(ctx context.Context, t *testing.T, topic string, most int, patience time.Duration) (messages []string) {
	t.Helper()
	host, port, _ := net.SplitHostPort(h.broker)
	args := append(append([]string{}, h.account...), "-h", host, "-p", port, "-q", "1", "-t", topic,
		"-C", fmt.Sprint(most), "-W", fmt.Sprint(int(patience.Seconds())))
	if len(h.account) > 0 {
		args[1] = Device + "-" + strings.ReplaceAll(topic, "/", "-") // a session of its own
	}
	// Its own -W is lost when it comes while it connects.
	ctx, cancel := context.WithTimeout(ctx, patience+3*time.Second)
	defer cancel()
	out, _ := exec.CommandContext(ctx, program(t, "mosquitto_sub", "mosquitto-clients"), args...).Output() // it fails when nothing came in time
	return strings.FieldsFunc(string(out), func(r rune) bool { return r == '\n' })
}

// keeps is what the broker keeps on one of the gateway's topics.
func (h *speakingHome) keeps(t *testing.T, topic string) string {
	t.Helper()
	if kept := h.listen(t.Context(), t, topic, 1, 2*time.Second); len(kept) > 0 {
		return kept[0]
	}
	return ""
}

func (h *speakingHome) awaitState(t *testing.T, what, state string) {
	t.Helper()
	await(t, 30*time.Second, what+" to be "+state, func() bool {
		kept := h.keeps(t, "ucare/"+Dwelling+"/gateway/"+what)
		var e struct {
			State any `json:"state"`
		}
		return kept == state || json.Unmarshal([]byte(kept), &e) == nil && e.State == state
	})
}

func (h *speakingHome) walk(t *testing.T) {
	h.announced(t)
	h.awaitState(t, "status", "online")
	h.awaitState(t, "alarm", "OFF")
	h.drill(t)
	h.away(t)
}

// announced looks at the announcement with the eyes of Home Assistant.
func (h *speakingHome) announced(t *testing.T) {
	t.Helper()
	await(t, 30*time.Second, "the announcement", func() bool { return h.keeps(t, announced) != "" })
	var doc struct {
		Dev struct {
			IDs []string `json:"ids"`
		} `json:"dev"`
		O struct {
			Name string `json:"name"`
		} `json:"o"`
		Available []struct {
			Topic string `json:"topic"`
		} `json:"availability"`
		Components map[string]struct {
			Platform string `json:"p"`
			ID       string `json:"unique_id"`
			Name     string `json:"name"`
			State    string `json:"state_topic"`
			Command  string `json:"command_topic"`
		} `json:"cmps"`
	}
	text := h.keeps(t, announced)
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("the announcement is no JSON: %v: %s", err, text)
	}
	if len(doc.Dev.IDs) == 0 || doc.O.Name == "" || len(doc.Available) != 1 || h.keeps(t, doc.Available[0].Topic) != "online" {
		t.Errorf("the announcement lacks what Home Assistant asks for: %s", text)
	}
	for name, c := range doc.Components {
		if c.Platform == "" || c.ID == "" || c.Name == "" || c.State+c.Command == "" {
			t.Errorf("%s lacks what Home Assistant asks for: %+v", name, c)
		}
		if c.State != "" && !json.Valid([]byte(h.keeps(t, c.State))) {
			t.Errorf("%s looks on %s, where there is no JSON", name, c.State)
		}
	}
	if len(doc.Components) != 9 {
		t.Errorf("there are %d entities, want 9", len(doc.Components))
	}
	if strings.Contains(text, "Haengbok") {
		t.Error("the announcement tells where the home is")
	}
}

// drill presses the test button: the centre hears a drill, the siren beeps.
func (h *speakingHome) drill(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	heard := make(chan []string, 1)
	go func() { heard <- h.listen(ctx, t, siren, 2, 60*time.Second) }()
	await(t, 30*time.Second, "the drill at the centre", func() bool {
		h.press(t, "test", "PRESS")
		return slices.ContainsFunc(h.alarms(t), func(a ucare.Alarm) bool { return a.Drill && !a.ReceivedAt.IsZero() })
	})
	h.awaitState(t, "alarm", "ON")
	if got := <-heard; !slices.Equal(got, []string{"beep", "hush"}) {
		t.Errorf("during the drill the siren was told %q", got)
	}
	h.awaitState(t, "siren", "off")
}

// away sets the switch, and a restart does not forget it.
func (h *speakingHome) away(t *testing.T) {
	t.Helper()
	h.press(t, "away", "ON")
	h.awaitState(t, "away", "ON")
	if err := h.gateway.Stop(); err != nil {
		t.Errorf("the gateway did not stop well: %v", err)
	}
	if h.Client != "" {
		h.awaitState(t, "status", "offline")
	}
	h.start(t)
	h.awaitState(t, "status", "online")
	h.awaitState(t, "away", "ON")
	h.press(t, "away", "OFF")
	h.awaitState(t, "away", "OFF")
}

// dies is a kill -9, as a power cut is: who listens is told by the broker, and told
// otherwise once the gateway is back.
func (h *speakingHome) dies(t *testing.T) {
	t.Helper()
	h.awaitState(t, "status", "online")
	if err := h.gateway.Kill(); err != nil {
		t.Fatal(err)
	}
	h.awaitState(t, "status", "offline")
	h.start(t)
	h.awaitState(t, "status", "online")
}

// retainedCommand leaves a command at the broker while the gateway is off: old
// news, that nobody obeys and everybody sees.
func (h *speakingHome) retainedCommand(t *testing.T) {
	t.Helper()
	if err := h.gateway.Stop(); err != nil {
		t.Error(err)
	}
	host, port, _ := net.SplitHostPort(h.Client)
	// The session of the gateway would get the live message; a broker that was
	// started anew has only what it keeps.
	clean := exec.Command(program(t, "mosquitto_sub", "mosquitto-clients"), "-h", host, "-p", port, "-i", GatewayID+"-alarm", "-t", "none", "-E")
	if out, err := clean.CombinedOutput(); err != nil {
		t.Fatalf("end the gateway's session: %v: %s", err, out)
	}
	h.press(t, "away", "ON", "-r")
	h.start(t)
	await(t, 30*time.Second, "the fault", func() bool {
		response, err := http.Get("http://" + h.Local + "/healthz")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		var health struct {
			Faults []ucare.Fault `json:"faults"`
		}
		_ = json.NewDecoder(response.Body).Decode(&health)
		return slices.ContainsFunc(health.Faults, func(f ucare.Fault) bool { return strings.Contains(f.Detail, "retained") })
	})
	h.awaitState(t, "faults", "ON")
	h.awaitState(t, "away", "OFF")
}

// alarms are the home's alarms of the last day.
func (h *speakingHome) alarms(t *testing.T) (alarms []ucare.Alarm) {
	t.Helper()
	response, err := http.Get("http://" + h.Local + "/alarms/" + Dwelling)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&alarms); err != nil {
		t.Fatal(err)
	}
	return alarms
}
