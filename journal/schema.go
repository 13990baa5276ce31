package journal

import "time"

// migrations are the versions of the schema, oldest first. Released ones are
// never changed. Instants are nanoseconds since 1970 in UTC, 0 for "has not
// happened".
//
// An alarm is in two tables because two sides own it: the rules what happened,
// the centre what it answered. Neither can overwrite the other.
var migrations = [...]string{`
CREATE TABLE entries (
	seq       INTEGER PRIMARY KEY,
	at        INTEGER NOT NULL,
	kind      TEXT    NOT NULL,
	source    TEXT    NOT NULL,
	topic     TEXT    NOT NULL,
	payload   BLOB    NOT NULL,
	qos       INTEGER NOT NULL,
	retained  INTEGER NOT NULL,
	duplicate INTEGER NOT NULL
) STRICT;

CREATE TABLE positions (
	reader TEXT PRIMARY KEY,
	seq    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
	at       INTEGER NOT NULL,
	body     TEXT    NOT NULL,
	seq      INTEGER NOT NULL,
	dwelling TEXT    NOT NULL,
	alarm    TEXT    NOT NULL,
	PRIMARY KEY (at, body)
) STRICT, WITHOUT ROWID;

CREATE TABLE alarms (
	id          TEXT PRIMARY KEY,
	dwelling    TEXT    NOT NULL,
	rule        TEXT    NOT NULL,
	kind        TEXT    NOT NULL,
	room        TEXT    NOT NULL,
	onset       INTEGER NOT NULL,
	raised_at   INTEGER NOT NULL,
	restored_at INTEGER NOT NULL,
	because     TEXT    NOT NULL,
	unknown_age INTEGER NOT NULL,
	drill       INTEGER NOT NULL
) STRICT;

CREATE TABLE answers (
	alarm           TEXT PRIMARY KEY,
	received_at     INTEGER NOT NULL,
	received_by     TEXT    NOT NULL,
	acknowledged_at INTEGER NOT NULL,
	acknowledged_by TEXT    NOT NULL,
	closed_at       INTEGER NOT NULL,
	closed_by       TEXT    NOT NULL,
	outcome         TEXT    NOT NULL
) STRICT;

CREATE TABLE outbox (
	report       TEXT    NOT NULL,
	receiver     TEXT    NOT NULL,
	alarm        TEXT    NOT NULL,
	body         BLOB    NOT NULL,
	priority     INTEGER NOT NULL,
	created_at   INTEGER NOT NULL,
	attempts     INTEGER NOT NULL DEFAULT 0,
	attempted_at INTEGER NOT NULL DEFAULT 0,
	last_error   TEXT    NOT NULL DEFAULT '',
	accepted_at  INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (report, receiver)
) STRICT;
CREATE INDEX outbox_unaccepted ON outbox (priority, created_at) WHERE accepted_at = 0;

CREATE TABLE checkpoints (
	reader  TEXT PRIMARY KEY,
	seq     INTEGER NOT NULL,
	version TEXT    NOT NULL,
	state   BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
`, `
ALTER TABLE alarms ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;
`, `
CREATE TABLE identity (id TEXT NOT NULL) STRICT;
INSERT INTO identity (id) VALUES (lower(hex(randomblob(16))));
`}

// watch names the watch loop in the tables positions and checkpoints.
const watch = "watch"

// nanos is the form of an instant in the file. What does not fit into 64 bits,
// the years before 1678 and after 2262, becomes the nearest that does: a
// nonsensical date must not keep an alarm from being stored.
func nanos(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Before(earliest):
		return earliest.UnixNano()
	case t.After(latest):
		return latest.UnixNano()
	}
	return t.UnixNano()
}

// instant is the reverse of nanos, in UTC.
func instant(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

var (
	earliest = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)
