/**
 * Reading the options: once, when a handler is made. A wrong one throws there and never shows later.
 *
 * @module
 */

import {
  type AllowedHosts,
  type AllowedOrigin,
  LOOPBACK_HOSTS,
  parseAuthority,
  parseOrigin,
} from "../protocol/authority.ts";
import { LEGACY_REVISIONS } from "../protocol/revisions.ts";
import { type Clock, SYSTEM_CLOCK } from "./clock.ts";
import { OptionError, shown } from "./errors.ts";
import { listenerOf } from "./events.ts";
import { memory } from "./memory/mod.ts";
import { LIMITS, type Limits, type McpOptions, type Settings } from "./options.ts";
import type { Backend } from "./ports.ts";
import { Writes } from "./writes.ts";

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

/**
 * Reads the options.
 *
 * @param further Options that the caller reads itself.
 * @throws {OptionError} Names the option, quotes the value and says what would be accepted.
 */
export function readOptions(options: McpOptions, further: readonly string[] = []): Settings {
  object("options", options);
  for (const name of Object.keys(options)) {
    if (!OPTIONS.has(name) && !further.includes(name)) {
      throw new OptionError(
        name,
        `no such option; there are ${[...OPTIONS, ...further].join(", ")}`,
      );
    }
  }
  const limits = readLimits(options.limits === undefined ? {} : object("limits", options.limits));
  const backend = readBackend(options.backend);
  refuseLacking(options, backend);
  return {
    policy: {
      eras: oneOf("eras", options.eras, ["both", "legacy", "modern"]),
      sessions: oneOf("sessions", options.sessions, ["required", "optional", "off"]),
      termination: flag(
        "termination",
        options.termination,
        backend.lacks?.termination === undefined,
      ),
      staleInitialize: oneOf("staleInitialize", options.staleInitialize, ["reject", "fresh"]),
      response: oneOf("response", options.response, ["auto", "json", "sse"]),
      allowedHosts: readHosts(options.allowedHosts),
      allowedOrigins: readOrigins(options.allowedOrigins),
      cors: flag("cors", options.cors, false),
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
    stateKeys: readKeys(options.stateKeys ?? []),
    authenticate: fn("authenticate", options.authenticate),
    resumable: flag("resumable", options.resumable, backend.lacks?.resumable === undefined),
    autoSseMs: atLeast("autoSseMs", options.autoSseMs, 0, 3_000),
    keepAliveMs: atLeast("keepAliveMs", options.keepAliveMs, 0, 5_000),
    backend,
    writes: new Writes(),
    onEvent: listenerOf(fn("onEvent", options.onEvent)),
    clock: readClock(options.clock),
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
    limits[name] = atLeast(`limits.${name}`, given[name as keyof Limits], least, standard);
  }
  return limits as unknown as Required<Limits>;
}

function readHosts(given: readonly string[] | "*" = LOOPBACK_HOSTS): AllowedHosts {
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

function readOrigins(
  given: readonly string[] | "*" = LOOPBACK_HOSTS,
): readonly AllowedOrigin[] | "*" {
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

function readBackend(given: Backend | undefined): Backend {
  if (given === undefined) return memory();
  const ports = typeof given === "object" && given !== null
    ? [given.sessions, given.logs, given.bus]
    : [];
  if (ports.length > 0 && ports.every((port) => typeof port === "object" && port !== null)) {
    return given;
  }
  throw new OptionError(
    "backend",
    `${shown(given)} is no backend: it needs sessions, logs and bus`,
  );
}

function readClock(given: Clock | undefined): Clock {
  if (given === undefined) return SYSTEM_CLOCK;
  if (typeof given?.now === "function" && typeof given.after === "function") return given;
  throw new OptionError("clock", `${shown(given)} is no clock: it needs now and after`);
}

function object<T extends object>(name: string, given: T): T {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return given;
  throw new OptionError(name, `${shown(given)} is not an object of options`);
}

function list(name: string, given: readonly string[]): readonly string[] {
  const stranger = Array.isArray(given)
    ? given.findIndex((one) => typeof one !== "string")
    : undefined;
  if (stranger === -1) return given;
  const found = stranger === undefined ? given : given[stranger];
  throw new OptionError(name, `${shown(found)} where a list of strings or "*" is expected`);
}

function oneOf<T extends string>(
  name: string,
  given: T | undefined,
  values: readonly [T, ...T[]],
): T {
  if (given === undefined) return values[0];
  if (values.includes(given)) return given;
  throw new OptionError(name, `${shown(given)} is none of ${values.join(", ")}`);
}

function flag(name: string, given: boolean | undefined, standard: boolean): boolean {
  if (given === undefined) return standard;
  if (typeof given === "boolean") return given;
  throw new OptionError(name, `${shown(given)} is not true or false`);
}

function fn<T>(name: string, given: T | undefined): T | undefined {
  if (given === undefined || typeof given === "function") return given;
  throw new OptionError(name, `${shown(given)} is not a function`);
}

function atLeast(
  name: string,
  given: number | undefined,
  least: number,
  standard: number,
): number {
  if (given === undefined) return standard;
  if (typeof given === "number" && given >= least) return given;
  throw new OptionError(name, `${shown(given)} is not a number of at least ${least}`);
}
