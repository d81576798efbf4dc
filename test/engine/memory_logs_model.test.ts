import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LOG_COST, type LogBudget, type LogPage, memory } from "../../core/engine/mod.ts";

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
