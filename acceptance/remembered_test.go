package acceptance

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/sensors"
)

// backlog is how many messages the journal has before the first start: so many that the
// gateway is killed while it writes them to the history.
const backlog = 20_000

// writeBacklog puts messages into the journal of a place, as a gateway would have that
// was without its history for weeks.
func writeBacklog(t *testing.T, p *Place) {
	t.Helper()
	data := filepath.Join(p.Dir, p.Data)
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	j, _, err := journal.Open(t.Context(), filepath.Join(data, "journal.db"), journal.Options{BallastBytes: -1})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now().Add(-20 * 24 * time.Hour)
	append := func(i int, topic, payload string) {
		_, err := j.Append(context.Background(), journal.Entry{
			At: began.Add(time.Duration(i) * 80 * time.Second), Kind: journal.Message, Source: "broker:" + Device, Topic: topic, Payload: []byte(payload),
		})
		if err != nil {
			t.Error(err)
		}
	}
	append(0, "zigbee2mqtt/bridge/devices", bridgeDevices)
	var writers sync.WaitGroup
	for w := range 256 {
		writers.Go(func() {
			for i := w; i < backlog; i += 256 {
				switch i % 4 {
				case 0:
					append(i, "zigbee2mqtt/kitchen/smoke", fmt.Sprintf(`{"smoke":false,"battery":%d}`, i%100))
				case 1:
					append(i, "ucare/home/air", fmt.Sprintf(`{"room":"kitchen","kind":"temperature","value":%d.5,"unit":"°C"}`, 15+i%10))
				case 2:
					append(i, "ucare/home/hall", fmt.Sprintf(`{"room":"hall","kind":"motion","active":%t}`, i%8 == 2))
				default:
					append(i, "ucare/home/hall", `{"room":"hall","kind":"motion","acti`) // cannot be read
				}
			}
		})
	}
	writers.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
}

// readings are by what they say: who says again what he said is not counted twice.
type readings map[string]bool

func (r readings) add(t *testing.T, reading ucare.Reading) {
	t.Helper()
	reading.At = reading.At.UTC()
	text, err := json.Marshal(reading)
	if err != nil {
		t.Fatal(err)
	}
	r[string(text)+reading.State.String()] = true
}

func (r readings) hash() string {
	sum := sha256.New()
	for _, line := range slices.Sorted(maps.Keys(r)) {
		fmt.Fprintln(sum, line)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// decoded are the readings of the whole journal of a place.
func decoded(t *testing.T, c *configs.Gateway) (readings, int) {
	t.Helper()
	log, err := journal.OpenToRead(t.Context(), filepath.Join(c.Box.Data, "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	decoder, all, entries := gateway.NewDecoder(c), make(readings), 0
	for position := int64(0); ; {
		some, err := log.After(t.Context(), position, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(some) == 0 {
			return all, entries
		}
		for _, e := range some {
			position, entries = e.Seq, entries+1
			var heard sensors.Heard
			switch e.Kind {
			case journal.Message:
				heard = decoder.Hear(sensors.Message{
					At: e.At, Source: e.Source, Topic: e.Topic, Payload: e.Payload, QoS: e.QoS, Retained: e.Retained, Duplicate: e.Duplicate,
				})
			case journal.Tick:
				heard = decoder.Tick(e.At)
			case journal.ClockSet:
				t.Skip("SKIPPED: the clock of this machine was set during the test")
			case journal.Answer, journal.Start, journal.Deaf, journal.Profile:
			}
			for _, r := range heard.Readings {
				all.add(t, r)
			}
		}
	}
}

// remembered are the readings that the history of a place gives back.
func remembered(t *testing.T, c *configs.Gateway) readings {
	t.Helper()
	options, err := gateway.HistoryOptions(c, false)
	if err != nil {
		t.Fatal(err)
	}
	past, err := history.OpenToRead(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer past.Close()
	all := make(readings)
	for r, err := range past.Between(t.Context(), Dwelling, time.Now().AddDate(0, 0, -60), time.Now().Add(time.Hour)) {
		if err != nil {
			t.Fatal(err)
		}
		all.add(t, r)
	}
	return all
}

// behind is how many entries of the journal the history has not read, as the running
// gateway says.
func behind(t *testing.T, p *Place) int {
	t.Helper()
	n, err := p.Metric("ucare_history_lag_entries")
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

// A rememberRun kills the gateway while it writes its history.
type rememberRun struct {
	*killRun
	midway int // how often it was killed while it was behind
}

func startRememberRun(t *testing.T, binary string, cycles int) *rememberRun {
	t.Helper()
	r := &rememberRun{killRun: newKillRun(t, binary, cycles, func(p *Place) { writeBacklog(t, p) })}
	random := rand.New(rand.NewPCG(2, uint64(cycles)))
	for range cycles {
		process, err := r.place.StartGateway(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		awaitHearing(t, r.place)
		stop, ended := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			r.burn(stop)
		}()
		r.awaitMore(t.Context(), r.count.acknowledged()+1+random.IntN(30))
		if behind(t, r.place) > 0 {
			r.midway++
		}
		if err := process.Kill(); err != nil {
			t.Fatal(err)
		}
		close(stop)
		<-ended
		r.operate(t.Context())
	}
	return r
}

// finish lets the gateway come up once more, read the journal to its end, and stop.
func (r *rememberRun) finish(t *testing.T) *configs.Gateway {
	t.Helper()
	process, err := r.place.StartGateway(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			_ = process.Kill()
		}
	}()
	awaitHearing(t, r.place)
	await(t, 2*time.Minute, "the history to be as far as the journal", func() bool { return behind(t, r.place) == 0 })
	stopped = true
	if err := process.Stop(); err != nil {
		t.Fatal(err)
	}
	c, err := configs.Load(filepath.Join(r.place.Dir, "ucare.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// compare is what of the journal the history does not have, and what it has beside that.
func (r *rememberRun) compare(t *testing.T) (missing, more int) {
	t.Helper()
	c := r.finish(t)
	want, entries := decoded(t, c)
	got := remembered(t, c)
	for line := range want {
		if !got[line] {
			missing++
		}
	}
	more = len(got) + missing - len(want)
	if missing == 0 && more == 0 && got.hash() != want.hash() {
		t.Error("the same readings have another hash: the test is wrong")
	}
	all := strings.Join(slices.Collect(maps.Keys(got)), "\n")
	for room := range r.count.acked {
		if missing == 0 && !strings.Contains(all, `"sensor":"`+room+`"`) {
			t.Errorf("the smoke in %s was acknowledged and is not in the history", room)
		}
	}
	if r.midway < r.cycles/2 || len(r.count.acked) == 0 || len(want) < backlog/2 {
		t.Errorf("killed %d times while it was behind, %d messages acknowledged, %d readings: this run proves little", r.midway, len(r.count.acked), len(want))
	}
	t.Logf("%d entries, %d acknowledged messages, %d of %d kills while the history was behind: %d readings of %d, hash %.16s of %.16s",
		entries, len(r.count.acked), r.midway, r.cycles, len(got), len(want), got.hash(), want.hash())
	return missing, more
}

// Whatever the journal has, the history has, and each reading of a message that was
// acknowledged is among it.
func TestTheHistoryMissesNothingThroughKillNine(t *testing.T) {
	t.Run("as it is", func(t *testing.T) {
		if missing, more := startRememberRun(t, ucareBinary(t), killCycles(t, 6)).compare(t); missing+more > 0 {
			t.Errorf("%d readings are missing in the history, %d are too many", missing, more)
		}
	})
	// The place is saved every five minutes: no test lives so long.
	t.Run("with its place saved all the time", func(t *testing.T) {
		binary := withChronicle(t, savesAllTheTime...)
		if missing, more := startRememberRun(t, binary, killCycles(t, 6)).compare(t); missing+more > 0 {
			t.Errorf("%d readings are missing in the history, %d are too many", missing, more)
		}
	})
}

var savesAllTheTime = []string{"placeEvery = 5 * time.Minute", "placeEvery = 0 * time.Minute"}

// withChronicle builds a gateway whose chronicle is another one.
func withChronicle(t *testing.T, pieces ...string) string {
	t.Helper()
	dir := t.TempDir()
	overlay, err := Sabotage(dir, "gateway/chronicle.go", pieces[0], pieces[1], pieces[2:]...)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := Build(t.Context(), dir, overlay)
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// A history that is not waited for must be found out; otherwise the loop proves nothing.
func TestTheKillLoopNoticesAHistoryThatIsNotWaitedFor(t *testing.T) {
	binary := withChronicle(t, append(savesAllTheTime,
		"return struct{}{}, c.history.Append(ctx, readings, seq)",
		"go func() { time.Sleep(200 * time.Millisecond); _ = c.history.Append(ctx, readings, seq) }()\n\t\treturn struct{}{}, nil")...)
	const mostTries = 3
	for range mostTries {
		if missing, _ := startRememberRun(t, binary, 3).compare(t); missing > 0 {
			t.Logf("the sabotaged gateway lost %d readings", missing)
			return
		}
	}
	t.Errorf("a history that is not waited for went through %d kill loops unnoticed", mostTries)
}
