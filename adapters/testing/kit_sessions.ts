/**
 * The kit: sessions.
 *
 * @module
 */

import type { SessionStore } from "../../core/engine/ports.ts";
import type { SessionRecord } from "../../core/session/record.ts";
import { same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";
import { LIFETIME, NOW, record, ROOM } from "./kit_data.ts";

async function fill(store: SessionStore, ids: string, over: Partial<SessionRecord> = {}) {
  for (const id of ids) await store.create(record(id, over), ROOM, LIFETIME);
}

async function ids(store: SessionStore): Promise<string> {
  const found: string[] = [];
  for await (const { id } of store.list()) found.push(id);
  return found.sort().join("");
}

async function read(store: SessionStore, id: string): Promise<SessionRecord | undefined> {
  const found = await store.get(id);
  if (found === undefined) return undefined;
  const { version, owner, initialize, created, seen, ready, held } = found;
  return { id: found.id, version, owner, initialize, created, seen, ready, held };
}

/** The checks. */
export const sessionChecks: readonly KitCheck[] = [
  {
    name: "sessions: a record comes back as it was stored, on every node",
    async check({ backend, peer }) {
      const records = [
        record("plain"),
        record("!~'\"\\%{}[]", { owner: "issuer|Zoë 🙂|client" }),
        record("empty-owner", { owner: "" }),
        record("owner-with-nul", { owner: "issuer\0subject" }),
        record("half-a-pair", { owner: "a\ud83d" }),
        record("the-other-half", { owner: "a\udc00" }),
        record("not-mcp", { version: undefined, initialize: "" }),
        record("large", { initialize: JSON.stringify({ text: "é".repeat(40_000) }) }),
        record("old", { version: "2025-03-26", created: NOW - 5, seen: NOW - 3 }),
      ];
      for (const one of records) {
        same(
          await backend.sessions.create(one, ROOM, LIFETIME),
          { created: true, evicted: [] },
          `create ${one.id}`,
        );
      }
      for (const one of records) same(await read(peer.sessions, one.id), one, `get ${one.id}`);
    },
  },
  {
    name: "sessions: an id that is nobody's is nothing",
    async check({ backend: { sessions } }) {
      for (const id of ["unknown", "__proto__", "constructor", "*", "a".repeat(256)]) {
        same(await sessions.get(id), undefined, `get ${id}`);
        same(await sessions.delete(id), false, `delete ${id}`);
        await sessions.touch(id, { at: NOW, held: true, by: "n", ready: true });
        same(await sessions.get(id), undefined, `get ${id} after touch`);
      }
      same(await sessions.count(), 0, "count");
      await sessions.touch("unknown", { at: NOW, held: false, by: "n" });
      await fill(sessions, "a", { ready: true });
      const one = { sessions: 1, perPrincipal: Infinity };
      const created = await sessions.create(record("b", { ready: true }), one, LIFETIME);
      same(created, { created: true, evicted: ["a"] }, "create after touch");
    },
  },
  {
    name: "sessions: of eight that delete one, one succeeds",
    async check({ backend, peer }) {
      await fill(backend.sessions, "a");
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, i) => (i % 2 ? peer : backend).sessions.delete("a")),
      );
      same(outcomes.filter(Boolean).length, 1, "deleted");
      same(await peer.sessions.get("a"), undefined, "get");
      same(await backend.sessions.count(), 0, "count");
    },
  },
  {
    name: "sessions: touch changes what it names",
    async check({ backend, peer }) {
      await fill(backend.sessions, "a", { owner: "o" });
      await backend.sessions.touch("a", { at: NOW + 5 });
      same(
        await read(peer.sessions, "a"),
        record("a", { owner: "o", seen: NOW + 5 }),
        "after a use",
      );
      await peer.sessions.touch("a", { at: NOW + 6, ready: true });
      same(
        await read(backend.sessions, "a"),
        record("a", { owner: "o", seen: NOW + 6, ready: true }),
        "once ready",
      );
      await backend.sessions.touch("a", { at: NOW + 7, held: true, by: "n" });
      same((await read(peer.sessions, "a"))?.held, true, "held");
      await backend.sessions.touch("a", { at: NOW + 8, held: false, by: "n" });
      same(
        await read(peer.sessions, "a"),
        record("a", { owner: "o", seen: NOW + 8, ready: true }),
        "let go",
      );
    },
  },
  {
    name: "sessions: what two nodes hold is held until both let go",
    async check({ backend, peer }) {
      await fill(backend.sessions, "a");
      await backend.sessions.touch("a", { at: NOW, held: true, by: "n1" });
      await peer.sessions.touch("a", { at: NOW, held: true, by: "n2" });
      await backend.sessions.touch("a", { at: NOW, held: false, by: "n1" });
      same((await peer.sessions.get("a"))?.held, true, "after the first");
      await peer.sessions.touch("a", { at: NOW, held: false, by: "n2" });
      same((await backend.sessions.get("a"))?.held, false, "after the second");
      await peer.sessions.touch("a", { at: NOW, held: false, by: "n2" });
      await backend.sessions.touch("a", { at: NOW, held: true, by: "n1" });
      same((await backend.sessions.get("a"))?.held, true, "letting go twice counts once");
    },
  },
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
  {
    name: "sessions: the list is oldest first and complete",
    async check({ backend, peer }) {
      const count = 120;
      for (let i = 0; i < count; i++) {
        await backend.sessions.create(record(`s${i}`, { created: NOW + i }), ROOM, LIFETIME);
      }
      await backend.sessions.delete("s7");
      await backend.sessions.touch("s3", { at: NOW + 1_000 });
      const found: string[] = [];
      for await (const { id } of peer.sessions.list()) found.push(id);
      const expected = Array.from({ length: count }, (_, i) => `s${i}`).filter((one) =>
        one !== "s7"
      );
      same(found, expected, "list");
      same(await peer.sessions.count(), count - 1, "count");
    },
  },
  {
    name: "sessions: a list misses none, also where what it gives is deleted meanwhile",
    async check({ backend, peer }) {
      const count = 250;
      // Many were opened at once.
      for (let i = 0; i < count; i++) {
        const created = NOW + (i < 220 ? 0 : i);
        const room = { ...ROOM, sessions: count };
        await backend.sessions.create(record(`s${i}`, { created }), room, LIFETIME);
      }
      const found = new Set<string>();
      let given = 0;
      for await (const { id } of peer.sessions.list()) {
        given++;
        found.add(id);
        await backend.sessions.delete(id);
      }
      same([given, found.size], [count, count], "listed, and different ones");
    },
  },
  {
    name: "sessions: a sweep takes what is over and unheld, once",
    async check({ backend, peer }) {
      const { sessions } = backend;
      await fill(sessions, "b", { created: NOW - LIFETIME.maxAgeMs, seen: NOW - 5 });
      await fill(sessions, "ah", { seen: NOW - LIFETIME.idleMs });
      await fill(sessions, "e", {
        created: NOW - LIFETIME.maxAgeMs,
        seen: NOW - LIFETIME.idleMs,
      });
      await fill(sessions, "c", { seen: NOW - LIFETIME.idleMs + 1 });
      await fill(sessions, "d");
      await sessions.touch("h", { at: NOW - LIFETIME.idleMs, held: true, by: "n" });
      await fill(sessions, "o", { created: NOW - LIFETIME.maxAgeMs });
      await sessions.touch("o", { at: NOW, held: true, by: "n" });
      // The old one is the one that was used last.
      await sessions.touch("b", { at: NOW - 1 });
      const swept = await Promise.all([
        sessions.sweep(NOW, LIFETIME),
        peer.sessions.sweep(NOW, LIFETIME),
      ]);
      const gone = swept.flat().map(({ id, reason }) => `${id} ${reason}`).sort();
      // Of one that is both, the age counts: no use could have kept it.
      same(gone, ["a idle", "b age", "e age"], "swept");
      same(await ids(sessions), "cdho", "left");
    },
  },
];
