package acceptance

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

const (
	noisePerSecond = 10_000
	noiseAlarms    = 12
	// noiseLead is how long a rogue may send before the first alarm.
	noiseLead = 1500 * time.Millisecond
	// alarmPace is the pause between two alarms.
	alarmPace = 50 * time.Millisecond
)

// An alarm that comes in while another device floods must be as quick as in
// quiet, by and large: twenty times the quiet median, and at least half a second, is what
// a busy machine may make of it. What comes behind a flood that is not held back is
// later than that by far: TestTheNoiseIsNoticedWithoutTheGuard.
func TestARogueDeviceDelaysNoAlarmOfAnother(t *testing.T) {
	for _, way := range []string{"on the embedded broker", "through the household's mosquitto"} {
		for _, c := range []struct {
			name  string
			qos   byte
			noise Noise
		}{
			{"one topic, QoS 0", 0, OneTopic},
			{"a thousand topics, QoS 1", 1, ManyTopics},
			{"made-up topics, QoS 0", 0, NewTopics},
		} {
			t.Run(way+", "+c.name, func(t *testing.T) {
				n := newNoisyHome(t, ucareBinary(t), way == "through the household's mosquitto")
				quiet := n.alarms(t, "quiet")
				rogue := n.unleash(t, c.qos, c.noise)
				noisy := n.alarms(t, "noisy")
				fault := awaitFault(t, n.Place, ucare.FaultFlood)
				sent, rate := rogue.Sent()
				t.Logf("%d messages of noise, %.0f a second; median of the alarms %v, in quiet %v; %s: %s",
					sent, rate, Quantile(noisy, .5), Quantile(quiet, .5), fault.Subject, fault.Detail)
				if most := max(20*Quantile(quiet, .5), 500*time.Millisecond); Quantile(noisy, .5) > most {
					t.Errorf("alarms took %v, in quiet %v", noisy, quiet)
				}
				if least := noisePerSecond / 10.; rate < least {
					t.Errorf("the rogue sent %.0f messages a second: this run proves nothing", rate)
				}
			})
		}
	}
}

// Without the guard, an alarm waits behind the noise.
func TestTheNoiseIsNoticedWithoutTheGuard(t *testing.T) {
	dir := t.TempDir()
	overlay, err := WithoutFloodGuard(dir)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := Build(t.Context(), dir, overlay)
	if err != nil {
		t.Fatal(err)
	}
	n := newNoisyHome(t, binary, true)
	quiet := n.alarms(t, "quiet")
	n.unleash(t, 1, ManyTopics)
	began := time.Now()
	n.publish(t, "late")
	ctx, cancel := context.WithTimeout(t.Context(), max(20*Quantile(quiet, .5), 500*time.Millisecond))
	defer cancel()
	if n.heard(ctx, "late") {
		t.Errorf("an alarm came through the noise within %v, though nothing holds it back", time.Since(began))
	}
}

// A noisyHome is a real gateway and centre, and a broker on which others speak too.
type noisyHome struct {
	*Place
	centre *WatchedCentre
}

func newNoisyHome(t *testing.T, binary string, mosquitto bool) *noisyHome {
	t.Helper()
	place, err := NewPlace(t.TempDir(), binary)
	if err != nil {
		t.Fatal(err)
	}
	if mosquitto {
		place.Client = startMosquitto(t)
	}
	if err := place.Write(); err != nil {
		t.Fatal(err)
	}
	onFailure(t, place)
	centre, err := StartWatchedCentre(t.Context(), place, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = centre.Close() })
	process, err := place.StartGateway(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = process.Kill() })
	awaitHearing(t, place)
	return &noisyHome{place, centre}
}

// unleash lets a rogue device loose, and returns when it has sent for a while.
func (n *noisyHome) unleash(t *testing.T, qos byte, noise Noise) *Rogue {
	t.Helper()
	broker, password := n.Broker, n.DevicePassword
	if n.Client != "" {
		broker, password = n.Client, ""
	}
	rogue, err := StartRogue(t.Context(), broker, password, qos, noisePerSecond, noise)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rogue.Stop() })
	<-time.After(noiseLead)
	return rogue
}

// publish lets a room burn, as mosquitto_pub would tell it.
func (n *noisyHome) publish(t *testing.T, room string) {
	t.Helper()
	broker, account := n.Client, []string(nil)
	if broker == "" {
		broker, account = n.Broker, []string{"-i", Device, "-u", Device, "-P", n.DevicePassword}
	}
	payload := fmt.Sprintf(`{"room":%q,"kind":"smoke","active":true}`, room)
	if err := mosquittoPub(t, broker, append(account, "-t", "ucare/"+Dwelling+"/"+room, "-m", payload)...); err != nil {
		t.Fatal(err)
	}
}

// heard waits for the alarm of a room.
func (n *noisyHome) heard(ctx context.Context, room string) bool {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for {
		if _, heard := n.centre.Rooms()[room]; heard {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-look.C:
		}
	}
}

// alarms lets rooms burn, one after the other, and notes how long each alarm
// took to the centre, from before its message was published.
func (n *noisyHome) alarms(t *testing.T, name string) (took []time.Duration) {
	t.Helper()
	pace := time.NewTicker(alarmPace)
	defer pace.Stop()
	for i := range noiseAlarms {
		<-pace.C
		room := fmt.Sprintf("%s-%d", name, i)
		began := time.Now()
		n.publish(t, room)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		if !n.heard(ctx, room) {
			t.Fatalf("the alarm of %s never reached the centre", room)
		}
		cancel()
		took = append(took, n.centre.Rooms()[room].First.Sub(began))
	}
	return took
}
