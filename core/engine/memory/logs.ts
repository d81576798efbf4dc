/**
 * Logs in memory: an array a stream, cut at its old end where a budget is spent.
 *
 * @module
 */

import {
  LOG_COST,
  type LogBounds,
  type LogBudget,
  type LogEvent,
  type LogPage,
  type LogStore,
} from "../ports.ts";

interface Kept extends LogEvent {
  readonly at: number;
  readonly once: string | undefined;
}

/** How many events back a repeated one is recognised. */
const REMEMBERED = 16;

const NONE: (Kept | undefined)[] = [];

class Log {
  readonly name: string;
  readonly owed: string | undefined;
  /** Events from `head` on; those before are gone and their places are freed now and then. */
  events: (Kept | undefined)[] = NONE;
  head = 0;
  /** The position of the newest event; 0 where there never was one. */
  last = 0;
  delivered = 0;
  bytes = 0;
  /** When it ended; undefined while it has not. */
  endedAt: number | undefined = undefined;
  older: Log | undefined = undefined;
  newer: Log | undefined = undefined;

  constructor(name: string, owed: string | undefined) {
    this.name = name;
    this.owed = owed;
  }

  /** What it costs of the session's budget. */
  get cost(): number {
    return LOG_COST.stream + (this.owed?.length ?? 0) + this.bytes +
      LOG_COST.event * (this.events.length - this.head);
  }
}

/** Logs in order. A `Map` would do, but looking at its first entry costs as much as entries were deleted before it. */
class LogList {
  oldest: Log | undefined = undefined;
  newest: Log | undefined = undefined;

  append(log: Log): void {
    log.older = this.newest;
    if (this.newest === undefined) this.oldest = log;
    else this.newest.newer = log;
    this.newest = log;
  }

  remove(log: Log): void {
    if (log.older === undefined) this.oldest = log.newer;
    else log.older.newer = log.newer;
    if (log.newer === undefined) this.newest = log.older;
    else log.newer.older = log.older;
    log.older = log.newer = undefined;
  }
}

/** The streams of one session. */
class SessionLogs {
  readonly streams = new Map<string, Log>();
  /** In the order in which they were opened. */
  readonly open = new LogList();
  /** In the order in which they ended: the first gives way first. */
  readonly ended = new LogList();
  /** What all of them cost. */
  cost = 0;

  end(log: Log, now: number): void {
    this.open.remove(log);
    log.endedAt = now;
    this.ended.append(log);
  }

  forget(log: Log): void {
    (log.endedAt === undefined ? this.open : this.ended).remove(log);
    this.cost -= log.cost;
    this.streams.delete(log.name);
  }
}

/** A log store in this process. */
export function memoryLogs(): LogStore {
  return new MemoryLogs();
}

class MemoryLogs implements LogStore {
  readonly #sessions = new Map<string, SessionLogs>();

  open(session: string, stream: string, now: number, budget: LogBudget, owed?: string): void {
    let logs = this.#sessions.get(session);
    if (logs === undefined) this.#sessions.set(session, logs = new SessionLogs());
    if (logs.streams.has(stream)) return;
    // Once a stream, not once an event: what is too old is forgotten when something new begins.
    expire(logs, now, budget);
    const log = new Log(stream, owed);
    logs.streams.set(stream, log);
    logs.open.append(log);
    logs.cost += log.cost;
    if (logs.cost > budget.sessionBytes) makeRoom(logs, log, budget.sessionBytes);
  }

  append(
    session: string,
    stream: string,
    data: string,
    last: boolean,
    now: number,
    budget: LogBudget,
    once?: string,
  ): number {
    const logs = this.#sessions.get(session);
    const log = logs?.streams.get(stream);
    if (log === undefined) return 0;
    const known = once === undefined ? undefined : named(log, once);
    if (known !== undefined) return known;
    if (log.endedAt !== undefined) return 0;
    const position = ++log.last;
    const event = { position, data, at: now, once };
    // Most streams have one event, and an array that grows has room for seventeen.
    if (log.events.length === 0) log.events = [event];
    else log.events.push(event);
    log.bytes += data.length;
    logs!.cost += data.length + LOG_COST.event;
    if (last) logs!.end(log, now);
    while (
      log.events.length - log.head > 1 &&
      (log.bytes > budget.bytes || log.events.length - log.head > budget.events)
    ) cut(logs!, log);
    if (logs!.cost > budget.sessionBytes) makeRoom(logs!, log, budget.sessionBytes);
    return position;
  }

  end(session: string, stream: string, now: number): void {
    const logs = this.#sessions.get(session);
    const log = logs?.streams.get(stream);
    if (log !== undefined && log.endedAt === undefined) logs!.end(log, now);
  }

  read(
    session: string,
    stream: string,
    after: number,
    maxBytes: number,
    now: number,
    budget: LogBudget,
  ): LogPage | undefined {
    const logs = this.#sessions.get(session);
    const log = logs?.streams.get(stream);
    if (log === undefined) return undefined;
    expireEvents(logs!, log, now, budget);
    const kept = log.events.length - log.head;
    const before = log.last - kept;
    if (after < before || after > log.last) return undefined;
    const events: LogEvent[] = [];
    let bytes = 0;
    let next = log.head + (after - before);
    while (next < log.events.length && (events.length === 0 || bytes < maxBytes)) {
      const event = log.events[next++]!;
      events.push(event);
      bytes += event.data.length;
    }
    const more = next < log.events.length;
    return { events, ended: log.endedAt !== undefined && !more, more };
  }

  bounds(session: string, stream: string): LogBounds | undefined {
    const log = this.#sessions.get(session)?.streams.get(stream);
    return log && {
      first: log.last - (log.events.length - log.head) + 1,
      last: log.last,
      delivered: log.delivered,
      ended: log.endedAt !== undefined,
      owed: log.owed,
    };
  }

  delivered(session: string, stream: string, through: number, forget: boolean): void {
    const logs = this.#sessions.get(session);
    const log = logs?.streams.get(stream);
    if (log === undefined) return;
    log.delivered = Math.max(log.delivered, through);
    if (!forget) return;
    while (log.head < log.events.length && log.events[log.head]!.position <= through) {
      cut(logs!, log);
    }
  }

  drop(session: string, stream?: string): void {
    const logs = this.#sessions.get(session);
    if (logs === undefined) return;
    if (stream === undefined) {
      this.#sessions.delete(session);
    } else {
      const log = logs.streams.get(stream);
      if (log === undefined) return;
      logs.forget(log);
      if (logs.streams.size === 0) this.#sessions.delete(session);
    }
  }
}

function named(log: Log, once: string): number | undefined {
  const { events, head } = log;
  for (let at = events.length - 1; at >= Math.max(head, events.length - REMEMBERED); at--) {
    if (events[at]!.once === once) return events[at]!.position;
  }
  return undefined;
}

function cut(logs: SessionLogs, log: Log): void {
  const { length } = log.events[log.head]!.data;
  log.events[log.head++] = undefined;
  log.bytes -= length;
  logs.cost -= length + LOG_COST.event;
  // Half of the array is holes: move the rest to the front, which pays for itself.
  if (log.head > 32 && log.head * 2 > log.events.length) {
    log.events = log.events.slice(log.head);
    log.head = 0;
  }
}

// Ended streams first, oldest first; then the oldest events of the others. The newest event stays.
function makeRoom(logs: SessionLogs, newest: Log, limit: number): void {
  for (let log = logs.ended.oldest; log !== undefined && logs.cost > limit;) {
    const next = log.newer;
    if (log !== newest) logs.forget(log);
    log = next;
  }
  if (logs.cost <= limit) return;
  for (const log of logs.streams.values()) {
    const least = log === newest ? 1 : 0;
    while (logs.cost > limit && log.events.length - log.head > least) cut(logs, log);
  }
}

function expire(logs: SessionLogs, now: number, budget: LogBudget): void {
  for (let log = logs.ended.oldest; log !== undefined; log = logs.ended.oldest) {
    if (now - log.endedAt! < budget.ageMs) break;
    logs.forget(log);
  }
  // As many as the session has open at once, which is limited.
  for (let log = logs.open.oldest; log !== undefined; log = log.newer) {
    expireEvents(logs, log, now, budget);
  }
}

function expireEvents(logs: SessionLogs, log: Log, now: number, budget: LogBudget): void {
  while (log.head < log.events.length && now - log.events[log.head]!.at >= budget.ageMs) {
    cut(logs, log);
  }
}
