/**
 * The options, their defaults and their limits.
 *
 * @module
 */

import type { Eras, RequestHead } from "../../inbound/head.ts";
import type { Policy, ResponseShape } from "../../inbound/policy.ts";
import type { SessionMode } from "../../session/machine.ts";
import type { Lifetime } from "../../session/record.ts";
import type { Clock } from "../clock.ts";
import type { OnEvent } from "../events.ts";
import type { Awaitable, Backend, Capacity, LogBudget } from "../ports.ts";
import type { Writes } from "../streams/writes.ts";

/**
 * What `authenticate` finds out about a caller:
 *
 * - a string: the principal's name;
 * - an object: the principal's name, and as `authInfo` what the application is to know besides;
 * - undefined: an anonymous caller, **who is served**;
 * - a `Response`, such as a 401 or 403: the request is refused with it. Make a new one for each request.
 *
 * Anything else, null and false included, is taken for a mistake and answered with 500.
 */
export type Authenticated =
  | string
  | { readonly principal: string; readonly authInfo?: unknown }
  | undefined
  | Response;

/**
 * Limits, each with a default. Times are in milliseconds. What is kept, and what waits for a reader, is counted in
 * characters of its text: bytes where it is ASCII, up to three bytes each where it is not. `Infinity` is no limit.
 */
export interface Limits {
  /** Bytes of a request body; a longer one is 413. Default 4 MiB. */
  readonly bodyBytes?: number | undefined;
  /** Characters of the `params` of `initialize`, which a session keeps as JSON; longer ones are 400. Default 16 KiB. */
  readonly initializeBytes?: number | undefined;
  /**
   * Sessions in all. Where there are as many, the least recently used one that nothing holds gives way to a new one;
   * 503 where every one is held. Default 10 000.
   */
  readonly sessions?: number | undefined;
  /**
   * Sessions of one principal, in the same way; anonymous callers count as one principal. Default: no limit of its own.
   */
  readonly sessionsPerPrincipal?: number | undefined;
  /** Milliseconds from the end of the last exchange to the end of the session. Default 30 minutes. */
  readonly idleMs?: number | undefined;
  /** Milliseconds from a session's opening to its end, used or not. Default 24 hours. */
  readonly maxAgeMs?: number | undefined;
  /** Requests in flight in one session on one node; 503 beyond. Default 100. */
  readonly inFlight?: number | undefined;
  /**
   * Requests in flight on one node that one principal has without a session, as all of 2026-07-28 are; 503 beyond.
   * Anonymous callers count as one principal, and `initialize` does not count. Default 1 000.
   */
  readonly inFlightPerPrincipal?: number | undefined;
  /** Open streams of one session on one node; a further GET is 503. Default 100. */
  readonly streams?: number | undefined;
  /** Open `subscriptions/listen` requests on one node (2026-07-28); 503 beyond. Default 10 000. */
  readonly subscriptions?: number | undefined;
  /**
   * Open `subscriptions/listen` requests of one principal on one node; 503 beyond. Anonymous callers count as one
   * principal. Default 1 000.
   */
  readonly subscriptionsPerPrincipal?: number | undefined;
  /** Milliseconds within which a sealed `requestState` has to come back (2026-07-28). Default 10 minutes. */
  readonly requestStateMs?: number | undefined;
  /** Messages in a batch (2025-03-26); a longer one is 400. Default 50. */
  readonly batch?: number | undefined;
  /**
   * Characters that wait for a slow reader of one stream: its connection is closed once more than that have waited
   * for half a second. Default 1 MiB.
   */
  readonly queuedBytes?: number | undefined;
  /** Events that a stream's log keeps; older ones are dropped, read or not. Default 2 000. */
  readonly logEvents?: number | undefined;
  /** Characters that a stream's log keeps; older events are dropped, read or not. Default 4 MiB. */
  readonly logBytes?: number | undefined;
  /** Characters that all logs of a session keep; each stream adds 1 KiB, and each event 128. Default 16 MiB. */
  readonly sessionLogBytes?: number | undefined;
  /** Milliseconds for which an event is kept. Default 5 minutes. */
  readonly logAgeMs?: number | undefined;
}

/** Options that every handler has: one of `createMcpHandler`, and one of `createSessions`. */
export interface SessionOptions {
  /**
   * `required`: every request but `initialize` needs a session. `optional`: a POST without an id is served without
   * one. `off`: ids are ignored and none is minted. Default `required`.
   */
  readonly sessions?: SessionMode | undefined;
  /**
   * Your function that says who sends a request, from its method, URL and headers. A session belongs to the principal
   * that opened it: to anybody else its id is unknown. What it throws is answered with 500. Default: everyone is
   * anonymous.
   */
  readonly authenticate?: ((request: RequestHead) => Awaitable<Authenticated>) | undefined;
  /**
   * `Host` values that are served: `name` for any port, `name:port` for one, `*` in place of the list for all; 403 for
   * others. Default `localhost`, `127.0.0.1` and `[::1]`, with any port.
   */
  readonly allowedHosts?: readonly string[] | "*" | undefined;
  /**
   * `Origin` values that are served: `scheme://host[:port]`, or a host name for any scheme and port, `*` in place of
   * the list for all; 403 for others. A request without `Origin` is served. Default `localhost`, `127.0.0.1` and
   * `[::1]`.
   */
  readonly allowedOrigins?: readonly string[] | "*" | undefined;
  /** Whether pages of the allowed origins may call the endpoint (CORS). Default false. */
  readonly cors?: boolean | undefined;
  /** Whether clients may end their sessions with DELETE; 405 where they may not. Default true. */
  readonly termination?: boolean | undefined;
  /**
   * What a client gets that opens a session and sends the id of one that is gone: `reject` answers 404, `fresh` opens a
   * new session with an id of its own. Default `reject`.
   */
  readonly staleInitialize?: "reject" | "fresh" | undefined;
  /** What may be held at one time, and for how long. See {@linkcode Limits}. */
  readonly limits?: Limits | undefined;
  /** Where sessions and logs are kept. Default `memory()`: in this process. */
  readonly backend?: Backend | undefined;
  /**
   * Your function that gets every event, synchronously. Default: failures of the application and of the backend go to
   * `console.error`; with it, they do not.
   */
  readonly onEvent?: OnEvent | undefined;
  /** The time, and a way to be called later; for tests. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** Options of {@linkcode createMcpHandler}. All may be left out. */
export interface McpOptions extends SessionOptions {
  /**
   * The eras that are served: `legacy` (2025-03-26 to 2025-11-25, with `initialize`), `modern` (2026-07-28),
   * or `both` on the same endpoint. Default `both`, or what the application can serve.
   */
  readonly eras?: Eras | undefined;
  /**
   * Keys of 32 bytes each that seal the `requestState` of 2026-07-28. The first seals, every one opens: to rotate, put
   * a new one first. Give the same to all nodes. Default: a random one, so that a retry has to reach the same process.
   */
  readonly stateKeys?: readonly Uint8Array[] | undefined;
  /**
   * The shape of the answer to a request. `auto`: JSON, which turns to an event stream where something is said before
   * the result, where the result takes longer than `autoSseMs`, or where the client takes nothing else. `json`, `sse`:
   * always that; 406 for a client that does not take it. Default `auto`.
   */
  readonly response?: ResponseShape | undefined;
  /**
   * Whether clients can resume streams after a lost connection. Where they cannot, only what a connection has not read
   * yet is kept. Default true.
   */
  readonly resumable?: boolean | undefined;
  /** With `response: "auto"`: milliseconds without an answer after which it turns to an event stream. Default 3 000. */
  readonly autoSseMs?: number | undefined;
  /**
   * Milliseconds between keep-alive comments on a silent stream; the first one may take twice as long. Default 5 000;
   * 0 for none.
   */
  readonly keepAliveMs?: number | undefined;
}

/** Options as the engine uses them: complete and checked. */
export interface Settings {
  readonly policy: Policy;
  readonly capacity: Capacity;
  readonly lifetime: Lifetime;
  readonly budget: LogBudget;
  readonly queuedBytes: number;
  readonly requestStateMs: number;
  readonly stateKeys: readonly Uint8Array[];
  readonly authenticate: ((request: RequestHead) => Awaitable<Authenticated>) | undefined;
  readonly resumable: boolean;
  readonly autoSseMs: number;
  /** The same where the answer will be a stream anyway, or where only a stream shows that its peer left. */
  readonly soonSseMs: number;
  readonly keepAliveMs: number;
  readonly backend: Backend;
  /** What was begun to be written to it. */
  readonly writes: Writes;
  readonly onEvent: OnEvent;
  /** Somebody else listens than the console, to which exchanges say nothing. */
  readonly observed: boolean;
  readonly clock: Clock;
}

/** The default of every limit of {@linkcode Limits}, and the least that it may be set to. */
export const LIMITS: {
  readonly [name in keyof Required<Limits>]: { readonly default: number; readonly least: number };
} = {
  bodyBytes: { default: 4 << 20, least: 1 },
  initializeBytes: { default: 16 << 10, least: 1 },
  sessions: { default: 10_000, least: 1 },
  sessionsPerPrincipal: { default: Infinity, least: 1 },
  idleMs: { default: 30 * 60_000, least: 1 },
  maxAgeMs: { default: 24 * 60 * 60_000, least: 1 },
  inFlight: { default: 100, least: 1 },
  inFlightPerPrincipal: { default: 1_000, least: 1 },
  streams: { default: 100, least: 1 },
  subscriptions: { default: 10_000, least: 0 },
  subscriptionsPerPrincipal: { default: 1_000, least: 0 },
  requestStateMs: { default: 10 * 60_000, least: 1 },
  batch: { default: 50, least: 1 },
  queuedBytes: { default: 1 << 20, least: 1 },
  logEvents: { default: 2_000, least: 1 },
  logBytes: { default: 4 << 20, least: 1 },
  sessionLogBytes: { default: 16 << 20, least: 1 },
  logAgeMs: { default: 5 * 60_000, least: 1 },
};
