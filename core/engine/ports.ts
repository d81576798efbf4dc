/**
 * What a backend has to do: keep sessions, keep logs, carry messages between nodes. A method may
 * answer at once or with a promise; the memory backend answers at once, so that a call in a live
 * session waits for nothing.
 *
 * @module
 */

import type { Lifetime, SessionRecord } from "../session/record.ts";

/** A value, now or later. */
export type Awaitable<T> = T | Promise<T>;

/** The three ports. One backend may serve several handlers, in one process or in many. */
export interface Backend {
  readonly sessions: SessionStore;
  readonly logs: LogStore;
  readonly bus: Bus;
  /** Releases what the backend itself opened. */
  close?(): Awaitable<void>;
}

/** How many sessions there may be. */
export interface Capacity {
  /** In all. */
  readonly sessions: number;
  /** Of one principal; anonymous callers count as one. */
  readonly perPrincipal: number;
}

/** What became of a new record. `evicted` are the ids that gave way to it. */
export type Created =
  | { readonly created: true; readonly evicted: readonly string[] }
  | { readonly created: false; readonly full: "capacity" | "quota" };

/** What changes in a record. */
export interface Touch {
  /** The clock, in milliseconds. */
  readonly at: number;
  /** Work or a stream holds the session (true), or nothing does any more (false): it may not be evicted while held. */
  readonly held?: boolean;
  /** `notifications/initialized` has arrived. */
  readonly ready?: true;
}

/** Sessions by id. */
export interface SessionStore {
  /**
   * Stores a new record. Where the capacity is reached, sessions that nothing holds give way, least
   * recently used first, those that never became ready before all; where every one is held, nothing
   * changes and the answer says which limit it was.
   */
  create(record: SessionRecord, capacity: Capacity): Awaitable<Created>;
  /** The record of an id; undefined where there is none. */
  get(id: string): Awaitable<SessionRecord | undefined>;
  /** Changes a record; does nothing where there is none. */
  touch(id: string, touch: Touch): Awaitable<void>;
  /** Removes a record. Of several callers at once, true for exactly one. */
  delete(id: string): Awaitable<boolean>;
  /** Every record, oldest first; lapsed ones may be among them. */
  list(): AsyncIterable<SessionRecord> | Iterable<SessionRecord>;
  /** How many records there are. */
  count(): Awaitable<number>;
  /**
   * Removes records that nothing holds and whose lifetime is over at `now`, and returns them with what
   * was over. Correctness does not depend on it (a look-up decides); it frees what nobody looks up.
   */
  sweep(now: number, lifetime: Lifetime): Awaitable<readonly Lapsed[]>;
}

/** A session whose lifetime is over. */
export interface Lapsed {
  readonly id: string;
  readonly reason: "idle" | "age";
}

/** How much a log may keep. */
export interface LogBudget {
  /** Events of one stream. */
  readonly events: number;
  /** Characters of one stream. */
  readonly bytes: number;
  /** Characters of all streams of one session. */
  readonly sessionBytes: number;
  /** Milliseconds an event is kept. */
  readonly ageMs: number;
}

/** An event of a log. Positions count from 1, without a gap. */
export interface LogEvent {
  readonly position: number;
  /** JSON text of one message. */
  readonly data: string;
}

/** What a reader gets. */
export interface LogPage {
  readonly events: readonly LogEvent[];
  /** Nothing will be appended after the last of these events. */
  readonly ended: boolean;
  /** There are further events now. */
  readonly more: boolean;
}

/** Which part of a log can be read. */
export interface LogBounds {
  /** The first position that is kept; one more than `last` where nothing is. */
  readonly first: number;
  /** The last position; 0 where nothing was appended yet. */
  readonly last: number;
  /** Up to where a reader got it. */
  readonly delivered: number;
}

/** Logs by session and stream. */
export interface LogStore {
  /** Makes a stream known, so that it can be read from its beginning. Does nothing where it is known. */
  open(session: string, stream: string, now: number, budget: LogBudget): Awaitable<void>;
  /**
   * Appends one message and returns its position. `last` ends the log. The newest event is always
   * kept; older ones give way to the budget, oldest first, of this session alone.
   */
  append(
    session: string,
    stream: string,
    data: string,
    last: boolean,
    now: number,
    budget: LogBudget,
  ): Awaitable<number>;
  /** Ends a log without a further event. */
  end(session: string, stream: string, now: number): Awaitable<void>;
  /**
   * The events after a position, at least one where there is one, about `maxBytes` characters at most.
   * Undefined where that position cannot be read on from: the stream is unknown, the position was never
   * reached, or an event after it is gone.
   */
  read(
    session: string,
    stream: string,
    after: number,
    maxBytes: number,
    now: number,
    budget: LogBudget,
  ): Awaitable<LogPage | undefined>;
  /** Which part can be read; undefined where the stream is unknown. */
  bounds(session: string, stream: string): Awaitable<LogBounds | undefined>;
  /** Notes that a reader got the events up to a position; `forget` drops them. */
  delivered(session: string, stream: string, through: number, forget: boolean): Awaitable<void>;
  /** Forgets a stream, or every stream of a session. */
  drop(session: string, stream?: string): Awaitable<void>;
}

/** Carries short messages between the nodes that share a backend, and back to the sender. */
export interface Bus {
  /** Delivers to whoever is subscribed at that moment, and returns how many; nothing is kept. */
  publish(topic: string, message: string): Awaitable<number>;
  /** Returns what ends the subscription. */
  subscribe(topic: string, receive: (message: string) => void): Awaitable<() => void>;
}
