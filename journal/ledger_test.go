package journal

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/ucare-project/ucare"
	"github.com/ucare-project/ucare/sqlite"
)

// look compares the journal with the ledger.
func (l *life) look(j *Journal) error {
	if err := integrity(j); err != nil {
		return err
	}
	entries, err := j.After(context.Background(), 0, math.MaxInt32)
	if err != nil {
		return err
	}
	if err := l.lookAtEntries(entries); err != nil {
		return err
	}
	return l.lookAtDecisions(j, entries)
}

func integrity(j *Journal) error {
	var verdict string
	err := j.file.Read(context.Background(), func(tx *sqlite.Tx) error {
		return tx.QueryRow(`PRAGMA integrity_check`).Scan(&verdict)
	})
	if err == nil && verdict != "ok" {
		err = fmt.Errorf("integrity_check: %s", verdict)
	}
	return err
}

// lookAtEntries holds that the log has no gap, nothing invented, nothing twice
// and everything acknowledged at its place.
func (l *life) lookAtEntries(entries []Entry) error {
	there := map[string]Entry{}
	answers := 0
	for i, e := range entries {
		if e.Seq != int64(i+1) {
			return fmt.Errorf("place %d of the log has the number %d", i+1, e.Seq)
		}
		if e.Kind == Answer {
			answers++
			continue
		}
		if _, twice := there[e.Topic]; twice {
			return fmt.Errorf("entry %s is there twice", e.Topic)
		}
		tried, ok := l.tried[e.Topic]
		if tried.Seq = e.Seq; !ok || !same(tried, e) {
			return fmt.Errorf("entry %s is not what was appended", e.Topic)
		}
		there[e.Topic] = e
	}
	for topic, want := range l.acked {
		got, ok := there[topic]
		if !ok {
			return lostError(fmt.Sprintf("entry %s, acknowledged at place %d, is gone", topic, want.Seq))
		}
		if !same(got, want) {
			return fmt.Errorf("entry %s is at place %d, it was acknowledged at %d", topic, got.Seq, want.Seq)
		}
	}
	if answers < len(l.answered) {
		return lostError(fmt.Sprintf("%d answers in the log, %d were acknowledged", answers, len(l.answered)))
	}
	return nil
}

func same(a, b Entry) bool {
	payloads := bytes.Equal(a.Payload, b.Payload)
	return payloads && a.Seq == b.Seq && a.At.Equal(b.At) && a.Kind == b.Kind && a.Source == b.Source && a.Topic == b.Topic &&
		a.QoS == b.QoS && a.Retained == b.Retained && a.Duplicate == b.Duplicate
}

// lookAtDecisions holds that every fold is there as a whole or not at all, and
// those that were acknowledged are there.
func (l *life) lookAtDecisions(j *Journal, entries []Entry) error {
	ctx := context.Background()
	at, err := j.Position(ctx)
	if err != nil {
		return err
	}
	if at > int64(len(entries)) {
		return fmt.Errorf("decided up to %d, the log ends at %d", at, len(entries))
	}
	var wholes wholes
	if err := wholes.read(j); err != nil {
		return err
	}
	for seq := int64(1); seq <= int64(len(entries)); seq++ {
		n, err := wholes.of(seq, at)
		if err != nil {
			return err
		}
		if _, acked := l.decided[seq]; acked && n == 0 {
			return lostError(fmt.Sprintf("what was decided at %d is gone", seq))
		}
	}
	for alarm, a := range l.answered {
		if got := wholes.alarms[alarm].Answers; got != a {
			return lostError(fmt.Sprintf("alarm %s has the answers %+v, acknowledged were %+v", alarm, got, a))
		}
	}
	for report := range l.accepted {
		if !wholes.accepted[report] {
			return lostError(fmt.Sprintf("report %s is not accepted any more", report))
		}
	}
	c, err := j.LoadCheckpoint(ctx)
	if err == nil && c.Seq < l.saved {
		err = lostError(fmt.Sprintf("the checkpoint is at %d, one at %d was saved", c.Seq, l.saved))
	}
	return err
}

// wholes is what folds have left in the journal.
type wholes struct {
	decisions map[string]bool // by alarm
	alarms    map[string]ucare.Alarm
	outbox    map[string][]byte // bodies by report
	accepted  map[string]bool   // by report
}

func (w *wholes) read(j *Journal) error {
	ctx := context.Background()
	*w = wholes{decisions: map[string]bool{}, alarms: map[string]ucare.Alarm{}, outbox: map[string][]byte{}, accepted: map[string]bool{}}
	decisions, err := j.Decisions(ctx, "home", time.Unix(0, 0), latest)
	if err != nil {
		return err
	}
	for _, d := range decisions {
		w.decisions[d.Alarm] = true
	}
	alarms, err := j.Alarms(ctx, "", time.Unix(0, 0), latest)
	if err != nil {
		return err
	}
	for _, a := range alarms {
		w.alarms[a.ID] = a
	}
	return j.file.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT report, body, accepted_at FROM outbox`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var report string
			var body []byte
			var accepted int64
			if err := rows.Scan(&report, &body, &accepted); err != nil {
				return err
			}
			w.outbox[report], w.accepted[report] = body, accepted != 0
		}
		return rows.Err()
	})
}

// of counts what is there of the fold at a place: nothing, or all three parts
// and a position that covers it.
func (w *wholes) of(seq, position int64) (int, error) {
	f := foldOf(seq)
	alarm, isAlarm := w.alarms[f.Alarms[0].ID]
	body, isQueued := w.outbox[f.Deliveries[0].Report]
	n := 0
	for _, there := range []bool{w.decisions[f.Decisions[0].Alarm], isAlarm, isQueued} {
		if there {
			n++
		}
	}
	alarm.Answers = ucare.Answers{}
	switch {
	case n == 0:
		return 0, nil
	case n < 3 || position < seq:
		return n, fmt.Errorf("of the fold at %d there are %d of 3 parts, the position is %d", seq, n, position)
	case !bytes.Equal(body, f.Deliveries[0].Body) || !slices.Equal(alarm.Because, f.Alarms[0].Because) || !alarm.Onset.Equal(f.Alarms[0].Onset):
		return n, fmt.Errorf("the fold at %d is not what was decided", seq)
	}
	return n, nil
}
