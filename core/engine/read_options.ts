/**
 * Reading the options: once, when a handler is made. A wrong one throws there and never shows later.
 *
 * @module
 */

import {
  type AllowedOrigin,
  type Authority,
  LOOPBACK_HOSTS,
  parseAuthority,
  parseOrigin,
} from "../protocol/authority.ts";
import { isObject } from "../protocol/json_rpc.ts";
import { LEGACY_REVISIONS } from "../protocol/revisions.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { OptionError, shown } from "./errors.ts";
import { listenerOf, type OnEvent } from "./events.ts";
import { memory } from "./memory/mod.ts";
import { LIMITS, type Limits, type McpOptions, type Settings } from "./options.ts";
import type { Backend } from "./ports.ts";
import { Writes } from "./writes.ts";

/** `soonSseMs`, where `autoSseMs` is not less. What is answered sooner needs no connection: 11 to 15 µs of a call. */
const SOON_SSE_MS = 100;

/** Every option: how what was given is read. Where nothing was, that is undefined. */
const OPTIONS = {
  sessions: oneOf("required", "optional", "off"),
  authenticate: fn<NonNullable<McpOptions["authenticate"]>>,
  allowedHosts: listOf<Authority>(parseAuthority, "is not a host name, or host:port"),
  allowedOrigins: listOf<AllowedOrigin>(
    parseAllowedOrigin,
    "is not an origin (scheme://host[:port]) or a host name",
  ),
  cors: flag(false),
  termination: flag(true),
  staleInitialize: oneOf("reject", "fresh"),
  limits: readLimits,
  backend: readBackend,
  onEvent: fn<OnEvent>,
  clock: readClock,
  response: oneOf("auto", "json", "sse"),
  resumable: flag(true),
  autoSseMs: atLeast(0, 3_000),
  keepAliveMs: atLeast(0, 5_000),
  eras: oneOf("both", "legacy", "modern"),
  stateKeys: readKeys,
} satisfies { [name in keyof Required<McpOptions>]: Reader<Required<McpOptions>[name], unknown> };

/** @param name What to call the option in an error. */
type Reader<Given, T> = (name: string, given?: Given) => T;

type Read = { readonly [name in keyof typeof OPTIONS]: ReturnType<typeof OPTIONS[name]> };

/**
 * Reads the options.
 *
 * @param further Options that the caller reads itself.
 * @throws {OptionError} Names the option, quotes the value and says what would be accepted.
 */
export function readOptions(options: McpOptions, further: readonly string[] = []): Settings {
  readObject("options", options);
  refuseStrangers("", options, "option", [...Object.keys(OPTIONS), ...further]);
  const read = Object.fromEntries(
    Object.entries(OPTIONS).map(([name, reader]) => [
      name,
      (reader as Reader<unknown, unknown>)(name, options[name as keyof McpOptions]),
    ]),
  ) as Read;
  const { limits, backend } = read;
  const { lacks } = backend;
  refuseLacking(options, backend);
  return {
    policy: {
      eras: read.eras,
      sessions: read.sessions,
      termination: read.termination && lacks?.termination === undefined,
      staleInitialize: read.staleInitialize,
      response: read.response,
      allowedHosts: read.allowedHosts,
      allowedOrigins: read.allowedOrigins,
      cors: read.cors,
      revisions: LEGACY_REVISIONS,
      maxBodyBytes: limits.bodyBytes,
      maxInitializeBytes: limits.initializeBytes,
      maxBatch: limits.batch,
      maxInFlight: limits.inFlight,
      maxOwnInFlight: limits.inFlightPerPrincipal,
      maxStreams: limits.streams,
      maxSubscriptions: limits.subscriptions,
      maxOwnSubscriptions: limits.subscriptionsPerPrincipal,
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
    requestStateMs: limits.requestStateMs,
    stateKeys: read.stateKeys,
    authenticate: read.authenticate,
    resumable: read.resumable && lacks?.resumable === undefined,
    autoSseMs: read.autoSseMs,
    soonSseMs: Math.min(SOON_SSE_MS, read.autoSseMs),
    keepAliveMs: read.keepAliveMs,
    backend,
    writes: new Writes(),
    onEvent: listenerOf(read.onEvent),
    clock: read.clock,
  };
}

// What a backend cannot do is refused where it is asked for, not where it is missed.
function refuseLacking(options: McpOptions, { lacks }: Backend): void {
  for (const [name, reason] of Object.entries(lacks ?? {})) {
    const asked = name.startsWith("limits.")
      ? options.limits?.[name.slice("limits.".length) as keyof Limits] !== undefined
      : options[name as "resumable" | "termination"] === true;
    if (asked) throw new OptionError(name, `not with this backend: ${reason}`);
  }
}

function refuseStrangers(
  prefix: string,
  given: object,
  what: string,
  names: readonly string[],
): void {
  const stranger = Object.keys(given).find((name) => !names.includes(name));
  if (stranger === undefined) return;
  throw new OptionError(prefix + stranger, `no such ${what}; there are ${names.join(", ")}`);
}

function readLimits(name: string, given: Limits = {}): Required<Limits> {
  readObject(name, given);
  const prefix = `${name}.`;
  refuseStrangers(prefix, given, "limit", Object.keys(LIMITS));
  return Object.fromEntries(
    Object.entries(LIMITS).map(([limit, { default: standard, least }]) => [
      limit,
      atLeast(least, standard)(prefix + limit, given[limit as keyof Limits]),
    ]),
  ) as unknown as Required<Limits>;
}

function readObject(name: string, given: object): void {
  accept(name, given, isObject(given), "is not an object of options");
}

function parseAllowedOrigin(text: string): AllowedOrigin | undefined {
  const host = parseAuthority(text);
  return host === undefined ? parseOrigin(text) : { scheme: undefined, ...host };
}

function readKeys(name: string, given: readonly Uint8Array[] = []): readonly Uint8Array[] {
  if (
    Array.isArray(given) && given.every((one) => one instanceof Uint8Array && one.length === 32)
  ) {
    return given;
  }
  // What was given may be a secret.
  throw new OptionError(name, "expected a list of keys of 32 bytes each");
}

function readBackend(name: string, given: Backend = memory()): Backend {
  const ports = [given?.sessions, given?.logs, given?.bus];
  return accept(
    name,
    given,
    ports.every(isObject),
    "is no backend: it needs sessions, logs and bus",
  );
}

function readClock(name: string, given: Clock = SYSTEM_CLOCK): Clock {
  const fits = typeof given?.now === "function" && typeof given.after === "function";
  return accept(name, given, fits, "is no clock: it needs now and after");
}

function listOf<T>(
  parse: (text: string) => T | undefined,
  otherwise: string,
): Reader<readonly string[] | "*", readonly T[] | "*"> {
  return (name, given = LOOPBACK_HOSTS) => {
    if (given === "*") return "*";
    const noList = `where a list of strings or "*" is expected`;
    accept(name, given, Array.isArray(given), noList);
    return given.map((text) => {
      const one = parse(accept(name, text, typeof text === "string", noList));
      if (one !== undefined) return one;
      throw new OptionError(name, `${JSON.stringify(text)} ${otherwise}`);
    });
  };
}

function oneOf<T extends string>(...values: readonly [T, ...T[]]): Reader<T, T> {
  return (name, given = values[0]) =>
    accept(name, given, values.includes(given), `is none of ${values.join(", ")}`);
}

function flag(standard: boolean): Reader<boolean, boolean> {
  return (name, given = standard) =>
    accept(name, given, typeof given === "boolean", "is not true or false");
}

function fn<T>(name: string, given?: T): T | undefined {
  return accept(
    name,
    given,
    given === undefined || typeof given === "function",
    "is not a function",
  );
}

function atLeast(least: number, standard: number): Reader<number, number> {
  return (name, given = standard) => {
    const fits = typeof given === "number" && given >= least;
    return accept(name, given, fits, `is not a number of at least ${least}`);
  };
}

function accept<T>(name: string, given: T, fits: boolean, otherwise: string): T {
  if (fits) return given;
  throw new OptionError(name, `${shown(given)} ${otherwise}`);
}
