package center

// migrations of the centre's file. What was received and what was done can only
// be added to: the triggers hold that against our own mistakes.
//
// Instants are milliseconds since 1970; 0 is "not yet".
var migrations = []string{`
CREATE TABLE reports (              -- what gateways sent, byte for byte
	seq         INTEGER PRIMARY KEY,
	gateway     TEXT NOT NULL,
	report      TEXT NOT NULL,
	alarm       TEXT NOT NULL,
	verb        TEXT NOT NULL,
	round       INTEGER NOT NULL,
	received_at INTEGER NOT NULL,
	clock_ahead INTEGER NOT NULL,   -- ms, 0 within the tolerance
	body        BLOB NOT NULL,
	UNIQUE (gateway, report)
) STRICT;
CREATE INDEX reports_alarm ON reports (gateway, alarm);

CREATE TABLE conflicts (            -- a report whose id came before with another body: for a human
	seq         INTEGER PRIMARY KEY,
	gateway     TEXT NOT NULL,
	report      TEXT NOT NULL,
	received_at INTEGER NOT NULL,
	body        BLOB NOT NULL,
	UNIQUE (gateway, report, body)
) STRICT;

CREATE TABLE alarms (               -- the fold of reports and actions
	gateway  TEXT NOT NULL,
	alarm    TEXT NOT NULL,
	open     INTEGER NOT NULL,
	ended_at INTEGER NOT NULL,      -- when it was closed or cancelled
	state    BLOB NOT NULL,         -- the Case as JSON
	PRIMARY KEY (gateway, alarm)
) STRICT;
CREATE INDEX alarms_open ON alarms (open) WHERE open = 1;
CREATE INDEX alarms_ended ON alarms (ended_at) WHERE open = 0;

CREATE TABLE actions (              -- what operators did
	seq     INTEGER PRIMARY KEY,
	at      INTEGER NOT NULL,
	operator TEXT NOT NULL,         -- the id
	name    TEXT NOT NULL,          -- as it was then
	action  TEXT NOT NULL,          -- acknowledge, close
	gateway TEXT NOT NULL,
	alarm   TEXT NOT NULL,
	outcome TEXT NOT NULL,
	words   TEXT NOT NULL
) STRICT;
CREATE INDEX actions_alarm ON actions (gateway, alarm);

CREATE TABLE gateways (             -- what was last heard of each
	gateway TEXT PRIMARY KEY,
	state   BLOB NOT NULL
) STRICT;

CREATE TABLE silences (             -- when a gateway was not heard
	seq         INTEGER PRIMARY KEY,
	gateway     TEXT NOT NULL,
	last_heard  INTEGER NOT NULL,   -- 0: never
	raised_at   INTEGER NOT NULL,
	restored_at INTEGER NOT NULL,
	UNIQUE (gateway, raised_at)
) STRICT;

CREATE TRIGGER reports_stay   BEFORE DELETE ON reports   BEGIN SELECT RAISE(ABORT, 'reports are kept'); END;
CREATE TRIGGER reports_as_is  BEFORE UPDATE ON reports   BEGIN SELECT RAISE(ABORT, 'reports are kept as they came'); END;
CREATE TRIGGER actions_stay   BEFORE DELETE ON actions   BEGIN SELECT RAISE(ABORT, 'actions are kept'); END;
CREATE TRIGGER actions_as_is  BEFORE UPDATE ON actions   BEGIN SELECT RAISE(ABORT, 'actions are kept as they were'); END;
CREATE TRIGGER conflicts_stay  BEFORE DELETE ON conflicts BEGIN SELECT RAISE(ABORT, 'conflicts are kept'); END;
CREATE TRIGGER conflicts_as_is BEFORE UPDATE ON conflicts BEGIN SELECT RAISE(ABORT, 'conflicts are kept as they came'); END;
`}
