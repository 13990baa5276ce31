package journal

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// storeAlarm stores what the rules know about an alarm, and what is new in its
// answers. An alarm that was raised stays raised.
func storeAlarm(tx *sqlite.Tx, a ucare.Alarm) error {
	if a.ID == "" {
		return fmt.Errorf("an alarm of dwelling %q has no name", a.Dwelling)
	}
	because, err := json.Marshal(a.Because)
	if err != nil {
		return fmt.Errorf("alarm %s: %w", a.ID, err)
	}
	_, err = tx.Exec(`
		INSERT INTO alarms (id, dwelling, rule, kind, room, onset, raised_at, restored_at, because, unknown_age, drill, confirmed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET
			dwelling = excluded.dwelling, rule = excluded.rule, kind = excluded.kind, room = excluded.room, onset = excluded.onset,
			raised_at = CASE excluded.raised_at WHEN 0 THEN raised_at ELSE excluded.raised_at END,
			restored_at = excluded.restored_at, because = excluded.because,
			unknown_age = excluded.unknown_age, drill = excluded.drill, confirmed = excluded.confirmed`,
		a.ID, a.Dwelling, string(a.Rule), string(a.Kind), a.Room, nanos(a.Onset), nanos(a.RaisedAt), nanos(a.RestoredAt),
		string(because), bit(a.UnknownAge), bit(a.Drill), a.Confirmed)
	if err != nil || a.Answers == (ucare.Answers{}) {
		return err
	}
	_, _, err = mergeAnswers(tx, a.ID, a.Answers)
	return err
}

// mergeAnswers adds to the stored answers what they do not have yet.
func mergeAnswers(tx *sqlite.Tx, alarm string, a ucare.Answers) (merged ucare.Answers, isNew bool, err error) {
	var r answersRow
	err = tx.QueryRow(`SELECT received_at, received_by, acknowledged_at, acknowledged_by, closed_at, closed_by, outcome
		FROM answers WHERE alarm = ?`, alarm).Scan(r.fields()...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return merged, false, err
	}
	merged = r.answers()
	if !merged.Merge(a) {
		return merged, false, nil
	}
	_, err = tx.Exec(`
		INSERT OR REPLACE INTO answers (alarm, received_at, received_by, acknowledged_at, acknowledged_by, closed_at, closed_by, outcome)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		alarm, nanos(merged.ReceivedAt), merged.ReceivedBy, nanos(merged.AcknowledgedAt), merged.AcknowledgedBy,
		nanos(merged.ClosedAt), merged.ClosedBy, merged.Outcome)
	return merged, true, err
}

// An AnswerPayload is the payload of an Answer entry: all that a centre has
// answered for the alarm so far.
type AnswerPayload struct {
	Alarm string `json:"alarm"`
	ucare.Answers
}

// Answered stores what is new in the answers to an alarm and appends an Answer
// entry, received at at, in the same transaction. It reports whether anything
// was new; nothing is appended otherwise. Answers to an alarm that the journal
// does not know are kept for when it does: a centre can be quicker than a disk
// that refuses.
func (j *Journal) Answered(ctx context.Context, alarm string, at time.Time, a ucare.Answers) (isNew bool, err error) {
	var fresh bool
	var stored Entry
	err = j.write(ctx, func(tx *sqlite.Tx) error {
		merged, isNew, err := mergeAnswers(tx, alarm, a)
		if fresh = isNew; err != nil || !isNew {
			return err
		}
		payload, err := json.Marshal(AnswerPayload{Alarm: alarm, Answers: merged})
		if err != nil {
			return err
		}
		stored, err = appendEntry(tx, Entry{At: at, Kind: Answer, Source: "center", Payload: payload})
		return err
	})
	if err != nil {
		j.wake()
		return false, fmt.Errorf("journal: store the answers to alarm %s: %w", alarm, err)
	}
	if fresh {
		j.tail.add(stored)
		j.wake()
	}
	return fresh, nil
}

const selectAlarms = `
	SELECT id, dwelling, rule, kind, room, onset, raised_at, restored_at, because, unknown_age, drill, confirmed,
		coalesce(received_at, 0), coalesce(received_by, ''), coalesce(acknowledged_at, 0), coalesce(acknowledged_by, ''),
		coalesce(closed_at, 0), coalesce(closed_by, ''), coalesce(outcome, '')
	FROM alarms LEFT JOIN answers ON answers.alarm = alarms.id `

// OpenAlarms returns the alarms that no centre has closed, drills included,
// oldest first.
func (j *Journal) OpenAlarms(ctx context.Context) ([]ucare.Alarm, error) {
	return alarmsIn(ctx, j.file, selectAlarms+`WHERE coalesce(closed_at, 0) = 0 ORDER BY onset, id`)
}

// Knows reports whether the alarm is in the journal.
func (j *Journal) Knows(ctx context.Context, alarm string) (known bool, err error) {
	err = j.file.Read(ctx, func(tx *sqlite.Tx) error {
		return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM alarms WHERE id = ?)`, alarm).Scan(&known)
	})
	if err != nil {
		return false, fmt.Errorf("journal: look for alarm %s: %w", alarm, err)
	}
	return known, nil
}

// Alarms returns the alarms raised from one instant up to and without another,
// oldest first; of all dwellings if dwelling is empty. An alarm that was not
// raised counts by its onset.
func (j *Journal) Alarms(ctx context.Context, dwelling string, from, to time.Time) ([]ucare.Alarm, error) {
	return alarmsBetween(ctx, j.file, dwelling, from, to)
}

// alarmsBetween reads what [Journal.Alarms] returns.
func alarmsBetween(ctx context.Context, file *sqlite.File, dwelling string, from, to time.Time) ([]ucare.Alarm, error) {
	return alarmsIn(ctx, file, selectAlarms+`
		WHERE (? = '' OR dwelling = ?)
			AND CASE raised_at WHEN 0 THEN onset ELSE raised_at END >= ?
			AND CASE raised_at WHEN 0 THEN onset ELSE raised_at END < ?
		ORDER BY CASE raised_at WHEN 0 THEN onset ELSE raised_at END, id`,
		dwelling, dwelling, nanos(from), nanos(to))
}

func alarmsIn(ctx context.Context, file *sqlite.File, query string, args ...any) ([]ucare.Alarm, error) {
	var alarms []ucare.Alarm
	err := file.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		for rows.Next() {
			a, err := scanAlarm(rows)
			if err != nil {
				return err
			}
			alarms = append(alarms, a)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("journal: read alarms: %w", err)
	}
	return alarms, nil
}

func scanAlarm(rows *sql.Rows) (ucare.Alarm, error) {
	var a ucare.Alarm
	var onset, raised, restored int64
	var because []byte
	var r answersRow
	err := rows.Scan(append([]any{
		&a.ID, &a.Dwelling, &a.Rule, &a.Kind, &a.Room, &onset, &raised, &restored, &because, &a.UnknownAge, &a.Drill, &a.Confirmed,
	}, r.fields()...)...)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(because, &a.Because); err != nil {
		return a, fmt.Errorf("alarm %s: %w", a.ID, err)
	}
	a.Onset, a.RaisedAt, a.RestoredAt = instant(onset), instant(raised), instant(restored)
	a.Answers = r.answers()
	return a, nil
}

// answersRow is how answers stand in the file.
type answersRow struct {
	received, acknowledged, closed                int64
	receivedBy, acknowledgedBy, closedBy, outcome string
}

func (r *answersRow) fields() []any {
	return []any{&r.received, &r.receivedBy, &r.acknowledged, &r.acknowledgedBy, &r.closed, &r.closedBy, &r.outcome}
}

func (r *answersRow) answers() ucare.Answers {
	return ucare.Answers{
		ReceivedAt: instant(r.received), ReceivedBy: r.receivedBy,
		AcknowledgedAt: instant(r.acknowledged), AcknowledgedBy: r.acknowledgedBy,
		ClosedAt: instant(r.closed), ClosedBy: r.closedBy, Outcome: r.outcome,
	}
}
