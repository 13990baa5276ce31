package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/history/influx"
)

// A mood is how a fake server answers.
type mood int

const (
	well      mood = iota
	slow           // 19 s
	forgetful      // it stores everything, and the answer is lost
	halfway        // it stores half of it, and the answer is lost
	away           // nobody is there
	hanging        // until the client gives up
	busy           // 429 with Retry-After
	denying        // 401
	refusing       // 422 to whatever it is
	emptied        // 404: its bucket is gone
	moods
)

// A fake is a server in memory, with an InfluxDB's idea of which point is which. It cannot
// stand in for one where answers matter; here it shows what becomes of readings whatever a
// server does.
type fake struct {
	mu       sync.Mutex
	mood     func() mood
	poison   func(influx.Point) string // why it refuses one
	points   map[point]ucare.Reading
	hours    map[string]activity.Hour
	days     map[string]activity.Day
	prepared bool
	calls    []string // what it was asked, and when since began
	began    time.Time
}

// A point is what an InfluxDB tells points apart by.
type point struct {
	dwelling, sensor, kind, room string
	n                            int
	at                           int64
}

func newFake() *fake {
	return &fake{
		mood: func() mood { return well }, poison: func(influx.Point) string { return "" }, began: time.Now(),
		points: map[point]ucare.Reading{}, hours: map[string]activity.Hour{}, days: map[string]activity.Day{},
	}
}

func (f *fake) dial(influx.Config, influx.Names) (*server, error) {
	return &server{taker: f, summarizer: f, archive: f, eraser: f, notes: func() []string { return nil }, close: func() {}}, nil
}

// answer lets the time pass that the answer takes. all says whether everything is done all
// the same, and half whether half of it is.
func (f *fake) answer(ctx context.Context, call string) (all, half bool, err error) {
	f.mu.Lock()
	f.calls = append(f.calls, fmt.Sprintf("%s %v", call, time.Since(f.began)))
	mood := f.mood()
	f.mu.Unlock()
	wait := func(d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	switch mood {
	case slow:
		err = wait(19 * time.Second)
		return true, false, err
	case forgetful:
		return true, false, &influx.Later{Err: errors.New("unexpected EOF")}
	case halfway:
		return false, true, &influx.Later{Err: errors.New("500 partial write")}
	case away:
		return false, false, &influx.Later{Err: errors.New("lookup influxdb: no such host")}
	case hanging:
		return false, false, cmp.Or(wait(time.Minute), error(&influx.Later{Err: errors.New("no answer within a minute")}))
	case busy:
		return false, false, &influx.Later{After: 90 * time.Second, Err: errors.New("429 Too Many Requests")}
	case denying:
		return false, false, &influx.Later{Fault: "the InfluxDB does not know the token: put the right one into the configuration", Err: errors.New("401")}
	case refusing:
		return false, false, &influx.Later{Fault: "the InfluxDB refuses a point that is known to be good", Err: errors.New("422")}
	case emptied:
		f.mu.Lock()
		defer f.mu.Unlock()
		f.prepared = false
		return false, false, &influx.Later{Fault: "the bucket is not there", Err: errors.New("404")}
	}
	return true, false, ctx.Err()
}

func (f *fake) Prepare(ctx context.Context) error {
	_, _, err := f.answer(ctx, "prepare")
	f.mu.Lock()
	defer f.mu.Unlock()
	f.prepared = f.prepared || err == nil
	return err
}

func (f *fake) Write(ctx context.Context, points []influx.Point) (refused []influx.Refused, err error) {
	all, half, err := f.answer(ctx, fmt.Sprint("write ", len(points)))
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.prepared {
		return nil, &influx.Later{Err: errors.New("404 no bucket")}
	}
	for i, p := range points {
		if reason := f.poison(p); reason != "" {
			refused = append(refused, influx.Refused{Index: i, Reason: reason})
			continue
		}
		if all || half && i < len(points)/2 {
			r := p.Reading
			f.points[point{r.Dwelling, r.Sensor, string(r.Kind), r.Room, p.N, r.At.UnixNano()}] = r
		}
	}
	if err != nil {
		return nil, err
	}
	return refused, nil
}

func (f *fake) WriteHours(ctx context.Context, hours []activity.Hour) error {
	_, _, err := f.answer(ctx, fmt.Sprint("hours ", len(hours)))
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range hours {
		if err == nil {
			f.hours[h.Dwelling+h.From.String()] = h
		}
	}
	return err
}

func (f *fake) WriteDays(ctx context.Context, days []activity.Day) error {
	_, _, err := f.answer(ctx, fmt.Sprint("days ", len(days)))
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range days {
		if err == nil {
			f.days[d.Dwelling+d.Date] = d
		}
	}
	return err
}

// stored are its points of a dwelling, in order.
func (f *fake) stored(dwelling string, from, to time.Time) (rows []embedded.Row) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for p, r := range f.points {
		if p.dwelling == dwelling && !r.At.Before(from) && r.At.Before(to) {
			rows = append(rows, embedded.Row{Reading: r, N: p.n})
		}
	}
	slices.SortFunc(rows, func(a, b embedded.Row) int { return cmp.Or(a.Reading.At.Compare(b.Reading.At), embedded.InOrder(a, b)) })
	return rows
}

func (f *fake) Points(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[influx.Point, error] {
	return func(yield func(influx.Point, error) bool) {
		if _, _, err := f.answer(ctx, "points"); err != nil {
			yield(influx.Point{}, err)
			return
		}
		for _, row := range f.stored(dwelling, from, to) {
			if !yield(influx.Point(row), nil) {
				return
			}
		}
	}
}

func (f *fake) Hours(ctx context.Context, dwelling string, from, to time.Time) (hours []activity.Hour, err error) {
	_, _, err = f.answer(ctx, "read hours")
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, h := range f.hours {
		if err == nil && h.Dwelling == dwelling && !h.From.Before(from) && h.From.Before(to) {
			hours = append(hours, h)
		}
	}
	slices.SortFunc(hours, func(a, b activity.Hour) int { return a.From.Compare(b.From) })
	return hours, err
}

func (f *fake) Count(ctx context.Context, dwelling string) (int64, error) {
	_, _, err := f.answer(ctx, "count")
	return int64(len(f.stored(dwelling, time.Unix(0, 0), time.Now().AddDate(1, 0, 0)))), err
}

func (f *fake) Erase(ctx context.Context, dwelling string) error {
	_, _, err := f.answer(ctx, "erase")
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		maps.DeleteFunc(f.points, func(p point, _ ucare.Reading) bool { return p.dwelling == dwelling })
	}
	return err
}

// moody chooses a mood for each question, and stays in it for a while.
func moody(dice *rand.Rand) func() mood {
	now, left := well, 0
	return func() mood {
		if left--; left < 0 {
			now, left = mood(dice.IntN(int(moods))), dice.IntN(4)
		}
		return now
	}
}
