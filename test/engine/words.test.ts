/** What nodes tell each other, over a bus that may lose it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { attempt } from "../../core/engine/attempt.ts";
import { type Backend, type HandlerEvent, memory } from "../../core/engine/mod.ts";
import { Telling } from "../../core/engine/nodes/telling.ts";
import { passAnswer } from "../../core/engine/nodes/words.ts";
import { readOptions } from "../../core/engine/options/read_options.ts";
import { FakeClock } from "../doubles/clock.ts";
import { turns } from "../doubles/turns.ts";

/** An answer on its way to a node that hears it from one attempt on, and when each was, in milliseconds. */
async function passed(hears: number, { nodes = true, gone = false, misses = false } = {}) {
  const clock = new FakeClock();
  const start = clock.now();
  const attempts: number[] = [];
  const own = memory();
  const backend = {
    ...own,
    bus: {
      ...own.bus,
      publish: () => attempts.push(clock.now() - start) < hears ? 0 : 1,
      ...(misses ? { missed: () => () => {} } : {}),
    },
    ...(nodes ? { nodes: { leaseMs: 1_000 } } : {}),
  } as unknown as Backend;
  const settings = readOptions({ backend, clock });
  const response = { jsonrpc: "2.0", id: "1", result: {} } as const;
  passAnswer(settings, new Telling(settings), "other", "s", response, () => Promise.resolve(gone));
  await turns();
  await clock.passing(60_000);
  return attempts;
}

describe("an answer for another node", () => {
  const cases: { readonly [what: string]: readonly [Promise<number[]>, readonly number[]] } = {
    "is passed on once where it is heard": [passed(1), [0]],
    "is passed on again, less and less often, until it is heard": [passed(4), [0, 50, 150, 350]],
    "is given up after seven more attempts": [
      passed(Infinity),
      [0, 50, 150, 350, 750, 1_550, 3_150, 6_350],
    ],
    "is given up where that node is gone": [passed(Infinity, { gone: true }), [0]],
    "is passed on again where there are no leases, but a bus that may miss words": [
      passed(2, { nodes: false, misses: true }),
      [0, 50],
    ],
    "is given up at once where no node outlives its backend": [
      passed(Infinity, { nodes: false }),
      [0],
    ],
  };
  for (const [what, [attempts, expected]] of Object.entries(cases)) {
    test(what, async () => assert.deepEqual(await attempts, expected));
  }
});

describe("what is not waited for", () => {
  const error = new Error("it is away");
  const failures: { readonly [how: string]: () => Promise<never> } = {
    throws: () => {
      throw error;
    },
    rejects: () => Promise.reject(error),
  };
  for (const [how, step] of Object.entries(failures)) {
    test(`tells the operator where it ${how}`, async () => {
      const told: unknown[] = [];
      const settings = readOptions({ onEvent: (event: HandlerEvent) => told.push(event) });
      attempt(settings, step);
      await turns();
      assert.deepEqual(told, [{ type: "backend-error", error }]);
    });
  }
});
