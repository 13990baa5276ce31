package embedded

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

// A model is what a history should have in it, as plain maps.
type model struct {
	t     *testing.T
	path  string
	queue bool
	store *Store
	dice  *rand.Rand
	now   time.Time

	rows    map[place][]ucare.Reading // by N
	gone    map[place]map[int]bool    // of them, those that were trimmed
	waiting map[numberedPlace]bool
	aside   map[numberedPlace]string
	dirty   map[hour]bool
	stored  int64
	unlined bool // something was stored that was not lined up
}

type place struct {
	dwelling, sensor string
	kind             ucare.Kind
	at               time.Time
}

type numberedPlace struct {
	place
	n int
}

type hour struct {
	dwelling string
	from     time.Time
}

func newModel(t *testing.T, seed uint64) *model {
	t.Helper()
	m := &model{
		t: t, path: filepath.Join(t.TempDir(), "history.db"), queue: true, dice: rand.New(rand.NewPCG(seed, 5)),
		now:  time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
		rows: map[place][]ucare.Reading{}, gone: map[place]map[int]bool{}, waiting: map[numberedPlace]bool{}, aside: map[numberedPlace]string{}, dirty: map[hour]bool{},
	}
	m.open()
	t.Cleanup(func() { _ = m.store.Close() })
	return m
}

func (m *model) open() {
	m.t.Helper()
	s, aside, err := Open(m.t.Context(), m.path, Options{Queue: m.queue})
	if err != nil || aside != "" {
		m.t.Fatalf("opened with %q, %v", aside, err)
	}
	m.store = s
}

func (m *model) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// reading makes one of few, so that many come twice or differ in little.
func (m *model) reading() ucare.Reading {
	d := m.dice
	r := ucare.Reading{
		At:       m.now.Add(-time.Duration(d.IntN(40)) * 15 * time.Minute).Add(time.Duration(d.IntN(2))),
		Dwelling: fmt.Sprint("home ", d.IntN(2)), Sensor: fmt.Sprint("sensor ", d.IntN(2)),
		Room: []string{"hall", "kitchen"}[d.IntN(8)/7], State: ucare.State(d.IntN(3)), Kind: ucare.Door, UnknownAge: d.IntN(6) == 0,
	}
	if d.IntN(3) == 0 {
		r.Kind, r.State, r.Unit, r.Value = ucare.Temperature, ucare.Unknown, "°C", float64(d.IntN(2))
	}
	if d.IntN(9) == 0 {
		r.Kind, r.State, r.Unit, r.RateHz, r.Samples = ucare.Acceleration, ucare.Unknown, "g", 50, [][3]float64{{0, float64(d.IntN(2)), 1}}
	}
	return r
}

func placeOf(r ucare.Reading) place { return place{r.Dwelling, r.Sensor, r.Kind, r.At} }

func (m *model) append() {
	var some []ucare.Reading
	for range 1 + m.dice.IntN(30) {
		// Where something was trimmed nobody knows any more what was there.
		if r := m.reading(); m.gone[placeOf(r)] == nil {
			some = append(some, r)
		}
	}
	seq := m.stored + int64(m.dice.IntN(3))
	m.must(m.store.Append(m.t.Context(), some, seq))
	m.stored = max(m.stored, seq)
	m.unlined = m.unlined || !m.queue && (len(some) > 0 || seq > 0)
	for _, r := range some {
		m.add(r)
	}
}

func (m *model) add(r ucare.Reading) {
	p := placeOf(r)
	all := m.rows[p]
	for n, have := range all {
		moved := have
		moved.Room = r.Room
		if fmt.Sprint(moved) == fmt.Sprint(r) {
			if have.Room != r.Room {
				all[n] = r
				m.dirty[hour{p.dwelling, p.at.Truncate(time.Hour)}] = true
			}
			return
		}
	}
	m.rows[p] = append(all, r)
	m.waiting[numberedPlace{p, len(all)}] = true
	m.dirty[hour{p.dwelling, p.at.Truncate(time.Hour)}] = true
}

// send takes what waits, as a sender does, of which some is refused and some not
// confirmed.
func (m *model) send() {
	if !m.queue {
		return
	}
	some, err := m.store.Waiting(m.t.Context(), 1+m.dice.IntN(100))
	m.must(err)
	if len(some) == 0 && len(m.waiting) > 0 {
		m.t.Fatalf("nothing waits, though %d should", len(m.waiting))
	}
	var sent []Queued
	for _, q := range some {
		k := numberedPlace{placeOf(q.Reading), q.N}
		if !m.waiting[k] {
			m.t.Fatalf("%v waits, and should not", k)
		}
		if have := m.rows[k.place][k.n]; fmt.Sprint(have) != fmt.Sprint(q.Reading) {
			m.t.Fatalf("%v waits, want %v", q.Reading, have)
		}
		switch m.dice.IntN(12) {
		case 0:
			m.must(m.store.SetAside(m.t.Context(), q, "refused"))
			m.aside[k] = "refused"
			delete(m.waiting, k)
		case 1, 2:
		default:
			sent = append(sent, q)
			delete(m.waiting, k)
		}
	}
	m.must(m.store.Sent(m.t.Context(), sent))
}

func (m *model) offerAgain() {
	n, err := m.store.OfferAgain(m.t.Context())
	m.must(err)
	if n != int64(len(m.aside)) {
		m.t.Fatalf("%d are offered again, want %d", n, len(m.aside))
	}
	for k := range m.aside {
		m.waiting[k] = true
	}
	clear(m.aside)
}

func (m *model) sumUp() {
	inOrder := func(a, b hour) int { return cmp.Or(cmp.Compare(a.dwelling, b.dwelling), a.from.Compare(b.from)) }
	for _, h := range slices.SortedFunc(maps.Keys(m.dirty), inOrder) {
		if m.dice.IntN(4) == 0 {
			continue
		}
		all, err := m.store.DirtyHours(m.t.Context(), h.dwelling, 1000)
		m.must(err)
		i := slices.IndexFunc(all, func(d Dirty) bool { return d.From.Equal(h.from) })
		if i < 0 {
			m.t.Fatalf("%v is not dirty, and should be", h)
		}
		m.must(m.store.PutHour(m.t.Context(), activity.Hour{Dwelling: h.dwelling, From: h.from}, all[i].Mark, false))
		delete(m.dirty, h)
		m.unlined = m.unlined || !m.queue // the hour has to be sent as well
	}
}

// trim removes what is old, and asks the model which of it may be.
func (m *model) trim() {
	keep := Keep{
		Readings: m.now.Add(-time.Duration(m.dice.IntN(30)) * 20 * time.Minute),
		Unsent:   m.now.Add(-time.Duration(m.dice.IntN(60)) * 20 * time.Minute),
	}
	trimmed, err := m.store.Trim(m.t.Context(), keep)
	m.must(err)
	from, unsent := keep.Readings.Truncate(time.Hour), keep.Unsent
	if !m.queue && unsent.Before(from) {
		unsent = from
	}
	var want Trimmed
	for k := range m.waiting {
		if k.at.Before(unsent) {
			delete(m.waiting, k)
			want.Unsent++
		}
	}
	for k := range m.aside {
		if k.at.Before(unsent) {
			delete(m.aside, k)
			want.Unsent++
		}
	}
	for p, all := range m.rows {
		for n := range all {
			k := numberedPlace{p, n}
			_, aside := m.aside[k]
			if m.gone[p][n] || !p.at.Before(from) || m.waiting[k] || aside || m.dirty[hour{p.dwelling, p.at.Truncate(time.Hour)}] {
				continue
			}
			if m.gone[p] == nil {
				m.gone[p] = map[int]bool{}
			}
			m.gone[p][n] = true
			want.Readings++
		}
	}
	if trimmed.Readings != want.Readings {
		m.t.Fatalf("%+v was trimmed, want %+v (%+v)", trimmed, want, keep)
	}
}

// reopen ends the program and starts it again; now and then it is killed. What a killed
// one leaves is what stands in its files while it has them open.
func (m *model) reopen() {
	killed := m.dice.IntN(2) == 0
	if killed {
		left := filepath.Join(m.t.TempDir(), "history.db")
		for _, companion := range []string{"", "-wal"} {
			content, err := os.ReadFile(m.path + companion)
			m.must(err)
			m.must(os.WriteFile(left+companion, content, 0o600))
		}
		defer func(path string) { _ = os.Remove(path) }(m.path)
		m.must(m.store.Close())
		m.path = left
	} else {
		m.must(m.store.Close())
	}
	m.queue = m.dice.IntN(4) > 0
	m.open()
	if !m.queue || !m.unlined {
		return
	}
	m.unlined = false // everything waits then, also what was sent
	for p, all := range m.rows {
		for n := range all {
			k := numberedPlace{p, n}
			if _, aside := m.aside[k]; !aside && !m.gone[p][n] {
				m.waiting[k] = true
			}
		}
	}
}

func (m *model) check() {
	m.t.Helper()
	for _, dwelling := range []string{"home 0", "home 1"} {
		var want, got []string
		var keys []numberedPlace
		for p, all := range m.rows {
			for n := range all {
				if p.dwelling == dwelling && !m.gone[p][n] {
					keys = append(keys, numberedPlace{p, n})
				}
			}
		}
		slices.SortFunc(keys, func(a, b numberedPlace) int {
			return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.sensor, b.sensor), cmp.Compare(a.kind, b.kind), cmp.Compare(a.n, b.n))
		})
		for _, k := range keys {
			want = append(want, fmt.Sprint(k.n, m.rows[k.place][k.n]))
		}
		for row, err := range m.store.Rows(m.t.Context(), dwelling, time.Time{}, m.now.AddDate(1, 0, 0)) {
			m.must(err)
			got = append(got, fmt.Sprint(row.N, row.Reading))
		}
		if !slices.Equal(got, want) {
			m.t.Fatalf("%s has %d readings, want %d:\n%v\n%v", dwelling, len(got), len(want), got, want)
		}
	}
	if stored, err := m.store.StoredUpTo(m.t.Context()); err != nil || stored != m.stored {
		m.t.Fatalf("stored up to %d, %v; want %d", stored, err, m.stored)
	}
	if !m.queue {
		return
	}
	_, err := m.store.Waiting(m.t.Context(), 1) // lines up what was stored without a queue
	m.must(err)
	state, err := m.store.QueueState(m.t.Context())
	m.must(err)
	if state.Readings != int64(len(m.waiting)) {
		m.t.Fatalf("%d wait, want %d", state.Readings, len(m.waiting))
	}
	if len(m.waiting) > 0 {
		oldest := slices.MinFunc(slices.Collect(maps.Keys(m.waiting)), func(a, b numberedPlace) int { return a.at.Compare(b.at) })
		if !state.Oldest.Equal(oldest.at) {
			m.t.Fatalf("the oldest that waits is of %v, want %v", state.Oldest, oldest.at)
		}
	}
	counts, err := m.store.AsideFor(m.t.Context())
	m.must(err)
	if counts["refused"] != int64(len(m.aside)) {
		m.t.Fatalf("%v are set aside, want %d", counts, len(m.aside))
	}
}

// Whatever is done with a history in whatever order, what it has is what a few maps have:
// nothing is lost, nothing comes twice, and nothing leaves the queue that was not sent.
func TestAHistoryHasWhatAModelHas(t *testing.T) {
	seeds := uint64(4)
	if testing.Short() {
		seeds = 2
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := newModel(t, seed)
			for range 120 {
				switch m.dice.IntN(14) {
				case 0:
					m.reopen()
				case 1:
					m.offerAgain()
				case 2:
					m.sumUp()
				case 3:
					m.trim()
				case 4:
					m.now = m.now.Add(time.Duration(m.dice.IntN(5)) * time.Hour)
				case 5, 6, 7:
					m.send()
				default:
					m.append()
				}
				m.check()
			}
		})
	}
}
