package influx

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
)

// busy are many readings of a home in a short time, in no order.
func busy(n int, within time.Duration) []Point {
	points := make([]Point, n)
	kinds := []ucare.Kind{ucare.Motion, ucare.Door, ucare.Temperature}
	for i := range points {
		points[i].Reading = ucare.Reading{
			At: today.Add(time.Duration(i) * (within / time.Duration(n))), Dwelling: home,
			Sensor: []string{"s1", "s2", "거실"}[i%3], Room: "hall", Kind: kinds[i%3],
		}
		if r := &points[i].Reading; r.Kind == ucare.Temperature {
			r.Value, r.Unit = float64(i), "°C"
		} else {
			r.State = ucare.StateOf(i%2 == 0)
		}
	}
	rand.New(rand.NewPCG(5, 6)).Shuffle(n, func(i, j int) { points[i], points[j] = points[j], points[i] })
	return points
}

// What does not fit into one chunk is read in several, and nothing is missing or twice at
// the seams, be it spread over weeks or all in one second.
func TestManyReadingsAreReadInChunks(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: writes 440,000 readings")
	}
	for _, within := range []time.Duration{40 * time.Hour, 220 * time.Microsecond} {
		s, l := behind(t, "s1", "s2", "거실")
		points := busy(220_000, within)
		store(t, s, points)
		before := l.Requests("/api/v2/query")
		want := sorted(points)
		i := 0
		for p, err := range s.Points(t.Context(), home, today, today.Add(within)) {
			if err != nil {
				t.Fatal(err)
			}
			if i < len(want) && !same(p, want[i]) {
				t.Fatalf("within %v: point %d is %v, want %v", within, i, p, want[i])
			}
			i++
		}
		if i != len(want) {
			t.Errorf("within %v: %d points, want %d", within, i, len(want))
		}
		t.Logf("within %v: %d questions", within, l.Requests("/api/v2/query")-before)
	}
}

func same(a, b Point) bool {
	return a.N == b.N && a.Reading.At.Equal(b.Reading.At) && a.Reading.Sensor == b.Reading.Sensor && a.Reading.Kind == b.Reading.Kind &&
		a.Reading.State == b.Reading.State && a.Reading.Value == b.Reading.Value && a.Reading.Unit == b.Reading.Unit && a.Reading.Room == b.Reading.Room
}

// A little in a long time does not take many questions.
func TestALongTimeWithLittleInIt(t *testing.T) {
	s, l := behind(t, "s1")
	want := []Point{{Reading: motion(today.AddDate(0, 0, -80))}, {Reading: motion(today)}, {Reading: motion(today.AddDate(1, 0, 0))}}
	store(t, s, want)
	before := l.Requests("/api/v2/query")
	equal(t, all(t, s, home, time.Time{}, today.AddDate(200, 0, 0)), want)
	if n := l.Requests("/api/v2/query") - before; n > 25 {
		t.Errorf("three readings in a year took %d questions", n)
	}
	if got := all(t, s, "nobody", time.Time{}, today.AddDate(200, 0, 0)); len(got) > 0 {
		t.Errorf("a dwelling that is not there has %v", got)
	}
	if got := all(t, s, home, today.Add(1), today); len(got) > 0 {
		t.Errorf("a range that ends before it begins has %v", got)
	}
}

// Reading goes on while others write: what was there before is there, once and in order.
func TestReadingWhileWriting(t *testing.T) {
	s := prepared(t, "s1")
	old := motions(2000)
	store(t, s, old)
	ctx, stop := context.WithCancel(t.Context())
	var writer sync.WaitGroup
	var written atomic.Int64
	writer.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			p := Point{Reading: motion(today.Add(time.Duration(i)*time.Millisecond + 1))}
			if refused, err := s.Write(context.WithoutCancel(ctx), []Point{p}); err != nil || len(refused) > 0 {
				t.Errorf("refused %v, %v", refused, err)
				return
			}
			written.Add(1)
		}
	})
	for round := 0; round < 5 || written.Load() < 100 && !t.Failed(); round++ {
		got := all(t, s, home, today, today.Add(time.Hour))
		if !slices.IsSortedFunc(got, func(a, b Point) int { return a.Reading.At.Compare(b.Reading.At) }) {
			t.Fatal("they are in no order")
		}
		got = slices.DeleteFunc(got, func(p Point) bool { return p.Reading.At.Sub(today)%time.Second != 0 })
		equal(t, got, old)
	}
	stop()
	writer.Wait()
	if n, err := s.Count(t.Context(), home); err != nil || n != 2000+written.Load() {
		t.Errorf("the server has %d, %v; want %d", n, err, 2000+written.Load())
	}
}
