package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/rules"
)

type replayFlags struct {
	config, against string
	until           string
	days            int
	dwelling        string
	table           bool
	language        string
}

func newReplay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay [FILE.jsonl]",
		Short: "Fold recorded readings and tell what would have been decided",
		Long: `Replay folds recorded readings with the code of the gateway, learning each night
from what came before as the gateway does, and prints one JSON object a line for
each decision, or with --table a table for people.

The readings stand in a file, one JSON object a line in the order of time, of one
dwelling or of several; .gz is unpacked, and - is what comes in. Without a file it is
the history of the configuration's own gateway, which may go on running: so you see
what changed settings would have done in the last month. --against compares them
with other settings, such as those in force.

Without --config the rules are as they are by default and the clock on the wall
shows UTC. Nobody answers in a replay: no alarm is acknowledged or closed.`,
		Example: `  ucare replay home.jsonl
  ucare replay --config new.yaml --table
  ucare replay --config new.yaml --against /etc/ucare/ucare.yaml --table
  ucare replay --config new.yaml --until 2026-03-01T00:00:00+09:00 home.jsonl.gz`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "configuration file whose rules and time zone count")
	cmd.Flags().StringVar(&f.against, "against", "", "configuration file to compare with (with --table)")
	cmd.Flags().StringVar(&f.until, "until", "", "let time run on after the last reading, until then (RFC 3339)")
	cmd.Flags().IntVar(&f.days, "days", 30, "how many days of the gateway's own history to show")
	cmd.Flags().StringVar(&f.dwelling, "dwelling", "", "only this dwelling")
	cmd.Flags().BoolVar(&f.table, "table", false, "print a table for people")
	cmd.Flags().StringVar(&f.language, "language", "", "ko or en, for the table; otherwise as LANG says, or the configuration")
	return cmd
}

// A replaying is what the flags ask for.
type replaying struct {
	config, against *configs.Gateway // nil: the rules' defaults; no comparison
	readings        iter.Seq2[ucare.Reading, error]
	dwelling        string
	from            time.Time // what was decided before is not shown
	until           time.Time // zero: the last reading
}

func (f replayFlags) run(cmd *cobra.Command, args []string) error {
	shown := &progress{to: cmd.ErrOrStderr()}
	p, err := f.prepare(cmd, args, shown)
	if err != nil {
		return err
	}
	if f.table {
		l, err := chooseLanguage(f.language, languageOf(p.config))
		if err != nil {
			return err
		}
		b, err := p.backtest()
		if shown.done(); err != nil {
			return err
		}
		_, err = io.WriteString(cmd.OutOrStdout(), b.table(l))
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	line := json.NewEncoder(out)
	err = p.fold(p.config, func(h gateway.Happening) error { return line.Encode(h) })
	shown.done()
	return errors.Join(err, out.Flush())
}

func languageOf(c *configs.Gateway) string {
	if c == nil {
		return ""
	}
	return c.Box.Language
}

// prepare reads the configurations and finds the readings.
func (f replayFlags) prepare(cmd *cobra.Command, args []string, shown *progress) (p replaying, err error) {
	if f.against != "" && !f.table {
		return p, errors.New("--against compares in a table: add --table")
	}
	if p.config, err = loadIfNamed(f.config); err == nil {
		p.against, err = loadIfNamed(f.against)
	}
	if err != nil {
		return p, err
	}
	if f.until != "" {
		if p.until, err = time.Parse(time.RFC3339Nano, f.until); err != nil {
			return p, fmt.Errorf("--until %q is no instant; write it like 2026-03-01T09:00:00+09:00", f.until)
		}
	}
	p.dwelling = f.dwelling
	switch {
	case len(args) > 0:
		p.readings = readingsIn(args[0], cmd.InOrStdin(), shown)
	case p.config == nil:
		return p, errors.New("name a file of readings, or with --config the configuration of a gateway whose history is on this machine")
	case f.days < 1:
		return p, fmt.Errorf("--days %d shows nothing; write 1 or more", f.days)
	default:
		now := time.Now()
		if p.until.IsZero() {
			p.until = now
		}
		p.from = p.until.AddDate(0, 0, -f.days)
		p.readings = readingsSince(cmd.Context(), p.config, p.from.AddDate(0, 0, -rules.LearnFrom), p.until, shown)
	}
	return p, nil
}

func loadIfNamed(file string) (*configs.Gateway, error) {
	if file == "" {
		return nil, nil
	}
	return configs.Load(file)
}

// fold replays by a configuration and passes on what is decided.
func (p replaying) fold(c *configs.Gateway, tell func(gateway.Happening) error) error {
	return p.foldAll([]*gateway.Replay{gateway.NewReplay(c)}, func(_ int, h gateway.Happening) error { return tell(h) })
}

// foldAll replays in one pass by several settings.
func (p replaying) foldAll(replays []*gateway.Replay, tell func(i int, h gateway.Happening) error) error {
	tellAll := func(i int, all []gateway.Happening) error {
		for _, h := range all {
			if h.At.Before(p.from) {
				continue
			}
			if err := tell(i, h); err != nil {
				return err
			}
		}
		return nil
	}
	for reading, err := range p.readings {
		if err != nil {
			return err
		}
		if p.dwelling != "" && reading.Dwelling != p.dwelling {
			continue
		}
		for i, r := range replays {
			if err := tellAll(i, r.Hear(reading)); err != nil {
				return err
			}
		}
	}
	return p.runOn(replays, tellAll)
}

// runOn lets time run on after the last reading.
func (p replaying) runOn(replays []*gateway.Replay, tell func(i int, all []gateway.Happening) error) error {
	if p.until.IsZero() {
		return nil
	}
	for i, r := range replays {
		if err := tell(i, r.Until(p.until)); err != nil {
			return err
		}
	}
	return nil
}
