import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Deadlines } from "../../core/engine/deadlines.ts";
import { SYSTEM_CLOCK } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";

describe("things that wait for the same span of time", () => {
  test("are due in order, each after the span, with one timer for all", () => {
    const clock = new FakeClock();
    const start = clock.now();
    const due: [string, number][] = [];
    const waiting = new Deadlines<string>(clock, 100, (item) => {
      due.push([item, clock.now() - start]);
    });
    assert.equal(clock.timers, 0);
    waiting.add("a");
    clock.pass(30);
    waiting.add("b");
    waiting.add("c");
    assert.equal(clock.timers, 1);
    clock.pass(69);
    assert.deepEqual(due, []);
    clock.pass(1);
    assert.deepEqual(due, [["a", 100]]);
    clock.pass(1_000);
    assert.deepEqual(due, [["a", 100], ["b", 130], ["c", 130]]);
    assert.equal(clock.timers, 0);
  });

  test("are not due once they are deleted, or all are cleared", () => {
    const clock = new FakeClock();
    const due: string[] = [];
    const waiting = new Deadlines<string>(clock, 100, (item) => due.push(item));
    for (const item of ["a", "b", "c"]) waiting.add(item);
    waiting.delete("b");
    clock.pass(100);
    assert.deepEqual(due, ["a", "c"]);
    waiting.add("d");
    waiting.clear();
    assert.equal(clock.timers, 0);
    clock.pass(1_000);
    assert.deepEqual(due, ["a", "c"]);
  });

  test("may add and delete others while they are due", () => {
    const clock = new FakeClock();
    const due: string[] = [];
    const waiting: Deadlines<string> = new Deadlines(clock, 10, (item) => {
      due.push(item);
      if (item === "a") {
        waiting.delete("b");
        waiting.add("later");
      }
    });
    waiting.add("a");
    waiting.add("b");
    clock.pass(10);
    assert.deepEqual(due, ["a"]);
    clock.pass(10);
    assert.deepEqual(due, ["a", "later"]);
    assert.equal(clock.timers, 0);
  });

  test("are due after the span where the clock is set back, and hold up nothing", () => {
    const clock = new FakeClock();
    const due: string[] = [];
    const waiting = new Deadlines<string>(clock, 100, (item) => due.push(item));
    waiting.add("before");
    waiting.add("deleted");
    clock.pass(50);
    clock.setBack(3_600_000);
    waiting.delete("deleted");
    waiting.add("after");
    clock.pass(50);
    assert.deepEqual(due, ["before"]);
    clock.pass(50);
    assert.deepEqual(due, ["before", "after"]);
    assert.equal(clock.timers, 0);
  });

  test("are due when a plain look at the clock says so, whatever was added and deleted", () => {
    const operation = fc.record({
      kind: fc.constantFrom("add", "add", "delete", "pass"),
      item: fc.nat(9),
      ms: fc.nat(40),
    });
    fc.assert(fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
      const clock = new FakeClock();
      const due: string[] = [];
      const waiting = new Deadlines<number>(
        clock,
        25,
        (item) => due.push(`${item}@${clock.now()}`),
      );
      const model = new Map<number, number>();
      const expected: string[] = [];
      for (const { kind, item, ms } of operations) {
        if (kind === "add" && !model.has(item)) {
          waiting.add(item);
          model.set(item, clock.now() + 25);
        } else if (kind === "delete") {
          waiting.delete(item);
          model.delete(item);
        } else if (kind === "pass") {
          for (const [one, at] of [...model]) {
            if (at > clock.now() + ms) continue;
            expected.push(`${one}@${at}`);
            model.delete(one);
          }
          clock.pass(ms);
        }
      }
      assert.deepEqual(due, expected);
    }));
  });
});

describe("the machine's clock", () => {
  test("rings once, not before its time, and not at all where it is stopped", async () => {
    const started = SYSTEM_CLOCK.now();
    const rung: string[] = [];
    const stop = SYSTEM_CLOCK.after(1, () => rung.push("stopped"));
    stop();
    // The clock alone keeps no process alive; this does, for the length of the test.
    const awake = setInterval(() => {}, 1_000);
    await new Promise<void>((resolve) => {
      SYSTEM_CLOCK.after(20, () => {
        rung.push("rung");
        resolve();
      });
    });
    clearInterval(awake);
    assert.deepEqual(rung, ["rung"]);
    assert.ok(SYSTEM_CLOCK.now() - started >= 19);
    assert.ok(Math.abs(SYSTEM_CLOCK.now() - Date.now()) < 1_000);
    stop();
  });

  test("does not ring at once where it has to wait for longer than a timer can", async () => {
    let rung = false;
    const stops = [2 ** 31, 1e12, Infinity].map((ms) => SYSTEM_CLOCK.after(ms, () => rung = true));
    await new Promise((resolve) => setTimeout(resolve, 5));
    for (const stop of stops) stop();
    assert.equal(rung, false);
  });
});
