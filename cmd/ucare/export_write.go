package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/configs"
	"github.com/ucare-project/ucare/journal"
	"github.com/ucare-project/ucare/language"
)

// This file gives an export its form.

// exportFormat names the form of an export.
const exportFormat = "ucare-export/1"

// A record is a line of a stream that is no reading.
type record struct {
	Record string `json:"record"`
}

// exportEnd is the last line of a stream: what was before it is whole.
type exportEnd struct {
	record
	Format   string           `json:"format"`
	Dwelling string           `json:"dwelling"`
	From     time.Time        `json:"from"`
	To       time.Time        `json:"to"`
	Version  string           `json:"version"`
	Counts   map[string]int64 `json:"counts"`
}

// A person is what the configuration says of the dwelling and who lives there.
type person struct {
	ucare.Dwelling
	Sensors []configs.Sensor `json:"sensors,omitempty"`
}

// rowsOf passes on the rows of a table and counts them.
func rowsOf[T any](t listing[T], counts map[string]int64, write func(T) error) error {
	counts[t.name] = 0
	for row, err := range t.rows {
		if err == nil {
			err = write(row)
		}
		if err != nil {
			return err
		}
		counts[t.name]++
	}
	return nil
}

// stream writes everything, or as CSV the readings, one after the other.
func (e *export) stream(ctx context.Context, format string, to io.Writer, packed bool) error {
	out := bufio.NewWriterSize(to, 64<<10)
	var err error
	switch {
	case packed:
		packer := gzip.NewWriter(out)
		err = errors.Join(e.streamInto(ctx, format, packer), packer.Close())
	default:
		err = e.streamInto(ctx, format, out)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

func (e *export) streamInto(ctx context.Context, format string, to io.Writer) error {
	if format == "csv" {
		return writeCSV(to, readingsTable(e.readings(ctx)), readingColumns, map[string]int64{})
	}
	counts := map[string]int64{}
	line := json.NewEncoder(to)
	line.SetEscapeHTML(false)
	if err := rowsOf(readingsTable(e.readings(ctx)), counts, func(r ucare.Reading) error { return line.Encode(r) }); err != nil {
		return err
	}
	if err := e.records(ctx, line, counts); err != nil {
		return err
	}
	return line.Encode(exportEnd{record{"end"}, exportFormat, e.dwelling.ID, e.from.UTC(), e.to.UTC(), versionText(), counts})
}

// records writes what is no reading.
func (e *export) records(ctx context.Context, line *json.Encoder, counts map[string]int64) error {
	err := recordsOf(line, e.alarms(ctx), counts)
	if err == nil {
		err = recordsOf(line, e.decisions(ctx), counts)
	}
	if err == nil {
		err = recordsOf(line, e.reports(ctx), counts)
	}
	if err == nil {
		err = recordsOf(line, e.hours(ctx), counts)
	}
	if err == nil {
		err = recordsOf(line, e.days(ctx), counts)
	}
	if err != nil {
		return err
	}
	usual, err := e.profile(ctx)
	if err == nil && usual != nil {
		err = recordLine(line, "profile", usual)
	}
	if err != nil {
		return err
	}
	return recordLine(line, "dwelling", person{e.dwelling, e.sensors})
}

func recordsOf[T any](line *json.Encoder, t listing[T], counts map[string]int64) error {
	return rowsOf(t, counts, func(row T) error { return recordLine(line, t.one, row) })
}

// recordLine writes {"record":"alarm","alarm":{…}}.
func recordLine(line *json.Encoder, name string, value any) error {
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	return line.Encode(json.RawMessage(fmt.Sprintf(`{"record":%q,%q:%s}`, name, name, content.Bytes())))
}

// A usual is what the gateway has learned about the resident.
type usual struct {
	LearnedAt time.Time       `json:"learned_at"`
	Profile   json.RawMessage `json:"profile"`
}

// profile is what was learned last; nil when nothing was.
func (e *export) profile(ctx context.Context) (*usual, error) {
	if e.journal == nil {
		return nil, nil
	}
	entry, err := e.journal.Profile(ctx, e.dwelling.ID)
	if err != nil || len(entry.Payload) == 0 {
		return nil, err
	}
	return usualIn(entry)
}

func usualIn(entry journal.Entry) (*usual, error) {
	u := usual{LearnedAt: entry.At}
	if err := json.Unmarshal(entry.Payload, &u); err != nil {
		return nil, fmt.Errorf("what is usual for the resident cannot be read: %w", err)
	}
	return &u, nil
}

// zip writes one file of each table, and one that explains them.
func (e *export) zip(ctx context.Context, format string, to io.Writer) error {
	z := zip.NewWriter(to)
	counts := map[string]int64{}
	err := e.explain(z, format)
	if err == nil {
		err = zipped(z, format, readingsTable(e.readings(ctx)), readingColumns, counts)
	}
	if err == nil {
		err = zipped(z, format, e.alarms(ctx), alarmColumns, counts)
	}
	if err == nil {
		err = zipped(z, format, e.decisions(ctx), decisionColumns, counts)
	}
	if err == nil {
		err = zipped(z, format, e.reports(ctx), reportColumns, counts)
	}
	if err == nil {
		err = zipped(z, format, e.hours(ctx), hourColumns, counts)
	}
	if err == nil {
		err = zipped(z, format, e.days(ctx), dayColumns, counts)
	}
	if err == nil {
		err = e.zipRest(ctx, z, counts)
	}
	if err != nil {
		return err
	}
	return z.Close()
}

// zipRest writes what is no table, and last how many there were of each.
func (e *export) zipRest(ctx context.Context, z *zip.Writer, counts map[string]int64) error {
	usual, err := e.profile(ctx)
	if err == nil && usual != nil {
		err = zipJSON(z, "profile.json", usual)
	}
	if err == nil {
		err = zipJSON(z, "dwelling.json", person{e.dwelling, e.sensors})
	}
	if err != nil {
		return err
	}
	return zipJSON(z, "end.json", exportEnd{record{"end"}, exportFormat, e.dwelling.ID, e.from.UTC(), e.to.UTC(), versionText(), counts})
}

func zipFile(z *zip.Writer, name string) (io.Writer, error) {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Now()}
	header.SetMode(0o600)
	return z.CreateHeader(header)
}

func zipJSON(z *zip.Writer, name string, value any) error {
	file, err := zipFile(z, name)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(file)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// zipped writes a table into a file of its own.
func zipped[T any](z *zip.Writer, format string, t listing[T], columns []column[T], counts map[string]int64) error {
	file, err := zipFile(z, t.name+"."+format)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 64<<10)
	if format == "csv" {
		_, _ = out.WriteString("\ufeff") // by this a spreadsheet knows that it is UTF-8
		err = writeCSV(out, t, columns, counts)
	} else {
		line := json.NewEncoder(out)
		line.SetEscapeHTML(false)
		err = rowsOf(t, counts, func(row T) error { return line.Encode(row) })
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

// explain writes what the files are, in every language.
func (e *export) explain(z *zip.Writer, format string) error {
	for _, l := range language.All() {
		file, err := zipFile(z, "README."+l.Tag()+".txt")
		if err != nil {
			return err
		}
		text := l.Text("export.readme", "dwelling", e.dwelling.ID, "format", format,
			"from", e.from.In(e.location).Format(time.RFC3339), "to", e.to.In(e.location).Format(time.RFC3339), "zone", e.location.String())
		if _, err := io.WriteString(file, "\ufeff"+text+"\n"); err != nil {
			return err
		}
	}
	return nil
}
