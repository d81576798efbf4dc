import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Capacity, memory, type SessionRecord } from "../../core/engine/mod.ts";
import { lapsed, type Lifetime } from "../../core/mod.ts";
import { heapInUse } from "../doubles/heap.ts";

const FOREVER: Lifetime = { idleMs: Infinity, maxAgeMs: Infinity };
const MANY: Capacity = { sessions: 1_000, perPrincipal: Infinity };

function record(id: string, more: Partial<SessionRecord> = {}): SessionRecord {
  return {
    id,
    version: "2025-11-25",
    owner: undefined,
    initialize: "{}",
    created: 0,
    seen: 0,
    ready: false,
    held: false,
    ...more,
  };
}

/** A store with sessions `a`, `b`, `c`, …, opened in that order and all ready. */
function filled(names: string, capacity: Capacity = { ...MANY, sessions: names.length }) {
  const { sessions } = memory();
  let now = 0;
  const create = (id: string, more: Partial<SessionRecord> = {}) =>
    sessions.create(record(id, { created: ++now, seen: now, ...more }), capacity, FOREVER);
  for (const id of names) {
    create(id);
    sessions.touch(id, { at: now, ready: true });
  }
  return { sessions, create, touch: (id: string) => void sessions.touch(id, { at: ++now }) };
}

describe("sessions in memory give way", () => {
  test("least recently used first, whatever the order in which they were opened", () => {
    const { create, touch } = filled("abc");
    touch("a");
    assert.deepEqual(create("d", { ready: true }), { created: true, evicted: ["b"] });
    touch("c");
    assert.deepEqual(create("e", { ready: true }), { created: true, evicted: ["a"] });
  });

  test("never-initialized ones before all, however recently they were used", () => {
    const { sessions, create } = filled("ab", { ...MANY, sessions: 3 });
    create("new");
    sessions.touch("new", { at: 99 });
    assert.deepEqual(create("next"), { created: true, evicted: ["new"] });
    assert.deepEqual(create("after"), { created: true, evicted: ["next"] });
  });

  test("never while they are held, by one node or by several", () => {
    const { sessions, create } = filled("ab");
    sessions.touch("a", { at: 50, held: true, by: "n1" });
    sessions.touch("a", { at: 50, held: true, by: "n2" });
    assert.deepEqual(create("c", { ready: true }), { created: true, evicted: ["b"] });
    sessions.touch("c", { at: 51, held: true, by: "n1" });
    assert.deepEqual(create("d"), { created: false, full: "capacity" });
    sessions.touch("a", { at: 52, held: false, by: "n1" });
    assert.deepEqual(create("d"), { created: false, full: "capacity" });
    sessions.touch("a", { at: 53, held: false, by: "n2" });
    assert.deepEqual(create("d"), { created: true, evicted: ["a"] });
  });

  test("to their own principal's quota, and to nobody else's", () => {
    const { sessions, create } = filled("", { sessions: 10, perPrincipal: 2 });
    for (const [id, owner] of [["a1", "a"], ["b1", "b"], ["a2", "a"], ["x1", undefined]] as const) {
      assert.deepEqual(create(id, { owner, ready: true }), { created: true, evicted: [] });
    }
    assert.deepEqual(create("a3", { owner: "a" }), { created: true, evicted: ["a1"] });
    assert.deepEqual(create("x2"), { created: true, evicted: [] });
    assert.deepEqual(create("x3"), { created: true, evicted: ["x2"] });
    for (const id of ["a2", "a3"]) sessions.touch(id, { at: 90, held: true, by: "n" });
    assert.deepEqual(create("a4", { owner: "a" }), { created: false, full: "quota" });
    assert.deepEqual(create("b2", { owner: "b" }), { created: true, evicted: [] });
  });

  test("and the quota counts a principal anew once its sessions are gone", () => {
    const { sessions, create } = filled("", { sessions: 10, perPrincipal: 1 });
    for (let i = 0; i < 5; i++) {
      assert.deepEqual(create(`a${i}`, { owner: "a" }), { created: true, evicted: [] });
      assert.equal(sessions.delete(`a${i}`), true);
    }
    assert.equal(sessions.count(), 0);
  });
});

describe("sessions in memory", () => {
  test("are found as they were stored", () => {
    const { sessions } = memory();
    const stored = record("a", { owner: "alice", initialize: '{"x":1}', created: 5, seen: 7 });
    sessions.create(stored, MANY, FOREVER);
    const found = sessions.get("a") as SessionRecord;
    const { id, version, owner, initialize, created, seen, ready, held } = found;
    assert.deepEqual({ id, version, owner, initialize, created, seen, ready, held }, stored);
    for (const other of ["A", "", "__proto__", "constructor"]) {
      assert.equal(sessions.get(other), undefined);
    }
  });

  test("are not made by a touch, and deleted once", () => {
    const { sessions } = memory();
    sessions.touch("a", { at: 1, ready: true });
    assert.equal(sessions.get("a"), undefined);
    sessions.create(record("a"), MANY, FOREVER);
    assert.deepEqual([sessions.delete("a"), sessions.delete("a"), sessions.get("a")], [
      true,
      false,
      undefined,
    ]);
  });

  test("that are swept are idle or old, told apart, and never held", () => {
    const { sessions } = memory();
    const lifetime = { idleMs: 10, maxAgeMs: 100 };
    for (const id of ["held", "idle", "old", "used"]) {
      sessions.create(record(id, { created: id === "old" ? -100 : 0 }), MANY, lifetime);
    }
    sessions.touch("held", { at: 0, held: true, by: "n" });
    sessions.touch("used", { at: 5 });
    assert.deepEqual(sessions.sweep(9, lifetime), [], "the idle one stands before the old one");
    assert.deepEqual(sessions.sweep(10, lifetime), [
      { id: "idle", reason: "idle" },
      { id: "old", reason: "age" },
    ]);
    assert.deepEqual(sessions.sweep(1_000, lifetime), [{ id: "used", reason: "age" }]);
    assert.equal(sessions.count(), 1);
  });

  test("that are old are swept however recently they were used, and behind held ones", () => {
    const { sessions } = memory();
    const lifetime = { idleMs: 1_000, maxAgeMs: 100 };
    for (const [id, created] of [["held", 0], ["old", 0], ["young", 80]] as const) {
      sessions.create(record(id, { created, seen: created }), MANY, lifetime);
      sessions.touch(id, { at: created, ready: true });
    }
    sessions.touch("held", { at: 0, held: true, by: "n" });
    sessions.touch("old", { at: 90 });
    assert.deepEqual(sessions.sweep(99, lifetime), []);
    assert.deepEqual(sessions.sweep(110, lifetime), [{ id: "old", reason: "age" }]);
    assert.deepEqual(sessions.sweep(110, lifetime), []);
  });

  test("leave nothing of what clients sent once they are gone", () => {
    const { sessions } = memory();
    const before = heapInUse();
    for (let i = 0; i < 1_000; i++) {
      // Written out, so that it is a text of its own and no reference to a shared one.
      const initialize = JSON.stringify({ padding: "x".repeat(50_000), i });
      sessions.create(record(`s${i}`, { initialize }), MANY, FOREVER);
      sessions.delete(`s${i}`);
    }
    assert.equal(sessions.count(), 0);
    const left = heapInUse() - before;
    assert.ok(left < 10_000_000, `${left} bytes of 50 000 000 are left`);
  });
});

/** The same store, as slow and as plain as it can be written. */
class Model {
  /** Last used last. */
  all: { id: string; owner: string | undefined; created: number; seen: number; ready: boolean }[] =
    [];
  readonly holders = new Map<string, number>();

  find(id: string) {
    return this.all.find((one) => one.id === id);
  }

  held(id: string): boolean {
    return (this.holders.get(id) ?? 0) > 0;
  }

  remove(id: string): void {
    this.all = this.all.filter((one) => one.id !== id);
    this.holders.delete(id);
  }

  use(id: string, at: number, ready: boolean): void {
    const one = this.find(id)!;
    this.all = [...this.all.filter((other) => other !== one), {
      ...one,
      seen: at,
      ready: one.ready || ready,
    }];
  }

  victim(among: (one: { owner: string | undefined }) => boolean): string | undefined {
    const idle = this.all.filter((one) => among(one) && !this.held(one.id));
    return (idle.find((one) => !one.ready) ?? idle[0])?.id;
  }
}

test("sessions in memory are what a plain model says, after anything that may happen", () => {
  const operation = fc.record({
    kind: fc.constantFrom(
      ...["create", "create", "create", "touch", "ready", "hold", "hold", "release", "delete"],
      ...["get", "sweep", "wait"],
    ),
    which: fc.nat(100),
    owner: fc.constantFrom("alice", "bob", undefined),
  });
  const lifetime: Lifetime = { idleMs: 30, maxAgeMs: 90 };
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 120, size: "max" }),
      fc.integer({ min: 1, max: 6 }),
      fc.constantFrom(1, 2, 3, Infinity),
      (operations, capacity, perPrincipal) => {
        const { sessions } = memory();
        const model = new Model();
        const ids: string[] = [];
        let now = 1_000;
        for (const { kind, which, owner } of operations) {
          now += kind === "wait" ? which : 1;
          const id = ids[which % ids.length] ?? "none";
          const there = model.find(id) !== undefined;
          switch (kind) {
            case "create": {
              const fresh = `s${ids.push(`s${ids.length}`) - 1}`;
              const evicted: string[] = [];
              let full: "capacity" | "quota" | undefined;
              const own = model.all.filter((one) => one.owner === owner).length;
              if (own >= perPrincipal) {
                const victim = model.victim((one) => one.owner === owner);
                if (victim === undefined) full = "quota";
                else evicted.push(victim);
              }
              evicted.forEach((one) => model.remove(one));
              if (full === undefined && model.all.length >= capacity) {
                const victim = model.victim(() => true);
                if (victim === undefined) full = "capacity";
                else {
                  evicted.push(victim);
                  model.remove(victim);
                }
              }
              if (full === undefined) {
                model.all.push({ id: fresh, owner, created: now, seen: now, ready: false });
              }
              const made = record(fresh, { owner, created: now, seen: now });
              assert.deepEqual(
                sessions.create(made, { sessions: capacity, perPrincipal }, lifetime),
                full === undefined ? { created: true, evicted } : { created: false, full },
              );
              break;
            }
            case "touch":
            case "ready":
              sessions.touch(id, kind === "ready" ? { at: now, ready: true } : { at: now });
              if (there) model.use(id, now, kind === "ready");
              break;
            case "hold":
              sessions.touch(id, { at: now, held: true, by: `n${which}` });
              if (!there) break;
              model.holders.set(id, (model.holders.get(id) ?? 0) + 1);
              model.use(id, model.find(id)!.seen, false);
              break;
            case "release":
              if (!model.held(id)) break;
              sessions.touch(id, { at: now, held: false, by: `n${which}` });
              model.holders.set(id, model.holders.get(id)! - 1);
              model.use(id, now, false);
              break;
            case "delete":
              assert.equal(sessions.delete(id), there);
              model.remove(id);
              break;
            case "sweep": {
              const gone = sessions.sweep(now, lifetime) as { id: string; reason: string }[];
              const over = new Map(
                model.all.filter((one) => !model.held(one.id)).map((one) => [
                  one.id,
                  lapsed(record(one.id, one), now, lifetime),
                ]),
              );
              for (const { id, reason } of gone) assert.equal(reason, over.get(id));
              const names = gone.map((one) => one.id);
              for (const [id, reason] of over) {
                assert.equal(names.includes(id), reason !== undefined, `${id} ${reason}`);
              }
              names.forEach((one) => model.remove(one));
            }
          }
          const found = sessions.get(id) as SessionRecord | undefined;
          const expected = model.find(id);
          assert.deepEqual(
            found && [found.owner, found.seen, found.ready, found.held],
            expected && [expected.owner, expected.seen, expected.ready, model.held(id)],
          );
          assert.equal(sessions.count(), model.all.length);
          assert.ok(model.all.length <= capacity);
        }
        const listed = [...sessions.list() as Iterable<SessionRecord>].map((one) => one.id);
        assert.deepEqual([...listed].sort(), model.all.map((one) => one.id).sort());
      },
    ),
    { numRuns: 300 },
  );
});
