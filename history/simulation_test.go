package history

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/history/influx"
)

// A life is a history that goes through whatever a server, the power and the calendar do to
// it, by seed.
type life struct {
	t      *testing.T
	dice   *rand.Rand
	o      Options
	memory *Memory
	server *fake
	lined  func(*embedded.Store) spool // sabotaged by some tests
	want   map[string][]embedded.Row   // by dwelling: what was appended, each reading once
}

const keepDays = 400 // longer than a life

func newLife(t *testing.T, seed uint64) *life {
	l := &life{t: t, dice: rand.New(rand.NewPCG(seed, 2)), server: newFake(), want: map[string][]embedded.Row{}}
	l.server.mood = moody(l.dice)
	l.server.poison = func(p influx.Point) string {
		if p.Reading.Sensor == "poisoned" {
			return "field type conflict"
		}
		return ""
	}
	l.o = Options{
		Path: filepath.Join(t.TempDir(), "history.db"), KeepReadings: keepDays * 24 * time.Hour, Influx: &influx.Config{},
	}
	l.begin()
	return l
}

func (l *life) begin() {
	l.memory = newMemory(l.o, l.server.dial)
	if l.lined != nil {
		l.memory.lined = l.lined
	}
}

// crash ends the program, as far as a test can: what was committed is there, and nothing else
// is remembered.
func (l *life) crash() {
	if err := l.memory.Close(); err != nil {
		l.t.Fatal(err)
	}
	l.begin()
}

// A dying context ends after some looks at it: between any two steps of whoever has it.
type dying struct {
	context.Context
	end  context.CancelFunc
	left atomic.Int64
}

func (d *dying) Err() error {
	if d.left.Add(-1) == 0 {
		d.end()
	}
	return d.Context.Err()
}

// run lets the memory work for a while, and sometimes dies over it.
func (l *life) run(d time.Duration) {
	bounded, stop := context.WithTimeout(context.Background(), d)
	defer stop()
	dies := &dying{}
	dies.Context, dies.end = context.WithCancel(bounded)
	defer dies.end()
	dies.left.Store(int64(l.dice.IntN(200) + 1))
	if l.dice.IntN(2) == 0 {
		dies.left.Store(1 << 60)
	}
	if err := l.memory.Run(dies); err == nil {
		l.t.Error("Run returned without an error")
	}
}

// append adds some readings: new, late, repeated ones, and several of one instant.
func (l *life) append() {
	var readings []ucare.Reading
	for range l.dice.IntN(40) {
		at := time.Now().Add(-time.Duration(l.dice.IntN(3600)) * time.Second)
		switch l.dice.IntN(10) {
		case 0:
			at = at.Add(-time.Duration(l.dice.IntN(30*24)) * time.Hour)
		case 1:
			at = at.Truncate(24 * time.Hour) // where others are
		}
		r := ucare.Reading{
			At: at.UTC(), Dwelling: []string{"mrs-a", "mr-b"}[l.dice.IntN(2)],
			Sensor: []string{"s,1", "s\"2", "poisoned"}[l.dice.IntN(3)], Room: "kitchen", Kind: ucare.Temperature,
			Unit: "°C", Value: float64(l.dice.IntN(3)),
		}
		readings = append(readings, r)
		if l.dice.IntN(5) == 0 {
			readings = append(readings, r)
		}
	}
	if err := l.memory.Append(context.Background(), readings, 0); err != nil {
		l.t.Fatal(err)
	}
	for _, r := range readings {
		l.expect(r)
	}
}

func (l *life) expect(r ucare.Reading) {
	n := 0
	for _, have := range l.want[r.Dwelling] {
		if !have.Reading.At.Equal(r.At) || have.Reading.Sensor != r.Sensor {
			continue
		}
		if same(have.Reading, r) {
			return
		}
		n++
	}
	l.want[r.Dwelling] = append(l.want[r.Dwelling], embedded.Row{Reading: r, N: n})
}

// live lets things happen.
func (l *life) live() {
	for range 12 {
		switch l.dice.IntN(6) {
		case 0, 1:
			l.append()
		case 2:
			l.run(time.Duration(l.dice.IntN(600)) * time.Second)
		case 3:
			time.Sleep(time.Duration(l.dice.IntN(5*24)) * time.Hour)
		case 4:
			l.crash()
		case 5:
			if _, err := l.memory.Trim(context.Background(), time.Now()); err != nil {
				l.t.Fatal(err)
			}
		}
	}
}

// goOn lets the server be well, and the program go on until nothing waits.
func (l *life) goOn() (waiting int64, aside map[string]int64) {
	l.crash()
	l.server.mood = func() mood { return well }
	l.server.poison = func(influx.Point) string { return "" }
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.memory.Run(ctx) }()
	time.Sleep(10 * time.Minute)
	synctest.Wait()
	standing, err := l.memory.Standing(ctx)
	if err != nil {
		l.t.Error(err)
	}
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		l.t.Error(err)
	}
	return standing.Waiting, standing.Aside
}

// sum is how many readings there are and a hash of all that they say.
func sum(rows []embedded.Row) string {
	h := sha256.New()
	for _, row := range rows {
		text, err := json.Marshal(row.Reading)
		if err != nil {
			return err.Error()
		}
		fmt.Fprintf(h, "%s\n", text)
	}
	return fmt.Sprintf("%d readings, %x", len(rows), h.Sum(nil)[:8])
}

// wrong says what is missing, too much or other than what was appended.
func (l *life) wrong() (complaints []string) {
	if waiting, aside := l.goOn(); waiting > 0 || len(aside) > 0 {
		complaints = append(complaints, fmt.Sprintf("%d readings wait and these are set aside: %v", waiting, aside))
	}
	for dwelling, want := range l.want {
		slices.SortFunc(want, func(a, b embedded.Row) int {
			if c := a.Reading.At.Compare(b.Reading.At); c != 0 {
				return c
			}
			return embedded.InOrder(a, b)
		})
		if got := sum(l.server.stored(dwelling, time.Unix(0, 0), time.Now())); got != sum(want) {
			complaints = append(complaints, fmt.Sprintf("the server has %s of %s, want %s", got, dwelling, sum(want)))
		}
		var told []embedded.Row
		for r, err := range l.memory.Between(context.Background(), dwelling, time.Unix(0, 0), time.Now()) {
			if err != nil {
				complaints = append(complaints, err.Error())
			}
			told = append(told, embedded.Row{Reading: r})
		}
		if got := sum(told); got != sum(want) {
			complaints = append(complaints, fmt.Sprintf("the memory tells %s of %s, want %s", got, dwelling, sum(want)))
		}
	}
	return append(complaints, l.wrongHours()...)
}

// wrongHours compares the hours and days on the server with those of a history that was told
// everything at once.
func (l *life) wrongHours() (complaints []string) {
	ctx := context.Background()
	o := l.o
	o.Path, o.Influx = filepath.Join(l.t.TempDir(), "again.db"), nil
	again := New(o)
	defer again.Close()
	for dwelling, want := range l.want {
		var readings []ucare.Reading
		for _, row := range want {
			readings = append(readings, row.Reading)
		}
		if err := again.Append(ctx, readings, 0); err != nil {
			return append(complaints, err.Error())
		}
		if err := again.SumUp(ctx); err != nil {
			return append(complaints, err.Error())
		}
		hours, err := again.Hours(ctx, dwelling, time.Unix(0, 0), time.Now())
		if err != nil {
			return append(complaints, err.Error())
		}
		complaints = append(complaints, differ("hour", l.server.hours, hours, func(h activity.Hour) string { return h.Dwelling + h.From.String() })...)
		days, err := again.Days(ctx, dwelling, "2000-01-01", "2100-01-01")
		if err != nil {
			return append(complaints, err.Error())
		}
		days = slices.DeleteFunc(days, func(d activity.Day) bool { return d.Running }) // it changes every minute
		complaints = append(complaints, differ("day", l.server.days, days, func(d activity.Day) string { return d.Dwelling + d.Date })...)
	}
	return complaints
}

func differ[T any](what string, got map[string]T, want []T, key func(T) string) (complaints []string) {
	for _, w := range want {
		a, _ := json.Marshal(got[key(w)])
		b, _ := json.Marshal(w)
		if string(a) != string(b) {
			complaints = append(complaints, fmt.Sprintf("the server has of the %s %s\n%s\nwant\n%s", what, key(w), a, b))
		}
	}
	return complaints
}

// More of them are worth an hour now and then: go test ./history -run WhateverTheServerDoes -lives 2000.
var lives = flag.Uint64("lives", 15, "how many seeds of TestNoReadingIsLostWhateverTheServerDoes")

// Whatever the server does, and wherever the program dies: in the end the server has the
// readings that were appended, each once, and so has whoever reads the history.
func TestNoReadingIsLostWhateverTheServerDoes(t *testing.T) {
	for seed := range *lives {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLife(t, seed)
				l.live()
				for _, complaint := range l.wrong() {
					t.Error(complaint)
				}
				if err := l.memory.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestWhatWasSentIsCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLife(t, 1)
		l.append()
		l.append()
		l.goOn()
		standing, err := l.memory.Standing(t.Context())
		if want := len(l.want["mrs-a"]) + len(l.want["mr-b"]); err != nil || standing.Sent != int64(want) {
			t.Errorf("%d were sent, %v; want %d", standing.Sent, err, want)
		}
		if err := l.memory.Close(); err != nil {
			t.Error(err)
		}
	})
}
