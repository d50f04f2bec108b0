CREATE TABLE audit_chain (
  one    INTEGER PRIMARY KEY CHECK (one = 1),
  chain  TEXT NOT NULL
) STRICT;
INSERT INTO audit_chain (one, chain) VALUES (1, lower(hex(randomblob(16))));

CREATE TABLE audit (
  seq        INTEGER PRIMARY KEY AUTOINCREMENT,
  run        TEXT NOT NULL,
  run_row    INTEGER NOT NULL,
  step       TEXT NOT NULL,
  actor      TEXT NOT NULL,
  utc        TEXT NOT NULL,
  event      TEXT NOT NULL,
  facts      TEXT NOT NULL,
  digest     TEXT NOT NULL,
  prev_hash  TEXT NOT NULL,
  hash       TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX audit_by_run ON audit (run, run_row);

CREATE TABLE audit_head (
  ordinal     INTEGER PRIMARY KEY AUTOINCREMENT,
  seq         INTEGER NOT NULL,
  hash        TEXT NOT NULL,
  utc         TEXT NOT NULL,
  public_key  TEXT NOT NULL,
  signature   TEXT NOT NULL
) STRICT;

-- Append-only. The insert triggers stop INSERT OR REPLACE, whose deletions fire no delete trigger.
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit
WHEN EXISTS (SELECT 1 FROM audit WHERE seq = NEW.seq OR (run = NEW.run AND run_row = NEW.run_row))
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_head_no_update BEFORE UPDATE ON audit_head
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_head_no_replace BEFORE INSERT ON audit_head
WHEN EXISTS (SELECT 1 FROM audit_head WHERE ordinal = NEW.ordinal)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_chain_no_update BEFORE UPDATE ON audit_chain
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_chain_no_delete BEFORE DELETE ON audit_chain
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_chain_no_replace BEFORE INSERT ON audit_chain
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
