/**
 * Logs in memory, cut at their old end where a budget is spent.
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
import { Log } from "./log.ts";
import { cut, expire, expireEvents, makeRoom, SessionLogs } from "./session_logs.ts";

/** How many events back a repeated one is recognised. */
const REMEMBERED = 16;

/** A log store in this process. */
export function memoryLogs(): LogStore {
  return new MemoryLogs();
}

// What a stream is that has been opened, and that is all.
const NO_EVENTS: LogPage = { events: [], ended: false, more: false };
const NO_BOUNDS: LogBounds = { first: 1, last: 0, delivered: 0, ended: false, owed: undefined };

class MemoryLogs implements LogStore {
  /** Where a session has but one stream, and that no event yet, its name alone: 0.2 KB less an idle stream. */
  readonly #sessions = new Map<string, SessionLogs | string>();
  /** Where the round through all sessions is that forgets what is too old in those that begin nothing. */
  #round: Iterator<SessionLogs | string> = this.#sessions.values();
  /** How many it has still to look at. Without that it would run after the sessions that begin meanwhile. */
  #ahead = 0;

  open(session: string, stream: string, now: number, budget: LogBudget, owed?: string): void {
    const known = this.#sessions.get(session);
    if (known === stream) return;
    if (known === undefined && owed === undefined) {
      this.#goRound(now, budget);
      this.#sessions.set(session, stream);
      return;
    }
    const logs = this.#of(session);
    if (logs.unpacked(stream) !== undefined) return;
    this.#forgetOld(logs, now, budget);
    const log = new Log(stream, owed);
    logs.begin(log);
    if (logs.cost > budget.sessionBytes) makeRoom(logs, log, budget.sessionBytes);
  }

  whole(session: string, stream: string, data: string, now: number, budget: LogBudget): void {
    const logs = this.#of(session);
    this.#forgetOld(logs, now, budget);
    logs.keep(stream, data, now);
    if (logs.cost > budget.sessionBytes) makeRoom(logs, undefined, budget.sessionBytes);
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
    const logs = this.#known(session);
    const log = logs?.find(stream);
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
    const logs = this.#known(session);
    const log = logs?.find(stream);
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
    if (this.#sessions.get(session) === stream) return after === 0 ? NO_EVENTS : undefined;
    const logs = this.#known(session);
    const log = logs?.find(stream);
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
    if (this.#sessions.get(session) === stream) return NO_BOUNDS;
    const log = this.#known(session)?.find(stream);
    return log && {
      first: log.last - (log.events.length - log.head) + 1,
      last: log.last,
      delivered: log.delivered,
      ended: log.endedAt !== undefined,
      owed: log.owed,
    };
  }

  delivered(session: string, stream: string, through: number, forget: boolean): void {
    const logs = this.#known(session);
    const log = logs?.find(stream);
    if (log === undefined) return;
    log.delivered = Math.max(log.delivered, through);
    if (!forget) return;
    while (log.head < log.events.length && log.events[log.head]!.position <= through) {
      cut(logs!, log);
    }
  }

  drop(session: string, stream?: string): void {
    const logs = this.#known(session);
    if (logs === undefined) return;
    if (stream !== undefined) {
      const log = logs.find(stream);
      if (log !== undefined) logs.forget(log);
      if (!logs.empty) return;
    }
    this.#sessions.delete(session);
    logs.clear();
  }

  // Once a stream, not once an event: when something new begins, here and in one session more, for idle ones begin none.
  #forgetOld(logs: SessionLogs, now: number, budget: LogBudget): void {
    expire(logs, now, budget);
    this.#goRound(now, budget);
  }

  // With every session that begins, too: engines keep each table that a `Map` had since an iterator over it was asked last.
  #goRound(now: number, budget: LogBudget): void {
    if (this.#ahead-- === 0) {
      this.#ahead = this.#sessions.size;
      this.#round = this.#sessions.values();
    }
    const { value } = this.#round.next();
    if (value instanceof SessionLogs) expire(value, now, budget);
  }

  #known(session: string): SessionLogs | undefined {
    const known = this.#sessions.get(session);
    if (typeof known !== "string") return known;
    const logs = this.#begin(session);
    logs.begin(new Log(known, undefined));
    return logs;
  }

  #of(session: string): SessionLogs {
    return this.#known(session) ?? this.#begin(session);
  }

  #begin(session: string): SessionLogs {
    const logs = new SessionLogs();
    this.#sessions.set(session, logs);
    return logs;
  }
}

function named(log: Log, once: string): number | undefined {
  const { events, head } = log;
  for (let at = events.length - 1; at >= Math.max(head, events.length - REMEMBERED); at--) {
    if (events[at]!.once === once) return events[at]!.position;
  }
  return undefined;
}
