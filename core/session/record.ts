/**
 * A session is a record: whoever can read it can serve it.
 *
 * @module
 */

import type { LegacyRevision } from "../protocol/revisions.ts";

/** All that a backend keeps of a session: plain data of a few hundred bytes. */
export interface SessionRecord {
  /** The session's id: visible ASCII, at most 256 characters. The engine mints it, with at least 128 random bits. */
  readonly id: string;
  /** The revision that `initialize` settled on; undefined where the body is not MCP's. */
  readonly version: LegacyRevision | undefined;
  /** The principal that opened it; undefined for an anonymous caller. */
  readonly owner: string | undefined;
  /** The `params` of `initialize`, as JSON text; empty where the body is not MCP's. */
  readonly initialize: string;
  /** When it was opened, in milliseconds of the clock. */
  readonly created: number;
  /** When its last exchange ended, in milliseconds of the clock. */
  readonly seen: number;
  /** True once `notifications/initialized` has arrived. */
  readonly ready: boolean;
  /** True while a request in flight or an open stream holds it: then it does not grow idle and is not evicted. */
  readonly held: boolean;
}

/** How long a session lives. */
export interface Lifetime {
  /** Milliseconds from the end of its last exchange; `Infinity` for no limit. */
  readonly idleMs: number;
  /** Milliseconds from its opening, used or not; `Infinity` for no limit. */
  readonly maxAgeMs: number;
}

/**
 * Why a session ended.
 *
 * - `terminated`: the client sent DELETE.
 * - `idle`: it was idle for `limits.idleMs`.
 * - `age`: it was `limits.maxAgeMs` old.
 * - `evicted`: it gave its place to a new session, because `limits.sessions` or `limits.sessionsPerPrincipal` was
 *   reached.
 * - `ended`: the application ended it, or its opening could not be completed.
 */
export type EndReason = "terminated" | "idle" | "age" | "evicted" | "ended";

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
