package gateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"go.uber.org/goleak"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/emergency"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testConfig = `gateway: {id: gw, data: data, listen: %q, language: en, time_zone: UTC, journal: {ballast: 1MiB}}
dwellings: [{id: home, account: "1", address: Here, rooms: [{id: kitchen}], zigbee2mqtt: {base_topic: zigbee2mqtt}}]
sensors:
  broker:
    listen: %q
    devices: [{id: sensor, password_file: password, publish: ["ucare/home/+", "zigbee2mqtt/#"], subscribe: ["ucare/home/gateway/#"]}]
emergency:
  receivers: [{id: centre, webhook: {url: %q, secret_file: secret}}]
  routes: [{id: all, rules: [fire, help, fall, inactivity], steps: [{receivers: [centre], within: 60s}]}]
`

// A testHome is a whole gateway in this process, and its centre.
type testHome struct {
	gateway *Gateway
	broker  string
	reports chan emergency.Report
	stop    func() error
}

// newTestHome wires a gateway; change what you like before start.
func newTestHome(t *testing.T, dir string) *testHome {
	t.Helper()
	return newTestHomeAs(t, dir, testConfig)
}

// newTestHomeAs wires one of another configuration, in the form of testConfig.
func newTestHomeAs(t *testing.T, dir, config string) *testHome {
	t.Helper()
	h := &testHome{reports: make(chan emergency.Report, 100), broker: freeAddress(t)}
	centre := httptest.NewServer(http.HandlerFunc(h.receive))
	t.Cleanup(centre.Close)
	h.gateway = openGateway(t, dir, fmt.Sprintf(config, freeAddress(t), h.broker, centre.URL))
	return h
}

func openGateway(t testing.TB, dir, config string) *Gateway {
	t.Helper()
	for name, content := range map[string]string{
		"ucare.yaml": config, "password": "correct horse", "secret": "whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := configs.Load(filepath.Join(dir, "ucare.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(t.Context(), Options{Config: c, Version: "test", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// receive is the centre's machine: it takes everything over.
func (h *testHome) receive(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/heartbeats") {
		_ = json.NewEncoder(w).Encode(emergency.HeartbeatReply{At: time.Now()})
		return
	}
	var report emergency.Report
	if err := json.NewDecoder(r.Body).Decode(&report); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(emergency.Reply{Receipt: &emergency.Receipt{Report: report.ID, At: time.Now()}})
	h.reports <- report
}

func (h *testHome) start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.gateway.Run(ctx) }()
	stopped := false
	h.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() { _ = h.stop() })
}

// say publishes as the home's sensor and waits for the acknowledgement.
func (h *testHome) say(t *testing.T, topic, payload string) {
	t.Helper()
	options := mqtt.NewClientOptions().AddBroker("tcp://" + h.broker).SetClientID("sensor").
		SetUsername("sensor").SetPassword("correct horse").SetConnectRetry(true).SetConnectRetryInterval(20 * time.Millisecond)
	client := mqtt.NewClient(options)
	defer client.Disconnect(10)
	if token := client.Connect(); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("the broker does not let the sensor in: %v", token.Error())
	}
	if token := client.Publish(topic, 1, false, payload); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("the message was not acknowledged: %v", token.Error())
	}
}

// hears waits for the next report.
func (h *testHome) hears(t *testing.T) emergency.Report {
	t.Helper()
	select {
	case r := <-h.reports:
		return r
	case <-time.After(30 * time.Second):
		t.Fatal("the centre heard nothing")
		return emergency.Report{}
	}
}

// alarms lets a room's smoke be detected, and waits until the centre has heard of it.
func (h *testHome) alarms(t *testing.T, room string) {
	t.Helper()
	h.say(t, "ucare/home/smoke-"+room, fmt.Sprintf(`{"room":%q,"kind":"smoke","active":true}`, room))
	if r := h.hears(t); r.Alarm.Room != room {
		t.Fatalf("the centre heard of %q, want %q", r.Alarm.Room, room)
	}
}

// A hangingHistory takes readings and never comes back.
type hangingHistory struct {
	paperHistory
	asked, over chan struct{}
}

func (h *hangingHistory) Append(context.Context, []ucare.Reading, int64) error {
	select {
	case h.asked <- struct{}{}:
	default:
	}
	<-h.over // not even its context moves it
	return nil
}

// The third law: the alarm path depends on nothing it can do without.
func TestAHistoryThatHangsForeverDelaysNoAlarm(t *testing.T) {
	h := newTestHome(t, t.TempDir())
	hanging := &hangingHistory{asked: make(chan struct{}, 1), over: make(chan struct{})}
	defer close(hanging.over)
	h.gateway.chronicle.history = hanging
	h.start(t)
	h.say(t, "ucare/home/hall", `{"room":"hall","kind":"motion","active":true}`)
	<-hanging.asked // it hangs now
	for i := range 20 {
		h.say(t, "ucare/home/hall", `{"room":"hall","kind":"motion","active":true}`)
		h.alarms(t, fmt.Sprint("room-", i))
	}
	if err := h.stop(); err != nil {
		t.Errorf("a history that hangs is no reason to stop badly: %v", err)
	}
}

func TestAnOldSmokeMessageRaisesOnceAndSaysThatItsAgeIsUnknown(t *testing.T) {
	h := newTestHome(t, t.TempDir())
	h.start(t)
	h.say(t, "zigbee2mqtt/bridge/devices", `[{"friendly_name":"kitchen/smoke","ieee_address":"0x01","type":"EndDevice","supported":true,"definition":{
		"model":"m","vendor":"v","exposes":[{"type":"binary","name":"smoke","property":"smoke","access":1,"value_on":true,"value_off":false}]}}]`)
	h.say(t, "zigbee2mqtt/bridge/state", `{"state":"online"}`) // the bridge starts and sends what it remembers
	h.say(t, "zigbee2mqtt/kitchen/smoke", `{"smoke":true}`)
	h.say(t, "zigbee2mqtt/kitchen/smoke", `{"smoke":true}`)
	h.say(t, "ucare/home/pendant", `{"room":"hall","kind":"help","active":true}`)
	first, second := h.hears(t), h.hears(t)
	if first.Alarm.Rule == ucare.Help {
		first, second = second, first
	}
	if first.Alarm.Rule != ucare.Fire || !first.Alarm.UnknownAge {
		t.Errorf("got %+v, want a fire alarm of unknown age", first.Alarm)
	}
	if second.Alarm.Rule != ucare.Help {
		t.Errorf("the repeated old message made an alarm of its own: %+v", second.Alarm)
	}
}

func TestAnAlarmThatWasNotDeliveredGoesOutAfterARestartUnderTheSameName(t *testing.T) {
	dir := t.TempDir()
	closed := freeAddress(t)
	config := fmt.Sprintf(testConfig, freeAddress(t), freeAddress(t), "http://"+closed)
	before := openGateway(t, dir, config)
	broker := strings.Split(strings.Split(config, `listen: "`)[2], `"`)[0]
	deaf := &testHome{gateway: before, broker: broker}
	deaf.start(t)
	deaf.say(t, "ucare/home/kitchen", `{"room":"kitchen","kind":"smoke","active":true}`)
	if err := deaf.stop(); err != nil {
		t.Fatal(err)
	}
	after := newTestHome(t, dir)
	after.start(t)
	r := after.hears(t)
	open, err := after.gateway.journal.OpenAlarms(t.Context())
	if err != nil || len(open) != 1 {
		t.Fatalf("open alarms: %v, %v", open, err)
	}
	if r.Alarm.ID != open[0].ID || r.Alarm.Room != "kitchen" {
		t.Errorf("the centre heard of %s in the %s, the journal has %s", r.Alarm.ID, r.Alarm.Room, open[0].ID)
	}
}

func TestATestAlarmGoesThroughTheWholeChainAsADrill(t *testing.T) {
	h := newTestHome(t, t.TempDir())
	h.start(t)
	local := httptest.NewServer(h.gateway.localHandler())
	defer local.Close()
	h.say(t, "ucare/home/hall", `{"room":"hall","kind":"motion","active":true}`) // it is up
	response, err := http.Post(local.URL+"/test-alarm/home", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var first, second TestAlarm
	if err := json.NewDecoder(response.Body).Decode(&first); err != nil || first.At.IsZero() || !first.Joins.IsZero() {
		t.Errorf("the first test alarm is answered with %+v, %v", first, err)
	}
	response.Body.Close()
	raised := h.hears(t)
	if !raised.Alarm.Drill || raised.Alarm.Rule != ucare.Help {
		t.Errorf("got %+v, want a drill of the help button", raised.Alarm)
	}
	// A press that the rules take for the same one says which drill it belongs to.
	if response, err = http.Post(local.URL+"/test-alarm/home", "", nil); err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(response.Body).Decode(&second); err != nil || !second.Joins.Equal(raised.Alarm.RaisedAt) || second.Within != 10*time.Second {
		t.Errorf("the second test alarm is answered with %+v, %v; want the drill raised at %s", second, err, raised.Alarm.RaisedAt)
	}
	response.Body.Close()
	response, err = http.Post(local.URL+"/test-alarm/castle", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("a dwelling that is not watched answers %s", response.Status)
	}
	http.DefaultClient.CloseIdleConnections()
}

// A page whose address is taken and a history that cannot be opened are faults,
// and the alarm goes out.
func TestNeitherThePageNorTheHistoryKeepsTheGatewayFromStarting(t *testing.T) {
	dir := t.TempDir()
	h := newTestHome(t, dir)
	if err := os.Mkdir(filepath.Join(dir, "data", "history.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	h.gateway.servers = append(h.gateway.servers, server{"caregiver page", taken.Addr().String(), http.NotFoundHandler()})
	h.start(t)
	h.say(t, "ucare/home/kitchen", `{"room":"kitchen","kind":"smoke","active":true}`)
	if r := h.hears(t); r.Alarm.Room != "kitchen" {
		t.Errorf("got %+v", r.Alarm)
	}
	codes := make(map[ucare.FaultCode]bool)
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline) && (!codes[ucare.FaultPage] || !codes[ucare.FaultHistory]); {
		for _, f := range h.gateway.faults.Standing("") {
			codes[f.Code] = true
		}
		runtime.Gosched()
	}
	if !codes[ucare.FaultPage] || !codes[ucare.FaultHistory] {
		t.Errorf("the faults are %v, want one of the page and one of the history", codes)
	}
}

func TestAStartThatFailsClosesWhatItOpened(t *testing.T) {
	dir := t.TempDir()
	config := fmt.Sprintf(testConfig, freeAddress(t), freeAddress(t), "http://"+freeAddress(t))
	good := openGateway(t, dir, config)
	if err := errors.Join(good.Close(), good.Close()); err != nil {
		t.Error(err)
	}
	c, err := configs.Load(filepath.Join(dir, "ucare.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	c.Emergency.Routes[0].Steps = nil
	if _, err := New(t.Context(), Options{Config: c, Version: "test", Logger: discard()}); err == nil || !strings.Contains(err.Error(), "no steps") {
		t.Fatalf("got %v, want an error about the route", err)
	}
	again := openGateway(t, dir, config) // the journal would be locked, had it been left open
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
