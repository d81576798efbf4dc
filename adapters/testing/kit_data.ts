/**
 * What the checks of the kit store, and how they look at it.
 *
 * @module
 */

import type { Capacity, LogBudget, LogStore, SessionStore } from "../../core/engine/ports.ts";
import type { Lifetime, SessionRecord } from "../../core/session/record.ts";

/** A time to count from. */
export const NOW = 1_700_000_000_000;

/** An hour idle, a day in all. */
export const LIFETIME: Lifetime = { idleMs: 3_600_000, maxAgeMs: 86_400_000 };

/** Enough for all. */
export const ROOM: Capacity = { sessions: 1_000, perPrincipal: Infinity };

/** What is not said is ordinary. */
export function record(id: string, over: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id,
    version: "2025-11-25",
    owner: undefined,
    initialize: '{"protocolVersion":"2025-11-25"}',
    created: NOW,
    seen: NOW,
    ready: false,
    held: false,
    ...over,
  };
}

/** More than most checks need. */
export const BUDGET: LogBudget = {
  events: 100,
  bytes: 10_000,
  sessionBytes: 200_000,
  ageMs: 60_000,
};

/** Stores a session for each character of `ids`. */
export async function fill(
  store: SessionStore,
  ids: string,
  over: Partial<SessionRecord> = {},
): Promise<void> {
  for (const id of ids) await store.create(record(id, over), ROOM, LIFETIME);
}

/** The ids of all sessions, in the order of the alphabet. */
export async function ids(store: SessionStore): Promise<string> {
  const found: string[] = [];
  for await (const { id } of store.list()) found.push(id);
  return found.sort().join("");
}

/** Opens a stream and appends events of ten characters. */
export async function write(
  logs: LogStore,
  session: string,
  stream: string,
  count: number,
  budget: LogBudget = BUDGET,
  now: number = NOW,
): Promise<void> {
  await logs.open(session, stream, now, budget);
  for (let i = 0; i < count; i++) {
    await logs.append(session, stream, `"${i}"`.padEnd(10), false, now, budget);
  }
}

/** Positions after `after`, with `.` where the log has ended and `+` where there is more; or `?`. */
export async function positions(
  logs: LogStore,
  session: string,
  stream: string,
  after: number,
  budget: LogBudget = BUDGET,
  now: number = NOW,
  maxBytes: number = 1 << 20,
): Promise<string> {
  const page = await logs.read(session, stream, after, maxBytes, now, budget);
  if (page === undefined) return "?";
  const list = page.events.map((one) => one.position).join(" ");
  return `${list}${page.more ? "+" : ""}${page.ended ? "." : ""}`;
}
