package embedded

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

// The benchmarks fill ninety days of one home with this many readings: of a busy home
// they are three million (UCARE_HISTORY_READINGS=3000000).
var homeReadings, _ = strconv.Atoi(cmp.Or(os.Getenv("UCARE_HISTORY_READINGS"), "100000"))

const homeDays = 90

var movedIn = time.Date(2026, 8, 28, 0, 0, 0, 0, time.UTC)

// A sensor of the home, with how large a part of the readings is its.
type homeSensor struct {
	name, room string
	kind       ucare.Kind
	share      int
}

var homeSensors = []homeSensor{
	{"0x00158d0004a1b2c1", "kitchen", ucare.Motion, 8},
	{"0x00158d0004a1b2c2", "living room", ucare.Motion, 8},
	{"0x00158d0004a1b2c3", "hall", ucare.Motion, 6},
	{"0x00158d0004a1b2c4", "bathroom", ucare.Motion, 4},
	{"0x00158d0004a1b2c5", "bedroom", ucare.Motion, 6},
	{"0x00158d0004a1b2c6", "living room", ucare.Presence, 5},
	{"0x00158d0004a1b2c7", "hall", ucare.Door, 2},
	{"0x00158d0004a1b2c8", "kitchen", ucare.Door, 4},
	{"0x00158d0004a1b2c9", "bedroom", ucare.Bed, 2},
	{"0x00158d0004a1b2ca", "living room", ucare.Seat, 3},
	{"0x00158d0004a1b2cb", "kitchen", ucare.Use, 3},
	{"0x00158d0004a1b2cc", "bathroom", ucare.Use, 3},
	{"0x00158d0004a1b2cd", "kitchen", ucare.Smoke, 1},
	{"0x00158d0004a1b2ce", "hall", ucare.Smoke, 1},
	{"0x00158d0004a1b2d1", "kitchen", ucare.Temperature, 9},
	{"0x00158d0004a1b2d2", "living room", ucare.Temperature, 9},
	{"0x00158d0004a1b2d3", "bedroom", ucare.Temperature, 9},
	{"0x00158d0004a1b2d4", "bathroom", ucare.Temperature, 9},
	{"0x00158d0004a1b2d5", "living room", ucare.CarbonMonoxideLevel, 6},
	{"0x00158d0004a1b2d6", "hall", ucare.Link, 2},
}

// A home makes readings, in order. Its resident is in one room for some minutes, where
// the sensors hear of it, and measurements come from everywhere.
type home struct {
	random  *rand.Rand
	at      time.Time
	step    time.Duration
	turn    []int // of sensors
	active  []bool
	room    string
	leaving time.Time // that room
}

func newHome(readings int) *home {
	h := &home{random: rand.New(rand.NewPCG(1, 2)), at: movedIn, active: make([]bool, len(homeSensors))}
	h.step = homeDays * 24 * time.Hour / time.Duration(readings)
	for i, s := range homeSensors {
		for range s.share {
			h.turn = append(h.turn, i)
		}
	}
	return h
}

func (h *home) reading() ucare.Reading {
	h.at = h.at.Add(h.step/2 + time.Duration(h.random.Int64N(int64(h.step))))
	i := h.next()
	s := homeSensors[i]
	r := ucare.Reading{At: h.at, Dwelling: "mrs-kim", Sensor: s.name, Room: s.room, Kind: s.kind}
	if r.Unit = s.kind.Unit(); r.Unit != "" {
		r.Value = 20 + float64(h.random.IntN(400))/100
		return r
	}
	h.active[i] = !h.active[i]
	r.State = ucare.StateOf(h.active[i])
	return r
}

// next is the sensor that speaks next.
func (h *home) next() int {
	if !h.at.Before(h.leaving) {
		h.room = homeSensors[h.turn[h.random.IntN(len(h.turn))]].room
		h.leaving = h.at.Add(time.Minute + time.Duration(h.random.ExpFloat64()*float64(10*time.Minute)))
	}
	for {
		i := h.turn[h.random.IntN(len(h.turn))]
		if s := homeSensors[i]; s.room == h.room || s.kind.Unit() != "" || s.kind == ucare.Link {
			return i
		}
	}
}

// fill fills a file in batches.
func (h *home) fill(b *testing.B, s *Store, readings, batch int, done func(int)) {
	b.Helper()
	some := make([]ucare.Reading, 0, batch)
	for n := range readings {
		some = append(some, h.reading())
		if len(some) < batch && n < readings-1 {
			continue
		}
		if err := s.Append(b.Context(), some, int64(n)); err != nil {
			b.Fatal(err)
		}
		some = some[:0]
		if done != nil {
			done(n + 1)
		}
	}
}

// sumUpHome makes the hours and days, as the history would.
func sumUpHome(b *testing.B, s *Store) {
	b.Helper()
	var before activity.Hour
	for {
		dirty, err := s.DirtyHours(b.Context(), "mrs-kim", 100)
		if err != nil {
			b.Fatal(err)
		}
		if len(dirty) == 0 {
			break
		}
		for _, d := range dirty {
			before, err = activity.HourOf("mrs-kim", d.From, before, s.Between(b.Context(), "mrs-kim", d.From, d.From.Add(activity.Length)))
			if err == nil {
				err = s.PutHour(b.Context(), before, d.Mark, false)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	dates, mark, err := s.StaleDays(b.Context(), "mrs-kim", time.UTC)
	if err != nil {
		b.Fatal(err)
	}
	for _, date := range dates {
		from, to, err := activity.Hours(date, time.UTC)
		if err != nil {
			b.Fatal(err)
		}
		hours, err := s.Hours(b.Context(), "mrs-kim", from.Add(-activity.Length), to)
		if err != nil {
			b.Fatal(err)
		}
		day, err := activity.DayOf("mrs-kim", date, time.UTC, movedOut, hours)
		if err == nil {
			err = s.PutDays(b.Context(), []activity.Day{day}, mark)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

var movedOut = movedIn.AddDate(0, 0, homeDays)

func fileSize(b *testing.B, path string) (size int64) {
	b.Helper()
	for _, c := range []string{"", "-wal"} {
		if info, err := os.Stat(path + c); err == nil {
			size += info.Size()
		}
	}
	return size
}

// resident is how much memory the process has, in bytes; 0 where nobody says so.
func resident() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int64
	fmt.Sscan(string(text), &size, &pages)
	return pages * int64(os.Getpagesize())
}

// once runs what can be run only once, however long the benchmark is to run, and reports
// what it says of itself.
func once(b *testing.B, name string, run func(say func(v float64, unit string))) {
	b.Helper()
	var said []func(*testing.B)
	begun := time.Now()
	run(func(v float64, unit string) { said = append(said, func(b *testing.B) { b.ReportMetric(v, unit) }) })
	took := time.Since(begun)
	b.Run(name, func(b *testing.B) {
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(0, "ns/op")
		for _, report := range said {
			report(b)
		}
	})
}

// Ninety days of a busy home, filled and asked.
func BenchmarkNinetyDays(b *testing.B) {
	path := filepath.Join(b.TempDir(), "history.db")
	s, _, err := Open(b.Context(), path, Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	once(b, "fill", func(say func(float64, string)) {
		h := newHome(homeReadings)
		var third int64
		begun := time.Now()
		h.fill(b, s, homeReadings, 500, func(n int) {
			if n == homeReadings/3/500*500 {
				third = resident()
			}
		})
		say(float64(homeReadings)/time.Since(begun).Seconds(), "rows/s")
		say(float64(third)/1e6, "MB-resident-after-a-third")
		say(float64(resident())/1e6, "MB-resident-at-the-end")
	})
	once(b, "sum-up", func(say func(float64, string)) {
		sumUpHome(b, s)
		runtime.GC()
		say(float64(resident())/1e6, "MB-resident")
		say(float64(fileSize(b, path))/1e6, "MB-file")
		say(float64(pages(b, s))/float64(homeReadings), "B/row")
	})
	b.Run("hours-of-90-days", func(b *testing.B) {
		var n int
		for b.Loop() {
			hours, err := s.Hours(b.Context(), "mrs-kim", movedIn, movedOut)
			if err != nil {
				b.Fatal(err)
			}
			n = len(hours)
		}
		b.ReportMetric(float64(n), "hours")
	})
	b.Run("days-of-90-days", func(b *testing.B) {
		var n int
		for b.Loop() {
			days, err := s.Days(b.Context(), "mrs-kim", "2026-08-28", "2026-11-25")
			if err != nil {
				b.Fatal(err)
			}
			n = len(days)
		}
		b.ReportMetric(float64(n), "days")
	})
	b.Run("readings-of-a-day", func(b *testing.B) {
		var n int
		for b.Loop() {
			n = 0
			for _, err := range s.Between(b.Context(), "mrs-kim", movedIn.AddDate(0, 0, 45), movedIn.AddDate(0, 0, 46)) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
		}
		b.ReportMetric(float64(n), "readings")
	})
	b.Run("count", func(b *testing.B) {
		for b.Loop() {
			if c, err := s.Count(b.Context(), "mrs-kim"); err != nil || c.Readings < int64(homeReadings) {
				b.Fatal(c, err)
			}
		}
	})
	once(b, "trim-half", func(say func(float64, string)) {
		begun := time.Now()
		t, err := s.Trim(b.Context(), Keep{Readings: movedIn.AddDate(0, 0, homeDays/2)})
		if err != nil {
			b.Fatal(err)
		}
		say(float64(t.Readings)/time.Since(begun).Seconds(), "rows/s")
	})
	once(b, "vacuum", func(say func(float64, string)) {
		say(float64(pages(b, s))/1e6, "MB-before")
		if err := s.Vacuum(b.Context()); err != nil {
			b.Fatal(err)
		}
		say(float64(pages(b, s))/1e6, "MB-after")
	})
}

// pages is how large the file is when its log is brought home, in bytes.
func pages(b *testing.B, s *Store) int64 {
	b.Helper()
	return pragma(b, s, "page_count") * pragma(b, s, "page_size")
}

// Appending beside the floor: the same rows put into a bare table with the same key by
// the same driver, with nothing looked at and nothing marked.
func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{500, 1} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) { benchmarkAppend(b, batch, Options{}) })
		b.Run(fmt.Sprintf("batch=%d/queue", batch), func(b *testing.B) { benchmarkAppend(b, batch, Options{Queue: true}) })
		b.Run(fmt.Sprintf("batch=%d/again", batch), func(b *testing.B) { benchmarkAgain(b, batch) })
		b.Run(fmt.Sprintf("batch=%d/floor", batch), func(b *testing.B) { benchmarkFloor(b, batch) })
	}
}

func perSecond(b *testing.B, batch int) {
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "rows/s")
}

func benchmarkAppend(b *testing.B, batch int, o Options) {
	s, _, err := Open(b.Context(), filepath.Join(b.TempDir(), "history.db"), o)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	h := newHome(3_000_000)
	some := make([]ucare.Reading, batch)
	for b.Loop() {
		for i := range some {
			some[i] = h.reading()
		}
		if err := s.Append(b.Context(), some, 0); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, batch)
}

// benchmarkAgain appends what is there: what a restart does.
func benchmarkAgain(b *testing.B, batch int) {
	s, _, err := Open(b.Context(), filepath.Join(b.TempDir(), "history.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	h := newHome(3_000_000)
	some := make([]ucare.Reading, batch)
	for i := range some {
		some[i] = h.reading()
	}
	for b.Loop() {
		if err := s.Append(b.Context(), some, 0); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, batch)
}

func benchmarkFloor(b *testing.B, batch int) {
	db, err := sql.Open("sqlite", filepath.Join(b.TempDir(), "floor.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	for _, query := range []string{
		"PRAGMA journal_mode=WAL", "PRAGMA synchronous=NORMAL",
		`CREATE TABLE reading (dwelling INTEGER, at INTEGER, series INTEGER, n INTEGER, form INTEGER, value REAL, window TEXT,
			PRIMARY KEY (dwelling, at, series, n)) WITHOUT ROWID`,
	} {
		if _, err := conn.ExecContext(b.Context(), query); err != nil {
			b.Fatal(err)
		}
	}
	insert, err := conn.PrepareContext(b.Context(), `INSERT INTO reading VALUES (1, ?, ?, 0, ?, ?, NULL)`)
	if err != nil {
		b.Fatal(err)
	}
	h := newHome(3_000_000)
	numbers := map[string]int64{}
	for b.Loop() {
		if err := floorBatch(b.Context(), conn, insert, h, numbers, batch); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, batch)
}

func floorBatch(ctx context.Context, conn *sql.Conn, insert *sql.Stmt, h *home, numbers map[string]int64, batch int) error {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for range batch {
		r := h.reading()
		if _, known := numbers[r.Sensor]; !known {
			numbers[r.Sensor] = int64(len(numbers) + 1)
		}
		var value sql.Null[float64]
		if r.Unit != "" {
			value = sql.Null[float64]{V: r.Value, Valid: true}
		}
		if _, err := insert.ExecContext(ctx, r.At.UnixNano(), numbers[r.Sensor], numbers[r.Sensor]+int64(r.State), value); err != nil {
			return err
		}
	}
	_, err := conn.ExecContext(ctx, "COMMIT")
	return err
}
