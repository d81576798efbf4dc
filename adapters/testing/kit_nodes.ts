/**
 * The kit: leases of nodes, and handles. A backend that has neither passes.
 *
 * @module
 */

import { same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";
import { LIFETIME, NOW, record } from "./kit_data.ts";

const ROOM = { sessions: 10, perPrincipal: Infinity };

/** The checks. */
export const nodeChecks: readonly KitCheck[] = [
  {
    name: "nodes: a node is up while its lease lasts",
    async check({ backend: { nodes }, peer }) {
      if (nodes === undefined || peer.nodes === undefined) return;
      same(await peer.nodes.alive("n1", NOW), false, "never seen");
      same(await nodes.renew("n1", NOW), false, "the first time");
      same(await nodes.renew("n1", NOW + 1), true, "the second");
      const end = NOW + 1 + nodes.leaseMs;
      same(await peer.nodes.alive("n1", end - 1), true, "before the end");
      same(await peer.nodes.alive("n1", end), false, "at the end");
      same(await peer.nodes.renew("n2", end), false, "another");
      same(await nodes.renew("n1", end), false, "too late");
      await nodes.leave("n1", end);
      same(await peer.nodes.alive("n1", end), false, "after leaving");
      same(await peer.nodes.alive("n2", end), true, "the other");
    },
  },
  {
    name: "nodes: what a node held is let go when its lease is over, or when it leaves",
    async check({ backend, peer }) {
      const { nodes, sessions } = backend;
      if (nodes === undefined || peer.nodes === undefined) return;
      for (const id of ["a", "b", "c"]) await sessions.create(record(id), ROOM, LIFETIME);
      for (const node of ["n1", "n2", "n3"]) await nodes.renew(node, NOW);
      await sessions.touch("a", { at: NOW, held: true, by: "n1" });
      await sessions.touch("b", { at: NOW, held: true, by: "n1" });
      await sessions.touch("b", { at: NOW, held: true, by: "n2" });
      await sessions.touch("c", { at: NOW, held: true, by: "n3" });
      const end = NOW + nodes.leaseMs;
      await peer.nodes.renew("n2", end - 1);
      await peer.nodes.renew("n2", end);
      const held = async (): Promise<string> => {
        let found = "";
        for await (const one of sessions.list()) if (one.held) found += one.id;
        return found;
      };
      same(await held(), "b", "held after two leases are over");
      const evicted = async (id: string) => {
        const tight = { sessions: 3, perPrincipal: Infinity };
        const created = await sessions.create(record(id), tight, LIFETIME);
        if (!created.created) return created.full;
        await sessions.touch(id, { at: end, held: true, by: "n4" });
        return created.evicted.join();
      };
      same([await evicted("d"), await evicted("e")].sort(), ["a", "c"], "gave way");
      same(await evicted("f"), "capacity", "all are held");
      await peer.nodes.leave("n2", end);
      same([...await held()].sort().join(""), "de", "held after the last has left");
      same(await evicted("g"), "b", "a place is free");
    },
  },
  {
    name: "nodes: of what is let go, idle time counts from then",
    async check({ backend, peer }) {
      const { nodes, sessions } = backend;
      if (nodes === undefined || peer.nodes === undefined) return;
      const { idleMs } = LIFETIME;
      for (const id of ["a", "b", "c"]) await sessions.create(record(id), ROOM, LIFETIME);
      // Both have held theirs for longer than one may be idle.
      const last = NOW + 2 * idleMs;
      for (const node of ["n1", "n2"]) await nodes.renew(node, last);
      await sessions.touch("a", { at: NOW, held: true, by: "n1" });
      await sessions.touch("b", { at: NOW, held: true, by: "n2" });
      await sessions.touch("c", { at: NOW, held: true, by: "n1" });
      await sessions.touch("c", { at: NOW + 1, held: false, by: "n1" });
      const end = last + nodes.leaseMs;
      await peer.nodes.renew("n2", end - 1);
      await peer.nodes.renew("n3", end);
      for (const at of [end, end + 1]) await peer.nodes.leave("n2", at);
      for (const id of ["a", "b"]) {
        same((await sessions.get(id))?.held, false, `${id} is held`);
        same((await sessions.get(id))?.seen, end, `${id} was seen`);
      }
      same((await sessions.get("c"))?.seen, NOW + 1, "what a node had let go was seen");
      const gone = async (now: number): Promise<string> =>
        (await sessions.sweep(now, LIFETIME)).map(({ id }) => id).sort().join("");
      same(await gone(end + idleMs - 1), "c", "gone before");
      same(await gone(end + idleMs), "ab", "gone then");
    },
  },
  {
    name: "nodes: what a node takes hold of once its lease is over is let go too",
    async check({ backend, peer }) {
      const { nodes, sessions } = backend;
      if (nodes === undefined || peer.nodes === undefined) return;
      for (const id of ["a", "b"]) await sessions.create(record(id), ROOM, LIFETIME);
      for (const node of ["n1", "n2"]) await nodes.renew(node, NOW);
      const end = NOW + nodes.leaseMs;
      await peer.nodes.renew("n2", end - 1);
      await peer.nodes.renew("n2", end);
      await sessions.touch("a", { at: end, held: true, by: "n1" });
      await sessions.touch("b", { at: end, held: true, by: "n2" });
      same(await nodes.alive("n1", end), false, "still not up");
      await peer.nodes.renew("n2", end + 1);
      same((await sessions.get("a"))?.held, false, "held by the one that is not up");
      same((await sessions.get("b"))?.held, true, "held by the other");
      same(await nodes.renew("n1", end + 2), false, "it is told that it has to say again");
    },
  },
  {
    name: "nodes: what a node says twice, for it may not have been heard, counts once",
    async check({ backend: { nodes, sessions }, peer }) {
      if (nodes === undefined) return;
      await sessions.create(record("a"), ROOM, LIFETIME);
      await nodes.renew("n", NOW);
      const held = async () => (await peer.sessions.get("a"))?.held;
      for (let i = 0; i < 2; i++) await sessions.touch("a", { at: NOW, held: true, by: "n" });
      same(await held(), true, "held, said twice");
      for (let i = 0; i < 2; i++) {
        await sessions.touch("a", { at: NOW, held: false, by: "n" });
        same(await held(), false, "let go");
      }
      await sessions.touch("a", { at: NOW, held: true, by: "n" });
      same(await held(), true, "held again");
    },
  },
  {
    name: "handles: a text is kept until its time, or until it is deleted",
    async check({ backend: { handles }, peer }) {
      if (handles === undefined || peer.handles === undefined) return;
      same(await handles.get("h", NOW), undefined, "unknown");
      await handles.put("h", '["é🙂",1]', NOW + 60_000, NOW);
      same(await peer.handles.get("h", NOW + 59_999), '["é🙂",1]', "kept");
      await peer.handles.put("h", "2", NOW + 90_000, NOW);
      same(await handles.get("h", NOW + 60_000), "2", "replaced");
      same(await handles.get("h", NOW + 90_000), undefined, "expired");
      await handles.put("i", "3", NOW + 60_000, NOW);
      same(await peer.handles.delete("i"), true, "deleted");
      same(await handles.delete("i"), false, "deleted again");
      same(await handles.get("i", NOW), undefined, "gone");
    },
  },
  {
    name: "handles: only what is there is replaced",
    async check({ backend: { handles }, peer }) {
      if (handles === undefined || peer.handles === undefined) return;
      // Far apart: a store may forget by its own clock, and take its time.
      const [soon, end] = [NOW + 60_000, NOW + 120_000];
      same(await handles.replace("h", "0", end, NOW), false, "one that never was");
      same(await peer.handles.get("h", NOW), undefined, "makes none");
      await handles.put("h", "1", soon, NOW);
      same(await peer.handles.replace("h", '["é🙂"]', end, soon - 1), true, "one that is there");
      same(await handles.get("h", end - 1), '["é🙂"]', "until its new time");
      same(await handles.replace("h", "3", end + 60_000, end), false, "one that has expired");
      same(await peer.handles.get("h", end), undefined, "stays expired");
      await handles.put("i", "1", end, NOW);
      await peer.handles.delete("i");
      same(await handles.replace("i", "2", end, NOW), false, "one that was deleted");
      same(await handles.get("i", NOW), undefined, "does not come back");
    },
  },
];
