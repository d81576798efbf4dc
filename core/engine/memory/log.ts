/**
 * The log of one stream in memory, and logs in order.
 *
 * @module
 */

import { LOG_COST, type LogEvent } from "../ports.ts";
import type { Packed } from "./packed.ts";

/** An event as it is kept. */
interface Kept extends LogEvent {
  /** When it was appended. */
  readonly at: number;
  readonly once: string | undefined;
}

const NONE: (Kept | undefined)[] = [];

/** The log of one stream. */
export class Log {
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
  /** Its place among those that have ended; 0 while it has not. */
  order = 0;
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

  /** It has ended, and its events are all there is to it: those in one, or undefined where there is more. */
  packed(): Packed | undefined {
    const { events, last, head, endedAt, order, cost } = this;
    // Nothing is won where there is one, and some of those are asked for all the time: `sealed` notes ended sessions so.
    if (last < 2 || last !== events.length || head > 0) return undefined;
    if (this.delivered > 0 || this.owed !== undefined) return undefined;
    const texts: string[] = [];
    let times: number[] | undefined;
    for (const event of events) {
      const { data, at, once } = event!;
      if (once !== undefined) return undefined;
      if (at !== endedAt) times ??= events.map((one) => one!.at);
      texts.push(data);
    }
    return { text: texts.join("\n"), at: endedAt!, times, order, cost };
  }

  /** One that was packed. */
  static of(name: string, { text, at, times, order }: Packed): Log {
    const log = new Log(name, undefined);
    log.events = text.split("\n").map((data, index) => {
      log.bytes += data.length;
      return { position: index + 1, data, at: times?.[index] ?? at, once: undefined };
    });
    log.last = log.events.length;
    log.endedAt = at;
    log.order = order;
    return log;
  }
}

/** Logs in order. A `Map` would do, but looking at its first entry costs as much as entries were deleted before it. */
export class LogList {
  oldest: Log | undefined = undefined;
  newest: Log | undefined = undefined;

  /** Puts it where its order says: last, for one that is new. */
  add(log: Log): void {
    let newer: Log | undefined;
    let older = this.newest;
    for (; older !== undefined && older.order > log.order; older = older.older) newer = older;
    log.older = older;
    log.newer = newer;
    if (older === undefined) this.oldest = log;
    else older.newer = log;
    if (newer === undefined) this.newest = log;
    else newer.older = log;
  }

  remove(log: Log): void {
    if (log.older === undefined) this.oldest = log.newer;
    else log.older.newer = log.newer;
    if (log.newer === undefined) this.newest = log.older;
    else log.newer.older = log.older;
    log.older = log.newer = undefined;
  }
}
