package history

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/history/influx"
)

// The four ways in which a Memory uses an InfluxDB; an [influx.Store] is all of them.
type (
	// A taker takes readings. An error says that nothing is known of any point, and that
	// all have to be offered again; without one, all but the refused are stored.
	taker interface {
		Prepare(ctx context.Context) error
		Write(ctx context.Context, points []influx.Point) ([]influx.Refused, error)
	}
	// A summarizer takes hours and days, all of them or none.
	summarizer interface {
		WriteHours(ctx context.Context, hours []activity.Hour) error
		WriteDays(ctx context.Context, days []activity.Day) error
	}
	// An archive has what the file does not have any more.
	archive interface {
		Points(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[influx.Point, error]
		Hours(ctx context.Context, dwelling string, from, to time.Time) ([]activity.Hour, error)
	}
	// An eraser counts and erases all points of a dwelling. It erases without an error when
	// it has looked and finds none any more.
	eraser interface {
		Count(ctx context.Context, dwelling string) (int64, error)
		Erase(ctx context.Context, dwelling string) error
	}
)

// A server is an InfluxDB.
type server struct {
	taker
	summarizer
	archive
	eraser
	notes    func() []string // what is not as configured, once prepared
	close    func()
	prepared atomic.Bool
}

// ready prepares a server that is not prepared, or that failed since.
func (s *server) ready(ctx context.Context) error {
	if s.prepared.Load() {
		return nil
	}
	if err := s.Prepare(ctx); err != nil {
		return err
	}
	s.prepared.Store(true)
	return nil
}

// dialInflux makes a server; it asks nothing of it yet.
func dialInflux(c influx.Config, known influx.Names) (*server, error) {
	store, err := influx.New(c, known)
	if err != nil {
		return nil, err
	}
	return &server{taker: store, summarizer: store, archive: store, eraser: store, notes: store.Notes, close: store.Close}, nil
}

// connect returns the InfluxDB, nil when none is configured. One that cannot be used as it
// is configured is tried again each time: a missing file of certificates may come.
func (m *Memory) connect() (*server, error) {
	if m.o.Influx == nil {
		return nil, nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, errForgotten
	}
	if m.server == nil {
		s, err := m.dial(*m.o.Influx, m.sensors)
		if err != nil {
			return nil, fmt.Errorf("use the InfluxDB at %s: %w", m.o.Influx.URL, err)
		}
		m.server = s
	}
	return m.server, nil
}

// prepared returns the InfluxDB once it is ready, nil when none is configured.
func (m *Memory) prepared(ctx context.Context) (*server, error) {
	s, err := m.connect()
	if err != nil || s == nil {
		return nil, err
	}
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

func (m *Memory) sensors(ctx context.Context, dwelling string) ([]string, error) {
	file, err := m.open(ctx)
	if err != nil {
		return nil, err
	}
	return file.Sensors(ctx, dwelling)
}

// A distant is the archive of a server as the past is read from it: it is found, and
// prepared, when it is first asked.
type distant struct{ m *Memory }

func (d distant) Points(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[influx.Point, error] {
	return func(yield func(influx.Point, error) bool) {
		server, err := d.m.prepared(ctx)
		if err != nil {
			yield(influx.Point{}, err)
			return
		}
		server.Points(ctx, dwelling, from, to)(yield)
	}
}
