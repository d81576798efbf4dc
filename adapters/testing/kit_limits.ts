/**
 * The kit: limits on sessions, where several are spent at once, and limits that are none.
 *
 * @module
 */

import type { Capacity, LogBudget, SessionStore } from "../../core/engine/ports.ts";
import type { SessionRecord } from "../../core/session/record.ts";
import { same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";
import { BUDGET, LIFETIME, NOW, positions, record, ROOM, write } from "./kit_data.ts";

/** Creates a session; the ids that gave way to it, or the limit that refused it. */
async function open(
  store: SessionStore,
  id: string,
  room: Capacity,
  over: Partial<SessionRecord> = {},
): Promise<string> {
  const created = await store.create(record(id, { owner: "x", ...over }), room, LIFETIME);
  return created.created ? [...created.evicted].sort().join("") : created.full;
}

/** The checks. */
export const limitChecks: readonly KitCheck[] = [
  {
    name: "sessions: of one principal's the least recently used gives way, never-ready ones first",
    async check({ backend: { sessions } }) {
      const room = { sessions: 10, perPrincipal: 3 };
      for (const id of "abc") same(await open(sessions, id, room), "", id);
      for (const id of "bc") await sessions.touch(id, { at: NOW + 1, ready: true });
      for (const id of "ba") await sessions.touch(id, { at: NOW + 2 });
      const used = { ready: true, seen: NOW + 3 };
      same(await open(sessions, "d", room, used), "a", "never ready");
      same(await open(sessions, "e", room, used), "c", "least recently used");
      same(await open(sessions, "f", room, used), "b", "a use counts");
    },
  },
  {
    name: "sessions: where quota and capacity are spent, both give way or nothing does",
    async check({ backend: { sessions }, peer }) {
      const [roomy, tight] = [10, 1].map((all) => ({ sessions: all, perPrincipal: 1 }));
      await open(sessions, "a", roomy!);
      await open(sessions, "b", roomy!, { owner: "y" });
      await sessions.touch("b", { at: NOW, held: true, by: "n" });
      same(await open(sessions, "c", tight!), "capacity", "the other is held");
      same((await peer.sessions.get("a"))?.id, "a", "of the principal itself");
      same(await sessions.count(), 2, "left");
      await sessions.touch("b", { at: NOW, held: false, by: "n" });
      same(await open(sessions, "c", tight!), "ab", "the other is let go");
      same(await peer.sessions.count(), 1, "left in the end");
    },
  },
  {
    name: "sessions: where what gives way to the quota makes room enough, nothing else does",
    async check({ backend: { sessions } }) {
      const room = { sessions: 2, perPrincipal: 1 };
      await open(sessions, "a", room, { owner: "y" });
      await open(sessions, "b", room);
      same(await open(sessions, "c", room), "b", "gave way");
    },
  },
  {
    name: "sessions, logs: a stream that is open stays, however long nothing is said on it",
    async check({ backend: { sessions, logs } }) {
      await open(sessions, "s", ROOM);
      await write(logs, "s", "a", 1);
      const later = NOW + 10 * BUDGET.ageMs;
      await sessions.sweep(later, LIFETIME);
      same(await logs.append("s", "a", "2", false, later, BUDGET), 2, "the next position");
    },
  },
  {
    name: "sessions, logs: limits may be infinite",
    async check({ backend: { sessions, logs }, peer }) {
      const [none, later] = [Infinity, NOW + 10 * LIFETIME.maxAgeMs];
      const lifetime = { idleMs: none, maxAgeMs: none };
      const room = { sessions: none, perPrincipal: none };
      const created = await sessions.create(record("a"), room, lifetime);
      same(created, { created: true, evicted: [] }, "create");
      same(await peer.sessions.sweep(later, lifetime), [], "swept");
      same((await peer.sessions.get("a"))?.id, "a", "left");
      const budget: LogBudget = { events: none, bytes: none, sessionBytes: none, ageMs: none };
      await write(logs, "a", "s", 3, budget);
      same(await positions(peer.logs, "a", "s", 0, budget, later, none), "1 2 3", "an open stream");
      await logs.whole?.("a", "t", "1", NOW, budget);
      const whole = await positions(peer.logs, "a", "t", 0, budget, later, none);
      same(whole, logs.whole === undefined ? "?" : "1.", "one that is stored whole");
    },
  },
];
