package history

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/history/influx"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.UTC)

// A shelf is a store of rows, in order. It is a recent and an older.
type shelf struct {
	rows     []embedded.Row
	complete time.Time
	asked    int            // how many rows were given out
	call     func()         // runs first whenever it is asked for something
	fails    error          // instead of the end
	ranges   [][2]time.Time // that it was asked for
}

func (s *shelf) Rows(_ context.Context, _ string, from, to time.Time) iter.Seq2[embedded.Row, error] {
	return func(yield func(embedded.Row, error) bool) {
		s.ranges = append(s.ranges, [2]time.Time{from, to})
		if s.call != nil {
			s.call()
		}
		for _, row := range s.rows {
			if row.Reading.At.Before(from) || !row.Reading.At.Before(to) {
				continue
			}
			s.asked++
			if !yield(row, nil) {
				return
			}
		}
		if s.fails != nil {
			yield(embedded.Row{}, s.fails)
		}
	}
}

func (s *shelf) Complete(context.Context) (time.Time, error) {
	if s.call != nil {
		s.call()
	}
	return s.complete, nil
}

func (s *shelf) Points(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[influx.Point, error] {
	return func(yield func(influx.Point, error) bool) {
		for row, err := range s.Rows(ctx, dwelling, from, to) {
			if !yield(influx.Point(row), err) {
				return
			}
		}
	}
}

func moved(second int, sensor string, n int) embedded.Row {
	return embedded.Row{N: n, Reading: ucare.Reading{
		At: noon.Add(time.Duration(second) * time.Second), Sensor: sensor, Kind: ucare.Temperature, Unit: "°C", Value: float64(n),
	}}
}

// spoken is what a past tells, as text: second, sensor and number of each reading.
func spoken(t *testing.T, p past, from, to time.Time) (told []string, err error) {
	t.Helper()
	p.ctx = t.Context()
	for r, e := range p.between(from, to) {
		if e != nil {
			err = e
			continue
		}
		if err != nil {
			t.Fatal("a sequence went on after its error")
		}
		told = append(told, fmt.Sprintf("%d%s%v", int(r.At.Sub(noon).Seconds()), r.Sensor, r.Value))
	}
	return told, err
}

func at(second int) time.Time { return noon.Add(time.Duration(second) * time.Second) }

// Whatever each of the two has, as long as one of them has it, each reading comes once and in
// its place.
func TestEachReadingOfTheTwoStoresComesOnce(t *testing.T) {
	for seed := range uint64(500) {
		dice := rand.New(rand.NewPCG(seed, 1))
		file, server := &shelf{complete: at(dice.IntN(40))}, &shelf{}
		var want []string
		for second := range 40 {
			for _, sensor := range []string{"a", "b"} {
				for n := range dice.IntN(4) {
					row := moved(second, sensor, n)
					want = append(want, fmt.Sprintf("%d%s%d", second, sensor, n))
					late := row.Reading.At.Before(file.complete)
					if here := !late || dice.IntN(3) == 0; here {
						file.rows = append(file.rows, row)
						if dice.IntN(2) == 0 {
							continue // not sent yet
						}
					}
					row.Reading.Room = "by the server"
					server.rows = append(server.rows, row)
				}
			}
		}
		got, err := spoken(t, past{file: file, server: server}, at(0), at(40))
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d: told %v, %v\nwant %v", seed, got, err, want)
		}
	}
}

func TestAPastIsHalfOpenAndAsksTheServerOnlyForWhatTheFileLacks(t *testing.T) {
	file, server := &shelf{complete: at(10)}, &shelf{}
	for second := range 20 {
		row := moved(second, "s", 0)
		server.rows = append(server.rows, row)
		if second >= 10 {
			file.rows = append(file.rows, row)
		}
	}
	got, err := spoken(t, past{file: file, server: server, kept: at(3)}, at(1), at(18))
	if want := "[3s0 4s0 5s0 6s0 7s0 8s0 9s0 10s0 11s0 12s0 13s0 14s0 15s0 16s0 17s0]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("told %v, %v; want %s", got, err, want)
	}
	if want := [][2]time.Time{{at(3), at(10)}}; !slices.Equal(server.ranges, want) {
		t.Errorf("the server was asked for %v, want %v", server.ranges, want)
	}
	server.ranges = nil
	if got, err := spoken(t, past{file: file, server: server}, at(10), at(12)); err != nil || len(got) != 2 || server.ranges != nil {
		t.Errorf("told %v, %v with the server asked for %v; want what the file has alone", got, err, server.ranges)
	}
}

// A server that is down hides what is older, and nothing else.
func TestAServerThatIsDownHidesOnlyWhatIsOlder(t *testing.T) {
	down := errors.New("connection refused")
	file, server := &shelf{complete: at(10)}, &shelf{fails: down}
	for second := 10; second < 20; second++ {
		file.rows = append(file.rows, moved(second, "s", 0))
	}
	got, err := spoken(t, past{file: file, server: server}, at(0), at(20))
	older, is := errors.AsType[*Older](err)
	if len(got) != 0 || !is || !older.Since.Equal(at(10)) || !errors.Is(err, down) {
		t.Fatalf("told %v, %v; want an error that says from when on there is something", got, err)
	}
	if got, err = spoken(t, past{file: file, server: server}, older.Since, at(20)); err != nil || len(got) != 10 {
		t.Errorf("from %s on: %v, %v; want the 10 readings of the file", older.Since, got, err)
	}
}

// What is sent and trimmed between any two questions of a reader is hidden from them by
// nothing.
func TestWhatIsSentAndTrimmedMeanwhileIsRead(t *testing.T) {
	const all = 2*page + 100
	for when := range 10 {
		file, server := &shelf{}, &shelf{}
		for second := range all {
			file.rows = append(file.rows, moved(second, "s", 0))
		}
		calls := 0
		file.call = func() {
			if calls++; calls == when {
				server.rows, file.complete = file.rows, at(all-10)
				file.rows = file.rows[all-10:]
			}
		}
		got, err := spoken(t, past{file: file, server: server}, at(0), at(all))
		if err != nil || len(got) != all || got[page] != fmt.Sprintf("%ds0", page) {
			t.Errorf("trimmed before question %d: %d readings, %v; want %d", when, len(got), err, all)
		}
		if when == 0 && calls < 6 {
			t.Fatalf("the file was asked only %d questions", calls)
		}
	}
}

// Memory is flat: whoever reads readings one by one has the stores asked for no more than a
// page ahead.
func TestAPastIsReadAPageAhead(t *testing.T) {
	file, server := &shelf{complete: at(3 * page)}, &shelf{}
	for second := range 6 * page {
		if second%2 == 0 {
			file.rows = append(file.rows, moved(second, "s", 0))
		}
		server.rows = append(server.rows, moved(second, "s", 0))
	}
	told := 0
	p := past{ctx: t.Context(), file: file, server: server}
	for _, err := range p.between(at(0), at(6*page)) {
		if err != nil {
			t.Fatal(err)
		}
		told++
		// The last row of a page is asked for twice: it says that the page before is full.
		if ahead := file.asked + server.asked - 2*told; ahead > page+8 {
			t.Fatalf("after %d readings %d rows more were asked for, want at most a page of %d", told, ahead, page)
		}
	}
	if want := 3*page + 3*page/2; told != want {
		t.Errorf("%d readings, want %d", told, want)
	}
}
