package main

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/activity"
)

// This file makes tables for spreadsheets.

// A column is a heading and what stands under it.
type column[T any] struct {
	head string
	cell func(T) string
}

func readingsTable(rows iter.Seq2[ucare.Reading, error]) listing[ucare.Reading] {
	return listing[ucare.Reading]{"readings", "reading", rows}
}

var readingColumns = []column[ucare.Reading]{
	{"at", func(r ucare.Reading) string { return stamp(r.At) }},
	{"dwelling", func(r ucare.Reading) string { return plainCell(r.Dwelling) }},
	{"sensor", func(r ucare.Reading) string { return plainCell(r.Sensor) }},
	{"room", func(r ucare.Reading) string { return plainCell(r.Room) }},
	{"kind", func(r ucare.Reading) string { return plainCell(string(r.Kind)) }},
	{"active", func(r ucare.Reading) string {
		if r.State == ucare.Unknown {
			return ""
		}
		return strconv.FormatBool(r.State == ucare.Active)
	}},
	{"value", func(r ucare.Reading) string {
		if r.State != ucare.Unknown || r.Unit == "" || r.Samples != nil {
			return ""
		}
		return decimal(r.Value)
	}},
	{"unit", func(r ucare.Reading) string { return plainCell(r.Unit) }},
	{"rate_hz", func(r ucare.Reading) string { return some(r.RateHz != 0, decimal(r.RateHz)) }},
	{"samples", func(r ucare.Reading) string { return some(r.Samples != nil, asJSON(r.Samples)) }},
	{"unknown_age", func(r ucare.Reading) string { return some(r.UnknownAge, "true") }},
	{"drill", func(r ucare.Reading) string { return some(r.Drill, "true") }},
}

var alarmColumns = []column[ucare.Alarm]{
	{"id", func(a ucare.Alarm) string { return plainCell(a.ID) }},
	{"dwelling", func(a ucare.Alarm) string { return plainCell(a.Dwelling) }},
	{"rule", func(a ucare.Alarm) string { return plainCell(string(a.Rule)) }},
	{"kind", func(a ucare.Alarm) string { return plainCell(string(a.Kind)) }},
	{"room", func(a ucare.Alarm) string { return plainCell(a.Room) }},
	{"onset", func(a ucare.Alarm) string { return stamp(a.Onset) }},
	{"raised_at", func(a ucare.Alarm) string { return stamp(a.RaisedAt) }},
	{"restored_at", func(a ucare.Alarm) string { return stamp(a.RestoredAt) }},
	{"received_at", func(a ucare.Alarm) string { return stamp(a.ReceivedAt) }},
	{"received_by", func(a ucare.Alarm) string { return plainCell(a.ReceivedBy) }},
	{"acknowledged_at", func(a ucare.Alarm) string { return stamp(a.AcknowledgedAt) }},
	{"acknowledged_by", func(a ucare.Alarm) string { return plainCell(a.AcknowledgedBy) }},
	{"closed_at", func(a ucare.Alarm) string { return stamp(a.ClosedAt) }},
	{"closed_by", func(a ucare.Alarm) string { return plainCell(a.ClosedBy) }},
	{"outcome", func(a ucare.Alarm) string { return plainCell(a.Outcome) }},
	{"drill", func(a ucare.Alarm) string { return some(a.Drill, "true") }},
	{"unknown_age", func(a ucare.Alarm) string { return some(a.UnknownAge, "true") }},
	{"because", func(a ucare.Alarm) string { return asJSON(a.Because) }},
}

var decisionColumns = []column[ucare.Decision]{
	{"at", func(d ucare.Decision) string { return stamp(d.At) }},
	{"dwelling", func(d ucare.Decision) string { return plainCell(d.Dwelling) }},
	{"rule", func(d ucare.Decision) string { return plainCell(string(d.Rule)) }},
	{"verb", func(d ucare.Decision) string { return plainCell(string(d.Verb)) }},
	{"kind", func(d ucare.Decision) string { return plainCell(string(d.Kind)) }},
	{"room", func(d ucare.Decision) string { return plainCell(d.Room) }},
	{"alarm", func(d ucare.Decision) string { return plainCell(d.Alarm) }},
	{"onset", func(d ucare.Decision) string { return stamp(d.Onset) }},
	{"drill", func(d ucare.Decision) string { return some(d.Drill, "true") }},
	{"because", func(d ucare.Decision) string { return asJSON(d.Because) }},
}

var reportColumns = []column[sentReport]{
	{"report", func(r sentReport) string { return plainCell(r.Report) }},
	{"receiver", func(r sentReport) string { return plainCell(r.Receiver) }},
	{"alarm", func(r sentReport) string { return plainCell(r.Alarm) }},
	{"at", func(r sentReport) string { return stamp(r.At) }},
	{"accepted_at", func(r sentReport) string { return stamp(r.AcceptedAt) }},
	{"attempts", func(r sentReport) string { return strconv.Itoa(r.Attempts) }},
	{"text", func(r sentReport) string { return plainCell(r.Text) }},
}

var hourColumns = []column[activity.Hour]{
	{"from", func(h activity.Hour) string { return stamp(h.From) }},
	{"dwelling", func(h activity.Hour) string { return plainCell(h.Dwelling) }},
	{"readings", func(h activity.Hour) string {
		n := 0
		for _, s := range h.Sensors {
			n += s.Readings
		}
		return strconv.Itoa(n)
	}},
	{"sensors", func(h activity.Hour) string { return asJSON(h.Sensors) }},
	{"course", func(h activity.Hour) string { return asJSON(h.Course) }},
}

var dayColumns = []column[activity.Day]{
	{"date", func(d activity.Day) string { return d.Date }},
	{"dwelling", func(d activity.Day) string { return plainCell(d.Dwelling) }},
	{"readings", func(d activity.Day) string { return strconv.Itoa(d.Readings) }},
	{"day", func(d activity.Day) string { return asJSON(d) }},
}

// writeCSV writes a table with its headings.
func writeCSV[T any](to io.Writer, t listing[T], columns []column[T], counts map[string]int64) error {
	out := csv.NewWriter(to)
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = c.head
	}
	if err := out.Write(cells); err != nil {
		return err
	}
	err := rowsOf(t, counts, func(row T) error {
		for i, c := range columns {
			cells[i] = c.cell(row)
		}
		return out.Write(cells)
	})
	if err != nil {
		return err
	}
	out.Flush()
	return out.Error()
}

// plainCell is a text that a spreadsheet takes for a text. One that begins like a
// formula would be computed, and a sensor's name comes from a device.
func plainCell(text string) string {
	if text == "" {
		return ""
	}
	if strings.ContainsRune("=+-@\t\r\n", rune(text[0])) || strings.HasPrefix(text, "＝") || strings.HasPrefix(text, "＋") || strings.HasPrefix(text, "－") || strings.HasPrefix(text, "＠") {
		return "'" + text
	}
	return text
}

func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339Nano)
}

func decimal(value float64) string { return strconv.FormatFloat(value, 'g', -1, 64) }

func some(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

func asJSON(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "?" // only what cannot be a number, which no store keeps
	}
	return string(text)
}
