/**
 * The kit: ids and names that are nearly the same. They are compared as they are, to their last character.
 *
 * @module
 */

import { eventually, same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";
import { BUDGET, LIFETIME, NOW, positions, record, ROOM, write } from "./kit_data.ts";

/** As long as the longest id is, but for its end. */
const LONG = "x".repeat(255);

/** Pairs that are different, and how. */
const PAIRS = [["case", "aB", "Ab"], ["their last character", `${LONG}1`, `${LONG}2`]] as const;

/** The checks. */
export const nameChecks: readonly KitCheck[] = PAIRS.flatMap(([how, one, other]) => [
  {
    name: `sessions: ids and owners that differ by ${how} are different ones`,
    async check({ backend: { sessions }, peer }) {
      const records = [record(one, { owner: one }), record(other, { owner: other })];
      for (const each of records) {
        const created = await sessions.create(each, { ...ROOM, perPrincipal: 1 }, LIFETIME);
        same(created, { created: true, evicted: [] }, `create ${each.id}`);
      }
      same((await peer.sessions.get(one))?.owner, one, "the owner of one");
      same((await peer.sessions.get(other))?.owner, other, "the owner of the other");
      await sessions.touch(one, { at: NOW, held: true, by: "n" });
      same((await sessions.get(other))?.held, false, "held is only one");
      same(await sessions.delete(one), true, "deleted");
      same(await peer.sessions.count(), 1, "left");
      same((await peer.sessions.get(other))?.id, other, "the other is left");
    },
  },
  {
    name: `logs: sessions, streams and names of events that differ by ${how} are different ones`,
    async check({ backend: { logs }, peer }) {
      await write(logs, one, one, 1);
      await write(logs, one, other, 2);
      await write(logs, other, one, 3);
      same(await positions(peer.logs, one, one, 0), "1", "one");
      same(await positions(peer.logs, one, other, 0), "1 2", "another stream");
      same(await positions(peer.logs, other, one, 0), "1 2 3", "another session's");
      const put = (once: string) => logs.append(one, one, "1", false, NOW, BUDGET, once);
      same([await put(one), await put(other)], [2, 3], "named events");
      await logs.drop(one);
      same(await positions(peer.logs, other, one, 0), "1 2 3", "once the other session is dropped");
    },
  },
  {
    name: `bus: topics that differ by ${how} are different ones`,
    async check({ backend, peer }) {
      const got: string[] = [];
      // A topic holds more than an id.
      const [ofOne, ofOther] = [`topic of ${one}`, `topic of ${other}`];
      const of = (name: string) => ({
        receive: (text: string) => void got.push(`${name} ${text}`),
      });
      const [first, second] = [of("one"), of("other")];
      await peer.bus.subscribe(ofOne, first);
      same(await backend.bus.publish(ofOther, "nobody"), 0, "published to nobody");
      await peer.bus.subscribe(ofOther, second);
      await backend.bus.publish(ofOne, "1");
      await backend.bus.publish(ofOther, "2");
      await eventually(() => got.length >= 2, "two messages");
      same(got.sort(), ["one 1", "other 2"], "received");
      peer.bus.unsubscribe(ofOne, first);
      await backend.bus.publish(ofOther, "3");
      await eventually(() => got.length >= 3, "a message after one has left");
      peer.bus.unsubscribe(ofOther, second);
    },
  },
  {
    name: `nodes, handles: names that differ by ${how} are different ones`,
    async check({ backend: { nodes, handles }, peer }) {
      await nodes?.renew(one, NOW);
      same(await peer.nodes?.alive(other, NOW), nodes && false, "the other node");
      await handles?.put(one, "1", NOW + 60_000, NOW);
      await handles?.put(other, "2", NOW + 60_000, NOW);
      same(await peer.handles?.get(one, NOW), handles && "1", "one handle");
      same(await handles?.delete(other), handles && true, "deleted");
      same(await peer.handles?.get(one, NOW), handles && "1", "which the other is not");
    },
  },
]);
