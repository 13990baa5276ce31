package journal

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/ucare-project/ucare/sqlite"
)

// An EntryKind is what an entry is about.
type EntryKind string

// The kinds of entry.
const (
	Message  EntryKind = "message"   // an MQTT message was received
	Tick     EntryKind = "tick"      // an instant came at which a rule had to look
	Answer   EntryKind = "answer"    // a centre answered for an alarm
	Start    EntryKind = "start"     // the gateway started, after having been deaf
	Deaf     EntryKind = "deaf"      // the sensors could not be heard for a while
	ClockSet EntryKind = "clock_set" // the wall clock was set
	Profile  EntryKind = "profile"   // what the history taught about the resident; payload {"dwelling", "profile"}
)

// An Entry is one thing that can change a decision.
type Entry struct {
	// Seq is the place in the log, from 1; Append sets it. It only grows.
	Seq int64
	// At is the gateway's wall clock when it was received.
	At   time.Time
	Kind EntryKind
	// Source is where it came from: "broker:<client id>", "client:<broker url>".
	Source string
	Topic  string
	// Payload is the MQTT payload; JSON for the other kinds.
	Payload             []byte
	QoS                 byte
	Retained, Duplicate bool
}

// Append puts an entry at the end of the log. When it returns nil the entry is
// on the disk, and only then may its sender hear so. Concurrent calls share a
// commit. On a full disk it gives up the ballast once and tries again.
//
// When ctx ends Append stops waiting, but the entry may still be stored.
func (j *Journal) Append(ctx context.Context, e Entry) (Entry, error) {
	var stored Entry
	err := j.write(ctx, func(tx *sqlite.Tx) (err error) {
		stored, err = appendEntry(tx, e)
		return err
	})
	if err != nil {
		j.wake() // for the entry that is stored though its caller left
		return Entry{}, fmt.Errorf("journal: append %s of %q: %w", e.Kind, e.Topic, err)
	}
	j.tail.add(stored)
	j.wake()
	return stored, nil
}

// appendEntry stores an entry and returns it as it will be read again.
func appendEntry(tx *sqlite.Tx, e Entry) (Entry, error) {
	if e.Payload == nil {
		e.Payload = []byte{}
	}
	e.At = instant(nanos(e.At))
	done, err := tx.Exec(`INSERT INTO entries (at, kind, source, topic, payload, qos, retained, duplicate) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		nanos(e.At), string(e.Kind), e.Source, e.Topic, e.Payload, int64(e.QoS), bit(e.Retained), bit(e.Duplicate))
	if err != nil {
		return Entry{}, err
	}
	e.Seq, err = done.LastInsertId()
	return e, err
}

// Appended is signalled when something was appended. One signal can stand for
// many entries: read with After until there are no more.
func (j *Journal) Appended() <-chan struct{} { return j.appended }

func (j *Journal) wake() {
	select {
	case j.appended <- struct{}{}:
	default: // a signal is waiting already
	}
}

// After returns at most most entries that follow the place seq, in order. Most
// must be positive.
func (j *Journal) After(ctx context.Context, seq int64, most int) ([]Entry, error) {
	if entries := j.tail.after(seq, most); len(entries) > 0 {
		return entries, nil
	}
	entries, err := entriesAfter(ctx, j.file, seq, most, noBound)
	if err != nil {
		return nil, fmt.Errorf("journal: read entries after %d: %w", seq, err)
	}
	return entries, nil
}

// noBound lets a reader take payloads of any size at once.
const noBound = math.MaxInt

// entriesAfter reads at most most entries that follow the place seq. It ends early when
// their payloads are over a bound, with at least one.
func entriesAfter(ctx context.Context, file *sqlite.File, seq int64, most, bytes int) (entries []Entry, err error) {
	err = file.Read(ctx, func(tx *sqlite.Tx) error {
		rows, err := tx.Query(`SELECT seq, at, kind, source, topic, payload, qos, retained, duplicate FROM entries WHERE seq > ? ORDER BY seq LIMIT ?`, seq, most)
		if err != nil {
			return err
		}
		for rows.Next() && bytes > 0 {
			var e Entry
			var at int64
			if err := rows.Scan(&e.Seq, &at, &e.Kind, &e.Source, &e.Topic, &e.Payload, &e.QoS, &e.Retained, &e.Duplicate); err != nil {
				return err
			}
			e.At = instant(at)
			entries, bytes = append(entries, e), bytes-len(e.Payload)
		}
		return rows.Err()
	})
	return entries, err
}

// bit is the form of a bool in the file.
func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
