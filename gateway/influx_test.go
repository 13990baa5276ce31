package gateway

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// deaf accepts connections and never says a word.
func deaf(t *testing.T) (address string, connections func() int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var accepted []net.Conn
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			accepted = append(accepted, c)
			mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
		for _, c := range accepted {
			_ = c.Close()
		}
	})
	return listener.Addr().String(), func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(accepted)
	}
}

// withInflux is the test's configuration with an InfluxDB.
func withInflux(address string) string {
	return strings.Replace(testConfig, "journal: {ballast: 1MiB}", fmt.Sprintf(
		"journal: {ballast: 1MiB}, history: {store: influxdb, influxdb: {url: %q, org: home, token_file: password}}", "http://"+address), 1)
}

// An InfluxDB that accepts and never answers delays no alarm, hides no reading, and is
// left behind at the end.
func TestAnInfluxDBThatNeverAnswersDelaysNothing(t *testing.T) {
	address, connections := deaf(t)
	h := newTestHomeAs(t, t.TempDir(), withInflux(address))
	h.start(t)
	h.say(t, "ucare/home/hall", `{"room":"hall","kind":"motion","active":true}`)
	await(t, "the sender to ask the server", func() bool { return connections() > 0 })
	began := time.Now() // what is older than the file, only the server could know
	const alarms = 20
	for i := range alarms {
		h.alarms(t, fmt.Sprint("room-", i))
	}
	await(t, "the readings in the history", func() bool { return len(h.remembered(t, began)) == alarms })
	standing, err := h.gateway.history.Standing(t.Context())
	if err != nil || standing.Waiting < alarms+1 {
		t.Errorf("%+v, %v; want all readings to wait for the server", standing, err)
	}
	if err := h.stop(); err != nil {
		t.Errorf("a server that hangs is no reason to stop badly: %v", err)
	}
}
