package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

// This file reads the lines of an export, of a stream and of a package alike.

// An item is one line of an export: what it holds of these; of a line that an import
// has no use for, nothing.
type item struct {
	where    string // for whoever has to find the line
	reading  *ucare.Reading
	alarm    *ucare.Alarm
	decision *ucare.Decision
	hour     *activity.Hour
	end      *exportEnd
}

func (i item) dwelling() string {
	switch {
	case i.reading != nil:
		return i.reading.Dwelling
	case i.alarm != nil:
		return i.alarm.Dwelling
	case i.decision != nil:
		return i.decision.Dwelling
	case i.hour != nil:
		return i.hour.Dwelling
	}
	return ""
}

// recordNames are the records that there are.
var recordNames = []string{"alarm", "decision", "report", "hour", "day", "profile", "dwelling", "end"}

// itemsIn reads the lines of a file, up to the first one that is none.
func itemsIn(file string, shown *progress) iter.Seq2[item, error] {
	if isZip(file) {
		return itemsInZip(file, shown)
	}
	return func(yield func(item, error) bool) {
		if file == "-" {
			yield(item{}, errors.New("an import reads its file twice, to check it first: write it to a file and name that"))
			return
		}
		in, err := openReadings(file, nil, shown)
		if err != nil {
			yield(item{}, err)
			return
		}
		defer in.Close()
		_ = eachLine(in, file, itemOf, yield)
	}
}

// eachLine passes the lines on, and reports whether more are wanted.
func eachLine(in io.Reader, name string, read func([]byte) (item, error), yield func(item, error) bool) bool {
	for line, err := range linesIn(in, name) {
		if err != nil {
			yield(item{}, err)
			return false
		}
		one, err := read(line.text)
		one.where = line.String()
		if err != nil {
			yield(one, fmt.Errorf("%v cannot be imported (%w): %.200s", line, err, line.text))
			return false
		}
		if !yield(one, nil) {
			return false
		}
	}
	return true
}

// itemOf reads a line of a stream.
func itemOf(line []byte) (i item, err error) {
	var r record
	if !bytes.Contains(line, []byte(`"record"`)) || json.Unmarshal(line, &r) != nil || r.Record == "" {
		return readingItem(line)
	}
	if !slices.Contains(recordNames, r.Record) {
		return i, fmt.Errorf("its record %q is not known to this version", r.Record)
	}
	if r.Record == "end" {
		return endItem(line)
	}
	var records map[string]json.RawMessage
	if err := json.Unmarshal(line, &records); err != nil {
		return i, err
	}
	switch content := records[r.Record]; r.Record {
	case "alarm":
		return alarmItem(content)
	case "decision":
		return decisionItem(content)
	case "hour":
		return hourItem(content)
	}
	return i, nil
}

func readingItem(line []byte) (item, error) {
	r, err := readingOf(line)
	if year := r.At.UTC().Year(); err == nil && (year < 1700 || year > 2200) {
		err = fmt.Errorf("nothing was measured in the year %d", year)
	}
	return item{reading: &r}, err
}

func alarmItem(line []byte) (item, error) {
	var a ucare.Alarm
	err := json.Unmarshal(line, &a)
	if err == nil && (a.ID == "" || a.Dwelling == "" || a.Rule == "" || a.Onset.IsZero()) {
		err = errors.New(`an alarm needs an "id", a "dwelling", a "rule" and an "onset"`)
	}
	return item{alarm: &a}, err
}

func decisionItem(line []byte) (item, error) {
	var d ucare.Decision
	err := json.Unmarshal(line, &d)
	if err == nil && (d.Dwelling == "" || d.Rule == "" || d.Verb == "" || d.At.IsZero()) {
		err = errors.New(`a decision needs an "at", a "dwelling", a "rule" and a "verb"`)
	}
	return item{decision: &d}, err
}

func hourItem(line []byte) (item, error) {
	var h activity.Hour
	err := json.Unmarshal(line, &h)
	if err == nil && (h.Dwelling == "" || h.From.IsZero() || !h.From.Equal(h.From.Truncate(activity.Length))) {
		err = errors.New(`an hour needs a "dwelling", and a "from" that is the beginning of one`)
	}
	return item{hour: &h}, err
}

func endItem(line []byte) (item, error) {
	var end exportEnd
	err := json.Unmarshal(line, &end)
	if err == nil && end.Format != exportFormat {
		err = fmt.Errorf("it is of the format %q, this program reads %q", end.Format, exportFormat)
	}
	return item{end: &end}, err
}

// itemsInZip reads the files of a package, the one that says how many there are last.
func itemsInZip(file string, shown *progress) iter.Seq2[item, error] {
	return func(yield func(item, error) bool) {
		z, err := zip.OpenReader(file)
		if err != nil {
			yield(item{}, fmt.Errorf("%s cannot be read: %w", file, err))
			return
		}
		defer z.Close()
		parts := []struct {
			name string
			read func([]byte) (item, error)
		}{{"readings.jsonl", readingItem}, {"alarms.jsonl", alarmItem}, {"decisions.jsonl", decisionItem}, {"hours.jsonl", hourItem}}
		for _, p := range parts {
			part, err := z.Open(p.name)
			if err != nil {
				yield(item{}, fmt.Errorf("%s has no %s: only an export with --format jsonl can be imported (%w)", file, p.name, err))
				return
			}
			more := eachLine(shown.part(part, z, p.name), p.name+" in "+file, p.read, yield)
			_ = part.Close() // it was only read
			if !more {
				return
			}
		}
		last, err := zipEnd(z, file)
		yield(last, err)
	}
}

func zipEnd(z *zip.ReadCloser, file string) (item, error) {
	in, err := z.Open("end.json")
	if err != nil {
		return item{}, fmt.Errorf("%s has no end.json: it was cut off; export it again (%w)", file, err)
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, 1<<20))
	if err != nil {
		return item{}, err
	}
	end, err := endItem(text)
	end.where = "end.json in " + file
	return end, err
}
