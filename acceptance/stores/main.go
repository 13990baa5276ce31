// Command stores measures the two stores of the history beside what they stand on: the
// embedded store beside plain inserts into SQLite, and history/influx beside an InfluxDB to which
// line protocol and Flux are posted by plain HTTP. All take turns in one run on one machine,
// so that their ratio means something where absolute times do not.
//
//	main.go    the run, and its tables
//	ways.go    the stores, and what they stand on
//	plain.go   SQLite and InfluxDB without us
//	hours.go   hours and days
//	memory.go  resident memory over a million readings
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance"
	"github.com/ucare-project/ucare/acceptance/influxd"
	"github.com/ucare-project/ucare/acceptance/load"
)

const (
	// days is how long the home has been lived in.
	days = 90
	// batch is how many readings are appended at once.
	batch = 5000
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "stores:", err)
		os.Exit(1)
	}
}

func run() error {
	perHour := flag.Int("readings", load.Busy, "readings an hour, for 90 days; 1,389 make 3 million")
	times := flag.Int("times", 5, "how often each question is asked")
	memory := flag.Int("memory", 1_000_000, "how many readings go through each store and the gateway for its memory; 0 for none")
	only := flag.String("memory-of", "", "only the processes that have this in their name, such as \"gateway\"")
	child := flag.String("child", "", "of the memory: which way this process is")
	server := flag.String("server", "", "of the memory: the InfluxDB of that way")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *child != "" {
		return grow(ctx, *child, *server, *memory)
	}
	dir, err := os.MkdirTemp("", "ucare-history-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if *perHour > 0 {
		if err := measure(ctx, dir, *perHour, *times); err != nil {
			return err
		}
	}
	if *memory > 0 {
		return memories(ctx, dir, *only, *memory)
	}
	return nil
}

// measure fills all ways in turns with 90 days, and asks them the same questions.
func measure(ctx context.Context, dir string, perHour, times int) error {
	server, err := influxd.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = server.Close() }() // with all that it stored
	ways, err := openAll(ctx, dir, server.URL)
	if err != nil {
		return err
	}
	defer func() { _ = closeAll(ways) }()
	home := load.Home{Dwelling: acceptance.Dwelling, Seed: 1, PerHour: perHour}
	end := time.Now().UTC().Truncate(24 * time.Hour)
	n, err := fill(ctx, ways, home, end)
	if err != nil {
		return err
	}
	printRates(os.Stdout, ways, n)
	hours, days, err := fold(ctx, os.Stdout, ways[1], home.Dwelling, end)
	if err != nil {
		return err
	}
	if err := keep(ctx, ways, home.Dwelling, hours, days); err != nil {
		return err
	}
	return ask(ctx, os.Stdout, ways, home, end, times)
}

// fill appends the readings to each way, a day in turn.
func fill(ctx context.Context, ways []*way, home load.Home, end time.Time) (n int, err error) {
	for day := range days {
		from := end.AddDate(0, 0, day-days)
		fmt.Fprintf(os.Stderr, "\rday %d of %d", day+1, days)
		today := slices.Collect(home.Readings(from, from.AddDate(0, 0, 1)))
		n += len(today)
		for i := range ways {
			w := ways[(i+day)%len(ways)] // nobody is always the first
			if err := w.take(ctx, today); err != nil {
				return n, fmt.Errorf("%s: %w", w.name, err)
			}
		}
	}
	fmt.Fprintf(os.Stderr, "\r%20s\r", "")
	return n, nil
}

// take appends readings in batches and notes how long it took.
func (w *way) take(ctx context.Context, readings []ucare.Reading) error {
	for some := range slices.Chunk(readings, batch) {
		began := time.Now()
		took, err := w.append(ctx, some)
		if err != nil {
			return err
		}
		if took == 0 {
			took = time.Since(began)
		}
		w.writing += took
	}
	return nil
}

func printRates(out io.Writer, ways []*way, n int) {
	fmt.Fprintf(out, "%d readings of 90 days of a home, appended %d at a time:\n\n", n, batch)
	table := tabwriter.NewWriter(out, 2, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "store\treadings/s\tof its floor\tMB on disk\t")
	for _, w := range ways {
		fmt.Fprintf(table, "%s\t%.0f\t%s\t%s\t\n", w.name, float64(n)/w.writing.Seconds(), share(w.floor, w), w.onDisk())
	}
	_ = table.Flush()
}

// share is how fast a way writes, of the way under it.
func share(floor, w *way) string {
	if floor == nil {
		return "the floor"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(floor.writing)/float64(w.writing))
}

// A question is what the ways are asked.
type question struct {
	name string
	ask  func(context.Context, *way) (rows int, took time.Duration, err error)
}

// ask prints how long each way takes for each question, and that it is as much as the
// floor says.
func ask(ctx context.Context, out io.Writer, ways []*way, home load.Home, end time.Time, times int) error {
	raw := func(name string, n int) question {
		return question{name, func(ctx context.Context, w *way) (int, time.Duration, error) {
			began := time.Now()
			rows, err := w.raw(ctx, home.Dwelling, end.AddDate(0, 0, -n), end)
			return rows, time.Since(began), err
		}}
	}
	fmt.Fprintf(out, "\nQuestions, the median of %d:\n\n", times)
	table := tabwriter.NewWriter(out, 2, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "question\tstore\trows\tms\ttimes its floor\t")
	defer func() { _ = table.Flush() }() // of what was found before an error too
	for _, q := range append([]question{raw("one day, every reading", 1), raw("28 days, every reading", 28)}, summedUp(home.Dwelling, end)...) {
		if err := q.put(ctx, table, ways, times); err != nil {
			return err
		}
	}
	return nil
}

// put asks all ways in turns.
func (q question) put(ctx context.Context, table io.Writer, ways []*way, times int) error {
	took := make(map[*way][]time.Duration)
	rows := make(map[*way]int)
	for range times {
		for _, w := range ways {
			fmt.Fprintf(os.Stderr, "\r%-30s %-40s", q.name, w.name)
			n, d, err := q.ask(ctx, w)
			if errors.Is(err, errCannot) {
				continue
			}
			if err != nil {
				return fmt.Errorf("%s of %s: %w", q.name, w.name, err)
			}
			took[w], rows[w] = append(took[w], d), n
		}
	}
	fmt.Fprintf(os.Stderr, "\r%75s\r", "")
	var first *way
	for _, w := range ways {
		if len(took[w]) == 0 {
			continue
		}
		if first = cmp.Or(first, w); rows[w] != rows[first] {
			return fmt.Errorf("%s: %s says %d rows, %s %d: they do not answer the same", q.name, w.name, rows[w], first.name, rows[first])
		}
		beside := "the floor"
		if w.floor != nil && len(took[w.floor]) > 0 {
			beside = fmt.Sprintf("%.2f", acceptance.Ratio(took[w], took[w.floor], .5))
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%.1f\t%s\t\n", q.name, w.name, rows[w], acceptance.Milliseconds(took[w], .5), beside)
	}
	return nil
}
