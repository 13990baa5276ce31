package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance"
	"github.com/ucare-project/ucare/acceptance/influxd"
	"github.com/ucare-project/ucare/acceptance/load"
)

// startServer is a home of which only the server is there.
func startServer(t *testing.T) *home {
	t.Helper()
	h := &home{server: influxd.ForTest(t), place: &acceptance.Place{Data: t.TempDir()}}
	if err := os.WriteFile(filepath.Join(h.place.Data, "pseudonyms.key"), []byte("0123456789abcdef0123456789abcdef"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.post(t, "/query?q="+strings.ReplaceAll("CREATE DATABASE ucare WITH DURATION INF NAME raw", " ", "+"), "")
	return h
}

func (h *home) post(t *testing.T, path, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if text, _ := io.ReadAll(response.Body); response.StatusCode >= 300 {
		t.Fatalf("%s: %s: %s", path, response.Status, text)
	}
}

// store writes readings as docs/history.md says.
func (h *home) store(t *testing.T, readings []ucare.Reading) {
	t.Helper()
	before := make(map[string]int)
	points := make([]string, len(readings))
	for i, r := range readings {
		place := fmt.Sprint(r.At, r.Sensor, r.Kind)
		points[i] = h.point(t, r, before[place])
		before[place]++
	}
	h.post(t, "/api/v2/write?bucket="+bucket, strings.Join(points, "\n"))
}

func (h *home) point(t *testing.T, r ucare.Reading, n int) string {
	t.Helper()
	dwelling, err := h.pseudonym("d-", r.Dwelling)
	if err != nil {
		t.Fatal(err)
	}
	sensor, err := h.pseudonym("s-", r.Sensor)
	if err != nil {
		t.Fatal(err)
	}
	return load.Point(r, n, dwelling, sensor)
}

// The comparison sees each way in which a store can be wrong, on a real server.
func TestTheComparisonSeesWhatIsMissingDoubleOrStrange(t *testing.T) {
	h := startServer(t)
	to := time.Now().UTC().Truncate(time.Hour)
	from := to.AddDate(0, 0, -1) // a whole day: in one hour of it nobody may have moved
	for r := range (load.Home{Dwelling: acceptance.Dwelling, Seed: 1, PerHour: load.Busy}).Readings(from, to) {
		h.note(r)
	}
	if d := h.differ(t, from, to); d.same() || len(d.missing) != len(h.published) {
		t.Fatalf("of an empty server it says: %s", d)
	}
	h.store(t, h.published)
	if d := h.differ(t, from, to); !d.same() {
		t.Fatalf("everything is stored, and it says: %s: %v", d, d.verdict())
	}
	h.store(t, h.published) // again changes nothing
	if d := h.differ(t, from, to); !d.same() {
		t.Fatalf("everything is stored twice, and it says: %s: %v", d, d.verdict())
	}
	contact := h.first(t, func(r ucare.Reading) bool { return r.Kind == ucare.Motion })
	h.post(t, "/api/v2/write?bucket="+bucket, h.point(t, contact, 1))
	if d := h.differ(t, from, to); len(d.double) != 1 || d.same() {
		t.Errorf("one is stored twice, and it says: %s", d)
	}
	measured := h.first(t, func(r ucare.Reading) bool { return r.Kind == ucare.Temperature })
	measured.Value++
	h.post(t, "/api/v2/write?bucket="+bucket, h.point(t, measured, 0))
	if d := h.differ(t, from, to); len(d.missing) != 1 || len(d.strange) != 1 {
		t.Errorf("one is overwritten by another one, and it says: %s", d)
	}
}

func (h *home) differ(t *testing.T, from, to time.Time) difference {
	t.Helper()
	stored, err := h.stored(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	return compare(h.publishedIn(from, to), stored)
}

func (h *home) first(t *testing.T, is func(ucare.Reading) bool) ucare.Reading {
	t.Helper()
	for _, r := range h.published {
		if is(r) {
			return r
		}
	}
	t.Fatal("there is none")
	return ucare.Reading{}
}

// startHome is a real gateway and a real server; the overlay breaks the gateway.
func startHome(t *testing.T, overlay string) *home {
	t.Helper()
	dir := t.TempDir()
	binary, err := acceptance.Build(t.Context(), dir, overlay)
	if err != nil {
		t.Fatal(err)
	}
	h, err := start(context.WithoutCancel(t.Context()), dir, binary)
	influxd.Need(t, err)
	t.Cleanup(h.close)
	return h
}

// Whatever the server does, no reading is missing afterwards and none is there twice. How
// long the alarms took meanwhile is printed by make outage; here each has to come.
func TestNoReadingIsLostWhateverTheServerDoes(t *testing.T) {
	h := startHome(t, "")
	result, err := h.outages(t.Context(), plan{Length: 4 * time.Second, PerHour: 300, AlarmEvery: 250 * time.Millisecond, Rounds: 1}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range result.spells {
		t.Logf("%s: %d alarms, median %v; settled after %v: %s", s.name, len(s.took), acceptance.Quantile(s.took, .5), s.settled, s.difference)
		if err := s.difference.verdict(); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		if s.refuses && s.during > 0 {
			t.Errorf("%s: %d readings were stored meanwhile: this proves nothing", s.name, s.during)
		}
		if len(s.took) == 0 {
			t.Errorf("%s: there were no alarms: this proves nothing", s.name)
		}
	}
	if err := result.verdict(); err != nil {
		t.Error(err)
	}
}

// killTimes is how often the gateway is killed: a few times in an ordinary run,
// UCARE_OUTAGE_KILLS in the long ones.
func killTimes(t *testing.T) int {
	t.Helper()
	text := os.Getenv("UCARE_OUTAGE_KILLS")
	if text == "" {
		return 6
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("UCARE_OUTAGE_KILLS=%q is not a number of kills", text)
	}
	return n
}

func TestNoReadingIsLostWhenTheGatewayIsKilledWhileItSends(t *testing.T) {
	h := startHome(t, "")
	found, err := h.kills(t.Context(), killTimes(t), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d kills while a batch was on its way: %s", found.midDrain, found.difference)
	if err := found.difference.verdict(); err != nil {
		t.Error(err)
	}
}

// A comparison that finds nothing wrong with a gateway that is broken on purpose proves
// nothing of one that is not.
func TestTheRunsNoticeWhatIsLost(t *testing.T) {
	const write = "refused, err := s.server.Write(ctx, points)"
	for _, c := range []struct {
		name, instead string
		find          func(t *testing.T, h *home) difference
	}{
		{
			"readings leave the queue before the answer is there",
			"if err := s.spool.Sent(ctx, fit); err != nil {\n\t\treturn true, err\n\t}\n\t" + write,
			func(t *testing.T, h *home) difference {
				found, err := h.kills(t.Context(), 6, io.Discard)
				if err != nil {
					t.Fatal(err)
				}
				return found.difference
			},
		},
		{
			"an answer of 500 is taken for done",
			write + "\n\tif later, is := errors.AsType[*influx.Later](err); is && later.Fault == \"\" {\n\t\terr = nil\n\t}",
			func(t *testing.T, h *home) difference {
				p := plan{Length: 10 * time.Second, PerHour: 600, AlarmEvery: time.Second, Rounds: 1} // time to be asked in vain
				p.Modes = []mode{modes[0], writesRefused(influxd.Status(http.StatusInternalServerError, "internal error", 0))}
				result, err := h.outages(t.Context(), p, io.Discard)
				if err != nil {
					t.Fatal(err)
				}
				return result.whole
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			overlay, err := acceptance.Sabotage(t.TempDir(), "history/sender.go", write, c.instead)
			if err != nil {
				t.Fatal(err)
			}
			h := startHome(t, overlay)
			h.patience = 5 * time.Second
			d := c.find(t, h)
			if len(d.missing) == 0 {
				t.Errorf("it went unnoticed: %s", d)
			}
			t.Logf("noticed: %s", d)
		})
	}
}

// writesRefused is a mode in which the server answers questions, and refuses what is written:
// readings of hours ago are written only when it was asked what it has beside them.
func writesRefused(fault influxd.Fault) mode {
	m := refused("writes refused", fault)
	m.begin = func(h *home) error { h.writes(fault); return nil }
	return m
}
