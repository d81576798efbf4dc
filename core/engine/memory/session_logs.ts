/**
 * The logs of one session in memory, and what gives way where there is no room.
 *
 * @module
 */

import { LOG_COST, type LogBudget } from "../ports.ts";
import { Log, LogList } from "./log.ts";
import { type Packed, PackedStreams } from "./packed.ts";

const WHOLE_COST = LOG_COST.stream + LOG_COST.event;

/** The streams of one session. */
export class SessionLogs {
  /** In the order in which they were opened. */
  readonly open: LogList = new LogList();
  // A session that only listens has one stream, which goes on. What others need besides took it 0.7 KB.
  /** By their names; one that is alone has no `Map`. */
  #streams: Log | Map<string, Log> | undefined;
  /** In the order in which they ended: the first gives way first. */
  #ended: LogList | undefined;
  /** Ended as well, and not in `#streams` until somebody asks. */
  #packed: PackedStreams | undefined;
  /** The stream that ended last, which its reader still asks for. The next to end has it packed. */
  #last: Log | undefined;
  /** What all of them cost. */
  cost = 0;
  /** The place of the stream that ended last. */
  lastOrder = 0;

  /** The log of a stream. */
  find(name: string): Log | undefined {
    return this.unpacked(name) ?? this.#unpack(name);
  }

  /** The log of a stream that is not packed. */
  unpacked(name: string): Log | undefined {
    const streams = this.#streams;
    if (streams instanceof Map) return streams.get(name);
    return streams?.name === name ? streams : undefined;
  }

  /** All that are not packed. */
  all(): Iterable<Log> {
    const streams = this.#streams;
    if (streams instanceof Map) return streams.values();
    return streams === undefined ? [] : [streams];
  }

  get empty(): boolean {
    const streams = this.#streams;
    const none = streams instanceof Map ? streams.size === 0 : streams === undefined;
    return none && this.#packed?.oldestOrder === undefined;
  }

  /** Begins a log. */
  begin(log: Log): void {
    this.#add(log);
    this.open.add(log);
    this.cost += log.cost;
  }

  /** Keeps a stream that is one event and over. */
  keep(name: string, data: string, now: number): void {
    this.#packLast();
    const cost = WHOLE_COST + data.length;
    this.cost += cost;
    this.#pack(name, { text: data, at: now, times: undefined, order: ++this.lastOrder, cost });
  }

  /** Ends a log. */
  end(log: Log, now: number): void {
    this.#packLast();
    this.open.remove(log);
    log.endedAt = now;
    log.order = ++this.lastOrder;
    this.#end(log);
    this.#last = log;
  }

  forget(log: Log): void {
    (log.endedAt === undefined ? this.open : this.#ended!).remove(log);
    this.cost -= log.cost;
    this.#remove(log);
  }

  /** Lets go of everything: a table that its `Map` had once may hold it for as long as nothing begins. */
  clear(): void {
    this.open.oldest = this.open.newest = undefined;
    this.#streams = undefined;
    this.#ended = undefined;
    this.#packed = undefined;
    this.#last = undefined;
  }

  /** When the stream ended that ended first; undefined where none has. */
  get oldestEnd(): number | undefined {
    return this.#packedIsOldest ? this.#packed!.oldestEnd : this.#ended?.oldest?.endedAt;
  }

  /** Forgets the stream that ended first, unless its place is `spared`. False where none is left to forget. */
  forgetOldestEnded(spared: number | undefined): boolean {
    if (this.#packedIsOldest) {
      if (this.#packed!.oldestOrder === spared) return false;
      this.cost -= this.#packed!.shift();
      return true;
    }
    const oldest = this.#ended?.oldest;
    if (oldest === undefined || oldest.order === spared) return false;
    this.forget(oldest);
    return true;
  }

  get #packedIsOldest(): boolean {
    const order = this.#packed?.oldestOrder;
    return order !== undefined && order < (this.#ended?.oldest?.order ?? Infinity);
  }

  #packLast(): void {
    const log = this.#last;
    if (log === undefined) return;
    this.#last = undefined;
    const packed = log.packed();
    if (packed === undefined) return;
    this.#ended!.remove(log);
    this.#remove(log);
    this.#pack(log.name, packed);
  }

  #pack(name: string, packed: Packed): void {
    this.#packed ??= new PackedStreams();
    this.#packed.push(name, packed);
  }

  // Who asks for it may ask for more, so from now on it is one like any other.
  #unpack(name: string): Log | undefined {
    const packed = this.#packed?.take(name);
    if (packed === undefined) return undefined;
    const log = Log.of(name, packed);
    this.#add(log);
    this.#end(log);
    return log;
  }

  #add(log: Log): void {
    const streams = this.#streams;
    if (streams === undefined) this.#streams = log;
    else if (streams instanceof Map) streams.set(log.name, log);
    else this.#streams = new Map([[streams.name, streams], [log.name, log]]);
  }

  #remove(log: Log): void {
    if (log === this.#last) this.#last = undefined;
    if (this.#streams instanceof Map) this.#streams.delete(log.name);
    else this.#streams = undefined;
  }

  #end(log: Log): void {
    this.#ended ??= new LogList();
    this.#ended.add(log);
  }
}

/** Forgets the oldest event of a log. */
export function cut(logs: SessionLogs, log: Log): void {
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

/**
 * Ended streams go first, oldest first; then events of the others, stream by stream. The newest event stays: that of `newest`,
 * or of the stream that was stored whole just now.
 */
export function makeRoom(logs: SessionLogs, newest: Log | undefined, limit: number): void {
  const spared = newest === undefined ? logs.lastOrder : newest.order;
  while (logs.cost > limit && logs.forgetOldestEnded(spared));
  if (logs.cost <= limit) return;
  for (const log of logs.all()) {
    const least = log === newest ? 1 : 0;
    while (logs.cost > limit && log.events.length - log.head > least) cut(logs, log);
  }
}

/** Forgets what is too old. */
export function expire(logs: SessionLogs, now: number, budget: LogBudget): void {
  for (let at = logs.oldestEnd; at !== undefined; at = logs.oldestEnd) {
    if (now - at < budget.ageMs || !logs.forgetOldestEnded(undefined)) break;
  }
  // As many as the session has open at once, which is limited.
  for (let log = logs.open.oldest; log !== undefined; log = log.newer) {
    expireEvents(logs, log, now, budget);
  }
}

/** Forgets the events of one log that are too old. */
export function expireEvents(logs: SessionLogs, log: Log, now: number, budget: LogBudget): void {
  while (log.head < log.events.length && now - log.events[log.head]!.at >= budget.ageMs) {
    cut(logs, log);
  }
}
