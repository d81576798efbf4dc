/**
 * What a backend has to do: keep sessions, keep logs, carry messages between nodes. A method may
 * answer at once or with a promise; the memory backend answers at once, so that a call in a live
 * session waits for nothing.
 *
 * Ids, topics, handles and names are compared as they are, to their last character: case counts, an id has up to 256
 * characters, and a topic may hold one. Times and limits may have fractions, and limits may be infinite.
 *
 * @module
 */

import type { Lifetime, SessionRecord } from "../session/record.ts";

/** A value, now or later. */
export type Awaitable<T> = T | Promise<T>;

/** The ports. One backend may serve several handlers, in one process or in many. */
export interface Backend {
  readonly sessions: SessionStore;
  readonly logs: LogStore;
  readonly bus: Bus;
  /** Values behind handles; left out where the backend keeps nothing, and `exchange.handles` then fails. */
  readonly handles?: HandleStore | undefined;
  /** Which nodes are up. A backend has it where records outlive the node that works on them. */
  readonly nodes?: Nodes | undefined;
  /** Options that it cannot serve, each with the reason; setting one throws an `OptionError`. */
  readonly lacks?: { readonly [option in Lackable]?: string } | undefined;
  /** Releases what the backend itself opened. */
  close?(): Awaitable<void>;
}

/** What a backend may be unable to do, by the option that asks for it. */
export type Lackable =
  | "resumable"
  | "termination"
  | "limits.sessions"
  | "limits.sessionsPerPrincipal"
  | "limits.idleMs";

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

/** The `initialize` params of a record are more than the backend can keep. */
export interface TooLarge {
  /** What it can, as the client is told it after "the limit is". */
  readonly limit: string;
}

/** What changes in a record. */
export interface Touch {
  /** The clock, in milliseconds. */
  readonly at: number;
  /** Work or a stream holds the session (true), or nothing does any more (false): it may not be evicted while held. */
  readonly held?: boolean;
  /**
   * The node that `held` is about. Several may hold a session; each says so once, and once that it does not. Where there
   * are {@linkcode Backend.nodes} it says again what failed, which may have been done for all that: it counts once.
   */
  readonly by?: string;
  /** `notifications/initialized` has arrived. */
  readonly ready?: true;
}

/** Sessions by id. */
export interface SessionStore {
  /**
   * The id for a record, where the backend wants a say in it; the record's own is then not used. Or why there is none,
   * which is the client's fault: it is told so.
   */
  mint?(record: SessionRecord, lifetime: Lifetime): Awaitable<string | TooLarge>;
  /**
   * Stores a new record. Where the capacity is reached, sessions that nothing holds give way, least
   * recently used first, those that never became ready before all; where every one is held, nothing
   * changes and the answer says which limit it was. Exact also where many ask at once.
   */
  create(record: SessionRecord, capacity: Capacity, lifetime: Lifetime): Awaitable<Created>;
  /**
   * The record of an id; undefined where there is none.
   *
   * @param principal Who asks; undefined for an anonymous caller, and where nobody does. Whether it is the owner is
   * decided by whoever asks. A store that keeps less of an owner than its name learns the name here, and needs not
   * give the record to anybody else. A store around another one passes it on.
   */
  get(id: string, principal?: string): Awaitable<SessionRecord | undefined>;
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
  /** `age` where it is both. */
  readonly reason: "idle" | "age";
}

/**
 * What a stream and an event cost of `sessionBytes` beside their characters, whatever a backend keeps for them:
 * many small ones weigh more than what is in them.
 */
export const LOG_COST: { readonly stream: number; readonly event: number } = {
  stream: 1_024,
  event: 128,
};

/** How much a log may keep. */
export interface LogBudget {
  /** Events of one stream. */
  readonly events: number;
  /** Characters of one stream. */
  readonly bytes: number;
  /** Characters of all streams of one session, and what {@linkcode LOG_COST} adds for them and their events. */
  readonly sessionBytes: number;
  /** Milliseconds an event is kept; once they are over it is gone, whether anything was appended since or not. */
  readonly ageMs: number;
}

/** An event of a log. Positions count from 1, without a gap. */
export interface LogEvent {
  readonly position: number;
  /** JSON text of one message, in one line. */
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
  /** Nothing will be appended any more. */
  readonly ended: boolean;
  /** What its writer left at {@linkcode LogStore.open}. */
  readonly owed: string | undefined;
}

/** Logs by session and stream. */
export interface LogStore {
  /**
   * Makes a stream known, so that it can be read from its beginning. Does nothing where it is open already; one
   * that has ended is never opened again. Others of its session may have to give way to it, as to an event.
   *
   * @param owed Kept with the log: whoever finds its writer gone can tell what is missing.
   */
  open(
    session: string,
    stream: string,
    now: number,
    budget: LogBudget,
    owed?: string,
  ): Awaitable<void>;
  /**
   * Appends one message and returns its position. `last` ends the log. The newest event is always
   * kept; older ones give way to the budget, oldest first, of this session alone. Where that of the session is
   * spent, its ended streams go first, then events of the others, stream by stream. An append must not cost time in
   * proportion to how many streams there are.
   *
   * A log that has ended, was dropped or never opened takes nothing: 0. So a writer that was given up
   * and comes back too late does no harm.
   *
   * @param once A name of this event in this log, given where an append may have to be repeated: where one of the
   * last 16 events of the log has it, or one further back that the store still knows by name, nothing is appended and
   * the position is that event's. So also where several append it at once.
   */
  append(
    session: string,
    stream: string,
    data: string,
    last: boolean,
    now: number,
    budget: LogBudget,
    once?: string,
  ): Awaitable<number>;
  /**
   * Stores a stream that this one message is all of, as {@linkcode LogStore.open} and an append that ends it would.
   * Its name is new; it is not opened again before somebody has read it. A store that leaves this out gets those two.
   */
  whole?(
    session: string,
    stream: string,
    data: string,
    now: number,
    budget: LogBudget,
  ): Awaitable<void>;
  /** Ends a log without a further event. */
  end(session: string, stream: string, now: number): Awaitable<void>;
  /**
   * The events after a position, until they have `maxBytes` characters or more: at least one where there is one, and the
   * last may go beyond. Undefined where that position cannot be read on from: the stream is unknown, the position was
   * never reached, or an event after it is gone, as one is that has become too old by `now`.
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

/** Values by handle. */
export interface HandleStore {
  /** Keeps a text until a time of the clock; replaces what was there. */
  put(handle: string, text: string, expires: number, now: number): Awaitable<void>;
  /**
   * Replaces a text that is there and not expired at `now`; false where there is none. At once: what somebody else
   * deletes meanwhile does not come back.
   */
  replace(handle: string, text: string, expires: number, now: number): Awaitable<boolean>;
  /** The text, where it is there and not expired at `now`. */
  get(handle: string, now: number): Awaitable<string | undefined>;
  /** Forgets it. True where it was there. */
  delete(handle: string): Awaitable<boolean>;
}

/** Takes what is published to a topic. An object and not a function: an open stream is one, and needs nothing more. */
export interface Receiver {
  receive(message: string): void;
}

/**
 * Carries messages between the nodes that share a backend, and back to the sender. Most are short; an answer of a
 * client is as long as the client made it.
 */
export interface Bus {
  /**
   * Delivers to whoever is subscribed at that moment, and returns how many (at least: 0 for nobody); nothing is kept.
   * What several nodes send to a topic, one after the other, comes to all in one order, the senders included.
   */
  publish(topic: string, message: string): Awaitable<number>;
  /**
   * From when it has answered on, the receiver gets what is published; once, however often it is subscribed. Where
   * it fails, nothing is subscribed.
   */
  subscribe(topic: string, receiver: Receiver): Awaitable<void>;
  /**
   * Ends that at once: not even of several that are being told does it get anything. Does nothing where there is
   * no subscription. Does not throw.
   */
  unsubscribe(topic: string, receiver: Receiver): void;
  /**
   * Calls `listener` whenever messages may have been missed, such as after a lost connection. A bus that
   * misses none does without it. Returns what ends it.
   */
  missed?(listener: () => void): () => void;
}

/** Which nodes are up: each has a lease that it renews while it is. */
export interface Nodes {
  /** Milliseconds that a lease lasts. It is renewed three times as often. */
  readonly leaseMs: number;
  /**
   * Begins or renews the lease of a node. Lets go of what nodes held whose lease is over: idle time of sessions that
   * nothing holds any more counts from now. False where this node had none: what it holds, it has to say again.
   */
  renew(node: string, now: number): Awaitable<boolean>;
  /** True while the lease of a node lasts. */
  alive(node: string, now: number): Awaitable<boolean>;
  /** Ends the lease of a node, and lets go of what it held in the same way. */
  leave(node: string, now: number): Awaitable<void>;
}
