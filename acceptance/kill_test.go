package acceptance

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// killCycles is how often the gateway is killed: a few in an ordinary run,
// UCARE_KILL_CYCLES in the long ones.
func killCycles(t *testing.T, ordinary int) int {
	t.Helper()
	text := os.Getenv("UCARE_KILL_CYCLES")
	if text == "" {
		return ordinary
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("UCARE_KILL_CYCLES=%q is not a number of cycles", text)
	}
	return n
}

// A tally is what the sensors know: which alarms they published, and for which
// they heard that the gateway has them.
type tally struct {
	mu    sync.Mutex
	next  int
	acked map[string]bool
	open  map[string]bool // published, not acknowledged: published again after the next start
}

// another returns a room whose alarm is to be published: one that was never
// acknowledged before a new one.
func (t *tally) another() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	for room := range t.open {
		delete(t.open, room)
		return room
	}
	t.next++
	return fmt.Sprintf("room-%05d", t.next)
}

func (t *tally) ended(room string, acknowledged bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if acknowledged {
		t.acked[room] = true
	} else {
		t.open[room] = true
	}
}

func (t *tally) acknowledged() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.acked)
}

// sensorsAtOnce is how many messages are on their way at a time.
const sensorsAtOnce = 8

// burn publishes smoke from one room after another with QoS 1, several at a
// time and each after a pause, until stop is closed, and keeps the tally.
func burn(broker, username, password, client string, pause time.Duration, count *tally, stop <-chan struct{}) {
	options := mqtt.NewClientOptions().AddBroker("tcp://" + broker).SetClientID(client).
		SetUsername(username).SetPassword(password).SetAutoReconnect(false).SetConnectTimeout(2 * time.Second)
	sensors := mqtt.NewClient(options)
	if token := sensors.Connect(); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		return // killed before it let us in: the next cycle publishes
	}
	defer sensors.Disconnect(0)
	var publishers sync.WaitGroup
	for range sensorsAtOnce {
		publishers.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(pause):
				}
				if !publishSmoke(sensors, count, stop) {
					return
				}
			}
		})
	}
	publishers.Wait()
}

// publishSmoke publishes one alarm and reports whether it was acknowledged.
func publishSmoke(sensors mqtt.Client, count *tally, stop <-chan struct{}) bool {
	room := count.another()
	payload := fmt.Sprintf(`{"dwelling":%q,"sensor":%q,"room":%q,"kind":"smoke","active":true}`, Dwelling, room, room)
	token := sensors.Publish("ucare/"+Dwelling+"/"+room, 1, false, payload)
	select {
	case <-token.Done():
		// In a clean session that does not reconnect, paho ends the token of a
		// publish that was not acknowledged with an error.
		acknowledged := token.Error() == nil
		count.ended(room, acknowledged)
		return acknowledged
	case <-stop:
		select {
		case <-token.Done():
			count.ended(room, token.Error() == nil)
		default:
			count.ended(room, false)
		}
		return false
	}
}

// A killRun is a kill -9 loop over a real gateway.
type killRun struct {
	place  *Place
	centre *WatchedCentre
	count  *tally
	cycles int
}

// run starts and kills the gateway, each time under load, and lets it come up
// once more at the end.
func (k *killRun) run(t *testing.T) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(k.cycles)))
	for range k.cycles {
		gateway, err := k.place.StartGateway(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		awaitHearing(t, k.place) // a household's broker keeps nothing for a gateway it does not know yet
		stop, ended := make(chan struct{}), make(chan struct{})
		before := k.count.acknowledged()
		go func() {
			defer close(ended)
			k.burn(stop)
		}()
		k.awaitMore(t.Context(), before+1+random.IntN(8))
		if err := gateway.Kill(); err != nil {
			t.Fatal(err)
		}
		close(stop)
		<-ended
		k.operate(t.Context())
	}
	gateway, err := k.place.StartGateway(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gateway.Kill() })
}

func (k *killRun) burn(stop <-chan struct{}) {
	if k.place.Client != "" {
		// mosquitto acknowledges before anything is on disk, thousands a second,
		// and the gateway takes them one commit after the other.
		burn(k.place.Client, "", "", "sensors", 50*time.Millisecond, k.count, stop)
		return
	}
	burn(k.place.Broker, Device, k.place.DevicePassword, Device, 0, k.count, stop)
}

// awaitMore returns when so many are acknowledged, or after a second.
func (k *killRun) awaitMore(ctx context.Context, acknowledged int) {
	patience := time.After(time.Second)
	look := time.NewTicker(200 * time.Microsecond)
	defer look.Stop()
	for k.count.acknowledged() < acknowledged {
		select {
		case <-ctx.Done():
			return
		case <-patience:
			return
		case <-look.C:
		}
	}
}

// operate closes what the centre has taken, as its operators would, so that
// the escalation of thousands of alarms is not what is tested.
func (k *killRun) operate(ctx context.Context) {
	for _, alarm := range k.centre.Taken() {
		if err := Press(ctx, k.place, alarm, "close"); err == nil {
			k.centre.forget(alarm)
		}
	}
}

// missing waits for what was acknowledged to reach the centre, and returns the
// rooms that did not.
func (k *killRun) missing(ctx context.Context, patience time.Duration) []string {
	deadline := time.After(patience)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		rooms := k.centre.Rooms()
		var missing []string
		for room := range k.count.acked {
			if _, heard := rooms[room]; !heard {
				missing = append(missing, room)
			}
		}
		if len(missing) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return missing
		case <-deadline:
			return missing
		case <-look.C:
		}
	}
}

// doubled returns the rooms whose one alarm came in under more than one name.
func (k *killRun) doubled() []string {
	var out []string
	for room, heard := range k.centre.Rooms() {
		if len(heard.Alarms) > 1 {
			out = append(out, room)
		}
	}
	return out
}

func startKillRun(t *testing.T, binary string, cycles int, adapt func(*Place)) *killRun {
	t.Helper()
	k := newKillRun(t, binary, cycles, adapt)
	k.run(t)
	return k
}

// newKillRun is a place with its centre; nothing runs yet but the centre.
func newKillRun(t *testing.T, binary string, cycles int, adapt func(*Place)) *killRun {
	t.Helper()
	place, err := NewPlace(t.TempDir(), binary)
	if err != nil {
		t.Fatal(err)
	}
	if adapt != nil {
		adapt(place)
	}
	if err := place.Write(); err != nil {
		t.Fatal(err)
	}
	centre, err := StartWatchedCentre(t.Context(), place, EveryFifthBad)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = centre.Close() })
	return &killRun{
		place: place, centre: centre, cycles: cycles,
		count: &tally{acked: make(map[string]bool), open: make(map[string]bool)},
	}
}

func (k *killRun) mustHaveLostNothing(t *testing.T) {
	t.Helper()
	missing, doubled := k.missing(t.Context(), 2*time.Minute), k.doubled()
	if len(missing) > 0 {
		t.Errorf("acknowledged and never at the centre: %v", missing[:min(10, len(missing))])
	}
	if len(doubled) > 0 {
		t.Errorf("at the centre under two names: %s, as %v", doubled[0], k.centre.Rooms()[doubled[0]].Alarms)
	}
	if least := k.cycles / 2; len(k.count.acked) < least {
		t.Errorf("only %d alarms were acknowledged in %d cycles: this run proves nothing", len(k.count.acked), k.cycles)
	}
	t.Logf("%d cycles, %d acknowledged alarms, %d reports: %d lost, %d under two names",
		k.cycles, len(k.count.acked), k.centre.reports(), len(missing), len(doubled))
}

func TestEveryAcknowledgedAlarmReachesTheCentreThroughKillNine(t *testing.T) {
	startKillRun(t, ucareBinary(t), killCycles(t, 10), nil).mustHaveLostNothing(t)
}

// With the acknowledgement before the commit the loop must find what is lost;
// otherwise it proves nothing.
func TestTheKillLoopNoticesAnAcknowledgementBeforeTheCommit(t *testing.T) {
	dir := t.TempDir()
	overlay, err := Sabotage(dir, "sensors/broker/hook.go",
		"return h.inbox.Commit(ctx, m)",
		"go func() { _ = h.inbox.Commit(context.WithoutCancel(ctx), m) }()\n\treturn nil")
	if err != nil {
		t.Fatal(err)
	}
	binary, err := Build(t.Context(), dir, overlay)
	if err != nil {
		t.Fatal(err)
	}
	const mostTries = 10
	for range mostTries {
		k := startKillRun(t, binary, 10, nil)
		if missing := k.missing(t.Context(), 3*time.Second); len(missing) > 0 {
			t.Logf("the sabotaged gateway lost %d of %d acknowledged alarms", len(missing), len(k.count.acked))
			return
		}
	}
	t.Errorf("a gateway that acknowledges before it commits went through %d kill loops unnoticed", mostTries)
}

func TestEveryAlarmTheGatewayAckedReachesTheCentreThroughMosquitto(t *testing.T) {
	broker := startMosquitto(t)
	k := startKillRun(t, ucareBinary(t), killCycles(t, 4), func(p *Place) { p.Client = broker })
	k.mustHaveLostNothing(t)
}
