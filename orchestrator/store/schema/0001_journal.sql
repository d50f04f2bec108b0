CREATE TABLE run (
  ordinal      INTEGER PRIMARY KEY AUTOINCREMENT,
  id           TEXT NOT NULL UNIQUE,
  appliance    TEXT NOT NULL,
  release      TEXT NOT NULL,
  state        TEXT NOT NULL,
  operator     TEXT NOT NULL,
  created_utc  TEXT NOT NULL,
  updated_utc  TEXT NOT NULL,
  plan         TEXT NOT NULL,
  options      TEXT NOT NULL
) STRICT;

CREATE TABLE step (
  seq            INTEGER PRIMARY KEY AUTOINCREMENT,
  run            TEXT NOT NULL REFERENCES run (id),
  step           TEXT NOT NULL,
  subject        TEXT NOT NULL,
  facts          TEXT NOT NULL,
  intended_utc   TEXT NOT NULL,
  outcome        TEXT CHECK (outcome IN ('done', 'failed', 'undone', 'unknown')),
  outcome_facts  TEXT NOT NULL DEFAULT '',
  concluded_utc  TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX step_by_run ON step (run, seq);

CREATE TABLE run_value (
  run    TEXT NOT NULL REFERENCES run (id),
  key    TEXT NOT NULL,
  value  TEXT NOT NULL,
  PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
