package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/gateway"
	"github.com/ucare-project/ucare/history"
)

// This file gives a replay its readings: from a file, or from a gateway's history.

// longestLine bounds a reading: a window of a wearable is long, but not without end.
const longestLine = 16 << 20

// readingsIn reads one reading a line of a file; .gz is unpacked, and "-" is what comes
// in. It ends with the first line that is none.
func readingsIn(file string, stdin io.Reader, shown *progress) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		in, err := openReadings(file, stdin, shown)
		if err != nil {
			yield(ucare.Reading{}, err)
			return
		}
		defer in.Close()
		for line, err := range linesIn(in, file) {
			if err != nil {
				yield(ucare.Reading{}, err)
				return
			}
			r, err := readingOf(line.text)
			if err != nil && isRecord(line.text) {
				continue
			}
			if err != nil {
				yield(r, fmt.Errorf("%v is no reading (%w): %.200s", line, err, line.text))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// A textLine is a line of a file that is not empty.
type textLine struct {
	n    int // its number
	file string
	text []byte // until the next one is read
}

// String says where the line is, for whoever has to find it.
func (l textLine) String() string { return fmt.Sprintf("line %d of %s", l.n, l.file) }

// linesIn reads the lines of a file. The mark that some editors write before the first
// one is no part of it.
func linesIn(in io.Reader, file string) iter.Seq2[textLine, error] {
	return func(yield func(textLine, error) bool) {
		lines := bufio.NewScanner(in)
		lines.Buffer(make([]byte, 64<<10), longestLine)
		line := textLine{file: file}
		for lines.Scan() {
			line.n++
			line.text = bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff")))
			if len(line.text) > 0 && !yield(line, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(line, fmt.Errorf("behind %v: %w", line, err))
		}
	}
}

func openReadings(file string, stdin io.Reader, shown *progress) (io.ReadCloser, error) {
	if file == "-" {
		return io.NopCloser(stdin), nil
	}
	in, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("the readings cannot be read: %w", err)
	}
	var size int64
	if info, err := in.Stat(); err == nil {
		size = info.Size()
	}
	counted := shown.reader(in, size)
	if !strings.HasSuffix(file, ".gz") {
		return withCloser{counted, in}, nil
	}
	unpacked, err := gzip.NewReader(counted)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s is not packed with gzip: %w", file, err), in.Close())
	}
	return withCloser{unpacked, in}, nil
}

type withCloser struct {
	io.Reader
	io.Closer
}

// isRecord reports whether the line of an export is something else than a reading.
func isRecord(line []byte) bool {
	var r record
	return json.Unmarshal(line, &r) == nil && r.Record != ""
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

// readingsSince reads the history of a configuration's dwellings, also while its
// gateway runs; of an InfluxDB what is older than the gateway's own file.
func readingsSince(ctx context.Context, c *configs.Gateway, from, to time.Time, shown *progress) iter.Seq2[ucare.Reading, error] {
	return func(yield func(ucare.Reading, error) bool) {
		options, err := gateway.HistoryOptions(c, false)
		var past *history.Memory
		if err == nil {
			past, err = history.OpenToRead(ctx, options)
		}
		if err != nil {
			yield(ucare.Reading{}, fmt.Errorf("the gateway's history cannot be read (name a file of readings, or say with UCARE_DATA where the gateway's data is): %w", err))
			return
		}
		defer past.Close()
		minutes := int64(to.Sub(from) / time.Minute)
		shown.of(int64(len(c.Dwellings)) * minutes)
		for i, d := range c.Dwellings {
			before := int64(i) * minutes
			for r, err := range past.Between(ctx, d.ID, from, to) {
				if !yield(r, err) || err != nil {
					return
				}
				shown.at(before + int64(r.At.Sub(from)/time.Minute))
			}
		}
	}
}
