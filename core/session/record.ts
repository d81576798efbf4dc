/**
 * A session is a record: whoever can read it can serve it.
 *
 * @module
 */

import type { LegacyRevision } from "../protocol/revisions.ts";

/** All that is kept of a session. Plain data of a few hundred bytes. */
export interface SessionRecord {
  /** Minted here, at least 128 random bits, visible ASCII. */
  readonly id: string;
  /** The revision that `initialize` settled on; undefined where the body is not MCP's. */
  readonly version: LegacyRevision | undefined;
  /** The principal that opened it; undefined for an anonymous one. */
  readonly owner: string | undefined;
  /** The `params` of `initialize`, as JSON text; empty where the body is not MCP's. */
  readonly initialize: string;
  /** When it was opened, in milliseconds of the clock. */
  readonly created: number;
  /** When its last exchange ended, in milliseconds of the clock. */
  readonly seen: number;
  /** `notifications/initialized` has arrived. */
  readonly ready: boolean;
  /** A request in flight or an open stream holds it: it does not grow idle. */
  readonly held: boolean;
}

/** How long a session lives, in milliseconds. */
export interface Lifetime {
  /** From the end of the last exchange. */
  readonly idleMs: number;
  /** From its opening, used or not. */
  readonly maxAgeMs: number;
}

/** Why a session ended. */
export type EndReason =
  /** The client sent DELETE. */
  | "terminated"
  /** Idle for too long. */
  | "idle"
  /** Over its absolute lifetime. */
  | "age"
  /** Gave its place to a new session. */
  | "evicted"
  /** Ended by the application. */
  | "ended";

/** Which lifetime of a session is over at `now`; undefined where it lives. */
export function lapsed(
  record: SessionRecord,
  now: number,
  lifetime: Lifetime,
): "idle" | "age" | undefined {
  if (now - record.created >= lifetime.maxAgeMs) return "age";
  if (!record.held && now - record.seen >= lifetime.idleMs) return "idle";
  return undefined;
}
