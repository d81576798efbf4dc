/**
 * The kit: sessions.
 *
 * @module
 */

import type { SessionStore } from "../../core/engine/ports.ts";
import type { SessionRecord } from "../../core/session/record.ts";
import { same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";
import { fill, ids, LIFETIME, NOW, record, ROOM } from "./kit_data.ts";

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
