/**
 * Sessions in SQLite.
 *
 * @module
 */

import type { Capacity, Created, Lapsed, SessionStore, Touch } from "../../../core/engine/ports.ts";
import { lapsed, type Lifetime, type SessionRecord } from "../../../core/session/record.ts";
import { ownerOf, ownerText } from "../owner.ts";
import { whole } from "../whole.ts";
import type { Database } from "./database.ts";
import { remove } from "./room.ts";

interface SessionRow {
  readonly id: string;
  readonly version: string | null;
  readonly owner: string | null;
  readonly initialize: string;
  readonly created: number;
  readonly seen: number;
  readonly ready: number;
  readonly holders: number;
}

const COLUMNS = "id, version, owner, initialize, created, seen, ready, holders";

/** How many records a list reads at once. */
const PAGE = 100;

/** How many records a sweep takes. */
const SWEPT = 1_000;

/** How often stale logs and handles are looked for, in milliseconds. */
const RETAIN_MS = 10_000;

/** Unheld and past one of its times. */
const OVER = "holders = 0 AND seen <= ? OR holders = 0 AND created <= ?";

/** A session store in a database. */
export function sqliteSessions(db: Database): SessionStore {
  let retained = -Infinity;
  return {
    create: (record, capacity) => db.transaction(() => create(db, record, capacity)),
    get(id) {
      const row = db.get<SessionRow>(`SELECT ${COLUMNS} FROM sessions WHERE id = ?`, id);
      return row && recordOf(row);
    },
    touch(id, touch) {
      if (touch.held === undefined) use(db, id, touch);
      else db.transaction(() => hold(db, id, touch));
    },
    delete: (id) => db.run("DELETE FROM sessions WHERE id = ?", id) > 0,
    *list() {
      let [created, id] = [-Infinity, ""];
      for (;;) {
        const rows = db.all<SessionRow>(
          `SELECT ${COLUMNS} FROM sessions WHERE (created, id) > (?, ?) ORDER BY created, id LIMIT ${PAGE}`,
          created,
          id,
        );
        if (rows.length === 0) return;
        yield* rows.map(recordOf);
        ({ created, id } = rows[rows.length - 1]!);
      }
    },
    count: () => total(db),
    sweep(now, lifetime) {
      // Every new session asks for it; what nobody comes back for can wait a little.
      const due = now - retained >= RETAIN_MS;
      if (due) retained = now;
      else if (!anyOver(db, now, lifetime)) return [];
      return db.transaction(() => {
        if (due) retain(db, now);
        return sweep(db, now, lifetime);
      });
    },
  };
}

function create(db: Database, record: SessionRecord, capacity: Capacity): Created {
  const evicted: string[] = [];
  const { id } = record;
  const owner = record.owner === undefined ? null : ownerText(record.owner);
  if (capacity.perPrincipal !== Infinity) {
    const { owned } = db.get<{ owned: number }>(
      "SELECT count(*) AS owned FROM sessions WHERE owner IS ?",
      owner,
    )!;
    if (owned >= capacity.perPrincipal) {
      const victim = db.get<{ id: string }>(
        "SELECT id FROM sessions WHERE owner IS ? AND holders = 0 ORDER BY ready, used LIMIT 1",
        owner,
      );
      if (victim === undefined) return { created: false, full: "quota" };
      evicted.push(victim.id);
    }
  }
  if (total(db) - evicted.length >= capacity.sessions) {
    const victim = db.get<{ id: string }>(
      "SELECT id FROM sessions WHERE holders = 0 AND id IS NOT ? ORDER BY ready, used LIMIT 1",
      evicted[0] ?? null,
    );
    if (victim === undefined) return { created: false, full: "capacity" };
    evicted.push(victim.id);
  }
  for (const victim of evicted) db.run("DELETE FROM sessions WHERE id = ?", victim);
  db.run(
    "INSERT INTO sessions (id, version, owner, initialize, created, seen, ready, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    id,
    record.version ?? null,
    owner,
    record.initialize,
    whole(record.created),
    whole(record.seen),
    record.ready ? 1 : 0,
    db.use(record.seen),
  );
  return { created: true, evicted };
}

function use(db: Database, id: string, { at, ready }: Touch, holders = 0): void {
  db.run(
    "UPDATE sessions SET seen = ?, used = ?, ready = max(ready, ?), holders = holders + ? WHERE id = ?",
    whole(at),
    db.use(at),
    ready ? 1 : 0,
    holders,
    id,
  );
}

function hold(db: Database, id: string, touch: Touch): void {
  const { held, by = "" } = touch;
  const changed = held
    ? db.run("INSERT OR IGNORE INTO holds SELECT id, ? FROM sessions WHERE id = ?", by, id)
    : -db.run("DELETE FROM holds WHERE session = ? AND node = ?", id, by);
  use(db, id, touch, changed);
}

function anyOver(db: Database, now: number, { idleMs, maxAgeMs }: Lifetime): boolean {
  const sql = `SELECT 1 FROM sessions WHERE ${OVER} LIMIT 1`;
  return db.get(sql, now - idleMs, now - maxAgeMs) !== undefined;
}

function sweep(db: Database, now: number, lifetime: Lifetime): readonly Lapsed[] {
  const gone: Lapsed[] = [];
  const rows = db.all<SessionRow>(
    `SELECT ${COLUMNS} FROM sessions WHERE ${OVER} LIMIT ${SWEPT}`,
    now - lifetime.idleMs,
    now - lifetime.maxAgeMs,
  );
  for (const row of rows) {
    const reason = lapsed(recordOf(row), now, lifetime);
    if (reason === undefined) continue;
    db.run("DELETE FROM sessions WHERE id = ?", row.id);
    gone.push({ id: row.id, reason });
  }
  return gone;
}

// What nobody comes back for: logs past their time that are over or whose session is, texts past theirs.
function retain(db: Database, now: number): void {
  const stale = db.all<{ log: number }>(
    `SELECT log FROM logs WHERE stale <= ? AND (ended IS NOT NULL
       OR session NOT IN (SELECT id FROM sessions)) LIMIT ${SWEPT}`,
    now,
  );
  for (const { log } of stale) remove(db, log);
  db.run("DELETE FROM handles WHERE expires <= ?", now);
}

function total(db: Database): number {
  return db.get<{ sessions: number }>("SELECT sessions FROM totals")!.sessions;
}

function recordOf(row: SessionRow): SessionRecord {
  return {
    id: row.id,
    version: (row.version ?? undefined) as SessionRecord["version"],
    owner: row.owner === null ? undefined : ownerOf(row.owner),
    initialize: row.initialize,
    created: row.created,
    seen: row.seen,
    ready: row.ready === 1,
    held: row.holders > 0,
  };
}
