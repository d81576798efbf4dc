/**
 * What a backend has to do: keep sessions, keep logs, carry messages between nodes. `backendKit` of
 * `mcp-session/testing` has the checks. A method may answer at once or with a promise; the memory backend answers at
 * once, so that a call in a live session waits for nothing. A method that throws or rejects says that the backend does
 * not answer (503).
 *
 * Ids, topics, handles and names are compared as they are, to their last character: case counts, an id has up to 256
 * characters, and a topic may hold an id. Times are in milliseconds of the clock that is passed in (`now`). Times and
 * limits may have fractions, and limits may be infinite.
 *
 * @module
 */

import type { Lifetime, SessionRecord } from "../session/record.ts";

/** A value, at once or as a promise. */
export type Awaitable<T> = T | Promise<T>;

/**
 * Where sessions, logs and messages between nodes are kept: the option `backend`. One backend may serve several
 * handlers, in one process or in many. `memory()`, `sqlite()`, `redis()` and `sealed()` make one.
 */
export interface Backend {
  /** Keeps sessions. */
  readonly sessions: SessionStore;
  /** Keeps the events of streams. */
  readonly logs: LogStore;
  /** Carries messages between nodes. */
  readonly bus: Bus;
  /** Keeps values behind handles. Without it `exchange.handles` rejects with a `TypeError`. */
  readonly handles?: HandleStore | undefined;
  /** Knows which nodes are up. Needed where records outlive the process that works on them. */
  readonly nodes?: Nodes | undefined;
  /**
   * What it cannot do, by the option that asks for it, each with the reason. A handler with that option set throws an
   * `OptionError`.
   */
  readonly lacks?: { readonly [option in Lackable]?: string } | undefined;
  /** Releases what the backend itself opened. No handler calls it: whoever made the backend does. */
  close?(): Awaitable<void>;
}

/** The options that ask for what a backend may be unable to do. */
export type Lackable =
  | "resumable"
  | "termination"
  | "limits.sessions"
  | "limits.sessionsPerPrincipal"
  | "limits.idleMs";

/** How many sessions may be stored. */
export interface Capacity {
  /** In all. */
  readonly sessions: number;
  /** Of one principal; anonymous callers count as one. */
  readonly perPrincipal: number;
}

/**
 * What became of a new record. Stored: `evicted` has the ids of the sessions that gave way to it. Not stored: every
 * session (`capacity`), or every one of its principal (`quota`), is held.
 */
export type Created =
  | { readonly created: true; readonly evicted: readonly string[] }
  | { readonly created: false; readonly full: "capacity" | "quota" };

/** Says that the `initialize` params of a record are more than the backend can keep. The client gets 400. */
export interface TooLarge {
  /** What the backend can keep, in words that go on after "the limit is". */
  readonly limit: string;
}

/** What is to change in a record. */
export interface Touch {
  /** The time now. The record's `seen` becomes that; where `held` is true it may stay as it is. */
  readonly at: number;
  /**
   * True: work or a stream on the node `by` holds the session, so it is neither idle nor evicted. False: nothing there
   * does any more.
   */
  readonly held?: boolean;
  /**
   * The node that `held` is about. Several may hold a session; each says so once, and once that it does not. With
   * {@linkcode Backend.nodes} a node repeats what failed, which may have been done all the same: it still counts once.
   */
  readonly by?: string;
  /** True where `notifications/initialized` has arrived. A record stays ready. */
  readonly ready?: true;
}

/** Keeps the records of sessions, by id. */
export interface SessionStore {
  /**
   * Makes the id of a new session, where the backend wants a say in it; the record's own id is then not used. Or says
   * that the client sent more than the backend can keep.
   */
  mint?(record: SessionRecord, lifetime: Lifetime): Awaitable<string | TooLarge>;
  /**
   * Stores a new record. Where the capacity is reached, a session that nothing holds gives way: those that never became
   * ready first, then the least recently used. Where every one is held, nothing changes and the answer says which limit
   * it was. Exact also where many ask at once.
   */
  create(record: SessionRecord, capacity: Capacity, lifetime: Lifetime): Awaitable<Created>;
  /**
   * The record of an id, also of one whose lifetime is over; undefined where there is none.
   *
   * @param principal On whose behalf; undefined for an anonymous caller, and where the library itself asks. Most stores
   * ignore it: the library compares it with the owner. A store that keeps less of the owner than its name learns the
   * name here, and need not give the record to anybody else. A store around another one passes it on.
   */
  get(id: string, principal?: string): Awaitable<SessionRecord | undefined>;
  /** Changes a record; does nothing where there is none. */
  touch(id: string, touch: Touch): Awaitable<void>;
  /** Removes a record. True where it was there: of several callers at once, for exactly one. */
  delete(id: string): Awaitable<boolean>;
  /** Every record, oldest first; some whose lifetime is over may be among them. */
  list(): AsyncIterable<SessionRecord> | Iterable<SessionRecord>;
  /** How many records there are. */
  count(): Awaitable<number>;
  /**
   * Removes records that nothing holds and whose lifetime is over at `now`, and returns which, with the reason.
   * Correctness does not depend on it, for expiry is decided at look-up; it frees what nobody looks up.
   */
  sweep(now: number, lifetime: Lifetime): Awaitable<readonly Lapsed[]>;
}

/** A session whose lifetime is over. */
export interface Lapsed {
  /** The session's id. */
  readonly id: string;
  /** Idle for too long, or over its absolute lifetime; `age` where it is both. */
  readonly reason: "idle" | "age";
}

/**
 * What a stream and an event count of {@linkcode LogBudget.sessionBytes} beside their characters, whatever a backend
 * really keeps for them: many small ones weigh more than what is in them.
 */
export const LOG_COST: { readonly stream: number; readonly event: number } = {
  stream: 1_024,
  event: 128,
};

/** How much a log may keep, from the options in `limits`. */
export interface LogBudget {
  /** Events of one stream. */
  readonly events: number;
  /** Characters of one stream. */
  readonly bytes: number;
  /** Characters of all streams of one session, and what {@linkcode LOG_COST} adds for them and their events. */
  readonly sessionBytes: number;
  /** Milliseconds that an event is kept. Then it is gone, whether anything was appended since or not. */
  readonly ageMs: number;
}

/** An event of a log. */
export interface LogEvent {
  /** Its place in the log. Positions count from 1, without a gap. */
  readonly position: number;
  /** JSON text of one message, in one line. */
  readonly data: string;
}

/** What a reader gets of a log at one time. */
export interface LogPage {
  /** Events in order, without a gap. */
  readonly events: readonly LogEvent[];
  /** True where the log has ended and these are its last events. */
  readonly ended: boolean;
  /** True where there are further events already. */
  readonly more: boolean;
}

/** Which part of a log can be read. */
export interface LogBounds {
  /** The first position that is kept; one more than `last` where nothing is. */
  readonly first: number;
  /** The last position that was appended; 0 where nothing was yet. */
  readonly last: number;
  /** The position up to which a reader got it, see {@linkcode LogStore.delivered}; 0 where none did. */
  readonly delivered: number;
  /** True where nothing will be appended any more. */
  readonly ended: boolean;
  /** What its writer left at {@linkcode LogStore.open}. */
  readonly owed: string | undefined;
}

/** Keeps the events of streams: a log for each, by session and stream. */
export interface LogStore {
  /**
   * Makes a stream known, so that it can be read from its beginning. Does nothing where it is known already; one that
   * has ended is not opened again. Others of its session may have to give way to it, as to an event.
   *
   * @param owed A text to keep with the log: from it, whoever finds the log's writer gone can tell what is missing.
   */
  open(
    session: string,
    stream: string,
    now: number,
    budget: LogBudget,
    owed?: string,
  ): Awaitable<void>;
  /**
   * Appends one message and returns its position. `last` ends the log. The newest event is always kept. Older ones give
   * way where a limit is reached: those of the stream, the oldest first; where `sessionBytes` is, first the session's
   * ended streams, then events of its others, stream by stream, beginning with that opened first. Other sessions lose
   * nothing. An append must not cost time in proportion to how many streams there are.
   *
   * A log that has ended, was dropped or was never opened takes nothing, and the answer is 0. So a writer that was
   * given up and comes back too late does no harm.
   *
   * @param once The name of this event in this log, given where an append may have to be repeated. Where one of the
   * last 16 events of the log has that name, or one further back that the store still knows by name, nothing is
   * appended and the answer is the position of that event; so also where several append it at once.
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
   * Stores a stream that consists of this one message, as {@linkcode LogStore.open} and an append that ends it would.
   * The stream's name is new, and it is not opened again before somebody has read it. Where a store leaves this out,
   * those two are called.
   */
  whole?(
    session: string,
    stream: string,
    data: string,
    now: number,
    budget: LogBudget,
  ): Awaitable<void>;
  /** Ends a log without a further event. Does nothing where there is none, or it has ended. */
  end(session: string, stream: string, now: number): Awaitable<void>;
  /**
   * The events after a position: as many as it takes to reach `maxBytes` characters, at least one where there is one.
   * Undefined where one cannot read on from there: the stream is unknown, the position was never reached, or an event
   * after it is gone, such as one that has become too old by `now`.
   */
  read(
    session: string,
    stream: string,
    after: number,
    maxBytes: number,
    now: number,
    budget: LogBudget,
  ): Awaitable<LogPage | undefined>;
  /** Which part of a log can be read; undefined where the stream is unknown. */
  bounds(session: string, stream: string): Awaitable<LogBounds | undefined>;
  /** Notes that a reader got the events up to the position `through`; `forget` drops these events. */
  delivered(session: string, stream: string, through: number, forget: boolean): Awaitable<void>;
  /** Forgets a stream; without `stream`, every stream of the session. */
  drop(session: string, stream?: string): Awaitable<void>;
}

/** Keeps texts by handle. */
export interface HandleStore {
  /** Keeps a text until the time `expires`; replaces what was there. */
  put(handle: string, text: string, expires: number, now: number): Awaitable<void>;
  /**
   * Replaces a text that is there and not expired at `now`; false where there is none. In one step: what somebody else
   * deletes meanwhile does not come back.
   */
  replace(handle: string, text: string, expires: number, now: number): Awaitable<boolean>;
  /** The text; undefined where there is none, or it has expired at `now`. */
  get(handle: string, now: number): Awaitable<string | undefined>;
  /** Forgets a text. True where it was there. */
  delete(handle: string): Awaitable<boolean>;
}

/** Takes what is published to a topic. An object and not a function: an open stream is one, and needs nothing more. */
export interface Receiver {
  /** Takes a message. */
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
   * Has a receiver get what is published to a topic from when this has answered on. It gets each message once, however
   * often it was subscribed. Where this fails, nothing is subscribed.
   */
  subscribe(topic: string, receiver: Receiver): Awaitable<void>;
  /**
   * Ends a subscription at once: the receiver gets nothing more, not even a message that others are just being given.
   * Does nothing where there is no such subscription. Does not throw.
   */
  unsubscribe(topic: string, receiver: Receiver): void;
  /**
   * Calls `listener` whenever messages may have been missed, such as after a lost connection, until the function that
   * it returns is called. A bus that misses none leaves this out.
   */
  missed?(listener: () => void): () => void;
}

/** Knows which nodes are up: each has a lease, and renews it as long as it is. A node is one handler in one process. */
export interface Nodes {
  /** Milliseconds that a lease lasts after its renewal. It is renewed three times in that time. */
  readonly leaseMs: number;
  /**
   * Begins or renews the lease of a node. Also lets go of the sessions that were held by nodes whose lease is over: the
   * idle time of those that nothing holds any more counts from now. False where this node had no lease: then it has to
   * say again which sessions it holds.
   */
  renew(node: string, now: number): Awaitable<boolean>;
  /** True while the lease of a node lasts. */
  alive(node: string, now: number): Awaitable<boolean>;
  /** Ends the lease of a node, and lets go of what it held in the same way. */
  leave(node: string, now: number): Awaitable<void>;
}
