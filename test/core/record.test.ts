import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { lapsed, type SessionRecord } from "../../core/mod.ts";

const record: SessionRecord = {
  id: "a",
  version: "2025-11-25",
  owner: undefined,
  initialize: "{}",
  created: 1_000,
  seen: 2_000,
  ready: true,
  held: false,
};
const lifetime = { idleMs: 100, maxAgeMs: 5_000 };

describe("a session has lapsed", () => {
  const moments: readonly (readonly [number, boolean, "idle" | "age" | undefined])[] = [
    [2_000, false, undefined],
    [2_099, false, undefined],
    [2_100, false, "idle"],
    [2_100, true, undefined],
    [5_999, true, undefined],
    [6_000, true, "age"],
    [6_000, false, "age"],
  ];
  for (const [now, held, expected] of moments) {
    test(`at ${now}, held ${held}: ${expected ?? "it lives"}`, () =>
      assert.equal(lapsed({ ...record, held }, now, lifetime), expected));
  }

  test("for good, unless it is used", () => {
    const time = fc.nat(10_000);
    fc.assert(
      fc.property(time, time, time, fc.boolean(), (created, used, later, held) => {
        const one = { ...record, created, seen: created + used, held };
        const now = one.seen + later;
        const reason = lapsed(one, now, lifetime);
        if (reason !== undefined) assert.notEqual(lapsed(one, now + 1, lifetime), undefined);
        if (reason === "idle") {
          assert.equal(lapsed({ ...one, seen: now }, now, lifetime), undefined);
        }
        if (reason === "age") assert.equal(lapsed({ ...one, seen: now }, now, lifetime), "age");
        assert.equal(lapsed(one, now, { idleMs: Infinity, maxAgeMs: Infinity }), undefined);
      }),
    );
  });
});
