/**
 * Reading the options: once, when a handler is made.
 *
 * @module
 */

import {
  type AllowedOrigin,
  type Authority,
  LOOPBACK_HOSTS,
  parseAuthority,
  parseOrigin,
} from "../../protocol/authority.ts";
import { LEGACY_REVISIONS } from "../../protocol/revisions.ts";
import { SYSTEM_CLOCK } from "../clock.ts";
import { OptionError, shown } from "../errors.ts";
import { listenerOf, type OnEvent } from "../events.ts";
import type { GuardLimits, GuardOptions } from "../guard/guard_options.ts";
import { memory } from "../memory/mod.ts";
import type { Backend } from "../ports.ts";
import { Writes } from "../streams/writes.ts";
import { LIMITS, type Limits, type McpOptions, type Settings } from "./options.ts";
import {
  accept,
  atLeast,
  backend,
  clock,
  flag,
  fn,
  keys,
  needed,
  oneOf,
  type Read,
  type Reader,
  type ReadersOf,
  readOnly,
} from "./readers.ts";

/** `soonSseMs`, where `autoSseMs` is not less. What is answered sooner needs no connection: 11 to 15 µs of a call. */
const SOON_SSE_MS = 100;

/** The limits, each with its reader. */
const LIMIT_READERS = Object.fromEntries(
  Object.entries(LIMITS).map((
    [name, { default: standard, least }],
  ) => [name, atLeast(least, standard)]),
) as { readonly [name in keyof Limits]-?: Reader<number, number> };

/** What both kinds of handler are asked about each exchange and each session. */
const SHARED = {
  authenticate: fn<NonNullable<McpOptions["authenticate"]>>,
  allowedHosts: listOf<Authority>(parseAuthority, "is not a host name, or host:port"),
  allowedOrigins: listOf<AllowedOrigin>(
    parseAllowedOrigin,
    "is not an origin (scheme://host[:port]) or a host name",
  ),
  cors: flag(false),
  termination: flag(true),
  staleInitialize: oneOf("reject", "fresh"),
  backend: (name: string, given?: Backend) => backend(name, given) ?? memory(),
  onEvent: fn<OnEvent>,
  clock: clock(SYSTEM_CLOCK),
};

/** Every option: how what was given is read. */
const OPTIONS = {
  sessions: oneOf("required", "optional", "off"),
  ...SHARED,
  limits: (name: string, given: Limits = {}) => readOnly(LIMIT_READERS, given, name),
  response: oneOf("auto", "json", "sse"),
  resumable: flag(true),
  autoSseMs: atLeast(0, 3_000),
  keepAliveMs: atLeast(0, 5_000),
  eras: oneOf("both", "legacy", "modern"),
  stateKeys: keys,
} satisfies ReadersOf<McpOptions>;

/** Those of a guard. Other limits bound what only MCP has. */
const GUARD_OPTIONS = {
  opens: needed<GuardOptions["opens"]>,
  ...SHARED,
  limits: readGuardLimits,
} satisfies ReadersOf<GuardOptions>;

/**
 * Reads the options of an MCP handler.
 *
 * @throws {OptionError} Names the option, quotes the value and says what would be accepted.
 */
export function readOptions(options: McpOptions): Settings {
  return settingsOf(readOnly(OPTIONS, options), options);
}

/** Reads the options of a guard; otherwise as {@linkcode readOptions}. */
export function readGuardOptions(options: GuardOptions): Settings {
  const { opens: _opens, ...own } = readOnly(GUARD_OPTIONS, options ?? {});
  return settingsOf({ ...readOnly(OPTIONS, { backend: own.backend }), ...own }, options);
}

function readGuardLimits(
  name: string,
  given: GuardLimits = {},
): Read<typeof LIMIT_READERS> {
  const { bodyBytes, sessions, sessionsPerPrincipal, idleMs, maxAgeMs } = LIMIT_READERS;
  const own = {
    ...{ bodyBytes, sessions, sessionsPerPrincipal, idleMs, maxAgeMs },
  } satisfies ReadersOf<GuardLimits>;
  return { ...readOnly(LIMIT_READERS, {}), ...readOnly(own, given, name) };
}

function settingsOf(
  read: Read<typeof OPTIONS>,
  options: Pick<McpOptions, "resumable" | "termination" | "limits">,
): Settings {
  const { backend, authenticate, onEvent, clock, stateKeys, ...others } = read;
  const { resumable, autoSseMs, keepAliveMs, ...policy } = others;
  const { limits } = policy;
  const { idleMs, maxAgeMs, queuedBytes, requestStateMs } = limits;
  const { lacks } = backend;
  refuseLacking(options, backend);
  return {
    policy: {
      ...policy,
      termination: policy.termination && lacks?.termination === undefined,
      revisions: LEGACY_REVISIONS,
    },
    capacity: { sessions: limits.sessions, perPrincipal: limits.sessionsPerPrincipal },
    lifetime: { idleMs, maxAgeMs },
    budget: {
      events: limits.logEvents,
      bytes: limits.logBytes,
      sessionBytes: limits.sessionLogBytes,
      ageMs: limits.logAgeMs,
    },
    queuedBytes,
    requestStateMs,
    stateKeys,
    authenticate,
    resumable: resumable && lacks?.resumable === undefined,
    autoSseMs,
    soonSseMs: Math.min(SOON_SSE_MS, autoSseMs),
    keepAliveMs,
    backend,
    writes: new Writes(),
    onEvent: listenerOf(onEvent),
    observed: onEvent !== undefined,
    clock,
  };
}

// What a backend cannot do is refused where it is asked for, not where it is missed.
function refuseLacking(
  options: Pick<McpOptions, "resumable" | "termination" | "limits">,
  { lacks }: Backend,
): void {
  for (const [name, reason] of Object.entries(lacks ?? {})) {
    const asked = name.startsWith("limits.")
      ? options.limits?.[name.slice("limits.".length) as keyof Limits] !== undefined
      : options[name as "resumable" | "termination"] === true;
    if (asked) throw new OptionError(name, `not with this backend: ${reason}`);
  }
}

function parseAllowedOrigin(text: string): AllowedOrigin | undefined {
  // What pages without an origin send, which are never served; not a host.
  if (text.toLowerCase() === "null") return undefined;
  const host = parseAuthority(text);
  return host === undefined ? parseOrigin(text) : { scheme: undefined, ...host };
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
      const all = text === "*" ? '; "*" in place of the list is for all' : "";
      throw new OptionError(name, `${shown(text)} ${otherwise}${all}`);
    });
  };
}
