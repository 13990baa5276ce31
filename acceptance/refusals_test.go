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
	"sync/atomic"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/gateway"
)

// health asks the gateway how it is.
func health(t *testing.T, p *Place) gateway.Health {
	t.Helper()
	response, err := http.Get("http://" + p.Local + "/healthz")
	if err != nil {
		t.Fatalf("the gateway is gone: %v", err)
	}
	defer response.Body.Close()
	var h gateway.Health
	if err := json.NewDecoder(response.Body).Decode(&h); err != nil {
		t.Fatal(err)
	}
	return h
}

// awaitFault waits until a fault stands, and returns it.
func awaitFault(t *testing.T, p *Place, code ucare.FaultCode) (found ucare.Fault) {
	t.Helper()
	await(t, 20*time.Second, "the fault "+string(code), func() bool {
		faults := health(t, p).Faults
		i := slices.IndexFunc(faults, func(f ucare.Fault) bool { return f.Code == code })
		if i >= 0 {
			found = faults[i]
		}
		return i >= 0
	})
	return found
}

func awaitNoFault(t *testing.T, p *Place, code ucare.FaultCode) {
	t.Helper()
	await(t, 30*time.Second, "the end of the fault "+string(code), func() bool {
		return !slices.ContainsFunc(health(t, p).Faults, func(f ucare.Fault) bool { return f.Code == code })
	})
}

// newHome is a gateway under test, whose centre is an ear that can be told to
// behave badly.
func newHome(t *testing.T, adapt func(*Place)) (*Place, *moodyCentre) {
	t.Helper()
	place, err := NewPlace(t.TempDir(), ucareBinary(t))
	if err != nil {
		t.Fatal(err)
	}
	if adapt != nil {
		adapt(place)
	}
	if err := place.Write(); err != nil {
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
	return place, centre
}

// awaitHearing waits until the gateway hears: before that, a household's broker
// throws away what nobody has subscribed to.
func awaitHearing(t *testing.T, p *Place) {
	t.Helper()
	await(t, 10*time.Second, "the gateway to hear", func() bool { return health(t, p).Hearing })
}

// publishReading publishes in our own form, as mosquitto_pub would be used.
func publishReading(t *testing.T, p *Place, sensor, kind string) error {
	t.Helper()
	return publish(t, p, "ucare/"+Dwelling+"/"+sensor, fmt.Sprintf(`{"room":%q,"kind":%q,"active":true}`, sensor, kind))
}

func publish(t *testing.T, p *Place, topic, message string) error {
	t.Helper()
	return mosquittoPub(t, p.Broker, "-i", Device, "-u", Device, "-P", p.DevicePassword, "-t", topic, "-m", message)
}

// A moodyCentre answers reports as it is told: properly, with 500, never, or
// with 200 but no receipt.
type moodyCentre struct {
	mood  atomic.Value // of type mood
	rooms chan string  // of reports that were answered properly
}

type mood string

const (
	proper    mood = "proper"
	broken    mood = "500"
	hanging   mood = "hangs"
	noReceipt mood = "200 without a receipt"
)

func startMoodyCentre(t *testing.T, address string) *moodyCentre {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	c := &moodyCentre{rooms: make(chan string, 1000)}
	c.mood.Store(proper)
	server := &http.Server{Handler: c}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return c
}

func (c *moodyCentre) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch c.mood.Load() {
	case broken:
		http.Error(w, "out of order", http.StatusInternalServerError)
		return
	case hanging:
		<-r.Context().Done()
		return
	case noReceipt:
		_, _ = w.Write([]byte(`{}`))
		return
	}
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
	if report.Verb == ucare.Raise {
		c.rooms <- report.Alarm.Room
	}
}

// hears waits for the alarm of a room.
func (c *moodyCentre) hears(t *testing.T, room string) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		select {
		case got := <-c.rooms:
			if got == room {
				return
			}
		case <-deadline:
			t.Fatalf("the centre never heard of the %s", room)
		}
	}
}

func TestMessagesThatMakeNoSenseAreFaultsAndTheNextAlarmGetsThrough(t *testing.T) {
	place, centre := newHome(t, nil)

	if err := publish(t, place, "ucare/"+Dwelling+"/toaster", "smoke!!!"); err != nil {
		t.Error(err)
	}
	if f := awaitFault(t, place, ucare.FaultNotUnderstood); !strings.Contains(f.Detail, "smoke!!!") {
		t.Errorf("the fault does not show the message: %+v", f)
	}
	if err := publish(t, place, "zigbee2mqtt/unheard-of", `{"smoke":false}`); err != nil {
		t.Error(err)
	}
	awaitFault(t, place, ucare.FaultUnknownDevice)

	big := filepath.Join(t.TempDir(), "ten-megabytes")
	if err := os.WriteFile(big, make([]byte, 10<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	// The broker cuts the sender off; whether mosquitto_pub notices is its affair.
	_ = mosquittoPub(t, place.Broker, "-i", Device, "-u", Device, "-P", place.DevicePassword,
		"-t", "ucare/"+Dwelling+"/bomb", "-f", big)
	awaitFault(t, place, ucare.FaultTooLarge)

	// A topic that is not the device's own.
	_ = publish(t, place, "somewhere/else", "on")
	awaitFault(t, place, ucare.FaultRefused)

	if err := publishReading(t, place, "kitchen", "smoke"); err != nil {
		t.Fatal(err)
	}
	centre.hears(t, "kitchen")
}

func TestNonsenseThroughMosquittoIsAFaultAndTheNextAlarmGetsThrough(t *testing.T) {
	broker := startMosquitto(t)
	place, centre := newHome(t, func(p *Place) { p.Client = broker })
	if err := mosquittoPub(t, broker, "-t", "ucare/"+Dwelling+"/nonsense", "-m", `{"kind":"weather","active":true}`); err != nil {
		t.Fatal(err)
	}
	awaitFault(t, place, ucare.FaultUnknownValue)
	if err := mosquittoPub(t, broker, "-t", "ucare/"+Dwelling+"/kitchen", "-m", `{"room":"kitchen","kind":"smoke","active":true}`); err != nil {
		t.Fatal(err)
	}
	centre.hears(t, "kitchen")
}

func TestACentreThatMisbehavesGetsTheAlarmAllTheSame(t *testing.T) {
	for _, bad := range []mood{broken, hanging, noReceipt} {
		t.Run(string(bad), func(t *testing.T) {
			place, centre := newHome(t, nil)
			centre.mood.Store(bad)
			if err := publishReading(t, place, "kitchen", "smoke"); err != nil {
				t.Fatal(err)
			}
			if f := awaitFault(t, place, ucare.FaultReceiver); f.Subject != "centre" || f.Detail == "" {
				t.Errorf("the fault does not say which centre does what: %+v", f)
			}
			centre.mood.Store(proper)
			centre.hears(t, "kitchen")
			awaitNoFault(t, place, ucare.FaultReceiver)
		})
	}
}

func TestOnAFullDiskTheAlarmGoesOutAndNothingAcknowledgedIsLost(t *testing.T) {
	disk := smallDisk(t)
	place, centre := newHome(t, func(p *Place) { p.Data = disk })
	if err := publishReading(t, place, "before", "smoke"); err != nil {
		t.Fatal(err)
	}
	centre.hears(t, "before")

	fill(t, disk)
	acknowledged := 0
	junk := fmt.Sprintf(`{"room":"hall","kind":"motion","active":true,"x":%q}`, strings.Repeat("x", 100<<10))
	for publish(t, place, "ucare/"+Dwelling+"/hall", junk) == nil && acknowledged < 100 {
		acknowledged++ // the ballast is used up
	}
	awaitFault(t, place, ucare.FaultJournal)
	// Refused, so the sensor is not told that we have it. The alarm goes out all the same.
	if err := publishReading(t, place, "kitchen", "smoke"); err == nil {
		t.Log("the disk took the alarm: a few kilobytes were left")
	}
	centre.hears(t, "kitchen")
	if !health(t, place).Alive {
		t.Error("the gateway is not well on a full disk")
	}

	if err := os.Remove(filepath.Join(disk, "filler")); err != nil {
		t.Fatal(err)
	}
	if err := publishReading(t, place, "bedroom", "smoke"); err != nil {
		t.Errorf("with room again, the disk still refuses: %v", err)
	}
	centre.hears(t, "bedroom")
	awaitNoFault(t, place, ucare.FaultJournal)
}

func TestOnADiskThatHasTurnedReadOnlyTheGatewayStartsAndTheAlarmGoesOut(t *testing.T) {
	disk := smallDisk(t)
	adapt := func(p *Place) { p.Data = disk }
	if out, err := exec.CommandContext(t.Context(), "mount", "-o", "remount,ro", disk).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: a disk cannot be made read-only here: %s", out)
	}
	place, centre := newHome(t, adapt)
	awaitFault(t, place, ucare.FaultJournal)
	if err := publishReading(t, place, "kitchen", "smoke"); err != nil {
		t.Fatal(err)
	}
	centre.hears(t, "kitchen")
}

// smallDisk is a real file system of a few megabytes.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	mount := program(t, "mount", "mount")
	if out, err := exec.Command(mount, "-t", "tmpfs", "-o", "size=8m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: a small disk cannot be mounted here, root is needed: %s", out)
	}
	t.Cleanup(func() {
		if out, err := exec.CommandContext(context.Background(), "umount", "-l", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %s", out)
		}
	})
	return dir
}

// fill takes all room on the disk.
func fill(t *testing.T, disk string) {
	t.Helper()
	file, err := os.Create(filepath.Join(disk, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for chunk := 1 << 20; chunk >= 512; chunk /= 2 {
		for err = nil; err == nil; {
			_, err = file.Write(make([]byte, chunk))
		}
	}
}

// onFailure shows what the program said when a test failed.
func onFailure(t *testing.T, p *Place) {
	t.Cleanup(func() {
		if t.Failed() {
			text, _ := os.ReadFile(filepath.Join(p.Dir, "gateway.log"))
			t.Logf("the gateway's last words:\n%s", lastLines(text))
		}
	})
}
