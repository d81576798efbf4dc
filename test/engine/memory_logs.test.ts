import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LOG_COST, type LogBounds } from "../../core/engine/mod.ts";
import { heapInUse } from "../doubles/heap.ts";
import { ROOMY, store } from "./memory_log_store.ts";

const SESSIONS = 20_000;

describe("a log in memory", () => {
  test("keeps the newest events within a number", () => {
    const { open, append, texts, logs } = store({ events: 2 });
    open();
    for (const data of ["1", "2", "3"]) append(data);
    assert.equal(texts(1), "2 3");
    assert.equal(texts(0), "lost");
    assert.deepEqual(logs.bounds("s", "a"), {
      first: 2,
      last: 3,
      delivered: 0,
      ended: false,
      owed: undefined,
    });
  });

  test("keeps the newest events within a number of characters, and the newest of all anyway", () => {
    const { open, append, texts } = store({ bytes: 5 });
    open();
    for (const data of ["aaa", "bb", "ccc"]) append(data);
    assert.equal(texts(1), "bb ccc");
    append("d".repeat(100));
    assert.equal(texts(3), "d".repeat(100));
    assert.equal(texts(2), "lost");
  });

  test("forgets events of an age, and says so to whoever wants them", () => {
    const { open, append, texts } = store({ ageMs: 10 });
    open();
    append("old", "a", { now: 0 });
    append("new", "a", { now: 5 });
    assert.equal(texts(0, "a", { now: 9 }), "old new");
    assert.equal(texts(0, "a", { now: 10 }), "lost");
    assert.equal(texts(1, "a", { now: 10 }), "new");
    assert.equal(texts(2, "a", { now: 99 }), "");
  });

  test("forgets events of an age also where nobody reads, once something begins", () => {
    const { open, append, logs } = store({ ageMs: 10 });
    open();
    append("old", "a", { now: 0 });
    append("new", "a", { now: 5 });
    open("b", 9);
    assert.equal((logs.bounds("s", "a") as LogBounds).first, 1);
    open("c", 10);
    assert.equal((logs.bounds("s", "a") as LogBounds).first, 2);
  });

  test("gives room in a session by ended streams first, oldest first, then by old events", () => {
    // Room for ten characters of this size, whatever the streams and events cost themselves.
    const wide = (text: string): string => [...text].map((one) => one.repeat(10_000)).join("");
    const { open, append, texts, logs } = store({
      sessionBytes: 100_000 + 4 * LOG_COST.stream + 7 * LOG_COST.event,
    });
    for (const stream of ["ended1", "open", "ended2", "newest"]) open(stream);
    append(wide("111"), "ended1", { last: true });
    append(wide("22"), "open");
    append(wide("2"), "open");
    append(wide("333"), "ended2", { last: true });
    append(wide("4444"), "newest");
    assert.equal(logs.bounds("s", "ended1"), undefined);
    assert.equal(texts(0, "ended2"), wide("333"));
    append(wide("55555"), "newest");
    assert.equal(logs.bounds("s", "ended2"), undefined);
    assert.equal(texts(0, "open"), "lost");
    assert.equal(texts(1, "open"), wide("2"));
    assert.equal(texts(0, "newest"), `${wide("4444")} ${wide("55555")}`);
    append(wide("6".repeat(50)), "newest");
    assert.equal(texts(2, "open"), "");
    assert.equal(texts(2, "newest"), wide("6".repeat(50)));
  });

  test("gives room in a session by as many events as it takes, and by no more", () => {
    const { open, append, texts } = store({
      sessionBytes: 2 * LOG_COST.stream + 2 * (LOG_COST.event + 1),
    });
    open("a");
    open("b");
    append("1", "a");
    append("2", "b");
    assert.equal(texts(0, "a"), "1");
    append("3", "b");
    assert.equal(texts(0, "a"), "lost");
    assert.equal(texts(0, "b"), "2 3");
    append("44", "b");
    assert.equal(texts(1, "b"), "lost");
    assert.equal(texts(2, "b"), "44");
  });

  test("counts what it owes as what it says", () => {
    const { open, append, texts, logs } = store();
    const budget = { ...ROOMY, sessionBytes: 2 * LOG_COST.stream + LOG_COST.event + 10 };
    open("a");
    append("12345", "a");
    logs.open("s", "b", 0, budget, "[111]");
    assert.equal(texts(0, "a"), "12345");
    logs.drop("s", "b");
    logs.open("s", "b", 0, budget, "[1111]");
    assert.equal(texts(0, "a"), "lost");
  });

  test("of an idle session is forgotten at its age while others begin streams, one by one", () => {
    const { open, append, logs } = store({ ageMs: 10 });
    const idle = [...Array(20)].map((_, i) => `idle${i}`);
    for (const session of idle) {
      open("ended", 0, session);
      append("x", "ended", { session, last: true });
    }
    const left = (): number => idle.filter((one) => logs.bounds(one, "ended") !== undefined).length;
    for (let i = 0; i < 40; i++) logs.whole!("busy", `early${i}`, "x", 9, { ...ROOMY, ageMs: 10 });
    assert.equal(left(), 20);
    for (let i = 0; i < 10; i++) open(`open${i}`, 10, "busy");
    assert.ok(left() < 20, `${left()} are left`);
    for (let i = 0; i < 40; i++) logs.whole!("busy", `late${i}`, "x", 10, { ...ROOMY, ageMs: 10 });
    assert.equal(left(), 0);
  });

  test("of an idle session is forgotten also where each stream is of a new session", () => {
    const { open, append, logs } = store({ ageMs: 10 });
    open("ended", 0, "first");
    append("x", "ended", { session: "first", last: true });
    const aging = { ...ROOMY, ageMs: 10 };
    for (let i = 0; i < 50; i++) {
      // Sessions that listen only are passed over, but not run after.
      open("listening", i, `quiet${i}`);
      logs.whole!(`new${i}`, "a", "x", i, aging);
    }
    for (let i = 50; logs.bounds("first", "ended") !== undefined; i++) {
      assert.ok(i < 1_000, "it is never looked at");
      open("listening", i, `quiet${i}`);
      logs.whole!(`new${i}`, "a", "x", i, aging);
    }
  });

  for (const [how, streams] of [["one stream", ["a"]], ["two", ["a", "b"]]] as const) {
    for (
      const [dropped, names] of [["whole", [undefined]], ["stream by stream", streams]] as const
    ) {
      test(`leaves nothing of sessions of ${how} that are dropped ${dropped}`, () => {
        const { open, logs } = store();
        const round = (): void => {
          for (let i = 0; i < SESSIONS; i++) {
            const session = crypto.randomUUID();
            for (const stream of streams) open(stream, 0, session);
            for (const name of names) logs.drop(session, name);
          }
        };
        round();
        const before = heapInUse();
        round();
        const left = (heapInUse() - before) / SESSIONS;
        assert.ok(left < 10, `${left} bytes are left of each`);
        assert.equal(logs.bounds("s", "a"), undefined);
      });
    }
  }

  test("leaves nothing of what sessions said that are over, also where nothing begins any more", () => {
    const { open, append, logs } = store();
    const text = "x".repeat(10_000);
    const sessions = Array.from({ length: 1_000 }, () => crypto.randomUUID());
    const before = heapInUse();
    for (const [i, session] of sessions.entries()) {
      const said = (): string => JSON.stringify({ i, text });
      if (i % 3 === 0) {
        logs.whole!(session, "a", said(), 0, ROOMY);
        continue;
      }
      open("a", 0, session);
      append(said(), "a", { session, last: i % 3 === 1 });
    }
    for (const session of sessions) logs.drop(session);
    const left = (heapInUse() - before) / sessions.length;
    assert.ok(left < text.length / 10, `${left} bytes are left of each`);
    assert.equal(logs.bounds("s", "a"), undefined);
  });

  test("of one session never takes from another's", () => {
    const { open, append, texts } = store({ sessionBytes: 10 });
    open("a", 0, "quiet");
    open();
    append("keep me", "a", { session: "quiet" });
    for (let i = 0; i < 100; i++) append("xxxxxxxxx");
    assert.equal(texts(0, "a", { session: "quiet" }), "keep me");
  });

  test("is read in pages without a gap, the last of which says that it has ended", () => {
    const { open, append, page } = store();
    open();
    for (const data of ["aaa", "bbb", "ccc"]) append(data);
    append("ddd", "a", { last: true });
    const first = page(0, 4)!;
    assert.deepEqual([first.events.length, first.more, first.ended], [2, true, false]);
    for (const [bytes, count] of [[0, 1], [3, 1], [6, 2], [7, 3]] as const) {
      assert.equal(page(0, bytes)!.events.length, count, `${bytes} characters`);
    }
    const second = page(2, 1)!;
    assert.deepEqual(second.events, [{ ...second.events[0]!, position: 3, data: "ccc" }]);
    const third = page(3, 100)!;
    assert.deepEqual([third.events.length, third.more, third.ended], [1, false, true]);
    assert.deepEqual(page(4, 100), { events: [], ended: true, more: false });
  });

  test("cannot be read on from where it never was", () => {
    const { open, append, texts } = store();
    assert.equal(texts(0), "lost");
    open();
    assert.equal(texts(0), "");
    append("1");
    assert.equal(texts(2), "lost");
    assert.equal(texts(-1), "lost");
    assert.equal(texts(0, "a", { session: "other" }), "lost");
  });

  test("notes how far it was read, and forgets that much where nobody comes back", () => {
    const { open, append, texts, logs } = store();
    open();
    for (const data of ["1", "2", "3"]) append(data);
    logs.delivered("s", "a", 2, false);
    logs.delivered("s", "a", 1, false);
    assert.deepEqual(logs.bounds("s", "a"), {
      first: 1,
      last: 3,
      delivered: 2,
      ended: false,
      owed: undefined,
    });
    logs.delivered("s", "a", 2, true);
    assert.equal(texts(2), "3");
    assert.equal(texts(1), "lost");
  });

  test("that has ended, was dropped or never opened takes nothing", () => {
    const { open, append, texts, logs } = store();
    assert.equal(append("early"), 0);
    open();
    append("1", "a", { last: true });
    assert.equal(append("late"), 0);
    assert.equal(texts(0), "1");
    logs.drop("s", "a");
    assert.equal(append("later"), 0);
    open();
    assert.equal(append("anew"), 1);
    logs.drop("s");
    assert.equal(append("latest"), 0);
    assert.equal(logs.bounds("s", "a"), undefined);
  });

  test("stays as small as its budget, however much goes through it", () => {
    const { open, append, logs } = store({ events: 10, bytes: 100_000, sessionBytes: 200_000 });
    open();
    const before = heapInUse();
    for (let i = 0; i < 20_000; i++) append(JSON.stringify({ i, text: "x".repeat(5_000) }));
    for (let i = 0; i < 600_000; i++) append("small");
    const grown = heapInUse() - before;
    assert.ok(grown < 3_000_000, `${grown} bytes are kept`);
    logs.drop("s");
  });
});
