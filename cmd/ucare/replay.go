package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
)

type replayFlags struct {
	config string
	until  string
}

func newReplay() *cobra.Command {
	var f replayFlags
	cmd := &cobra.Command{
		Use:   "replay FILE.jsonl",
		Short: "Fold recorded readings and print what would have been decided",
		Long: `Replay folds recorded readings with the code of the gateway, learning each night
from what came before as the gateway does, and prints one JSON object a line for
each decision. The readings stand in a file, one JSON object a line in the order
of time, of one dwelling or of several; .gz is unpacked, and - is what comes in.

Without --config the rules are as they are by default and the clock on the wall
shows UTC. Nobody answers in a replay: no alarm is acknowledged or closed.`,
		Example: `  ucare replay home.jsonl
  ucare replay --config new.yaml --until 2026-03-01T00:00:00+09:00 home.jsonl.gz`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	cmd.Flags().StringVarP(&f.config, "config", "c", "", "configuration file whose rules and time zone count")
	cmd.Flags().StringVar(&f.until, "until", "", "let time run on after the last reading, until then (RFC 3339)")
	return cmd
}

func (f replayFlags) run(cmd *cobra.Command, file string) error {
	var c *configs.Gateway
	if f.config != "" {
		var err error
		if c, err = configs.Load(f.config); err != nil {
			return err
		}
	}
	var until time.Time
	if f.until != "" {
		var err error
		if until, err = time.Parse(time.RFC3339Nano, f.until); err != nil {
			return fmt.Errorf("--until %q is no instant; write it like 2026-03-01T09:00:00+09:00", f.until)
		}
	}
	in, err := openReadings(file, cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer in.Close()
	out := bufio.NewWriter(cmd.OutOrStdout())
	defer out.Flush()
	return replay(in, gateway.NewReplay(c), until, json.NewEncoder(out))
}

// replay prints each decision as it is made.
func replay(in io.Reader, r *gateway.Replay, until time.Time, out *json.Encoder) error {
	print := func(all []gateway.Happening) error {
		for _, h := range all {
			if err := out.Encode(h); err != nil {
				return err
			}
		}
		return nil
	}
	for reading, err := range readingsOf(in) {
		if err == nil {
			err = print(r.Hear(reading))
		}
		if err != nil {
			return err
		}
	}
	if until.IsZero() {
		return nil
	}
	return print(r.Until(until))
}

// openReadings opens a file of readings, packed or not.
func openReadings(file string, stdin io.Reader) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(stdin), nil
	}
	in, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("the readings cannot be read: %w", err)
	}
	if !strings.HasSuffix(file, ".gz") {
		return in, nil
	}
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s is not packed with gzip: %w", file, err), in.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{unpacked, in}, nil
}

// longestLine bounds a reading: a window of a wearable is long, but not without end.
const longestLine = 16 << 20

// readingsOf reads one reading a line. It ends with the first line that is none.
func readingsOf(in io.Reader) func(func(ucare.Reading, error) bool) {
	return func(yield func(ucare.Reading, error) bool) {
		lines := bufio.NewScanner(in)
		lines.Buffer(make([]byte, 64<<10), longestLine)
		n := 0
		for lines.Scan() {
			n++
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			r, err := readingOf(lines.Bytes())
			if err != nil {
				yield(r, fmt.Errorf("line %d is no reading: %w: %.200s", n, err, lines.Bytes()))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(ucare.Reading{}, fmt.Errorf("behind line %d: %w", n, err))
		}
	}
}

func readingOf(line []byte) (r ucare.Reading, err error) {
	if err := json.Unmarshal(line, &r); err != nil {
		return r, err
	}
	if r.At.IsZero() {
		return r, errors.New(`it has no "at"`)
	}
	if r.Dwelling == "" || r.Sensor == "" {
		return r, errors.New(`it needs a "dwelling" and a "sensor"`)
	}
	return r, nil
}
