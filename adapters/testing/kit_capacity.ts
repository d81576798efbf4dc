/**
 * The kit: who gives way where there is no room for a further session.
 *
 * @module
 */

import { same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";
import { fill, ids, LIFETIME, NOW, record } from "./kit_data.ts";

/** The checks. */
export const capacityChecks: readonly KitCheck[] = [
  {
    name: "sessions: at capacity the least recently used gives way, never-ready ones first",
    async check({ backend: { sessions } }) {
      const room = { sessions: 4, perPrincipal: Infinity };
      await fill(sessions, "abcd");
      for (const id of "abc") await sessions.touch(id, { at: NOW + 1, ready: true });
      for (const id of "ad") await sessions.touch(id, { at: NOW + 2 });
      const evicted = async (id: string) => {
        const used = { ready: true, seen: NOW + 3 };
        const created = await sessions.create(record(id, used), room, LIFETIME);
        return created.created ? created.evicted.join() : created.full;
      };
      same(await evicted("e"), "d", "never ready");
      same(await evicted("f"), "b", "least recently used");
      same(await evicted("g"), "c", "the next");
      same(await evicted("h"), "a", "a use counts");
      same(await ids(sessions), "efgh", "left");
      same(await sessions.get("a"), undefined, "evicted");
    },
  },
  {
    name: "sessions: what is held gives no way; where all is held nothing changes",
    async check({ backend: { sessions }, peer }) {
      const room = { sessions: 2, perPrincipal: Infinity };
      await fill(sessions, "ab");
      await sessions.touch("a", { at: NOW, ready: true });
      await sessions.touch("a", { at: NOW, held: true, by: "n1" });
      same(
        await sessions.create(record("c"), room, LIFETIME),
        { created: true, evicted: ["b"] },
        "the other",
      );
      await sessions.touch("c", { at: NOW, held: true, by: "n2" });
      same(
        await peer.sessions.create(record("d"), room, LIFETIME),
        { created: false, full: "capacity" },
        "all held",
      );
      same(await ids(sessions), "ac", "left");
      same(await sessions.get("d"), undefined, "refused");
      await sessions.touch("a", { at: NOW + 1, held: false, by: "n1" });
      same(
        await sessions.create(record("e"), room, LIFETIME),
        { created: true, evicted: ["a"] },
        "let go",
      );
    },
  },
  {
    name: "sessions: a principal's quota takes from that principal alone",
    async check({ backend: { sessions } }) {
      const room = { sessions: 10, perPrincipal: 2 };
      const open = async (id: string, owner: string | undefined) => {
        const created = await sessions.create(record(id, { owner }), room, LIFETIME);
        return created.created ? created.evicted.join() : created.full;
      };
      for (const id of "ab") same(await open(id, "x"), "", id);
      for (const id of "cd") same(await open(id, undefined), "", id);
      for (const id of "ef") same(await open(id, ""), "", id);
      same(await open("g", "x"), "a", "least recently used of x");
      same(await open("h", undefined), "c", "anonymous callers are one");
      same(await open("i", ""), "e", "the empty name is not anonymous");
      for (const id of "bg") await sessions.touch(id, { at: NOW, held: true, by: "n" });
      same(await open("j", "x"), "quota", "all held");
      same(await ids(sessions), "bdfghi", "left");
      await sessions.delete("b");
      same(await open("k", "x"), "", "a place is free again");
    },
  },
  {
    name: "sessions: capacity is exact where 50 arrive at once on two nodes",
    async check({ backend, peer }) {
      const room = { sessions: 10, perPrincipal: Infinity };
      const outcomes = await Promise.all(
        Array.from(
          { length: 50 },
          (_, i) => (i % 2 ? peer : backend).sessions.create(record(`s${i}`), room, LIFETIME),
        ),
      );
      same(outcomes.filter((one) => one.created).length, 50, "created");
      const evicted = outcomes.flatMap((one) => one.created ? one.evicted : []);
      same(new Set(evicted).size, 40, "evicted, each once");
      same(await backend.sessions.count(), 10, "count");
      for await (const { id } of backend.sessions.list()) {
        await backend.sessions.touch(id, { at: NOW, held: true, by: "n" });
      }
      const refused = await Promise.all(
        Array.from(
          { length: 50 },
          (_, i) => (i % 2 ? peer : backend).sessions.create(record(`t${i}`), room, LIFETIME),
        ),
      );
      same(refused.filter((one) => one.created).length, 0, "created while all is held");
      same(await peer.sessions.count(), 10, "count after");
    },
  },
  {
    name: "sessions: quotas are exact where 50 arrive at once on two nodes",
    async check({ backend, peer }) {
      const room = { sessions: 100, perPrincipal: 3 };
      await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          (i % 2 ? peer : backend).sessions.create(
            record(`s${i}`, { owner: `o${i % 5}` }),
            room,
            LIFETIME,
          )),
      );
      const owners = new Map<string | undefined, number>();
      for await (const { owner } of peer.sessions.list()) {
        owners.set(owner, (owners.get(owner) ?? 0) + 1);
      }
      same([...owners.values()], [3, 3, 3, 3, 3], "sessions of each");
    },
  },
];
