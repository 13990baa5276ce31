package embedded

// migrations are the versions of the schema, oldest first. Released ones are never
// changed.
var migrations = []string{`
CREATE TABLE reading (
	dwelling TEXT    NOT NULL,
	at       INTEGER NOT NULL, -- nanoseconds since 1970, UTC
	sensor   TEXT    NOT NULL,
	kind     TEXT    NOT NULL,
	room     TEXT    NOT NULL,
	state    INTEGER NOT NULL, -- 0 unknown, 1 inactive, 2 active
	value    REAL,             -- with a unit
	unit     TEXT,
	rate_hz  REAL,
	samples  TEXT,             -- JSON [[x,y,z],…]
	unknown_age INTEGER NOT NULL,
	drill       INTEGER NOT NULL,
	PRIMARY KEY (dwelling, at, sensor, kind)
) WITHOUT ROWID;
`, numbered + `
ALTER TABLE reading RENAME TO reading_1;
` + tables + moveIn + `
DROP TABLE reading_1;
` + view}

// numbered are the names, each said once: a reading refers to them with a number of one
// or two bytes. A number is never given twice.
const numbered = `
CREATE TABLE dwelling (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL UNIQUE,
	zone TEXT NOT NULL DEFAULT '' -- of the clock that the days are of
) STRICT;

CREATE TABLE series (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	dwelling INTEGER NOT NULL,
	sensor   TEXT    NOT NULL,
	kind     TEXT    NOT NULL,
	UNIQUE (dwelling, sensor, kind)
) STRICT;

-- What readings of a series have in common: few values, and always the same together.
CREATE TABLE form (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	series      INTEGER NOT NULL,
	room        TEXT    NOT NULL,
	unit        TEXT    NOT NULL,
	state       INTEGER NOT NULL, -- 0 unknown, 1 inactive, 2 active
	unknown_age INTEGER NOT NULL,
	drill       INTEGER NOT NULL,
	UNIQUE (series, room, unit, state, unknown_age, drill)
) STRICT;
`

// tables are the history. Instants are nanoseconds since 1970, hours are hours since
// 1970, both UTC. Marks are numbers of changes, from progress.
const tables = `
CREATE TABLE reading (
	dwelling INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	series   INTEGER NOT NULL,
	n        INTEGER NOT NULL, -- of those of one series and instant, from 0
	form     INTEGER NOT NULL,
	value    REAL,             -- NULL without a unit
	window   TEXT,             -- JSON {"rate_hz": …, "samples": [[x,y,z],…]}
	PRIMARY KEY (dwelling, at, series, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE dirty (
	dwelling INTEGER NOT NULL,
	hour     INTEGER NOT NULL,
	mark     INTEGER NOT NULL, -- the change that made it so
	PRIMARY KEY (dwelling, hour)
) STRICT, WITHOUT ROWID;

CREATE TABLE hour (
	id       INTEGER PRIMARY KEY,
	dwelling INTEGER NOT NULL,
	hour     INTEGER NOT NULL,
	sensors  BLOB    NOT NULL,           -- packed, see pack.go
	course   BLOB    NOT NULL,           -- packed
	trimmed  INTEGER NOT NULL DEFAULT 0, -- 1: readings of it were removed
	stale    INTEGER NOT NULL,           -- 1: it is not noted yet that its days have to be made again
	waiting  INTEGER NOT NULL,           -- the change that the InfluxDB does not know yet, or 0
	UNIQUE (dwelling, hour)
) STRICT;
CREATE INDEX hour_stale   ON hour (dwelling, hour) WHERE stale > 0;
CREATE INDEX hour_waiting ON hour (dwelling, hour) WHERE waiting > 0;

CREATE TABLE day (
	id       INTEGER PRIMARY KEY,
	dwelling INTEGER NOT NULL,
	date     TEXT    NOT NULL, -- 2006-01-02
	body     TEXT    NOT NULL, -- JSON
	waiting  INTEGER NOT NULL, -- as of an hour
	UNIQUE (dwelling, date)
) STRICT;
CREATE INDEX day_waiting ON day (dwelling, date) WHERE waiting > 0;

CREATE TABLE stale (
	dwelling INTEGER NOT NULL,
	date     TEXT    NOT NULL,
	mark     INTEGER NOT NULL, -- the change that made it so
	PRIMARY KEY (dwelling, date)
) STRICT, WITHOUT ROWID;

-- The readings that an InfluxDB has to take, and those that it refuses.
CREATE TABLE queue (
	dwelling INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	series   INTEGER NOT NULL,
	n        INTEGER NOT NULL,
	PRIMARY KEY (dwelling, at, series, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE aside (
	dwelling INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	series   INTEGER NOT NULL,
	n        INTEGER NOT NULL,
	reason   TEXT    NOT NULL,
	PRIMARY KEY (dwelling, at, series, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE place (
	id    INTEGER PRIMARY KEY CHECK (id = 1),
	seq   INTEGER NOT NULL,
	state BLOB    NOT NULL
) STRICT;
INSERT INTO place VALUES (1, 0, x'');

CREATE TABLE progress (
	id      INTEGER PRIMARY KEY CHECK (id = 1),
	stored  INTEGER NOT NULL, -- up to this entry of the journal all readings are here
	changes INTEGER NOT NULL, -- transactions that changed something
	names   INTEGER NOT NULL, -- those that changed the names
	queued  INTEGER NOT NULL, -- rows in queue
	complete INTEGER,         -- since this instant all readings are here; NULL: to be set when the file is opened
	-- 1: readings up to here may be missing in queue that were stored when nothing was put there
	unlined        INTEGER NOT NULL DEFAULT 0,
	lined_dwelling INTEGER NOT NULL DEFAULT 0,
	lined_at       INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO progress (id, stored, changes, names, queued) VALUES (1, 0, 1, 0, 0);
`

// moveIn brings the readings of version 1 over. What was not a number was stored there
// as nothing with a unit, and would read as zero: here it is an unknown state.
const moveIn = `
INSERT INTO dwelling (name) SELECT DISTINCT dwelling FROM reading_1 ORDER BY dwelling;

INSERT INTO series (dwelling, sensor, kind)
	SELECT DISTINCT d.id, r.sensor, r.kind FROM reading_1 r CROSS JOIN dwelling d ON d.name = r.dwelling;

CREATE TEMP VIEW arriving AS
	SELECT d.id AS dwelling, r.at, s.id AS series, r.room,
		CASE WHEN r.samples IS NULL AND (r.value IS NULL OR abs(r.value) > 1.7976931348623157e308) THEN '' ELSE coalesce(r.unit, '') END AS unit,
		r.state, r.unknown_age, r.drill,
		CASE WHEN abs(r.value) <= 1.7976931348623157e308 THEN r.value WHEN r.samples IS NOT NULL THEN 0 END AS value,
		CASE WHEN r.samples IS NOT NULL THEN json_object('rate_hz', r.rate_hz, 'samples', json(r.samples)) END AS window
	FROM reading_1 r CROSS JOIN dwelling d ON d.name = r.dwelling
	CROSS JOIN series s ON s.dwelling = d.id AND s.sensor = r.sensor AND s.kind = r.kind;

INSERT INTO form (series, room, unit, state, unknown_age, drill)
	SELECT DISTINCT series, room, unit, state, unknown_age, drill FROM arriving;

INSERT INTO reading
	SELECT a.dwelling, a.at, a.series, 0, f.id, a.value, a.window
	FROM arriving a CROSS JOIN form f ON f.series = a.series AND f.room = a.room AND f.unit = a.unit
		AND f.state = a.state AND f.unknown_age = a.unknown_age AND f.drill = a.drill;

INSERT INTO dirty SELECT DISTINCT dwelling, ` + hourOfAt + `, 1 FROM reading;

-- That version removed by age only: it had everything since the oldest.
UPDATE progress SET unlined = 1, complete = (SELECT min(at) FROM reading);

DROP VIEW arriving;
`

// hourOfAt is the hour of an instant, also of one before 1970.
const hourOfAt = `(at - (at < 0) * 3599999999999) / 3600000000000`

// view is for people with a shell.
const view = `
CREATE VIEW readings AS
	SELECT d.name AS dwelling, strftime('%Y-%m-%dT%H:%M:%S', r.at / 1000000000, 'unixepoch') || printf('.%09dZ', r.at % 1000000000) AS at,
		s.sensor, s.kind, r.n, f.room,
		CASE f.state WHEN 1 THEN 'inactive' WHEN 2 THEN 'active' ELSE 'unknown' END AS state,
		r.value, f.unit, r.window, f.unknown_age, f.drill
	FROM reading r
	JOIN dwelling d ON d.id = r.dwelling JOIN series s ON s.id = r.series JOIN form f ON f.id = r.form;
`
