package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/journal"
)

type exportFlags struct {
	config, dwelling string
	from, to         string
	format, out      string
}

func newExport() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write down everything that is known of a dwelling",
		Long: `Export writes what the gateway knows of a dwelling: its readings, alarms with the
answers of the centre, decisions, reports, hours, days, and what is usual for the
resident. The gateway may go on running.

Into a file whose name ends in .zip it writes one file of each, and one that explains
them in Korean and English. Otherwise it is one stream of JSON Lines: first each reading
as 'ucare replay' and 'ucare import' read it, then everything else as
{"record":"alarm","alarm":{…}}, which a replay passes over. The last line says how many
there were, so that a file that was cut off is noticed. With --format csv the stream has
the readings only. A name that ends in .gz is packed.`,
		Example: `  ucare export --dwelling kim --out kim.zip
  ucare export --dwelling kim --from 2026-03-01 --to 2026-04-01 --format csv --out march.zip
  ucare export --dwelling kim | ucare replay -`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return toTheEnd(f.run(cmd)) },
	}
	cmd.Flags().StringVarP(&f.config, "config", "c", defaultConfig, "configuration file")
	cmd.Flags().StringVar(&f.dwelling, "dwelling", "", "the dwelling's id")
	cmd.Flags().StringVar(&f.from, "from", "", "what was from then on (2026-03-01, or RFC 3339)")
	cmd.Flags().StringVar(&f.to, "to", "", "what was before then (2026-04-01, or RFC 3339)")
	cmd.Flags().StringVar(&f.format, "format", "jsonl", "jsonl, or csv for spreadsheets")
	cmd.Flags().StringVar(&f.out, "out", "-", "file to be written; - is what goes out")
	return cmd
}

// An export is one dwelling's past, and where it goes.
type export struct {
	dwelling ucare.Dwelling
	sensors  []configs.Sensor
	location *time.Location
	from, to time.Time
	history  *history.Memory
	journal  *journal.Reader // nil: there is none
	shown    *progress
}

func (f exportFlags) run(cmd *cobra.Command) error {
	c, err := configs.Load(f.config)
	if err != nil {
		return err
	}
	e := export{location: c.Box.TimeZone.Location, shown: &progress{to: cmd.ErrOrStderr()}}
	if err := f.prepare(c, &e); err != nil {
		return err
	}
	close, err := e.open(cmd.Context(), c)
	if err != nil {
		return err
	}
	err = f.write(cmd, &e)
	e.shown.done()
	if errors.Is(err, syscall.EPIPE) {
		err = fmt.Errorf("whoever reads the export has gone before its end; it is not whole (%w)", err)
	}
	if errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("the disk is full and the export is not whole: free some space, or name another disk with --out (%w)", err)
	}
	return errors.Join(err, close())
}

// prepare reads the flags.
func (f exportFlags) prepare(c *configs.Gateway, e *export) (err error) {
	if f.format != "jsonl" && f.format != "csv" {
		return fmt.Errorf("--format %q is none; there are jsonl and csv", f.format)
	}
	home, found := c.HomesByID()[f.dwelling]
	switch {
	case f.dwelling == "" && len(c.Dwellings) == 1:
		home = c.Homes()[0]
	case f.dwelling == "":
		return errors.New("say whose: --dwelling kim")
	case !found:
		home = ucare.Dwelling{ID: f.dwelling} // it may have gone from the configuration
	}
	e.dwelling = home
	for _, d := range c.Dwellings {
		if d.ID == home.ID {
			e.sensors = d.Sensors
		}
	}
	if e.from, err = instantOf("--from", f.from, time.Unix(0, 0), e.location); err != nil {
		return err
	}
	if e.to, err = instantOf("--to", f.to, time.Now().AddDate(0, 0, 1), e.location); err != nil {
		return err
	}
	if !e.from.Before(e.to) {
		return fmt.Errorf("--from %s is not before --to %s", e.from.Format(time.RFC3339), e.to.Format(time.RFC3339))
	}
	return nil
}

// instantOf reads a date, which is its midnight, or an instant.
func instantOf(flag, text string, otherwise time.Time, location *time.Location) (time.Time, error) {
	if text == "" {
		return otherwise, nil
	}
	if at, err := time.ParseInLocation(time.DateOnly, text, location); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return at, fmt.Errorf("%s %q is no day and no instant; write it like 2026-03-01 or 2026-03-01T09:00:00+09:00", flag, text)
	}
	return at, nil
}

// open opens what the gateway keeps, to read it and nothing else.
func (e *export) open(ctx context.Context, c *configs.Gateway) (close func() error, err error) {
	options, err := gateway.HistoryOptions(c, false)
	if err != nil {
		return nil, err
	}
	if e.history, err = history.OpenToRead(ctx, options); err != nil {
		return nil, fmt.Errorf("the gateway's history cannot be read (is gateway.data right, and may this user read it? UCARE_DATA goes before it): %w", err)
	}
	path := filepath.Join(c.Box.Data, "journal.db")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return e.history.Close, nil // readings that were imported, and no gateway yet
	}
	if e.journal, err = journal.OpenToRead(ctx, path); err != nil {
		return nil, errors.Join(fmt.Errorf("the gateway's journal cannot be read: %w", err), e.history.Close())
	}
	return func() error { return errors.Join(e.journal.Close(), e.history.Close()) }, nil
}

// write writes the export where the flags say.
func (f exportFlags) write(cmd *cobra.Command, e *export) error {
	if f.out == "-" {
		return e.stream(cmd.Context(), f.format, cmd.OutOrStdout(), false)
	}
	return intoFile(f.out, func(out io.Writer) error {
		if isZip(f.out) {
			return e.zip(cmd.Context(), f.format, out)
		}
		return e.stream(cmd.Context(), f.format, out, strings.HasSuffix(f.out, ".gz"))
	})
}

// intoFile writes a file that only its owner can read, and that is there as a whole or
// not at all.
func intoFile(path string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // 0600
	if err != nil {
		return fmt.Errorf("the file cannot be made: %w", err)
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name()) // what is half written helps nobody
	}
	return err
}

// A listing is one kind of thing in an export.
type listing[T any] struct {
	name string // of its file
	one  string // of its record in a stream
	rows iter.Seq2[T, error]
}

// readings are the dwelling's, in the order of time.
func (e *export) readings(ctx context.Context) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		began, now := e.from, time.Now()
		shownFrom := false
		for r, err := range e.history.Between(ctx, e.dwelling.ID, e.from, e.to) {
			if err == nil && !shownFrom {
				began, shownFrom = r.At, true
				e.shown.of(max(int64(now.Sub(began)/time.Minute), 1))
			}
			if !yield(r, err) || err != nil {
				return
			}
			e.shown.at(min(int64(r.At.Sub(began)/time.Minute), e.shown.bar.GetMax64()))
		}
	}
}

// A sent report is a delivery for people: to whom, about what, and when it was taken.
type sentReport struct {
	Report     string    `json:"report"`
	Receiver   string    `json:"receiver"`
	Alarm      string    `json:"alarm"`
	At         time.Time `json:"at"`
	AcceptedAt time.Time `json:"accepted_at,omitzero"`
	Attempts   int       `json:"attempts"`
	Text       string    `json:"text"` // as it was sent
}

// month is how much of the past is in memory at a time.
const month = 31

// byMonth reads something month by month.
func byMonth[T any](e *export, read func(from, to time.Time) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for from := e.from; from.Before(e.to); from = from.AddDate(0, 0, month) {
			to := ucare.Earlier(from.AddDate(0, 0, month), e.to)
			all, err := read(from, to)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, one := range all {
				if !yield(one, nil) {
					return
				}
			}
		}
	}
}

func (e *export) alarms(ctx context.Context) listing[ucare.Alarm] {
	return listing[ucare.Alarm]{"alarms", "alarm", byMonth(e, func(from, to time.Time) ([]ucare.Alarm, error) {
		if e.journal == nil {
			return nil, nil
		}
		return e.journal.Alarms(ctx, e.dwelling.ID, from, to)
	})}
}

func (e *export) decisions(ctx context.Context) listing[ucare.Decision] {
	return listing[ucare.Decision]{"decisions", "decision", byMonth(e, func(from, to time.Time) ([]ucare.Decision, error) {
		if e.journal == nil {
			return nil, nil
		}
		return e.journal.Decisions(ctx, e.dwelling.ID, from, to)
	})}
}

func (e *export) reports(ctx context.Context) listing[sentReport] {
	return listing[sentReport]{"reports", "report", byMonth(e, func(from, to time.Time) (all []sentReport, err error) {
		if e.journal == nil {
			return nil, nil
		}
		deliveries, err := e.journal.Deliveries(ctx, e.dwelling.ID, from, to)
		for _, d := range deliveries {
			all = append(all, sentReport{d.Report, d.Receiver, d.Alarm, d.CreatedAt, d.AcceptedAt, d.Attempts, string(d.Body)})
		}
		return all, err
	})}
}

func (e *export) hours(ctx context.Context) listing[activity.Hour] {
	return listing[activity.Hour]{"hours", "hour", byMonth(e, func(from, to time.Time) ([]activity.Hour, error) {
		return e.history.Hours(ctx, e.dwelling.ID, from, to)
	})}
}

func (e *export) days(ctx context.Context) listing[activity.Day] {
	return listing[activity.Day]{"days", "day", byMonth(e, func(from, to time.Time) ([]activity.Day, error) {
		last := to.In(e.location).Add(-time.Nanosecond)
		days, err := e.history.Days(ctx, e.dwelling.ID, from.In(e.location).Format(time.DateOnly), last.Format(time.DateOnly))
		// A day that is only partly in the range would tell of what is outside.
		return slices.DeleteFunc(days, func(d activity.Day) bool {
			return d.From.Before(from) || !d.From.Before(to) || d.To.After(e.to)
		}), err
	})}
}
