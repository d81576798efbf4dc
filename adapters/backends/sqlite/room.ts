/**
 * What of the logs in SQLite gives way: to age, and where a session has no room left.
 *
 * @module
 */

import { LOG_COST, type LogBudget } from "../../../core/engine/ports.ts";
import type { Database } from "./database.ts";

/** The facts of a log. */
export interface LogRow {
  readonly log: number;
  readonly first: number;
  readonly last: number;
  readonly delivered: number;
  readonly bytes: number;
  readonly ended: number | null;
  readonly owed: string | null;
}

/** Its columns. */
export const COLUMNS: string = "log, first, last, delivered, bytes, ended, owed";

/** Forgets ended logs of a session that are too old, some at a time. */
export function forgetOld(db: Database, session: string, now: number, budget: LogBudget): void {
  const over = db.all<{ log: number }>(
    "SELECT log FROM logs WHERE session = ? AND ended <= ? LIMIT 64",
    session,
    now - budget.ageMs,
  );
  for (const { log } of over) remove(db, log);
}

/** Ended streams first, oldest first; then events of the others, stream by stream. The newest event stays. */
export function makeRoom(
  db: Database,
  session: string,
  newest: { readonly log: number; readonly last: number },
  limit: number,
): void {
  let cost =
    db.get<{ cost: number }>("SELECT cost FROM log_totals WHERE session = ?", session)?.cost ?? 0;
  while (cost > limit) {
    const ended = db.get<{ log: number; cost: number }>(
      `SELECT log, cost FROM logs WHERE session = ? AND ended IS NOT NULL AND log <> ?
      ORDER BY ended LIMIT 1`,
      session,
      newest.log,
    );
    if (ended === undefined) break;
    remove(db, ended.log);
    cost -= ended.cost;
  }
  if (cost <= limit) return;
  // What is left is open, and a session has few of those.
  for (const log of streams(db, session)) {
    let { first } = log;
    const kept = db.all<{ position: number; size: number }>(
      "SELECT position, size FROM events WHERE log = ? ORDER BY position",
      log.log,
    );
    for (const { position, size } of kept) {
      if (cost <= limit || (log.log === newest.log && position === newest.last)) break;
      cost -= size + LOG_COST.event;
      first = position + 1;
    }
    cut(db, log, first);
    if (cost <= limit) return;
  }
}

/** Forgets the events of a log that are too old; the log as it is then. */
export function expireEvents(db: Database, log: LogRow, now: number, budget: LogBudget): LogRow {
  if (log.first > log.last) return log;
  const oldest = db.get<{ at: number }>(
    "SELECT at FROM events WHERE log = ? AND position = ?",
    log.log,
    log.first,
  );
  if (oldest === undefined || now - oldest.at < budget.ageMs) return log;
  const { kept } = db.get<{ kept: number | null }>(
    "SELECT min(position) AS kept FROM events WHERE log = ? AND at > ?",
    log.log,
    now - budget.ageMs,
  )!;
  const first = kept ?? log.last + 1;
  db.transaction(() => cut(db, log, first));
  return { ...log, first };
}

/** Forgets the events before a position. */
export function cut(db: Database, { log }: LogRow, before: number): void {
  const { size, events } = db.get<{ size: number; events: number }>(
    "SELECT coalesce(sum(size), 0) AS size, count(*) AS events FROM events WHERE log = ? AND position < ?",
    log,
    before,
  )!;
  db.run("DELETE FROM events WHERE log = ? AND position < ?", log, before);
  db.run(
    "UPDATE logs SET bytes = bytes - ?, cost = cost - ?, first = min(max(first, ?), last + 1) WHERE log = ?",
    size,
    size + LOG_COST.event * events,
    before,
    log,
  );
}

/** Forgets a log. */
export function remove(db: Database, log: number): void {
  db.run("DELETE FROM events WHERE log = ?", log);
  db.run("DELETE FROM logs WHERE log = ?", log);
}

/** The logs of a session, oldest first. */
export function streams(db: Database, session: string): readonly (LogRow & { stream: string })[] {
  return db.all(`SELECT ${COLUMNS}, stream FROM logs WHERE session = ? ORDER BY log`, session);
}
