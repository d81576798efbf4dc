/**
 * Logs in SQLite.
 *
 * @module
 */

import {
  LOG_COST,
  type LogBounds,
  type LogBudget,
  type LogPage,
  type LogStore,
} from "../../../core/engine/ports.ts";
import { whole } from "../whole.ts";
import type { Database } from "./database.ts";
import {
  COLUMNS,
  cut,
  expireEvents,
  forgetOld,
  type LogRow,
  makeRoom,
  remove,
  streams,
} from "./room.ts";

/** How many events back a repeated one is recognised. */
const REMEMBERED = 16;

/** How many events are read in one go. */
const BATCH = 100;

/** A log store in a database. */
export function sqliteLogs(db: Database): LogStore {
  return {
    open(session, stream, now, budget, owed) {
      if (find(db, session, stream) !== undefined) return;
      db.transaction(() => open(db, session, stream, now, budget, owed));
    },
    whole: (session, stream, data, now, budget) =>
      db.transaction(() => store(db, session, stream, data, now, budget)),
    append: (session, stream, data, last, now, budget, once) =>
      db.transaction(() => append(db, session, stream, data, last, now, budget, once)),
    end(session, stream, now) {
      db.run(
        "UPDATE logs SET ended = ? WHERE session = ? AND stream = ? AND ended IS NULL",
        whole(now),
        session,
        stream,
      );
    },
    read(session, stream, after, maxBytes, now, budget) {
      const log = find(db, session, stream);
      return log && read(db, expireEvents(db, log, now, budget), after, maxBytes);
    },
    bounds(session, stream): LogBounds | undefined {
      const log = find(db, session, stream);
      return log && {
        first: log.first,
        last: log.last,
        delivered: log.delivered,
        ended: log.ended !== null,
        owed: log.owed ?? undefined,
      };
    },
    delivered(session, stream, through, forget) {
      db.run(
        "UPDATE logs SET delivered = max(delivered, ?) WHERE session = ? AND stream = ?",
        through,
        session,
        stream,
      );
      const log = forget ? find(db, session, stream) : undefined;
      if (log !== undefined) db.transaction(() => cut(db, log, through + 1));
    },
    drop(session, stream) {
      db.transaction(() => {
        for (const { log, stream: name } of streams(db, session)) {
          if (stream === undefined || stream === name) remove(db, log);
        }
      });
    },
  };
}

function find(db: Database, session: string, stream: string): LogRow | undefined {
  return db.get<LogRow>(
    `SELECT ${COLUMNS} FROM logs WHERE session = ? AND stream = ?`,
    session,
    stream,
  );
}

function open(
  db: Database,
  session: string,
  stream: string,
  now: number,
  budget: LogBudget,
  owed: string | undefined,
): void {
  forgetOld(db, session, now, budget);
  db.run(
    "INSERT OR IGNORE INTO logs (session, stream, owed, cost, stale) VALUES (?, ?, ?, ?, ?)",
    session,
    stream,
    owed ?? null,
    LOG_COST.stream + (owed?.length ?? 0),
    staleAt(now, budget),
  );
  makeRoom(db, session, find(db, session, stream)!, budget.sessionBytes);
}

function store(
  db: Database,
  session: string,
  stream: string,
  data: string,
  now: number,
  budget: LogBudget,
): void {
  forgetOld(db, session, now, budget);
  const { log } = db.get<{ log: number }>(
    `INSERT INTO logs (session, stream, last, bytes, cost, stale, ended)
    VALUES (?, ?, 1, ?, ?, ?, ?) RETURNING log`,
    session,
    stream,
    data.length,
    LOG_COST.stream + LOG_COST.event + data.length,
    staleAt(now, budget),
    whole(now),
  )!;
  db.run(
    "INSERT INTO events (log, position, data, size, at) VALUES (?, 1, ?, ?, ?)",
    log,
    data,
    data.length,
    whole(now),
  );
  makeRoom(db, session, { log, last: 1 }, budget.sessionBytes);
}

function append(
  db: Database,
  session: string,
  stream: string,
  data: string,
  last: boolean,
  now: number,
  budget: LogBudget,
  once: string | undefined,
): number {
  const log = find(db, session, stream);
  if (log === undefined) return 0;
  const known = once === undefined ? undefined : db.get<{ position: number }>(
    "SELECT position FROM events WHERE log = ? AND position > ? AND once = ?",
    log.log,
    log.last - REMEMBERED,
    once,
  );
  if (known !== undefined) return known.position;
  if (log.ended !== null) return 0;
  const position = log.last + 1;
  db.run(
    "INSERT INTO events (log, position, data, size, at, once) VALUES (?, ?, ?, ?, ?, ?)",
    log.log,
    position,
    data,
    data.length,
    whole(now),
    once ?? null,
  );
  db.run(
    "UPDATE logs SET last = ?, bytes = bytes + ?, cost = cost + ?, stale = ?, ended = ? WHERE log = ?",
    position,
    data.length,
    data.length + LOG_COST.event,
    staleAt(now, budget),
    last ? whole(now) : null,
    log.log,
  );
  let bytes = log.bytes + data.length;
  let first = Math.max(log.first, Math.ceil(position - budget.events) + 1);
  if (bytes > budget.bytes || first > log.first) {
    const kept = db.all<{ position: number; size: number }>(
      "SELECT position, size FROM events WHERE log = ? ORDER BY position",
      log.log,
    );
    for (const event of kept) {
      if (event.position === position) break;
      if (event.position >= first && bytes <= budget.bytes) break;
      bytes -= event.size;
      first = event.position + 1;
    }
    cut(db, log, first);
  }
  makeRoom(db, session, { ...log, last: position }, budget.sessionBytes);
  return position;
}

function read(
  db: Database,
  log: LogRow,
  after: number,
  maxBytes: number,
): LogPage | undefined {
  if (after > log.last) return undefined;
  const events: { position: number; data: string }[] = [];
  let next = after;
  for (let bytes = 0; next < log.last && (events.length === 0 || bytes < maxBytes);) {
    const batch = db.all<{ position: number; data: string }>(
      `SELECT position, data FROM events WHERE log = ? AND position > ? ORDER BY position LIMIT ${BATCH}`,
      log.log,
      next,
    );
    // It is gone, or another process has cut it meanwhile.
    if (batch[0]?.position !== next + 1) return undefined;
    for (const { position, data } of batch) {
      if (events.length > 0 && bytes >= maxBytes) break;
      events.push({ position, data });
      bytes += data.length;
      next = position;
    }
  }
  const more = next < log.last;
  return { events, ended: log.ended !== null && !more, more };
}

function staleAt(now: number, budget: LogBudget): number {
  return whole(now + budget.ageMs);
}
