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
 * What `authenticate` finds: a principal's name, a principal with what is known of it, undefined for an
 * anonymous caller, or the answer (401, 403) that refuses the request. Anything else, null included, is taken for
 * a mistake and answered with 500.
 */
export type Authenticated =
  | string
  | { readonly principal: string; readonly authInfo?: unknown }
  | undefined
  | Response;

/**
 * Limits, each with a default. What is kept, and what waits for a reader, is counted in characters of its text, which are
 * bytes where it is ASCII; up to three bytes each where it is not.
 */
export interface Limits {
  /** Bytes of a request body. Default 4 MiB. */
  readonly bodyBytes?: number | undefined;
  /** Characters of the `params` of `initialize`, which a session keeps as JSON. Default 16 KiB. */
  readonly initializeBytes?: number | undefined;
  /** Sessions in all. Default 10 000. */
  readonly sessions?: number | undefined;
  /** Sessions of one principal; anonymous callers count as one principal. Default: no limit of its own. */
  readonly sessionsPerPrincipal?: number | undefined;
  /** Milliseconds from the end of the last exchange to the end of the session. Default 30 minutes. */
  readonly idleMs?: number | undefined;
  /** Milliseconds from a session's opening to its end, used or not. Default 24 hours. */
  readonly maxAgeMs?: number | undefined;
  /** Requests in flight in one session on one node. Default 100. */
  readonly inFlight?: number | undefined;
  /**
   * Requests without a session, as all of 2026-07-28 are, that one principal has in flight on one node. Anonymous
   * callers count as one principal, and `initialize` does not count. Default 1 000.
   */
  readonly inFlightPerPrincipal?: number | undefined;
  /** Open streams of one session on one node. Default 100. */
  readonly streams?: number | undefined;
  /** Open `subscriptions/listen` requests on one node (2026-07-28). Default 10 000. */
  readonly subscriptions?: number | undefined;
  /**
   * Open `subscriptions/listen` requests of one principal on one node; anonymous callers count as one principal.
   * Default 1 000.
   */
  readonly subscriptionsPerPrincipal?: number | undefined;
  /** Milliseconds within which a client has to bring a sealed `requestState` back (2026-07-28). Default 10 minutes. */
  readonly requestStateMs?: number | undefined;
  /** Messages in a batch (2025-03-26). Default 50. */
  readonly batch?: number | undefined;
  /** Characters that may wait for a slow reader of one stream before its connection is closed. Default 1 MiB. */
  readonly queuedBytes?: number | undefined;
  /** Events that a stream's log keeps. Default 2 000. */
  readonly logEvents?: number | undefined;
  /** Characters that a stream's log keeps. Default 4 MiB. */
  readonly logBytes?: number | undefined;
  /** Characters that all logs of a session keep; each stream adds 1 KiB, and each event 128. Default 16 MiB. */
  readonly sessionLogBytes?: number | undefined;
  /** Milliseconds for which an event is kept. Default 5 minutes. */
  readonly logAgeMs?: number | undefined;
}

/** Options that every handler has. */
export interface SessionOptions {
  /**
   * `required`: every request but `initialize` needs a session. `optional`: a POST without an id is served without
   * one. `off`: ids are ignored and none is minted. Default `required`.
   */
  readonly sessions?: SessionMode | undefined;
  /** Your function that says who sends a request. Default: everyone is anonymous. */
  readonly authenticate?: ((request: RequestHead) => Awaitable<Authenticated>) | undefined;
  /** `Host` values that are served: `name` with any port, `name:port` with one. Default: loopback names. `*` is all. */
  readonly allowedHosts?: readonly string[] | "*" | undefined;
  /**
   * Origins that are served: full ones, or host names with any scheme and port. Default: loopback names. `*` is all.
   */
  readonly allowedOrigins?: readonly string[] | "*" | undefined;
  /** Whether pages of the allowed origins may call the endpoint (CORS). Default false. */
  readonly cors?: boolean | undefined;
  /** Whether clients may end their sessions with DELETE. Default true. */
  readonly termination?: boolean | undefined;
  /**
   * What a client gets that opens a session and sends the id of one that is gone: `reject` is 404, `fresh` a new
   * session with a new id. Default `reject`.
   */
  readonly staleInitialize?: "reject" | "fresh" | undefined;
  /** See {@linkcode Limits}. */
  readonly limits?: Limits | undefined;
  /** Where sessions and logs are kept. Default `memory()`. */
  readonly backend?: Backend | undefined;
  /** Gets every event. Default: failures of the application and of the backend go to `console.error`. */
  readonly onEvent?: OnEvent | undefined;
  /** The time, and a way to be called later; for tests. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** Options of an MCP handler. */
export interface McpOptions extends SessionOptions {
  /**
   * The eras that are served: `legacy` (2025-03-26 to 2025-11-25, with `initialize`), `modern` (2026-07-28),
   * or `both` on the same endpoint. Default `both`.
   */
  readonly eras?: Eras | undefined;
  /**
   * Keys of 32 bytes that seal `requestState`: the first one seals, each of them opens. Give all nodes the same.
   * Default: a random key, with which a retry has to reach the same process.
   */
  readonly stateKeys?: readonly Uint8Array[] | undefined;
  /** The shape of answers: `json`, `sse`, or `auto`: JSON, and SSE where it has to be. Default `auto`. */
  readonly response?: ResponseShape | undefined;
  /** Whether clients can resume streams after a lost connection. Default true. */
  readonly resumable?: boolean | undefined;
  /** In `auto`: milliseconds that a call may take before its answer turns to SSE. Default 3 000. */
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

/** The default of every limit, and the least it may be. */
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
