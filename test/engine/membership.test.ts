/** A node among others that share a backend, which may fail it at any time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Backend, type HandlerEvent, memory, type Touch } from "../../core/engine/mod.ts";
import { type Member, Membership } from "../../core/engine/nodes/membership.ts";
import { readOptions } from "../../core/engine/options/read_options.ts";
import { FakeClock } from "../doubles/clock.ts";

const BEAT_MS = 1_000;

/** A node "n" that has joined a backend, which knew its lease or not, and what becomes of it. */
async function joined(member: Partial<Member> = {}, known = true) {
  const clock = new FakeClock();
  const events: HandlerEvent[] = [];
  const touches: (readonly [string, Touch])[] = [];
  const left: unknown[] = [];
  const leases = {
    leaseMs: 3 * BEAT_MS,
    renew: (): boolean | Promise<boolean> => known,
    alive: () => false,
    leave: (node: string, now: number): void => void left.push(node, now),
  };
  const own = memory();
  const store = { touch: (id: string, touch: Touch): unknown => touches.push([id, touch]) };
  const sessions = { ...store, touch: (id: string, touch: Touch) => store.touch(id, touch) };
  const backend = { ...own, sessions, nodes: leases } as unknown as Backend;
  const settings = readOptions({ backend, clock, onEvent: (event) => events.push(event) });
  const node = new Membership(settings, "n", {
    topics: [],
    held: () => [],
    missed() {},
    renewed() {},
    ...member,
  });
  await node.join();
  return { node, clock, events, touches, left, leases, store };
}

/** Ways of a backend to fail. */
const FAILURES: { readonly [how: string]: () => Promise<never> } = {
  throws: () => {
    throw new Error("it is away");
  },
  rejects: () => Promise.reject(new Error("it is away")),
};

describe("no other node is taken for dead until three renewals after", () => {
  const cases: { readonly [what: string]: () => boolean | Promise<boolean> } = {
    "a lease that had run out": () => false,
    "a renewal that failed": () => Promise.reject(new Error("it is away")),
  };
  for (const [what, renew] of Object.entries(cases)) {
    test(what, async () => {
      const { node, clock, leases } = await joined({}, false);
      assert.equal(await node.gone("other"), true);
      leases.renew = renew;
      await clock.passing(BEAT_MS);
      leases.renew = () => true;
      const gone = [await node.gone("other")];
      for (let i = 0; i < 3; i++) {
        await clock.passing(BEAT_MS);
        gone.push(await node.gone("other"));
      }
      assert.deepEqual(gone, [false, false, false, true]);
    });
  }
});

test("a node whose lease had run out says again which sessions it holds", async () => {
  const { clock, leases, touches } = await joined({ held: () => ["a", "b"] });
  leases.renew = () => false;
  await clock.passing(BEAT_MS);
  leases.renew = () => true;
  await clock.passing(BEAT_MS);
  const touch = { at: clock.now() - BEAT_MS, held: true, by: "n" };
  assert.deepEqual(touches, [["a", touch], ["b", touch]]);
});

describe("what the backend was not told of a session", () => {
  for (const [how, fail] of Object.entries(FAILURES)) {
    test(`because it ${how} it is told with the next renewal, as it is then`, async () => {
      const held = new Set(["a", "b"]);
      const { node, clock, events, touches, store } = await joined({ held: () => held });
      const { touch } = store;
      store.touch = fail;
      for (const id of held) node.touch(id, true);
      node.touch("c", undefined);
      held.delete("b");
      store.touch = touch;
      for (let i = 0; i < 2; i++) await clock.passing(BEAT_MS);
      const at = clock.now() - BEAT_MS;
      assert.deepEqual(touches, [
        ["a", { at, held: true, by: "n" }],
        ["b", { at, held: false, by: "n" }],
      ]);
      assert.deepEqual(events.map(({ type }) => type), Array(3).fill("backend-error"));
    });
  }
});

test("a node looks after what others left once at a time, and again after that failed", async () => {
  const looks: PromiseWithResolvers<void>[] = [];
  const { clock, events } = await joined({
    renewed() {
      looks.push(Promise.withResolvers());
      return looks.at(-1)!.promise;
    },
  });
  await clock.passing(3 * BEAT_MS);
  assert.equal(looks.length, 1);
  looks[0]!.reject(new Error("it is away"));
  await clock.passing(3 * BEAT_MS);
  assert.equal(looks.length, 2);
  assert.deepEqual(events.map(({ type }) => type), ["backend-error"]);
});

describe("a node that leaves", () => {
  test("ends its lease, and renews it no more", async () => {
    const { node, clock, left } = await joined();
    await node.leave();
    assert.deepEqual(left, ["n", clock.now()]);
    assert.equal(clock.timers, 0);
  });

  for (const [how, fail] of Object.entries(FAILURES)) {
    test(`has left also where the backend ${how}`, async () => {
      const { node, events, leases } = await joined();
      leases.leave = fail;
      await node.leave();
      assert.deepEqual(events.map(({ type }) => type), ["backend-error"]);
    });
  }
});
