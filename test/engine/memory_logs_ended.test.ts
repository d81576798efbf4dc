import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LOG_COST, type LogBounds, type LogStore } from "../../core/engine/mod.ts";
import { heapInUse } from "../doubles/heap.ts";
import { ROOMY, store } from "./memory_log_store.ts";

describe("a log in memory that one message is all of", () => {
  const budget = { ...ROOMY, sessionBytes: 100 * (LOG_COST.stream + LOG_COST.event + 5) };
  const put = (logs: LogStore, stream: string, data = "12345", now = 0) =>
    logs.whole!("s", stream, data, now, budget);

  test("is read like any other, and has ended", () => {
    const { logs, texts, append } = store();
    put(logs, "a", "all");
    assert.deepEqual(logs.bounds("s", "a"), {
      ...{ first: 1, last: 1, delivered: 0, ended: true, owed: undefined },
    });
    assert.equal(texts(0), "all");
    assert.equal(texts(1), "");
    assert.equal(texts(2), "lost");
    assert.equal(append("more"), 0);
  });

  test("gives way in the order in which streams ended, looked at or not", () => {
    const { logs, open, append, texts } = store(budget);
    for (const name of ["a", "c"]) {
      open(name);
      append("12345", name, { last: true });
      put(logs, name === "a" ? "b" : "d");
    }
    assert.equal(texts(0, "b"), "12345");
    const left = () => ["a", "b", "c", "d"].filter((name) => logs.bounds("s", name) !== undefined);
    for (let i = 0; i < 96; i++) put(logs, `x${i}`);
    assert.deepEqual(left(), ["a", "b", "c", "d"]);
    for (const gone of [1, 2, 3, 4]) {
      put(logs, `y${gone}`);
      assert.deepEqual(left(), ["a", "b", "c", "d"].slice(gone));
    }
  });

  test("gives way in the order in which streams ended, whatever the others have in them", () => {
    const { logs, open, append } = store();
    const several = LOG_COST.stream + 2 * (LOG_COST.event + 1);
    const whole = LOG_COST.stream + LOG_COST.event + 1;
    for (const name of ["a", "c", "e"]) {
      open(name);
      append("1", name);
      append("2", name, { last: true });
      if (name !== "e") put(logs, name === "a" ? "b" : "d", "1");
    }
    const left = () => [..."abcde"].filter((name) => logs.bounds("s", name) !== undefined);
    // Each is looked at only here, at the end: what gives way is not to depend on it.
    let sessionBytes = 3 * several + 3 * whole;
    logs.whole!("s", "x", "1", 0, { ...ROOMY, sessionBytes });
    for (const cost of [several, whole, several]) {
      sessionBytes -= cost;
      logs.whole!("s", `x${sessionBytes}`, "1", 0, {
        ...ROOMY,
        sessionBytes: sessionBytes + whole,
      });
      sessionBytes += whole;
    }
    assert.deepEqual(left(), ["d", "e"]);
  });

  test("leaves nothing where it is dropped, also while an older one stays", () => {
    const room = { ...ROOMY, sessionBytes: Infinity };
    const { logs, open, append } = store(room);
    logs.whole!("s", "oldest", "1", 0, room);
    const before = heapInUse();
    const dropped = Array.from({ length: 300 }, (_, i) => `s${i}`);
    for (const name of dropped) {
      open(name);
      for (let now = 0; now < 900; now++) append("x".repeat(10), name, { now });
      append("last", name, { last: true });
    }
    logs.whole!("s", "newest", "1", 0, room);
    for (const name of dropped) logs.drop("s", name);
    const left = (heapInUse() - before) / dropped.length;
    assert.ok(left < 4_000, `${left} bytes are left of each`);
    assert.notEqual(logs.bounds("s", "oldest"), undefined);
  });

  test("is one of as many as there is room for, however many came, and the newest whatever its size", () => {
    const { logs, texts } = store();
    const before = heapInUse();
    for (let i = 0; i < 50_000; i++) {
      put(logs, `s${i}`);
      if (i % 7 === 0) logs.drop("s", `s${i - 1}`);
    }
    const grown = heapInUse() - before;
    assert.ok(grown < 1_000_000, `${grown} bytes are kept`);
    // Every seventh was dropped, and what it cost is there for others.
    const newest = Array.from({ length: 300 }, (_, i) => 49_700 + i);
    assert.deepEqual(
      newest.filter((i) => texts(0, `s${i}`) === "12345"),
      newest.filter((i) => i % 7 !== 6).slice(-100),
    );
    put(logs, "large", "x".repeat(1_000_000));
    assert.equal(logs.bounds("s", "s49999"), undefined);
    assert.equal(texts(0, "large").length, 1_000_000);
  });

  test("is forgotten at its age", () => {
    const { logs } = store();
    const aging = { ...ROOMY, ageMs: 10 };
    logs.whole!("s", "never looked at", "x", 0, aging);
    logs.open("s", "open", 10, aging);
    assert.equal(logs.bounds("s", "never looked at"), undefined);
    logs.whole!("s", "a", "x", 0, aging);
    logs.whole!("s", "b", "x", 5, aging);
    logs.whole!("s", "c", "x", 9, aging);
    assert.notEqual(logs.read("s", "b", 0, 1, 14, aging), undefined);
    assert.equal(logs.read("s", "b", 0, 1, 15, aging), undefined);
    logs.open("s", "d", 15, aging);
    assert.deepEqual(["a", "b", "c"].map((name) => logs.bounds("s", name) !== undefined), [
      ...[false, false, true],
    ]);
  });
});

describe("a log in memory that has ended, once another has", () => {
  test("is as it was: its events, its bounds, and what can be read on from", () => {
    const { logs, open, append, texts } = store();
    open();
    append('"é🙂"');
    append("2");
    append("", "a", { last: true });
    open("b");
    append("next", "b", { last: true });
    assert.deepEqual(logs.bounds("s", "a"), {
      ...{ first: 1, last: 3, delivered: 0, ended: true, owed: undefined },
    });
    assert.equal(texts(0), '"é🙂" 2 ');
    assert.equal(texts(2), "");
    assert.equal(texts(4), "lost");
    assert.equal(append("late"), 0);
    assert.equal(texts(0, "b"), "next");
  });

  test("forgets each event at its own age", () => {
    const { logs, open, append, texts } = store({ ageMs: 10 });
    open();
    append("1", "a", { now: 0 });
    append("2", "a", { now: 5 });
    append("3", "a", { now: 8, last: true });
    open("b", 9);
    append("next", "b", { now: 9, last: true });
    assert.equal(texts(0, "a", { now: 9 }), "1 2 3");
    assert.equal(texts(0, "a", { now: 10 }), "lost");
    assert.equal(texts(1, "a", { now: 10 }), "2 3");
    assert.equal(texts(2, "a", { now: 17 }), "3");
    // With its last event the stream goes.
    open("c", 18);
    assert.equal(logs.bounds("s", "a"), undefined);
  });

  test("forgets each event at its own age also where it ended later, without a further one", () => {
    const { logs, open, append, texts } = store({ ageMs: 10 });
    open();
    append("1", "a", { now: 0 });
    append("2", "a", { now: 0 });
    logs.end("s", "a", 8);
    open("b", 9);
    append("next", "b", { now: 9, last: true });
    assert.equal(texts(0, "a", { now: 9 }), "1 2");
    assert.equal(texts(0, "a", { now: 10 }), "lost");
  });

  test("has of many events those that there was room for", () => {
    const { logs, open, append, texts } = store({ events: 20 });
    for (let count = 1; count <= 100; count++) {
      const stream = `of ${count}`;
      open(stream);
      for (let i = 1; i <= count; i++) append(`${i}`, stream, { last: i === count });
      open("next");
      append("next", "next", { last: true });
      logs.drop("s", "next");
      const gone = Math.max(0, count - 20);
      const { first, last } = logs.bounds("s", stream) as LogBounds;
      assert.deepEqual([first, last], [gone + 1, count]);
      const left = Array.from({ length: count - gone }, (_, i) => gone + i + 1);
      assert.equal(texts(gone, stream), left.join(" "));
      assert.equal(texts(gone - 1, stream), "lost");
    }
  });

  test("forgets each event at its own age also where thousands have gone before it", () => {
    const whole = LOG_COST.stream + LOG_COST.event + 1;
    const { logs, open, append, texts } = store({ ageMs: 10, sessionBytes: 20 * whole });
    const last = 4_000;
    for (let now = 0; now <= last; now++) {
      open(`s${now}`, now);
      append("1", `s${now}`, { now });
      append("2".repeat(1 + now % 5), `s${now}`, { now: now + 5, last: true });
    }
    const now = last + 5;
    const left = (stream: number) => [0, 1].map((after) => texts(after, `s${stream}`, { now }));
    assert.deepEqual(left(last - 10), ["lost", "lost"]);
    assert.deepEqual(left(last - 9), ["lost", "22"]);
    assert.deepEqual(left(last - 5), ["lost", "2"]);
    assert.deepEqual(left(last - 4), ["1 22", "22"]);
    // What they cost is there for others.
    const budget = { ...ROOMY, ageMs: 10, sessionBytes: 20 * whole };
    for (let i = 0; i < 30; i++) logs.whole!("s", `w${i}`, "1", last + 20, budget);
    const kept = Array.from({ length: 30 }, (_, i) => texts(0, `w${i}`, { now: last + 20 }));
    assert.deepEqual(kept.filter((text) => text === "1").length, 20);
  });

  test("keeps its names of events and what it owes", () => {
    const { logs, open, append } = store();
    logs.open("s", "a", 0, ROOMY, "[1]");
    append("1");
    append("2", "a", { last: true });
    open("b");
    logs.append("s", "b", "1", false, 0, ROOMY, "name");
    logs.append("s", "b", "2", true, 0, ROOMY, "last");
    open("c");
    append("next", "c", { last: true });
    append("next", "c", { last: true });
    assert.equal((logs.bounds("s", "a") as LogBounds).owed, "[1]");
    assert.equal(logs.append("s", "b", "1", false, 0, ROOMY, "name"), 1);
  });

  test("takes little more than its characters", () => {
    const { open, append, logs } = store({ sessionBytes: 1e9 });
    const before = heapInUse();
    // As many as make what the process takes for itself meanwhile, half a megabyte at times, not count.
    const calls = 4_000;
    for (let call = 0; call < calls; call++) {
      open(`s${call}`);
      for (let i = 0; i < 20; i++) append("x".repeat(99) + i % 10, `s${call}`, { last: i === 19 });
    }
    const each = (heapInUse() - before) / calls;
    assert.ok(each < 3_000, `${each} bytes for 2 000 characters in 20 events`);
    logs.drop("s");
  });
});
