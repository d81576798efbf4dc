/**
 * The options, their defaults and their limits. Read once, when a handler is made; a wrong one throws
 * there and never shows later.
 *
 * @module
 */

import type { Policy, ResponseShape } from "../inbound/policy.ts";
import {
  type AllowedHosts,
  type AllowedOrigin,
  LOOPBACK_HOSTS,
  parseAuthority,
  parseOrigin,
} from "../protocol/authority.ts";
import { LEGACY_REVISIONS } from "../protocol/revisions.ts";
import type { Eras, RequestHead } from "../inbound/head.ts";
import type { SessionMode } from "../session/machine.ts";
import type { Lifetime } from "../session/record.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { OptionError } from "./errors.ts";
import { listenerOf, type OnEvent } from "./events.ts";
import { memory } from "./memory/mod.ts";
import type { Awaitable, Backend, Capacity, LogBudget } from "./ports.ts";
import { Writes } from "./writes.ts";

/**
 * What `authenticate` finds: a principal's name, a principal with what is known of it, nothing for an
 * anonymous caller, or the answer (401, 403) that refuses the request.
 */
export type Authenticated =
  | string
  | { readonly principal: string; readonly authInfo?: unknown }
  | undefined
  | Response;

/** Limits. Each has a default that is safe on a small machine. */
export interface Limits {
  /** Bytes of a request body. Default 4 MiB. */
  readonly bodyBytes?: number;
  /** Sessions in all. Default 10 000. */
  readonly sessions?: number;
  /** Sessions of one principal; anonymous callers count as one. Default: no limit of its own. */
  readonly sessionsPerPrincipal?: number;
  /** Milliseconds from the end of the last exchange to the end of the session. Default 30 minutes. */
  readonly idleMs?: number;
  /** Milliseconds from a session's opening to its end, used or not. Default 24 hours. */
  readonly maxAgeMs?: number;
  /** Requests in flight in one session. Default 100. */
  readonly inFlight?: number;
  /** Open streams of one session. Default 100. */
  readonly streams?: number;
  /** Open `subscriptions/listen` requests on one node (2026-07-28). Default 10 000. */
  readonly subscriptions?: number;
  /** Milliseconds that a sealed `requestState` may take to come back (2026-07-28). Default 10 minutes. */
  readonly requestStateMs?: number;
  /** Messages in a batch (2025-03-26). Default 50. */
  readonly batch?: number;
  /** Bytes that wait for a slow reader of one stream before its connection is closed. Default 1 MiB. */
  readonly queuedBytes?: number;
  /** Events that a stream's log keeps. Default 2 000. */
  readonly logEvents?: number;
  /** Bytes that a stream's log keeps. Default 4 MiB. */
  readonly logBytes?: number;
  /** Bytes that the logs of a session keep. Default 16 MiB. */
  readonly sessionLogBytes?: number;
  /** Milliseconds that an event is kept. Default 5 minutes. */
  readonly logAgeMs?: number;
}

/** Options that every handler has. */
export interface SessionOptions {
  /** Default `required`. */
  readonly sessions?: SessionMode;
  /** Who calls. Default: everyone is anonymous. */
  readonly authenticate?: (request: RequestHead) => Awaitable<Authenticated>;
  /** `Host` values that are served: `name` for any port, `name:port` for one. Default loopback names. `*` for all. */
  readonly allowedHosts?: readonly string[] | "*";
  /** Origins that are served: full ones, or host names for any scheme and port. Default loopback names. `*` for all. */
  readonly allowedOrigins?: readonly string[] | "*";
  /** Answers cross-origin requests of the allowed origins. Default false. */
  readonly cors?: boolean;
  /** Clients may end their sessions with DELETE. Default true. */
  readonly termination?: boolean;
  /** What opening a session with the id of one that is gone gets: 404, or a fresh session. Default `reject`. */
  readonly staleInitialize?: "reject" | "fresh";
  readonly limits?: Limits;
  /** Where sessions and logs are kept. Default `memory()`. */
  readonly backend?: Backend;
  /** Is told what happens. Default: failures of the application and of the backend go to `console.error`. */
  readonly onEvent?: OnEvent;
  /** Time. Default the machine's. */
  readonly clock?: Clock;
}

/** Options of an MCP handler. */
export interface McpOptions extends SessionOptions {
  /**
   * The eras that are served: `legacy` (2025-03-26 to 2025-11-25, with `initialize`), `modern` (2026-07-28),
   * or `both` on the same endpoint. Default `both`.
   */
  readonly eras?: Eras;
  /**
   * Keys, 32 bytes each, that seal `requestState`; the first seals, every one opens. Give the same to all
   * nodes. Default: a random one, so that a retry has to reach the same process.
   */
  readonly stateKeys?: readonly Uint8Array[];
  /** The shape of the answer to a request. Default `auto`: JSON, and SSE where it has to be. */
  readonly response?: ResponseShape;
  /** Streams can be resumed after a lost connection. Default true. */
  readonly resumable?: boolean;
  /** In `auto`: milliseconds without an answer after which it turns to SSE. Default 3 000. */
  readonly autoSseMs?: number;
  /** Milliseconds between keep-alive comments on a silent stream. Default 5 000; 0 for none. */
  readonly keepAliveMs?: number;
}

/** Options as the engine uses them: complete and checked. */
export interface Settings {
  readonly policy: Policy;
  readonly capacity: Capacity;
  readonly lifetime: Lifetime;
  readonly budget: LogBudget;
  readonly queuedBytes: number;
  readonly maxSubscriptions: number;
  readonly requestStateMs: number;
  readonly stateKeys: readonly Uint8Array[];
  readonly authenticate: ((request: RequestHead) => Awaitable<Authenticated>) | undefined;
  readonly resumable: boolean;
  readonly autoSseMs: number;
  readonly keepAliveMs: number;
  readonly backend: Backend;
  /** What was begun to be written to it. */
  readonly writes: Writes;
  readonly onEvent: OnEvent;
  readonly clock: Clock;
}

const OPTIONS: ReadonlySet<string> = new Set([
  "sessions",
  "authenticate",
  "allowedHosts",
  "allowedOrigins",
  "cors",
  "termination",
  "staleInitialize",
  "limits",
  "backend",
  "onEvent",
  "clock",
  "response",
  "resumable",
  "autoSseMs",
  "keepAliveMs",
  "eras",
  "stateKeys",
]);

/** The default of every limit, and the least it may be. */
export const LIMITS: {
  readonly [name in keyof Required<Limits>]: { default: number; least: number };
} = {
  bodyBytes: { default: 4 << 20, least: 1 },
  sessions: { default: 10_000, least: 1 },
  sessionsPerPrincipal: { default: Infinity, least: 1 },
  idleMs: { default: 30 * 60_000, least: 1 },
  maxAgeMs: { default: 24 * 60 * 60_000, least: 1 },
  inFlight: { default: 100, least: 1 },
  streams: { default: 100, least: 1 },
  subscriptions: { default: 10_000, least: 0 },
  requestStateMs: { default: 10 * 60_000, least: 1 },
  batch: { default: 50, least: 1 },
  queuedBytes: { default: 1 << 20, least: 1 },
  logEvents: { default: 2_000, least: 1 },
  logBytes: { default: 4 << 20, least: 1 },
  sessionLogBytes: { default: 16 << 20, least: 1 },
  logAgeMs: { default: 5 * 60_000, least: 1 },
};

/**
 * Reads the options.
 *
 * @param further Options that the caller reads itself.
 * @throws {OptionError} Names the option, quotes the value and says what would be accepted.
 */
export function readOptions(options: McpOptions, further: readonly string[] = []): Settings {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.has(name) && !further.includes(name)) {
      throw new OptionError(
        name,
        `no such option; there are ${[...OPTIONS, ...further].join(", ")}`,
      );
    }
  }
  const limits = readLimits(options.limits ?? {});
  return {
    policy: {
      eras: oneOf("eras", options.eras, ["both", "legacy", "modern"]),
      sessions: oneOf("sessions", options.sessions, ["required", "optional", "off"]),
      termination: flag("termination", options.termination, true),
      staleInitialize: oneOf("staleInitialize", options.staleInitialize, ["reject", "fresh"]),
      response: oneOf("response", options.response, ["auto", "json", "sse"]),
      allowedHosts: readHosts(options.allowedHosts ?? LOOPBACK_HOSTS),
      allowedOrigins: readOrigins(options.allowedOrigins ?? LOOPBACK_HOSTS),
      cors: flag("cors", options.cors, false),
      revisions: LEGACY_REVISIONS,
      maxBodyBytes: limits.bodyBytes,
      maxBatch: limits.batch,
      maxInFlight: limits.inFlight,
      maxStreams: limits.streams,
    },
    capacity: { sessions: limits.sessions, perPrincipal: limits.sessionsPerPrincipal },
    lifetime: { idleMs: limits.idleMs, maxAgeMs: limits.maxAgeMs },
    budget: {
      events: limits.logEvents,
      bytes: limits.logBytes,
      sessionBytes: limits.sessionLogBytes,
      ageMs: limits.logAgeMs,
    },
    queuedBytes: limits.queuedBytes,
    maxSubscriptions: limits.subscriptions,
    requestStateMs: limits.requestStateMs,
    stateKeys: readKeys(options.stateKeys ?? []),
    authenticate: fn("authenticate", options.authenticate),
    resumable: flag("resumable", options.resumable, true),
    autoSseMs: atLeast("autoSseMs", options.autoSseMs ?? 3_000, 0),
    keepAliveMs: atLeast("keepAliveMs", options.keepAliveMs ?? 5_000, 0),
    backend: options.backend ?? memory(),
    writes: new Writes(),
    onEvent: listenerOf(fn("onEvent", options.onEvent)),
    clock: options.clock ?? SYSTEM_CLOCK,
  };
}

function readLimits(given: Limits): Required<Limits> {
  const limits: Record<string, number> = {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(LIMITS, name)) {
      throw new OptionError(
        `limits.${name}`,
        `no such limit; there are ${Object.keys(LIMITS).join(", ")}`,
      );
    }
  }
  for (const [name, { default: standard, least }] of Object.entries(LIMITS)) {
    limits[name] = atLeast(`limits.${name}`, given[name as keyof Limits] ?? standard, least);
  }
  return limits as unknown as Required<Limits>;
}

function readHosts(given: readonly string[] | "*"): AllowedHosts {
  if (given === "*") return "*";
  return list("allowedHosts", given).map((text) => {
    const host = parseAuthority(text);
    if (host !== undefined) return host;
    throw new OptionError(
      "allowedHosts",
      `${JSON.stringify(text)} is not a host name, or host:port`,
    );
  });
}

function readOrigins(given: readonly string[] | "*"): readonly AllowedOrigin[] | "*" {
  if (given === "*") return "*";
  return list("allowedOrigins", given).map((text) => {
    const origin = parseOrigin(text);
    if (origin !== undefined) return origin;
    const host = parseAuthority(text);
    if (host !== undefined) return { scheme: undefined, ...host };
    throw new OptionError(
      "allowedOrigins",
      `${JSON.stringify(text)} is not an origin (scheme://host[:port]) or a host name`,
    );
  });
}

function readKeys(given: readonly Uint8Array[]): readonly Uint8Array[] {
  if (
    Array.isArray(given) && given.every((one) => one instanceof Uint8Array && one.length === 32)
  ) {
    return given;
  }
  throw new OptionError("stateKeys", "expected a list of keys of 32 bytes each");
}

function list(name: string, given: readonly string[]): readonly string[] {
  if (Array.isArray(given) && given.every((one) => typeof one === "string")) return given;
  throw new OptionError(name, `${JSON.stringify(given)} is not a list of strings or "*"`);
}

function oneOf<T extends string>(
  name: string,
  given: T | undefined,
  values: readonly [T, ...T[]],
): T {
  if (given === undefined) return values[0];
  if (values.includes(given)) return given;
  throw new OptionError(name, `${JSON.stringify(given)} is none of ${values.join(", ")}`);
}

function flag(name: string, given: boolean | undefined, standard: boolean): boolean {
  if (given === undefined) return standard;
  if (typeof given === "boolean") return given;
  throw new OptionError(name, `${JSON.stringify(given)} is not true or false`);
}

function fn<T>(name: string, given: T | undefined): T | undefined {
  if (given === undefined || typeof given === "function") return given;
  throw new OptionError(name, `${JSON.stringify(given)} is not a function`);
}

function atLeast(name: string, given: number, least: number): number {
  if (typeof given === "number" && given >= least) return given;
  throw new OptionError(name, `${JSON.stringify(given)} is not a number of at least ${least}`);
}
