/**
 * The tables.
 *
 * @module
 */

/** Stands in the file as `user_version`. */
export const SCHEMA_VERSION = 1;

/** Version 1. */
export const SCHEMA = `
CREATE TABLE sessions (
  id TEXT PRIMARY KEY,
  version TEXT,
  owner TEXT,
  initialize TEXT NOT NULL,
  created INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  ready INTEGER NOT NULL,
  used INTEGER NOT NULL,
  holders INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX sessions_idle ON sessions (ready, used) WHERE holders = 0;
CREATE INDEX sessions_seen ON sessions (seen) WHERE holders = 0;
CREATE INDEX sessions_owner ON sessions (owner);
CREATE INDEX sessions_created ON sessions (created);

CREATE TABLE holds (
  session TEXT NOT NULL,
  node TEXT NOT NULL,
  PRIMARY KEY (session, node)
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_node ON holds (node);

-- Counting rows looks at each of them, and every new session asks for the count.
CREATE TABLE totals (sessions INTEGER NOT NULL) STRICT;
INSERT INTO totals VALUES (0);
CREATE TRIGGER session_added AFTER INSERT ON sessions BEGIN
  UPDATE totals SET sessions = sessions + 1;
END;
CREATE TRIGGER session_removed AFTER DELETE ON sessions BEGIN
  UPDATE totals SET sessions = sessions - 1;
  DELETE FROM holds WHERE session = OLD.id;
END;

CREATE TABLE nodes (node TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE logs (
  log INTEGER PRIMARY KEY AUTOINCREMENT,
  session TEXT NOT NULL,
  stream TEXT NOT NULL,
  first INTEGER NOT NULL DEFAULT 1,
  last INTEGER NOT NULL DEFAULT 0,
  delivered INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  cost INTEGER NOT NULL,
  ended INTEGER,
  owed TEXT,
  stale INTEGER NOT NULL,
  UNIQUE (session, stream)
) STRICT;
CREATE INDEX logs_ended ON logs (session, ended) WHERE ended IS NOT NULL;
CREATE INDEX logs_stale ON logs (stale);

-- How much a session has is asked with every event.
CREATE TABLE log_totals (session TEXT PRIMARY KEY, cost INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TRIGGER log_added AFTER INSERT ON logs BEGIN
  INSERT OR IGNORE INTO log_totals VALUES (NEW.session, 0);
  UPDATE log_totals SET cost = cost + NEW.cost WHERE session = NEW.session;
END;
CREATE TRIGGER log_changed AFTER UPDATE OF cost ON logs BEGIN
  UPDATE log_totals SET cost = cost + NEW.cost - OLD.cost WHERE session = NEW.session;
END;
CREATE TRIGGER log_removed AFTER DELETE ON logs BEGIN
  UPDATE log_totals SET cost = cost - OLD.cost WHERE session = OLD.session;
  DELETE FROM log_totals WHERE session = OLD.session AND cost <= 0;
END;

CREATE TABLE events (
  log INTEGER NOT NULL,
  position INTEGER NOT NULL,
  data TEXT NOT NULL,
  size INTEGER NOT NULL,
  at INTEGER NOT NULL,
  once TEXT,
  PRIMARY KEY (log, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE handles (
  handle TEXT PRIMARY KEY,
  text TEXT NOT NULL,
  expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX handles_expires ON handles (expires);

CREATE TABLE listeners (
  topic TEXT NOT NULL,
  process TEXT NOT NULL,
  PRIMARY KEY (topic, process)
) STRICT, WITHOUT ROWID;
CREATE INDEX listeners_process ON listeners (process);
CREATE TABLE processes (process TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE messages (
  message INTEGER PRIMARY KEY AUTOINCREMENT,
  process TEXT NOT NULL,
  topic TEXT NOT NULL,
  body TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT;
`;
