package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/history/influx"
)

func newHistory() *cobra.Command {
	cmd := &cobra.Command{Use: "history", Short: "Work on the history of a gateway"}
	cmd.AddCommand(newHistoryCopy(), newHistoryPseudonyms())
	return cmd
}

type copyFlags struct {
	config, to string
	again      bool
}

func newHistoryCopy() *cobra.Command {
	var f copyFlags
	cmd := &cobra.Command{
		Use:   "copy",
		Short: "Copy the history in the gateway's file to its InfluxDB, and compare",
		Long: `Copy sends the readings, hours and days in the gateway's file to the InfluxDB of the
configuration, also while gateway.history.store still says embedded: so both have the
same before the gateway changes over. It goes on where an earlier copy ended, however that
came, and to copy again changes nothing.

Then it compares both day by day, by how many readings they have and by their hash, and
the hours. The gateway must not run; one that uses the InfluxDB sends everything by itself.

What an InfluxDB has taken is not sent again. With --again it is: for one that has lost
something, or for another one than before.`,
		Example: `  ucare history copy --config /etc/ucare/ucare.yaml
  ucare history copy --config old.yaml --to-config new.yaml --again`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return toTheEnd(f.run(cmd)) },
	}
	cmd.Flags().StringVarP(&f.config, "config", "c", defaultConfig, "configuration file of the gateway")
	cmd.Flags().StringVar(&f.to, "to-config", "", "configuration file that names the InfluxDB; otherwise the same")
	cmd.Flags().BoolVar(&f.again, "again", false, "send everything again, also what an InfluxDB has taken")
	return cmd
}

func (f copyFlags) run(cmd *cobra.Command) error {
	options, err := f.options()
	if err != nil {
		return err
	}
	if f.again {
		if err := sendAgain(cmd.Context(), options.Path); err != nil {
			return err
		}
	}
	shown := &progress{to: cmd.ErrOrStderr()}
	m := history.New(options)
	err = m.Copy(cmd.Context(), shown.ofAll)
	shown.done()
	if err = errors.Join(err, m.Close()); err != nil {
		return fmt.Errorf("the history is not copied (%w): put that right and run the same command again", err)
	}
	return compare(cmd, options, shown)
}

// sendAgain lets everything wait for the InfluxDB.
func sendAgain(ctx context.Context, path string) error {
	file, _, err := embedded.Open(ctx, path, embedded.Options{Queue: true})
	if err != nil {
		return err
	}
	return errors.Join(file.LineUpAgain(ctx), file.Close())
}

// options are those of the history, with the InfluxDB it is to be copied to.
func (f copyFlags) options() (o history.Options, err error) {
	c, err := configs.Load(f.config)
	if err != nil {
		return o, err
	}
	to := c
	if f.to != "" {
		if to, err = configs.Load(f.to); err != nil {
			return o, err
		}
	}
	if to.Box.History.Influx == nil {
		return o, errors.New("the configuration names no InfluxDB: write gateway.history.influxdb (docs/history.md)")
	}
	if o, err = gateway.HistoryOptions(to, true); err != nil {
		return o, err
	}
	o.Path = filepath.Join(c.Box.Data, "history.db")
	return o, nil
}

// A comparison holds both histories against each other.
type comparison struct {
	ctx    context.Context //nolint:containedctx // of the command
	file   *embedded.Store
	server *influx.Store
	since  time.Time // the server keeps nothing from before
}

func compare(cmd *cobra.Command, o history.Options, shown *progress) (err error) {
	c := comparison{ctx: cmd.Context()}
	if c.file, err = embedded.OpenToRead(c.ctx, o.Path); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.file.Close()) }()
	if c.server, err = influx.New(*o.Influx, c.file.Sensors); err != nil {
		return err
	}
	defer c.server.Close()
	if err := c.server.Prepare(c.ctx); err != nil {
		return err
	}
	if o.KeepReadings > 0 { // an hour of grace for what grows too old meanwhile
		c.since = time.Now().Add(time.Hour - o.KeepReadings)
	}
	homes, err := c.file.Dwellings(c.ctx)
	if err != nil {
		return err
	}
	var different []error
	for _, home := range homes {
		text, err := c.dwelling(home, shown)
		if shown.done(); err != nil {
			different = append(different, err)
			continue
		}
		fmt.Fprintln(cmd.OutOrStdout(), text)
	}
	return errors.Join(different...)
}

// dwelling compares the days of a dwelling.
func (c *comparison) dwelling(home string, shown *progress) (text string, err error) {
	first, last, err := c.file.Span(c.ctx, home)
	if err != nil {
		return "", err
	}
	if first.Before(c.since) {
		first = c.since
	}
	const day = 24 * time.Hour
	begin := first.Truncate(day)
	days := int64(last.Sub(begin)/day) + 1
	if last.Before(first) {
		return fmt.Sprintf("%s: there is nothing that the InfluxDB would keep", home), nil
	}
	var all sum
	shown.of(days)
	var different []error
	for n := range days {
		from := begin.Add(time.Duration(n) * day)
		ours, err := summed(readingsOf(c.file.Rows(c.ctx, home, ucare.Later(from, first), from.Add(day)), embeddedReading))
		if err != nil {
			return "", err
		}
		theirs, err := summed(readingsOf(c.server.Points(c.ctx, home, ucare.Later(from, first), from.Add(day)), influxReading))
		if err != nil {
			return "", err
		}
		if ours != theirs {
			different = append(different, fmt.Errorf("%s on %s: the file has %s, the InfluxDB %s", home, from.Format(time.DateOnly), ours, theirs))
		}
		all.add(ours)
		shown.at(n + 1)
	}
	hours, err := c.hours(home, begin, last)
	if err = errors.Join(append(different, err)...); err != nil {
		return "", fmt.Errorf("%w\nthe two are not the same: send everything again with --again; what the InfluxDB refuses for good, the gateway's faults tell (ucare health)", err)
	}
	return fmt.Sprintf("%s: %d days from %s on are the same on both: %s, and %d hours", home, days, begin.Format(time.DateOnly), all, hours), nil
}

// hours compares the hours of a dwelling, and returns how many there are.
func (c *comparison) hours(home string, from, last time.Time) (n int, err error) {
	for ; !from.After(last); from = from.AddDate(0, 0, month) {
		ours, err := c.file.Hours(c.ctx, home, from, from.AddDate(0, 0, month))
		if err != nil {
			return n, err
		}
		theirs, err := c.server.Hours(c.ctx, home, from, from.AddDate(0, 0, month))
		if err != nil {
			return n, err
		}
		a, _ := json.Marshal(ours) // hours always marshal
		b, _ := json.Marshal(theirs)
		if len(ours)+len(theirs) > 0 && !bytes.Equal(a, b) {
			return n, fmt.Errorf("%s from %s on: the file has %d hours, the InfluxDB %d, and not the same", home, from.Format(time.DateOnly), len(ours), len(theirs))
		}
		n += len(ours)
	}
	return n, nil
}

func embeddedReading(r embedded.Row) ucare.Reading { return r.Reading }

func influxReading(p influx.Point) ucare.Reading { return p.Reading }

func readingsOf[T any](rows iter.Seq2[T, error], reading func(T) ucare.Reading) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		for row, err := range rows {
			if !yield(reading(row), err) {
				return
			}
		}
	}
}

// A sum is how many readings there are, and a hash of them all in whatever order.
type sum struct {
	n    int64
	hash [sha256.Size]byte
}

func (s *sum) add(other sum) {
	s.n += other.n
	for i := range s.hash {
		s.hash[i] ^= other.hash[i]
	}
}

func (s sum) String() string {
	return fmt.Sprintf("%d readings with the hash %s", s.n, hex.EncodeToString(s.hash[:8]))
}

// summed sums readings up. The room is left out: a sensor that was moved says the same.
func summed(readings iter.Seq2[ucare.Reading, error]) (s sum, err error) {
	for r, err := range readings {
		if err != nil {
			return s, err
		}
		r.Room = ""
		line, err := json.Marshal(r)
		if err != nil {
			return s, err
		}
		s.add(sum{1, sha256.Sum256(line)})
	}
	return s, nil
}
