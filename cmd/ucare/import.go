package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/history"
	"github.com/ucare-project/ucare/history/embedded"
	"github.com/ucare-project/ucare/journal"
)

func newImport() *cobra.Command {
	var config string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take an export over into a gateway",
		Long: `Import reads an export, or any file of readings, into the gateway of a configuration:
readings and the hours of before into its history, alarms and decisions into its journal. An alarm that no centre
has closed stays with the gateway that raised it. The gateway must not run; at its next
start it learns from the history what is usual for the resident, and sums up the days.

Every line is checked before anything is written. What is there already is not written
again, so that an import that was ended in the middle is simply run again. FILE may end
in .jsonl, .jsonl.gz or .zip.`,
		Example: `  ucare import --config new.yaml kim.zip`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return toTheEnd(runImport(cmd, config, args[0])) },
	}
	cmd.Flags().StringVarP(&config, "config", "c", defaultConfig, "configuration file")
	return cmd
}

func runImport(cmd *cobra.Command, config, file string) (err error) {
	c, err := configs.Load(config)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Box.Data, 0o700); err != nil {
		return fmt.Errorf("gateway.data: the directory cannot be made: %w", err)
	}
	j, _, err := journal.Open(cmd.Context(), filepath.Join(c.Box.Data, "journal.db"), journal.Options{BallastBytes: -1})
	if err != nil {
		return errors.Join(gateway.ErrRunning, err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	options, err := gateway.HistoryOptions(c, false)
	if err != nil {
		return err
	}
	shown := &progress{to: cmd.ErrOrStderr()}
	in := importing{file: file, homes: c.HomesByID(), kept: time.Now().Add(-c.Box.History.Keep), first: map[string]time.Time{}}
	err = in.check(shown)
	if shown.done(); err != nil {
		return fmt.Errorf("nothing was imported: %w", err)
	}
	err = in.storeAll(cmd.Context(), shown, options, j)
	if shown.done(); err != nil {
		return fmt.Errorf("not everything was imported; put right what failed and run the same command again: %w", err)
	}
	in.tell(cmd)
	return nil
}

// An importing is the import of one file.
type importing struct {
	file  string
	homes map[string]ucare.Dwelling
	kept  time.Time // what is from before, the gateway forgets the next night

	counts imported
	first  map[string]time.Time // reading of each dwelling
	cut    bool                 // it does not say that it is whole
}

// imported counts what there is in a file.
type imported struct {
	readings, old, alarms, open, decisions, hours int64
}

// check reads the whole file, and finds every line that is nothing or nobody's.
func (in *importing) check(shown *progress) error {
	in.cut = true
	for item, err := range itemsIn(in.file, shown) {
		if err != nil {
			return err
		}
		if dwelling := item.dwelling(); dwelling != "" {
			if _, known := in.homes[dwelling]; !known {
				return fmt.Errorf("%s: the dwelling %q is not in the configuration: add it there first, under the same id", item.where, dwelling)
			}
		}
		if err := in.count(item); err != nil {
			return err
		}
	}
	return nil
}

func (in *importing) count(item item) error {
	n := &in.counts
	switch {
	case item.reading != nil:
		n.readings++
		if first, some := in.first[item.reading.Dwelling]; !some || item.reading.At.Before(first) {
			in.first[item.reading.Dwelling] = item.reading.At
		}
		if item.reading.At.Before(in.kept) {
			n.old++
		}
	case item.alarm != nil && item.alarm.ClosedAt.IsZero():
		n.open++
	case item.alarm != nil:
		n.alarms++
	case item.decision != nil:
		n.decisions++
	case item.hour != nil:
		n.hours++
	case item.end != nil:
		in.cut = false
		for name, have := range map[string]int64{"readings": n.readings, "alarms": n.alarms + n.open, "decisions": n.decisions, "hours": n.hours} {
			if want := item.end.Counts[name]; want != have {
				return fmt.Errorf("%s: the export had %d %s when it was written, and has %d: it is not whole; export it again", item.where, want, name, have)
			}
		}
	}
	return nil
}

// storeAll writes what check has read: first what everything is made of, and then the
// hours of before, whose readings are gone. The others, and the days, are summed up again.
func (in *importing) storeAll(ctx context.Context, shown *progress, options history.Options, j *journal.Journal) error {
	h := history.New(options)
	err := in.store(ctx, shown, h, j)
	shown.done()
	if err = errors.Join(err, h.Close()); err != nil || in.counts.hours == 0 {
		return err
	}
	file, _, err := embedded.Open(ctx, options.Path, embedded.Options{Queue: options.Influx != nil})
	if err != nil {
		return err
	}
	return errors.Join(in.storeHours(ctx, shown, file), file.Close())
}

func (in *importing) storeHours(ctx context.Context, shown *progress, file *embedded.Store) error {
	for item, err := range itemsIn(in.file, shown) {
		if err != nil {
			return err
		}
		if item.hour == nil {
			continue
		}
		if first, some := in.first[item.hour.Dwelling]; some && item.hour.End().After(first) {
			continue
		}
		if err := file.PutHour(ctx, *item.hour, 0, false); err != nil {
			return err
		}
	}
	return nil
}

// importBatch is how many readings are stored in one transaction.
const importBatch = 5000

// store writes readings, alarms and decisions.
func (in *importing) store(ctx context.Context, shown *progress, h *history.Memory, j *journal.Journal) error {
	var readings []ucare.Reading
	var decided journal.Folded
	flush := func(most int) (err error) {
		if len(readings) > most {
			err = h.Append(ctx, readings, 0)
			readings = readings[:0]
		}
		if err == nil && len(decided.Decisions)+len(decided.Alarms) > most {
			err = j.Decide(ctx, decided)
			decided = journal.Folded{}
		}
		return err
	}
	for item, err := range itemsIn(in.file, shown) {
		if err != nil {
			return err
		}
		switch {
		case item.reading != nil:
			readings = append(readings, *item.reading)
		case item.alarm != nil && !item.alarm.ClosedAt.IsZero():
			decided.Alarms = append(decided.Alarms, *item.alarm)
		case item.decision != nil:
			decided.Decisions = append(decided.Decisions, *item.decision)
		}
		if err := flush(importBatch); err != nil {
			return err
		}
	}
	return flush(0)
}

// tell says what was imported, and what was not.
func (in *importing) tell(cmd *cobra.Command) {
	n, out := in.counts, cmd.OutOrStdout()
	fmt.Fprintf(out, "imported: %d readings, %d alarms, %d decisions\n", n.readings, n.alarms, n.decisions)
	if n.open > 0 {
		fmt.Fprintf(out, "not imported: %d alarms that no centre has closed; they stay with the gateway that raised them\n", n.open)
	}
	if n.old > 0 {
		fmt.Fprintf(out, "note: %d readings are older than gateway.history.keep: the gateway forgets them the next night; write a longer keep before it starts, to have them longer\n", n.old)
	}
	if in.cut {
		fmt.Fprintf(out, "note: %s has no last line that says that it is whole: that is right for a file of readings, and wrong for an export\n", in.file)
	}
}

// isZip reports whether the file is a package of files.
func isZip(file string) bool { return strings.HasSuffix(strings.ToLower(file), ".zip") }
