/**
 * The kit: events that have a name, so that an append may be repeated.
 *
 * @module
 */

import type { LogStore } from "../../core/engine/ports.ts";
import { same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";
import { BUDGET, NOW, positions } from "./kit_data.ts";

/** How many events back a name is known at least. */
const REMEMBERED = 16;

function named(logs: LogStore, session: string, stream: string, once?: string) {
  return logs.append(session, stream, "1", false, NOW, BUDGET, once);
}

/** The checks. */
export const onceChecks: readonly KitCheck[] = [
  {
    name: "logs: a repeated event is stored once",
    async check({ backend: { logs }, peer }) {
      await logs.open("s", "a", NOW, BUDGET);
      const put = (by: LogStore, name: string, last = false) =>
        by.append("s", "a", `"${name}"`, last, NOW, BUDGET, name);
      for (let i = 1; i <= 10; i++) same(await put(logs, `n${i}`), i, "position");
      same(await put(peer.logs, "n10"), 10, "the newest");
      same(await put(logs, "n1"), 1, "the oldest");
      same(await put(logs, "end", true), 11, "the last");
      same(await put(peer.logs, "end", true), 11, "the last, repeated");
      same(await positions(logs, "s", "a", 9), "10 11.", "stored");
    },
  },
  {
    name: "logs: a repeated event is known among the last sixteen, named or not",
    async check({ backend: { logs }, peer }) {
      await logs.open("s", "a", NOW, BUDGET);
      for (let i = 1; i <= REMEMBERED; i++) same(await named(logs, "s", "a", `n${i}`), i, "named");
      same(await named(peer.logs, "s", "a", "n1"), 1, "the first of sixteen names");
      same(await positions(logs, "s", "a", REMEMBERED), "", "nothing is stored again");
      await logs.open("s", "b", NOW, BUDGET);
      same(await named(logs, "s", "b", "n"), 1, "the only name");
      for (let i = 2; i <= REMEMBERED; i++) await named(logs, "s", "b");
      same(await named(peer.logs, "s", "b", "n"), 1, "the first of sixteen events");
    },
  },
  {
    name: "logs: a name is one log's: the same name in two logs is of two events",
    async check({ backend: { logs }, peer }) {
      const places = [["s", "a"], ["s", "b"], ["t", "a"]] as const;
      for (const [session, stream] of places) await logs.open(session, stream, NOW, BUDGET);
      for (const [session, stream] of places) {
        same(await named(logs, session, stream, "n"), 1, `of ${session} ${stream}`);
        same(await positions(peer.logs, session, stream, 0), "1", `in ${session} ${stream}`);
      }
      await logs.drop("s", "a");
      await logs.open("s", "a", NOW, BUDGET);
      same(await named(logs, "s", "a"), 1, "in a log that was begun again");
      same(await named(logs, "s", "a", "n"), 2, "which has none of the names before");
    },
  },
  {
    name: "logs: of an event that several append at once, one is stored",
    async check({ backend, peer }) {
      await backend.logs.open("s", "a", NOW, BUDGET);
      for (let round = 1; round <= 5; round++) {
        const got = await Promise.all(
          Array.from(
            { length: 8 },
            (_, i) => named((i % 2 ? peer : backend).logs, "s", "a", `n${round}`),
          ),
        );
        same(got, Array(8).fill(round), "the positions that were returned");
      }
      same(await positions(peer.logs, "s", "a", 0), "1 2 3 4 5", "stored");
    },
  },
];
