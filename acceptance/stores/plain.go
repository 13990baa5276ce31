package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/acceptance/load"
	"github.com/ucare-project/ucare/activity"
)

// plainSQLite is one table and one prepared statement, as anybody would write it: no keys of
// names, no sums, no queue.
type plainSQLite struct{ db *sql.DB }

const plainTable = `CREATE TABLE reading (dwelling TEXT, at INTEGER, sensor TEXT, kind TEXT, room TEXT, state INTEGER,
	value REAL, unit TEXT, rate_hz REAL, samples TEXT, unknown_age INTEGER, drill INTEGER);
	CREATE INDEX by_time ON reading (dwelling, at);
	CREATE TABLE hour (dwelling TEXT, at INTEGER, json TEXT); CREATE INDEX hour_by_time ON hour (dwelling, at);
	CREATE TABLE day (dwelling TEXT, at INTEGER, json TEXT); CREATE INDEX day_by_time ON day (dwelling, at)`

func openPlainSQLite(ctx context.Context, path string) (plainSQLite, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)")
	if err != nil {
		return plainSQLite{}, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, plainTable)
	return plainSQLite{db}, err
}

func (p plainSQLite) append(ctx context.Context, readings []ucare.Reading) (time.Duration, error) {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }() // nothing after the commit
	insert, err := tx.PrepareContext(ctx, "INSERT INTO reading VALUES (?,?,?,?,?,?,?,?,?,?,?,?)")
	if err != nil {
		return 0, err
	}
	for _, r := range readings {
		var samples any
		if r.Samples != nil {
			text, err := json.Marshal(r.Samples)
			if err != nil {
				return 0, err
			}
			samples = text
		}
		if _, err := insert.ExecContext(ctx, r.Dwelling, r.At.UnixNano(), r.Sensor, string(r.Kind), r.Room, int(r.State),
			r.Value, r.Unit, r.RateHz, samples, r.UnknownAge, r.Drill); err != nil {
			return 0, err
		}
	}
	return 0, tx.Commit()
}

func (p plainSQLite) raw(ctx context.Context, dwelling string, from, to time.Time) (n int, err error) {
	rows, err := p.db.QueryContext(ctx, `SELECT at, sensor, kind, room, state, value, unit, rate_hz, samples, unknown_age, drill
		FROM reading WHERE dwelling = ? AND at >= ? AND at < ? ORDER BY at`, dwelling, from.UnixNano(), to.UnixNano())
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for ; rows.Next(); n++ {
		var r ucare.Reading
		var at int64
		var samples sql.Null[[]byte]
		if err := rows.Scan(&at, &r.Sensor, &r.Kind, &r.Room, &r.State, &r.Value, &r.Unit, &r.RateHz, &samples, &r.UnknownAge, &r.Drill); err != nil {
			return n, err
		}
	}
	return n, rows.Err()
}

// keep stores hours and days as JSON.
func (p plainSQLite) keep(ctx context.Context, dwelling string, hours []activity.Hour, days []activity.Day) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing after the commit
	insert := func(table string, at time.Time, v any) error {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO "+table+" VALUES (?,?,?)", dwelling, at.UnixNano(), text)
		return err
	}
	for _, h := range hours {
		if err := insert("hour", h.From, h); err != nil {
			return err
		}
	}
	for _, d := range days {
		if err := insert("day", d.From, d); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// summed reads hours or days and decodes them.
func summed[T any](p plainSQLite, table string) asked {
	return func(ctx context.Context, dwelling string, from, to time.Time) (n int, err error) {
		rows, err := p.db.QueryContext(ctx, "SELECT json FROM "+table+" WHERE dwelling = ? AND at >= ? AND at < ? ORDER BY at",
			dwelling, from.UnixNano(), to.UnixNano())
		if err != nil {
			return 0, err
		}
		defer rows.Close()
		for ; rows.Next(); n++ {
			var text []byte
			if err := rows.Scan(&text); err != nil {
				return n, err
			}
			if err := json.Unmarshal(text, new(T)); err != nil {
				return n, err
			}
		}
		return n, rows.Err()
	}
}

// plainInflux is an InfluxDB to which line protocol and Flux are posted, ready made.
type plainInflux struct {
	server, bucket string
	numbers        *numbers
}

// make makes the database, "database/policy", to keep everything.
func (p plainInflux) make(ctx context.Context) error {
	database, policy, _ := strings.Cut(p.bucket, "/")
	query := fmt.Sprintf("CREATE DATABASE %q WITH DURATION INF NAME %q", database, policy)
	_, err := p.post(ctx, "/query?q="+url.QueryEscape(query), "", "")
	return err
}

// append is timed without the making of the lines.
func (p plainInflux) append(ctx context.Context, readings []ucare.Reading) (time.Duration, error) {
	var lines strings.Builder
	for _, point := range p.numbers.points(readings) {
		r := point.Reading
		lines.WriteString(load.Point(r, point.N, r.Dwelling, r.Sensor))
		lines.WriteByte('\n')
	}
	began := time.Now()
	_, err := p.post(ctx, "/api/v2/write?bucket="+p.bucket, "text/plain", lines.String())
	return time.Since(began), err
}

// raw counts the points of a time: the fields that each has.
func (p plainInflux) raw(ctx context.Context, dwelling string, from, to time.Time) (int, error) {
	return p.rows(ctx, fmt.Sprintf(`from(bucket: %q) |> range(start: %s, stop: %s)
		|> filter(fn: (r) => r._measurement == "reading" and r.dwelling == %q and (r._field == "active" or r._field == "value" or r._field == "samples"))`,
		p.bucket, from.Format(time.RFC3339), to.Format(time.RFC3339), dwelling))
}

// summed counts the hours or days that history/influx has stored, of its one home.
func (p plainInflux) summed(measurement string) asked {
	return func(ctx context.Context, _ string, from, to time.Time) (int, error) {
		return p.rows(ctx, fmt.Sprintf(`from(bucket: %q) |> range(start: %s, stop: %s)
			|> filter(fn: (r) => r._measurement == %q and r._field == "json") |> keep(columns: ["_time", "_value"])`,
			hoursBucket, from.Format(time.RFC3339), to.Format(time.RFC3339), measurement))
	}
}

// rows is how many rows an answer has.
func (p plainInflux) rows(ctx context.Context, flux string) (int, error) {
	body, err := json.Marshal(map[string]any{"query": flux, "type": "flux"})
	if err != nil {
		return 0, err
	}
	return p.post(ctx, "/api/v2/query", "application/json", string(body))
}

func (p plainInflux) post(ctx context.Context, path, contentType, body string) (rows int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.server+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		return 0, fmt.Errorf("%s: %s", response.Status, text)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if line := lines.Text(); strings.HasPrefix(line, ",") && !strings.HasPrefix(line, ",result,") {
			rows++
		}
	}
	return rows, lines.Err()
}
