import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  LOG_COST,
  type LogBounds,
  type LogBudget,
  type LogPage,
  type LogStore,
  memory,
} from "../../core/engine/mod.ts";
import { heapInUse } from "../doubles/heap.ts";

const ROOMY: LogBudget = { events: 1_000, bytes: 1e6, sessionBytes: 1e6, ageMs: Infinity };

/** A log store, and short ways to write and read it. */
function store(budget: Partial<LogBudget> = {}) {
  const { logs } = memory();
  const limits = { ...ROOMY, ...budget };
  return {
    logs,
    open: (stream = "a", now = 0, session = "s") => logs.open(session, stream, now, limits),
    append: (data: string, stream = "a", { now = 0, last = false, session = "s" } = {}) =>
      logs.append(session, stream, data, last, now, limits),
    /** The texts after a position; `lost` where it cannot be read on from. */
    texts: (after = 0, stream = "a", { now = 0, session = "s", bytes = 1e6 } = {}) => {
      const page = logs.read(session, stream, after, bytes, now, limits) as LogPage | undefined;
      return page === undefined ? "lost" : page.events.map((event) => event.data).join(" ");
    },
    page: (after: number, bytes: number) =>
      logs.read("s", "a", after, bytes, 0, limits) as LogPage | undefined,
  };
}

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
    const grown = heapInUse() - before;
    assert.ok(grown < 3_000_000, `${grown} bytes are kept`);
    logs.drop("s");
  });
});

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

  test("keeps its names of events and what it owes", () => {
    const { logs, open, append } = store();
    logs.open("s", "a", 0, ROOMY, "[1]");
    append("1", "a", { last: true });
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

/** The same log store, as plain as it can be written; time apart. */
class Model {
  /** In the order in which they were opened. */
  readonly streams: Stream[] = [];
  /** In the order in which they ended. */
  readonly ended: Stream[] = [];
  readonly #budget: LogBudget;

  constructor(budget: LogBudget) {
    this.#budget = budget;
  }

  find(name: string): Stream | undefined {
    return this.streams.find((one) => one.name === name);
  }

  open(name: string): void {
    if (this.find(name)) return;
    const stream = { name, all: [], gone: 0, delivered: 0, ended: false };
    this.streams.push(stream);
    this.makeRoom(stream, 0);
  }

  append(name: string, data: string, last: boolean): number {
    const stream = this.find(name);
    if (stream === undefined || stream.ended) return 0;
    stream.all.push(data);
    stream.ended = last;
    const { events, bytes } = this.#budget;
    while (kept(stream).length > 1 && (kept(stream).length > events || size(stream) > bytes)) {
      stream.gone++;
    }
    if (last) this.ended.push(stream);
    this.makeRoom(stream, 1);
    return stream.all.length;
  }

  /** `least` events of the stream for which there has to be room stay. */
  makeRoom(stream: Stream, least: number): void {
    const { sessionBytes } = this.#budget;
    for (const other of this.ended.filter((one) => one !== stream)) {
      if (this.size > sessionBytes) this.drop(other);
    }
    for (const one of this.streams) {
      while (this.size > sessionBytes && kept(one).length > (one === stream ? least : 0)) {
        one.gone++;
      }
    }
  }

  end(name: string): void {
    const stream = this.find(name);
    if (stream === undefined || stream.ended) return;
    stream.ended = true;
    this.ended.push(stream);
  }

  drop(stream: Stream): void {
    for (const list of [this.streams, this.ended]) {
      if (list.includes(stream)) list.splice(list.indexOf(stream), 1);
    }
  }

  get size(): number {
    return this.streams.reduce((sum, one) => sum + cost(one), 0);
  }
}

interface Stream {
  readonly name: string;
  /** All that was ever appended. */
  readonly all: string[];
  gone: number;
  delivered: number;
  ended: boolean;
}

function kept({ all, gone }: Stream): string[] {
  return all.slice(gone);
}

/** What a stream takes of the session's budget. */
function cost(stream: Stream): number {
  return LOG_COST.stream + LOG_COST.event * kept(stream).length + size(stream);
}

function size(stream: Stream): number {
  return kept(stream).join("").length;
}

test("logs in memory are what a plain model says, after anything that may happen", () => {
  const operation = fc.record({
    kind: fc.constantFrom(
      ...["open", "append", "append", "append", "append", "last", "end", "drop", "delivered"],
      ...["whole", "whole"],
    ),
    stream: fc.constantFrom("a", "b", "c"),
    length: fc.integer({ min: 1, max: 12 }),
    at: fc.nat(30),
    forget: fc.boolean(),
    // Whoever asks for a stream that was stored whole changes how it is kept, so not every step is followed by a look.
    look: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 150, size: "max" }),
      fc.record({
        events: fc.integer({ min: 1, max: 50 }),
        bytes: fc.integer({ min: 1, max: 200 }),
        sessionBytes: fc.integer({ min: 1, max: 6_000 }),
        ageMs: fc.constant(Infinity),
      }),
      (operations, budget) => {
        const { logs } = memory();
        const model = new Model(budget);
        for (const { kind, stream, length, at, forget, look } of operations) {
          const found = model.find(stream);
          const data = "x".repeat(length);
          switch (kind) {
            case "open":
              // One that was stored whole is not opened before it was asked for.
              logs.bounds("s", stream);
              logs.open("s", stream, 0, budget);
              model.open(stream);
              break;
            case "append":
            case "last": {
              const last = kind === "last";
              const position = logs.append("s", stream, data, last, 0, budget);
              assert.equal(position, model.append(stream, data, last));
              break;
            }
            case "whole":
              if (found) break;
              logs.whole!("s", stream, data, 0, budget);
              model.open(stream);
              model.append(stream, data, true);
              break;
            case "end":
              logs.end("s", stream, 0);
              model.end(stream);
              break;
            case "drop":
              logs.drop("s", stream);
              if (found) model.drop(found);
              break;
            case "delivered": {
              if (found === undefined) break;
              const through = Math.min(at, found.all.length);
              logs.delivered("s", stream, through, forget);
              found.delivered = Math.max(found.delivered, through);
              if (forget) found.gone = Math.max(found.gone, through);
            }
          }
          if (!look) continue;
          for (const name of ["a", "b", "c"]) {
            const one = model.find(name);
            assert.deepEqual(
              logs.bounds("s", name),
              one && {
                first: one.gone + 1,
                last: one.all.length,
                delivered: one.delivered,
                ended: one.ended,
                owed: undefined,
              },
            );
            const page = logs.read("s", name, at, 1e9, 0, budget) as LogPage | undefined;
            const readable = one !== undefined && at >= one.gone && at <= one.all.length;
            assert.deepEqual(
              page?.events.map((event) => [event.position, event.data]),
              readable ? one.all.slice(at).map((text, i) => [at + i + 1, text]) : undefined,
            );
            if (readable) assert.deepEqual([page!.more, page!.ended], [false, one.ended]);
          }
        }
      },
    ),
    { numRuns: 400 },
  );
});
