package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/load"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/history/influx"
)

// A way is one store, or what a store stands on.
type way struct {
	name  string
	floor *way // what it stands on; nil: it is that

	// append may say how long it took; 0 is that its caller does.
	append  func(context.Context, []ucare.Reading) (time.Duration, error)
	raw     asked
	between func(ctx context.Context, dwelling string, from, to time.Time) iter.Seq2[ucare.Reading, error]
	// keep stores hours and days, of which hours and days tell; nil where it cannot.
	keep        func(ctx context.Context, dwelling string, hours []activity.Hour, days []activity.Day) error
	hours, days asked
	close       func() error
	file        string // where its readings are

	writing time.Duration
}

// hoursBucket has the hours and days of history/influx, of which plain HTTP is asked too.
const hoursBucket = "ucare/hours"

// errCannot is that a way does not know what it was asked.
var errCannot = errors.New("this way does not know that")

// The names of the ways.
const (
	embeddedWay = "embedded"
	queueWay    = "embedded, with a queue for InfluxDB"
	sqliteWay   = "SQLite, plain inserts"
	influxWay   = "history/influx"
	plainWay    = "InfluxDB, plain HTTP"
)

func openAll(ctx context.Context, dir, server string) (ways []*way, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll(ways))
		}
	}()
	for _, name := range []string{sqliteWay, embeddedWay, queueWay, plainWay, influxWay} {
		w, err := openWay(ctx, name, dir, server)
		if err != nil {
			return ways, fmt.Errorf("%s: %w", name, err)
		}
		ways = append(ways, w)
	}
	ways[1].floor, ways[2].floor, ways[4].floor = ways[0], ways[0], ways[3]
	return ways, nil
}

func closeAll(ways []*way) error {
	var errs []error
	for _, w := range ways {
		errs = append(errs, w.close())
	}
	return errors.Join(errs...)
}

// openWay opens one, empty.
func openWay(ctx context.Context, name, dir, server string) (*way, error) {
	switch name {
	case sqliteWay:
		file := filepath.Join(dir, "plain.db")
		p, err := openPlainSQLite(ctx, file)
		return &way{
			name: name, append: p.append, raw: p.raw, close: p.db.Close, file: file,
			keep: p.keep, hours: summed[activity.Hour](p, "hour"), days: summed[activity.Day](p, "day"),
		}, err
	case embeddedWay, queueWay:
		return openEmbedded(ctx, name, filepath.Join(dir, name+".db"))
	case plainWay:
		p := plainInflux{server, "plain/raw", new(numbers)}
		return &way{
			name: name, append: p.append, raw: p.raw, close: func() error { return nil },
			hours: p.summed("course"), days: p.summed("day"),
		}, p.make(ctx)
	default:
		return openInflux(ctx, name, server)
	}
}

func openEmbedded(ctx context.Context, name, file string) (*way, error) {
	store, _, err := embedded.Open(ctx, file, embedded.Options{Queue: name == queueWay})
	if err != nil {
		return nil, err
	}
	return &way{
		name: name, file: file, close: store.Close,
		append: func(ctx context.Context, readings []ucare.Reading) (time.Duration, error) {
			return 0, store.Append(ctx, readings, 0)
		},
		between: store.Between,
		raw: func(ctx context.Context, dwelling string, from, to time.Time) (int, error) {
			return count(store.Between(ctx, dwelling, from, to))
		},
		keep: func(ctx context.Context, dwelling string, hours []activity.Hour, days []activity.Day) error {
			return keepEmbedded(ctx, store, dwelling, hours, days)
		},
		hours: func(ctx context.Context, dwelling string, from, to time.Time) (int, error) {
			hours, err := store.Hours(ctx, dwelling, from, to)
			return len(hours), err
		},
		days: func(ctx context.Context, dwelling string, from, to time.Time) (int, error) {
			days, err := store.Days(ctx, dwelling, from.Format(time.DateOnly), lastDate(to))
			return len(days), err
		},
	}, nil
}

// openInflux is the store of the gateway, which is told the names of the sensors by nobody
// and so gives their pseudonyms.
func openInflux(ctx context.Context, name, server string) (*way, error) {
	store, err := influx.New(influx.Config{
		URL: server, Bucket: "ucare/raw", Hours: hoursBucket, Key: []byte("a key of 32 bytes for the bench!"),
	}, func(context.Context, string) ([]string, error) { return nil, nil })
	if err != nil {
		return nil, err
	}
	if err := store.Prepare(ctx); err != nil {
		return nil, err
	}
	return &way{
		name: name, append: appendInflux(store), between: store.Between,
		close: func() error { store.Close(); return nil },
		raw: func(ctx context.Context, dwelling string, from, to time.Time) (int, error) {
			return count(store.Between(ctx, dwelling, from, to))
		},
		keep: func(ctx context.Context, _ string, hours []activity.Hour, days []activity.Day) error {
			for some := range slices.Chunk(hours, 500) {
				if err := store.WriteHours(ctx, some); err != nil {
					return err
				}
			}
			return store.WriteDays(ctx, days)
		},
		hours: func(ctx context.Context, dwelling string, from, to time.Time) (int, error) {
			hours, err := store.Hours(ctx, dwelling, from, to)
			return len(hours), err
		},
	}, nil
}

// numbers tell readings of one sensor, kind and instant apart, as the file would, also where
// they come in two batches.
type numbers struct{ last influx.Point }

func (n *numbers) points(readings []ucare.Reading) []influx.Point {
	points := make([]influx.Point, len(readings))
	for i, r := range readings {
		points[i].Reading = r
		if load.Compare(n.last.Reading, r) == 0 {
			points[i].N = n.last.N + 1
		}
		n.last = points[i]
	}
	return points
}

// appendInflux sends readings.
func appendInflux(store *influx.Store) func(context.Context, []ucare.Reading) (time.Duration, error) {
	numbers := new(numbers)
	return func(ctx context.Context, readings []ucare.Reading) (time.Duration, error) {
		refused, err := store.Write(ctx, numbers.points(readings))
		if len(refused) > 0 {
			return 0, fmt.Errorf("%d points were refused: %s", len(refused), refused[0].Reason)
		}
		return 0, err
	}
}

func count(readings iter.Seq2[ucare.Reading, error]) (n int, err error) {
	for _, err := range readings {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// onDisk is how many megabytes a file has.
func (w *way) onDisk() string {
	if w.file == "" {
		return ""
	}
	var bytes int64
	for _, name := range []string{w.file, w.file + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			bytes += info.Size()
		}
	}
	return fmt.Sprintf("%.0f", float64(bytes)/1e6)
}
