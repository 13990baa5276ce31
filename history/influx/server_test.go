package influx

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/influxd"
)

// shared is one real server for the tests that do it no harm; each has a database of its own.
var shared struct {
	influxd.Shared
	places atomic.Int64
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := shared.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func newLineTo(t *testing.T, url string) *influxd.Line {
	t.Helper()
	l, err := influxd.NewLine(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

const (
	keepReadings = 90 * 24 * time.Hour
	keepHours    = 2 * 365 * 24 * time.Hour
)

// config is one with a database of its own.
func config(url string) Config {
	database := fmt.Sprintf("ucare-%d", shared.places.Add(1))
	return Config{
		URL: url, Bucket: database + "/readings", Hours: database + "/hours",
		KeepReadings: keepReadings, KeepHours: keepHours, Key: bytes.Repeat([]byte{7}, 32),
	}
}

// names tells whatever the test says are the sensors of each home.
type names []string

func (n *names) known(context.Context, string) ([]string, error) { return *n, nil }

func open(t testing.TB, c Config, sensors ...string) *Store {
	t.Helper()
	list := names(sensors)
	s, err := New(c, list.known)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// prepared is a store on the shared server.
func prepared(t testing.TB, sensors ...string) *Store {
	t.Helper()
	s := open(t, config(shared.URL(t)), sensors...)
	if err := s.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func store(t testing.TB, s *Store, points []Point) {
	t.Helper()
	refused, err := s.Write(t.Context(), points)
	if err != nil || len(refused) > 0 {
		t.Fatalf("write %d points: refused %v, %v", len(points), refused, err)
	}
}

func all(t testing.TB, s *Store, dwelling string, from, to time.Time) []Point {
	t.Helper()
	var got []Point
	for p, err := range s.Points(t.Context(), dwelling, from, to) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	return got
}

func equal(t testing.TB, got, want []Point) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("got %d points, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if g, w := fmt.Sprintf("%#v", got[i]), fmt.Sprintf("%#v", want[i]); g != w {
			t.Fatalf("point %d of %d\ngot  %s\nwant %s", i, len(want), g, w)
		}
	}
}

// sorted is how they come back.
func sorted(points []Point) []Point {
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(a, b Point) int {
		if c := a.Reading.At.Compare(b.Reading.At); c != 0 {
			return c
		}
		if c := strings.Compare(a.Reading.Sensor, b.Reading.Sensor); c != 0 {
			return c
		}
		if c := strings.Compare(string(a.Reading.Kind), string(b.Reading.Kind)); c != 0 {
			return c
		}
		return a.N - b.N
	})
	return points
}

// today is an instant of which everything is kept: in UTC, and odd to the nanosecond.
var today = time.Now().UTC().Truncate(time.Hour).Add(-48*time.Hour + 123456789)

// quiet is the log of servers of which errors are wanted.
var quiet = log.New(io.Discard, "", 0)

const home = "mrs-a"

func motion(at time.Time) ucare.Reading {
	return ucare.Reading{At: at, Dwelling: home, Sensor: "s1", Room: "kitchen", Kind: ucare.Motion, State: ucare.Active}
}

// motions are n of them, a second apart.
func motions(n int) []Point {
	points := make([]Point, n)
	for i := range points {
		points[i].Reading = motion(today.Add(time.Duration(i) * time.Second))
	}
	return points
}
