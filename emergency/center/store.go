package center

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ucare-project/ucare/emergency"
	"github.com/ucare-project/ucare/sqlite"
)

// store is the centre's file. Whatever it returned from is on disk.
type store struct {
	file *sqlite.File
	name string // the centre's, for its answers
}

// longestCommit bounds how long anybody waits for a disk that hangs.
const longestCommit = 5 * time.Second

// errNoCase says that the centre knows no such alarm.
var errNoCase = errors.New("there is no such alarm")

// A received report, verified and understood.
type received struct {
	Gateway    string
	Report     emergency.Report
	Body       []byte
	At         time.Time
	ClockAhead time.Duration
}

// taken is what became of a report.
type taken struct {
	ReceivedAt time.Time // the instant of the receipt: that of the first time
	Case       Case
	Again      bool // it came before
	Conflict   bool // its id came before with another body
}

// take stores a report and folds it into its case, once. What take returns
// without an error is on disk.
func (s store) take(ctx context.Context, r received) (taken, error) {
	// A gateway that hangs up, as with a short deadline of its own, must not
	// undo the storing of its alarm.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), longestCommit)
	defer cancel()
	var result taken // not to be looked at after an error: the write may still run
	err := s.file.Write(ctx, func(tx *sqlite.Tx) (err error) {
		result = taken{ReceivedAt: r.At}
		first, body, err := storedReport(tx, r.Gateway, r.Report.ID)
		switch {
		case err != nil:
			return err
		case body == nil:
			result.Case, err = s.addReport(tx, r)
		case !bytes.Equal(body, r.Body):
			result.Conflict = true
			err = keepConflict(tx, r)
			fallthrough
		default:
			result.ReceivedAt, result.Again = first, true
			known, readErr := caseOf(tx, r.Gateway, r.Report.Alarm.ID)
			result.Case, err = known, errors.Join(err, readErr)
		}
		return err
	})
	if err != nil {
		return taken{}, fmt.Errorf("store report %s of gateway %s: %w", r.Report.ID, r.Gateway, err)
	}
	return result, nil
}

// keepConflict keeps a report for a human whose id came before with another body.
func keepConflict(tx *sqlite.Tx, r received) error {
	_, err := tx.Exec(`INSERT OR IGNORE INTO conflicts (gateway, report, received_at, body) VALUES (?, ?, ?, ?)`,
		r.Gateway, r.Report.ID, r.At.UnixMilli(), r.Body)
	return err
}

// storedReport returns a nil body when the report is new.
func storedReport(tx *sqlite.Tx, gateway, report string) (at time.Time, body []byte, err error) {
	var ms int64
	err = tx.QueryRow(`SELECT received_at, body FROM reports WHERE gateway = ? AND report = ?`, gateway, report).Scan(&ms, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil, nil
	}
	return instant(ms), body, err
}

func (s store) addReport(tx *sqlite.Tx, r received) (Case, error) {
	_, err := tx.Exec(`INSERT INTO reports (gateway, report, alarm, verb, round, received_at, clock_ahead, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		r.Gateway, r.Report.ID, r.Report.Alarm.ID, string(r.Report.Verb), r.Report.Round, r.At.UnixMilli(), r.ClockAhead.Milliseconds(), r.Body)
	if err != nil {
		return Case{}, err
	}
	c, err := caseOf(tx, r.Gateway, r.Report.Alarm.ID)
	if err != nil && !errors.Is(err, errNoCase) {
		return Case{}, err
	}
	c.Gateway = r.Gateway
	c.apply(r.Report, r.At, s.name, r.ClockAhead)
	return c, save(tx, c)
}

func caseOf(tx *sqlite.Tx, gateway, alarm string) (c Case, err error) {
	var state []byte
	err = tx.QueryRow(`SELECT state FROM alarms WHERE gateway = ? AND alarm = ?`, gateway, alarm).Scan(&state)
	if errors.Is(err, sql.ErrNoRows) {
		return Case{}, errNoCase
	}
	if err != nil {
		return Case{}, err
	}
	return c, json.Unmarshal(state, &c)
}

func save(tx *sqlite.Tx, c Case) error {
	state, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO alarms (gateway, alarm, open, ended_at, state) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (gateway, alarm) DO UPDATE SET open = excluded.open, ended_at = excluded.ended_at, state = excluded.state`,
		c.Gateway, c.Alarm.ID, c.open(), millis(firstInstant(c.Alarm.ClosedAt, c.CancelledAt)), state)
	return err
}

// An action of an operator.
type action struct {
	At       time.Time
	Operator string // the id
	Name     string
	Action   string // acknowledge, close
	Outcome  Outcome
	Words    string
}

const (
	acknowledged = "acknowledge"
	closed       = "close"
)

// act changes a case and records who did it. What changes nothing is not recorded.
func (s store) act(ctx context.Context, gateway, alarm string, a action) error {
	ctx, cancel := context.WithTimeout(ctx, longestCommit)
	defer cancel()
	err := s.file.Write(ctx, func(tx *sqlite.Tx) error {
		c, err := caseOf(tx, gateway, alarm)
		if err != nil {
			return err
		}
		changed := false
		switch a.Action {
		case acknowledged:
			changed = c.acknowledge(a.Name, a.At)
		case closed:
			changed = c.close(a.Name, a.At, a.Outcome, a.Words)
		}
		if !changed {
			return nil
		}
		_, err = tx.Exec(`INSERT INTO actions (at, operator, name, action, gateway, alarm, outcome, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			a.At.UnixMilli(), a.Operator, a.Name, a.Action, gateway, alarm, string(a.Outcome), a.Words)
		if err != nil {
			return err
		}
		return save(tx, c)
	})
	if err != nil {
		return fmt.Errorf("%s alarm %s of gateway %s: %w", a.Action, alarm, gateway, err)
	}
	return nil
}

// answers returns the answers to those of a gateway's alarms that the centre knows.
func (s store) answers(ctx context.Context, gateway string, alarms []string) (answers []emergency.Answer, err error) {
	if len(alarms) == 0 {
		return nil, nil
	}
	wanted, err := json.Marshal(alarms)
	if err != nil {
		return nil, err
	}
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
		cases, err := selectCases(tx, `SELECT state FROM alarms WHERE gateway = ? AND alarm IN (SELECT value FROM json_each(?))`, gateway, string(wanted))
		answers = answersFor(cases...)
		return err
	})
	return answers, err
}

func answersFor(cases ...Case) []emergency.Answer {
	var answers []emergency.Answer
	for _, c := range cases {
		answers = append(answers, emergency.Answer{Alarm: c.Alarm.ID, Answers: c.Alarm.Answers})
	}
	return answers
}

func selectCases(tx *sqlite.Tx, query string, args ...any) (cases []Case, err error) {
	err = eachRow(tx, func(rows *sql.Rows) error {
		var state []byte
		if err := rows.Scan(&state); err != nil {
			return err
		}
		var c Case
		if err := json.Unmarshal(state, &c); err != nil {
			return err
		}
		cases = append(cases, c)
		return nil
	}, query, args...)
	return cases, err
}

func eachRow(tx *sqlite.Tx, each func(*sql.Rows) error, query string, args ...any) (err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// cases returns all open ones in the order of sortOpen, and the ended ones, newest
// first, at most `ended` of them.
func (s store) cases(ctx context.Context, ended int) (open, recent []Case, err error) {
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
		if open, err = selectCases(tx, `SELECT state FROM alarms WHERE open = 1`); err != nil {
			return err
		}
		recent, err = selectCases(tx, `SELECT state FROM alarms WHERE open = 0 ORDER BY ended_at DESC, gateway, alarm LIMIT ?`, ended)
		return err
	})
	sortOpen(open)
	return open, recent, err
}

// A step is one line in the course of a case: a report that came or what an
// operator did.
type step struct {
	At      time.Time
	Verb    string // raise, restore, cancel, acknowledge, close
	Round   int
	By      string
	Outcome Outcome
	Words   string
}

// course returns a case with everything that happened to it, in order.
func (s store) course(ctx context.Context, gateway, alarm string) (c Case, steps []step, err error) {
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
		if c, err = caseOf(tx, gateway, alarm); err != nil {
			return err
		}
		return eachRow(tx, func(rows *sql.Rows) error {
			var st step
			var ms int64
			if err := rows.Scan(&ms, &st.Verb, &st.Round, &st.By, &st.Outcome, &st.Words); err != nil {
				return err
			}
			st.At = instant(ms)
			steps = append(steps, st)
			return nil
		}, `SELECT received_at AS at, verb, round, '' AS name, '' AS outcome, '' AS words FROM reports WHERE gateway = ?1 AND alarm = ?2
			UNION ALL SELECT at, action, 0, name, outcome, words FROM actions WHERE gateway = ?1 AND alarm = ?2
			ORDER BY at, round DESC`, gateway, alarm)
	})
	return c, steps, err
}

// A conflict is a report that a human has to look at.
type conflict struct {
	Gateway, Report string
	At              time.Time
}

func (s store) conflicts(ctx context.Context, max int) (all []conflict, err error) {
	err = s.file.Read(ctx, func(tx *sqlite.Tx) error {
		return eachRow(tx, func(rows *sql.Rows) error {
			var c conflict
			var ms int64
			if err := rows.Scan(&c.Gateway, &c.Report, &ms); err != nil {
				return err
			}
			c.At = instant(ms)
			all = append(all, c)
			return nil
		}, `SELECT gateway, report, received_at FROM conflicts ORDER BY seq DESC LIMIT ?`, max)
	})
	return all, err
}

// alive reports whether the file can be read.
func (s store) alive(ctx context.Context) error {
	return s.file.Read(ctx, func(tx *sqlite.Tx) error {
		var n int
		return tx.QueryRow(`SELECT count(*) FROM sqlite_schema`).Scan(&n)
	})
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
