package discovery

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sensors"
	"github.com/ucare-project/ucare/sensors/homeassistant"
)

// patience bounds each wait for the programs.
const patience = 30 * time.Second

// program is the path of a program of the machine; the test is skipped where it is missing.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	t.Skipf("SKIPPED: %s is not on this machine", name)
	return ""
}

// startBroker runs mosquitto on a free port and gives its address.
func startBroker(t *testing.T, path string) string {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(address)
	start(t, exec.CommandContext(t.Context(), path, "-p", port))
	return address
}

// start runs a program until the end of the test.
func start(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill() // it may have ended by itself
		_ = c.Wait()
	})
}

// startBridge runs Zigbee2MQTT and gives the way to its radio.
func startBridge(t *testing.T, node, broker string) io.Writer {
	t.Helper()
	c := exec.CommandContext(t.Context(), node, "bridge.js", "mqtt://"+broker, t.TempDir())
	radio, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, c)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return radio
		}
		t.Log(lines.Text())
	}
	t.Fatal("Zigbee2MQTT ended before it was ready")
	return nil
}

// A gateway hears a broker as ours does: it subscribes to what the decoder asks for.
type gateway struct {
	t        *testing.T
	client   mqtt.Client
	decoder  *sensors.Decoder
	messages chan mqtt.Message
	asked    map[string]bool
}

func startGateway(t *testing.T, broker string) *gateway {
	t.Helper()
	c := sensors.Config{Dwellings: []sensors.DwellingTopics{{
		Dwelling: "home", HomeAssistant: []string{"homeassistant"},
		Rooms: []ucare.Room{{ID: "kitchen"}, {ID: "hall"}, {ID: "cellar"}},
	}}}
	g := &gateway{t: t, decoder: sensors.NewDecoder(c, homeassistant.All(c)...), messages: make(chan mqtt.Message, 10_000), asked: map[string]bool{}}
	options := mqtt.NewClientOptions().AddBroker("tcp://" + broker).SetClientID("gateway").SetConnectRetry(true).SetConnectRetryInterval(100 * time.Millisecond)
	options.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { g.messages <- m })
	g.client = mqtt.NewClient(options)
	if token := g.client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("connect: %v", token.Error())
	}
	t.Cleanup(func() { g.client.Disconnect(0) })
	g.listen()
	return g
}

func (g *gateway) listen() {
	g.t.Helper()
	for _, f := range g.decoder.Filters() {
		if g.asked[f] {
			continue
		}
		g.asked[f] = true
		if token := g.client.Subscribe(f, 1, nil); !token.WaitTimeout(patience) || token.Error() != nil {
			g.t.Fatalf("subscribe to %q: %v", f, token.Error())
		}
	}
}

// hears hears messages until one of them is the reading, in short.
func (g *gateway) hears(want string) bool {
	g.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case m := <-g.messages:
			h := g.decoder.Hear(sensors.Message{
				At: time.Now(), Source: "client:test", Topic: m.Topic(), Payload: m.Payload(), QoS: m.Qos(), Retained: m.Retained(),
			})
			if h.Relisten {
				g.listen()
			}
			for _, f := range h.Faults {
				if slices.Contains([]ucare.FaultCode{ucare.FaultNotUnderstood, ucare.FaultNotSupervised, ucare.FaultUnknownTopic}, f.Code) {
					g.t.Errorf("%s %.300s: %+v", m.Topic(), m.Payload(), f)
				}
			}
			if slices.ContainsFunc(h.Readings, func(r ucare.Reading) bool { return short(r) == want }) {
				return true
			}
		case <-deadline:
			return false
		}
	}
}

func short(r ucare.Reading) string {
	old := ""
	if r.UnknownAge {
		old = " of unknown age"
	}
	return fmt.Sprintf("%s in %s: %s %s%s", r.Sensor, r.Room, r.Kind, r.State, old)
}

// hasFound waits until the decoder listens to a topic.
func (g *gateway) hasFound(topic string) {
	g.t.Helper()
	deadline := time.After(patience)
	for !g.asked[topic] {
		select {
		case m := <-g.messages:
			h := g.decoder.Hear(sensors.Message{At: time.Now(), Topic: m.Topic(), Payload: m.Payload(), Retained: m.Retained()})
			if h.Relisten {
				g.listen()
			}
		case <-deadline:
			g.t.Fatalf("nothing on %q was announced", topic)
		}
	}
}

func TestARealZigbee2MQTTIsFoundByItsAnnouncements(t *testing.T) {
	mosquitto, node := program(t, "mosquitto"), program(t, "node")
	if _, err := os.Stat("node_modules/zigbee2mqtt"); err != nil {
		t.Skip("SKIPPED: Zigbee2MQTT is not installed: npm ci --ignore-scripts in acceptance/discovery")
	}
	broker := startBroker(t, mosquitto)
	g := startGateway(t, broker)
	radio := startBridge(t, node, broker)
	for _, topic := range []string{"radio/kitchen smoke", "radio/hall motion", "radio/wardrobe door", "radio/cellar leak"} {
		g.hasFound(topic)
	}
	say := func(device, kind, cluster, data string) {
		t.Helper()
		if _, err := fmt.Fprintf(radio, `{"device":%q,"type":%q,"cluster":%q,"data":%s}`+"\n", device, kind, cluster, data); err != nil {
			t.Fatal(err)
		}
	}
	const zone = `{"zonestatus":%d,"extendedstatus":0,"zoneID":1,"delay":0}`
	for _, c := range []struct{ device, kind, cluster, data, want string }{
		{"kitchen smoke", "commandStatusChangeNotification", "ssIasZone", fmt.Sprintf(zone, 0), "kitchen smoke in kitchen: smoke inactive"},
		{"kitchen smoke", "commandStatusChangeNotification", "ssIasZone", fmt.Sprintf(zone, 1), "kitchen smoke in kitchen: smoke active"},
		{"kitchen smoke", "commandStatusChangeNotification", "ssIasZone", fmt.Sprintf(zone, 8), "kitchen smoke in kitchen: battery active"},
		{"cellar leak", "commandStatusChangeNotification", "ssIasZone", fmt.Sprintf(zone, 1), "cellar leak in cellar: water_leak active"},
		{"wardrobe door", "attributeReport", "genOnOff", `{"onOff":1}`, "wardrobe door in : door active of unknown age"},
		{"wardrobe door", "attributeReport", "genOnOff", `{"onOff":0}`, "wardrobe door in : door inactive"},
		{"hall motion", "attributeReport", "msOccupancySensing", `{"occupancy":1}`, "hall motion in hall: presence active of unknown age"},
	} {
		say(c.device, c.kind, c.cluster, c.data)
		if !g.hears(c.want) {
			t.Errorf("%s says %s %s: not heard as %q", c.device, c.kind, c.data, c.want)
		}
	}
	// Zigbee2MQTT announces a trigger together with its first press.
	say("call button", "commandEmergency", "ssIasAce", `{}`)
	g.hasFound("radio/call button/action")
	say("call button", "commandEmergency", "ssIasAce", `{}`)
	if want := "call button in : help active"; !g.hears(want) {
		t.Errorf("a press is not heard as %q", want)
	}
	var found []string
	for _, s := range g.decoder.Sensors() {
		found = append(found, s.ID+" ("+s.Model+")")
	}
	t.Log(strings.Join(found, ", "))
	if len(found) != 6 { // the bridge announces itself, too: whether it is connected
		t.Errorf("found %v", found)
	}
}
