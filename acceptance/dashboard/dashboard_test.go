package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/influxd"
	"github.com/ucare-project/ucare/acceptance/load"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/history/influx"
)

// The file, and what of Grafana's form of a dashboard matters here.
const file = "../../deploy/grafana/ucare.json"

type board struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type variable struct {
	Name  string          `json:"name"`
	Type  string          `json:"type"`
	Query json.RawMessage `json:"query"`
}

type panel struct {
	ID      int    `json:"id"`
	Title   string `json:"title"`
	Type    string `json:"type"`
	GridPos struct {
		X, Y, W, H int
	} `json:"gridPos"`
	Targets []struct {
		Query string `json:"query"`
	} `json:"targets"`
}

func read(t *testing.T) board {
	t.Helper()
	text, err := os.ReadFile(filepath.FromSlash(file))
	if err != nil {
		t.Fatal(err)
	}
	var b board
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// questions are all Flux of the dashboard, by where it stands.
func (b board) questions(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, v := range b.Templating.List {
		if v.Type != "query" {
			continue
		}
		var flux string
		if err := json.Unmarshal(v.Query, &flux); err != nil {
			t.Fatalf("variable %s: %v", v.Name, err)
		}
		all["variable "+v.Name] = flux
	}
	for _, p := range b.Panels {
		for i, target := range p.Targets {
			all[fmt.Sprintf("panel %s, question %d", p.Title, i+1)] = target.Query
		}
	}
	return all
}

const (
	dwelling = "kim"
	bucket   = "ucare/readings"
	hours    = "ucare/hours"
	lived    = 7 // days that are in the server
)

// fill has a home's days sent to a server, all of the way that readings go, and returns the home's
// pseudonym.
func fill(t *testing.T, server *influxd.Server) (pseudonym string) {
	t.Helper()
	config := influx.Config{URL: server.URL, Bucket: bucket, Hours: hours, Key: []byte("the key of 32 bytes of this test")}
	m := history.New(history.Options{
		Path: filepath.Join(t.TempDir(), "history.db"), Location: seoul(t), KeepReadings: 90 * 24 * time.Hour, KeepHours: 2 * 365 * 24 * time.Hour,
		Influx: &config, Fault: func(ucare.Fault, bool) {}, Aside: func(string) {}, Logger: slog.New(slog.DiscardHandler),
	})
	t.Cleanup(func() { _ = m.Close() })
	now := time.Now()
	home := load.Home{Dwelling: dwelling, Seed: 4, PerHour: 150, Location: seoul(t)}
	if err := m.Append(t.Context(), slices.Collect(home.Readings(now.AddDate(0, 0, -lived), now)), 0); err != nil {
		t.Fatal(err)
	}
	if err := m.SumUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	grafana{server: server}.awaitSent(t)
	stop()
	<-done
	store, err := influx.New(config, func(context.Context, string) ([]string, error) { return nil, nil })
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	return store.Dwelling(dwelling)
}

func seoul(t *testing.T) *time.Location {
	t.Helper()
	location, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		t.Fatal(err)
	}
	return location
}

// awaitSent waits until the server holds all days: the history sums them up and sends them after
// the readings.
func (g grafana) awaitSent(t *testing.T) {
	t.Helper()
	deadline := time.After(2 * time.Minute)
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		// The bucket may not be there yet.
		n, err := g.ask(t.Context(), `from(bucket: "${hours}") |> range(start: -30d) |> filter(fn: (r) => r._measurement == "day" and r._field == "readings")`)
		if err == nil && n >= lived {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("after 2 minutes the server holds %d of %d days, error %v", n, lived, err)
		case <-look.C:
		}
	}
}

// A grafana puts questions to a server, as Grafana would for a home and the last week.
type grafana struct {
	server   *influxd.Server
	dwelling string
}

// ask returns how many rows the answer has.
func (g grafana) ask(ctx context.Context, flux string) (rows int, err error) {
	now := time.Now().UTC()
	flux = strings.NewReplacer(
		"${bucket}", bucket, "${hours}", hours, "${dwelling}", g.dwelling, "${clock}", "9h",
		"v.timeRangeStart", now.AddDate(0, 0, -7).Format(time.RFC3339), "v.timeRangeStop", now.Format(time.RFC3339), "v.windowPeriod", "30m",
	).Replace(flux)
	if strings.Contains(flux, "${") || strings.Contains(flux, "v.") && strings.Contains(flux, "v.time") {
		return 0, fmt.Errorf("a variable is not replaced: %s", flux)
	}
	err = g.server.Query(ctx, flux, func(map[string]string) error { rows++; return nil })
	return rows, err
}

func TestEachQuestionOfTheDashboardHasAnAnswer(t *testing.T) {
	server := influxd.ForTest(t)
	g := grafana{server, fill(t, server)}
	questions := read(t).questions(t)
	if len(questions) < 8 {
		t.Fatalf("the dashboard has only %d questions", len(questions))
	}
	for where, flux := range questions {
		t.Run(where, func(t *testing.T) {
			rows, err := g.ask(t.Context(), flux)
			if err != nil {
				t.Fatalf("%v\n%s", err, flux)
			}
			if rows == 0 {
				t.Errorf("it has no rows:\n%s", flux)
			}
			t.Logf("%d rows", rows)
			nobody := grafana{g.server, "d-0000000000000000"}
			if rows, err := nobody.ask(t.Context(), flux); strings.Contains(flux, "${dwelling}") && (err != nil || rows > 0) {
				t.Errorf("of a home that is not there it has %d rows, error %v", rows, err)
			}
		})
	}
}

// What Grafana needs of a dashboard beside its questions.
func TestTheDashboardIsOne(t *testing.T) {
	b := read(t)
	if b.UID == "" || b.Title == "" {
		t.Error("it has no uid or no title")
	}
	ids := make(map[int]bool)
	for i, p := range b.Panels {
		if p.ID == 0 || ids[p.ID] || p.Title == "" {
			t.Errorf("panel %d (%q) has no title or no id of its own", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, q := range b.Panels[:i] {
			a, c := p.GridPos, q.GridPos
			if a.X < c.X+c.W && c.X < a.X+a.W && a.Y < c.Y+c.H && c.Y < a.Y+a.H {
				t.Errorf("panels %q and %q lie on each other", p.Title, q.Title)
			}
		}
	}
	named := make(map[string]bool)
	for _, v := range b.Templating.List {
		named[v.Name] = true
	}
	for where, flux := range b.questions(t) {
		for _, piece := range strings.Split(flux, "${")[1:] {
			if name, _, _ := strings.Cut(piece, "}"); !named[name] {
				t.Errorf("%s wants a variable %q that the dashboard does not have", where, name)
			}
		}
	}
}
