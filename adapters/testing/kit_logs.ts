/**
 * The kit: logs.
 *
 * @module
 */

import { LOG_COST } from "../../core/engine/ports.ts";
import { same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";
import { BUDGET, NOW, positions, write } from "./kit_data.ts";

/** The checks. */
export const logChecks: readonly KitCheck[] = [
  {
    name: "logs: a stream is unknown, then open, then has events, then has ended",
    async check({ backend: { logs }, peer }) {
      same(await logs.bounds("s", "a"), undefined, "bounds of an unknown one");
      same(await positions(logs, "s", "a", 0), "?", "an unknown one");
      await logs.open("s", "a", NOW, BUDGET, "[1]");
      const open = { first: 1, last: 0, delivered: 0, ended: false, owed: "[1]" };
      same(await peer.logs.bounds("s", "a"), open, "bounds of a new one");
      same(await positions(peer.logs, "s", "a", 0), "", "a new one");
      same(await logs.append("s", "a", '{"a":1}', false, NOW, BUDGET), 1, "first position");
      await logs.open("s", "a", NOW, BUDGET, "[2]");
      same(await logs.append("s", "a", '{"b":"é🙂\\n"}', true, NOW, BUDGET), 2, "second position");
      const page = await peer.logs.read("s", "a", 0, 1_000, NOW, BUDGET);
      const found = page?.events.map(({ position, data }) => [position, data]);
      same(found, [[1, '{"a":1}'], [2, '{"b":"é🙂\\n"}']], "events");
      same([page?.ended, page?.more], [true, false], "ended, and more");
      same(
        await peer.logs.bounds("s", "a"),
        { ...open, last: 2, ended: true },
        "bounds at the end",
      );
      await logs.open("s", "b", NOW, BUDGET);
      same((await peer.logs.bounds("s", "b"))?.owed, undefined, "where nothing is owed");
    },
  },
  {
    name: "logs: a stream that is stored whole is one that its one message ended",
    async check({ backend: { logs }, peer }) {
      if (logs.whole === undefined) return;
      await write(logs, "s", "a", 1);
      await logs.end("s", "a", NOW);
      await logs.whole("s", "b", '"all"', NOW, BUDGET);
      const bounds = { first: 1, last: 1, delivered: 0, ended: true, owed: undefined };
      same(await peer.logs.bounds("s", "b"), bounds, "bounds");
      const page = await peer.logs.read("s", "b", 0, 1_000, NOW, BUDGET);
      same(page?.events.map(({ position, data }) => [position, data]), [[1, '"all"']], "events");
      same([page?.ended, page?.more], [true, false], "the end of it");
      same(await logs.append("s", "b", "1", false, NOW, BUDGET), 0, "an append");
      const room = { ...BUDGET, sessionBytes: 2 * (LOG_COST.stream + LOG_COST.event + 10) };
      await logs.whole("s", "c", '"01234567"', NOW, room);
      const left = [];
      for (const name of ["a", "b", "c"]) left.push(await logs.bounds("s", name) !== undefined);
      same(left, [false, true, true], "what gave way to a further one");
      await logs.whole("s", "d", '"01234567"', NOW, room);
      same(await positions(logs, "s", "c", 0), "1.", "room for two");
      await logs.whole("s", "e", '"012345678"', NOW, room);
      same(await positions(logs, "s", "d", 0), "?", "what is too much for two");
    },
  },
  {
    name: "logs: reading begins after any position that was reached, and nowhere else",
    async check({ backend: { logs } }) {
      await write(logs, "s", "a", 3);
      same(await positions(logs, "s", "a", 0), "1 2 3", "from the beginning");
      same(await positions(logs, "s", "a", 2), "3", "from within");
      same(await positions(logs, "s", "a", 3), "", "from the end");
      same(await positions(logs, "s", "a", 4), "?", "from beyond");
      same(await positions(logs, "t", "a", 0), "?", "another session's");
      await logs.end("s", "a", NOW);
      same(await positions(logs, "s", "a", 2), "3.", "once it has ended");
      same(await positions(logs, "s", "a", 3), ".", "at its end");
    },
  },
  {
    name: "logs: a page holds about what was asked for, and one event at least",
    async check({ backend: { logs } }) {
      await write(logs, "s", "a", 5);
      await logs.end("s", "a", NOW);
      same(await positions(logs, "s", "a", 0, BUDGET, NOW, 1), "1+", "one");
      same(await positions(logs, "s", "a", 0, BUDGET, NOW, 25), "1 2 3+", "three");
      same(await positions(logs, "s", "a", 3, BUDGET, NOW, 25), "4 5.", "the rest");
    },
  },
  {
    name: "logs: what has ended, was dropped or never opened takes nothing",
    async check({ backend: { logs }, peer }) {
      same(await logs.append("s", "a", "1", false, NOW, BUDGET), 0, "never opened");
      await logs.end("s", "a", NOW);
      same(await logs.bounds("s", "a"), undefined, "end makes none");
      await write(logs, "s", "a", 1);
      await logs.append("s", "a", '"last"', true, NOW, BUDGET);
      same(await peer.logs.append("s", "a", '"late"', false, NOW, BUDGET), 0, "ended");
      await peer.logs.open("s", "a", NOW, BUDGET);
      same(await logs.append("s", "a", '"later"', false, NOW, BUDGET), 0, "opened once more");
      same(await positions(logs, "s", "a", 0), "1 2.", "as it was");
      await write(logs, "s", "b", 1);
      await peer.logs.drop("s");
      same(await logs.append("s", "b", '"late"', true, NOW, BUDGET), 0, "dropped");
      same(await logs.bounds("s", "b"), undefined, "not made again");
    },
  },
  {
    name: "logs: many writers leave no gap and lose nothing",
    async check({ backend, peer }) {
      await backend.logs.open("s", "a", NOW, BUDGET);
      const got = await Promise.all(
        Array.from(
          { length: 60 },
          (_, i) => (i % 2 ? peer : backend).logs.append("s", "a", `${i}`, false, NOW, BUDGET),
        ),
      );
      same(
        [...got].sort((a, b) => a - b),
        Array.from({ length: 60 }, (_, i) => i + 1),
        "positions",
      );
      const page = await peer.logs.read("s", "a", 0, 1 << 20, NOW, BUDGET);
      const found = page?.events.map(({ data }) => Number(data)).sort((a, b) => a - b);
      same(found, Array.from({ length: 60 }, (_, i) => i), "events");
      for (const { position, data } of page?.events ?? []) {
        same(got[Number(data)], position, "the position that was returned");
      }
    },
  },
  {
    name: "logs: the oldest events give way to a stream's budget",
    async check({ backend: { logs } }) {
      const few = { ...BUDGET, events: 3 };
      await write(logs, "s", "a", 5, few);
      same(await positions(logs, "s", "a", 2, few), "3 4 5", "by number");
      same(await positions(logs, "s", "a", 1, few), "?", "what is gone is not read past");
      const small = { ...BUDGET, bytes: 30 };
      await write(logs, "s", "b", 5, small);
      same(await positions(logs, "s", "b", 2, small), "3 4 5", "by size");
      await logs.append("s", "b", `"${"x".repeat(100)}"`, false, NOW, small);
      same(await positions(logs, "s", "b", 5, small), "6", "the newest stays");
      const { first, last } = (await logs.bounds("s", "b"))!;
      same([first, last], [6, 6], "bounds");
    },
  },
  {
    name: "logs: a noisy session evicts only itself, ended streams first",
    async check({ backend: { logs } }) {
      const { stream, event } = LOG_COST;
      const of = (streams: number, events: number): number =>
        streams * stream + events * (event + 10);
      const room = { ...BUDGET, sessionBytes: of(3, 10) };
      await write(logs, "t", "a", 4, room);
      await write(logs, "s", "live", 3, room);
      await write(logs, "s", "over", 3, room);
      await logs.end("s", "over", NOW);
      await write(logs, "s", "new", 4, room);
      same(await positions(logs, "s", "over", 0, room), "1 2 3.", "as long as there is room");
      await write(logs, "s", "new", 1, room);
      same(await positions(logs, "s", "over", 0, room), "?", "ended");
      same(await positions(logs, "s", "live", 0, room), "1 2 3", "live");
      await write(logs, "s", "newest", 4, room);
      same((await logs.bounds("s", "live"))?.first, 3, "then the oldest events of the live ones");
      same(await positions(logs, "s", "newest", 0, room), "1 2 3 4", "the newest");
      same(await positions(logs, "t", "a", 0, room), "1 2 3 4", "another session");
      await write(logs, "t", "b", 2, { ...BUDGET, sessionBytes: 1 });
      same((await logs.bounds("t", "a"))?.first, 5, "all events of the others");
      same(await positions(logs, "t", "b", 1), "2", "the newest event stays");
    },
  },
  {
    name: "logs: many small streams weigh more than what is in them",
    async check({ backend: { logs }, peer }) {
      const { stream, event } = LOG_COST;
      const room = { ...BUDGET, sessionBytes: 10 * (stream + event + 10) };
      const names = Array.from({ length: 12 }, (_, i) => `ended${i}`);
      for (const [i, name] of names.entries()) {
        const { logs: by } = i % 2 ? peer : { logs };
        await write(by, "s", name, 1, room);
        await by.end("s", name, NOW + i);
      }
      const found = [];
      for (const name of names) found.push(await positions(logs, "s", name, 0, room));
      same(found, [...Array(2).fill("?"), ...Array(10).fill("1.")], "streams of one event");
      // An empty one, begun and ended.
      await logs.open("s", "empty", NOW + 20, room);
      await logs.end("s", "empty", NOW + 20);
      same(await positions(logs, "s", "ended2", 0, room), "?", "room for an empty one");
      same(await positions(logs, "s", "ended3", 0, room), "1.", "and for no more");
      await peer.logs.drop("s", "ended3");
      await write(logs, "s", "further", 1, room);
      same(await positions(logs, "s", "ended4", 0, room), "1.", "what is dropped is not counted");
      const one = { ...BUDGET, sessionBytes: stream + 10 * (event + 10) };
      await write(logs, "t", "a", 12, one);
      same((await logs.bounds("t", "a"))?.first, 3, "the first event of one stream that is kept");
      await peer.logs.delivered("t", "a", 10, true);
      await write(logs, "t", "a", 8, one);
      same(
        (await logs.bounds("t", "a"))?.first,
        11,
        "the first where what is forgotten is not counted",
      );
    },
  },
  {
    name: "logs: events grow old, positions go on",
    async check({ backend: { logs } }) {
      await write(logs, "s", "a", 2);
      const later = NOW + BUDGET.ageMs - 1;
      await write(logs, "s", "a", 1, BUDGET, later);
      same(await positions(logs, "s", "a", 0, BUDGET, later), "1 2 3", "just before");
      same(await positions(logs, "s", "a", 0, BUDGET, later + 1), "?", "too old");
      same(await positions(logs, "s", "a", 2, BUDGET, later + 1), "3", "the rest");
      const muchLater = later + BUDGET.ageMs;
      same(await positions(logs, "s", "a", 2, BUDGET, muchLater), "?", "the last too old");
      same(await positions(logs, "s", "a", 3, BUDGET, muchLater), "", "all too old");
      same(await logs.append("s", "a", "4", false, muchLater, BUDGET), 4, "the next position");
      same(await positions(logs, "s", "a", 3, BUDGET, muchLater), "4", "the next");
    },
  },
  {
    name: "logs: what was delivered is remembered, and forgotten where asked",
    async check({ backend: { logs }, peer }) {
      await write(logs, "s", "a", 5);
      await logs.delivered("s", "a", 3, false);
      await logs.delivered("s", "a", 2, false);
      same((await peer.logs.bounds("s", "a"))?.delivered, 3, "never less");
      same(await positions(logs, "s", "a", 0), "1 2 3 4 5", "kept");
      await peer.logs.delivered("s", "a", 4, true);
      same(await positions(logs, "s", "a", 4), "5", "left");
      same(await positions(logs, "s", "a", 3), "?", "forgotten");
      await logs.delivered("s", "a", 2, true);
      same((await logs.bounds("s", "a"))?.first, 5, "first");
      await logs.delivered("s", "a", 5, true);
      const { first, last } = (await peer.logs.bounds("s", "a"))!;
      same([first, last], [6, 5], "first, and last, where nothing is left");
      same(await positions(logs, "s", "a", 5), "", "nothing is left");
      await logs.delivered("s", "unknown", 1, true);
      same(await logs.bounds("s", "unknown"), undefined, "makes none");
    },
  },
  {
    name: "logs: a stream is dropped alone, or with its session",
    async check({ backend: { logs }, peer }) {
      for (const [session, stream] of [["s", "a"], ["s", "b"], ["t", "a"], ["s:a", "b"]] as const) {
        await write(logs, session, stream, 2);
      }
      await peer.logs.drop("s", "a");
      same(await positions(logs, "s", "a", 0), "?", "dropped");
      same(await positions(logs, "s", "b", 0), "1 2", "its neighbour");
      await peer.logs.drop("s");
      same(await positions(logs, "s", "b", 0), "?", "the session's");
      same(await positions(logs, "t", "a", 0), "1 2", "another session's");
      same(await positions(logs, "s:a", "b", 0), "1 2", "one of a similar name");
      await logs.drop("unknown");
      await write(logs, "s", "a", 1);
      same(await positions(logs, "s", "a", 0), "1", "begun again");
    },
  },
];
