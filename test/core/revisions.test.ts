import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  ASSUMED_REVISION,
  LEGACY_REVISIONS,
  MODERN_REVISIONS,
  negotiate,
  revisionFacts,
  REVISIONS,
} from "../../core/mod.ts";

const names = REVISIONS.map(({ revision }) => revision);

describe("the revisions", () => {
  test("stand oldest first, their lists newest first", () => {
    assert.deepEqual(names, [...names].sort());
    for (const era of ["legacy", "modern"] as const) {
      const listed = era === "legacy" ? LEGACY_REVISIONS : MODERN_REVISIONS;
      const rows = REVISIONS.filter((facts) => facts.era === era).map((facts) => facts.revision);
      assert.deepEqual([...listed], rows.reverse());
    }
  });

  test("are found by name, and by nothing else", () => {
    for (const facts of REVISIONS) assert.equal(revisionFacts(facts.revision), facts);
    const others = fc.oneof(
      fc.string(),
      fc.constantFrom("__proto__", "constructor", "", "2025-11-25 ", "2024-11-05", "2025-11-25,"),
    ).filter((text) => !(names as string[]).includes(text));
    fc.assert(fc.property(others, (text) => assert.equal(revisionFacts(text), undefined)));
  });

  test("only 2025-03-26 has batches, only 2025-11-25 primes its streams", () => {
    const having = (fact: "batches" | "primingEvent") =>
      REVISIONS.filter((facts) => facts[fact]).map((facts) => facts.revision);
    assert.deepEqual(having("batches"), ["2025-03-26"]);
    assert.deepEqual(having("primingEvent"), ["2025-11-25"]);
    assert.equal(ASSUMED_REVISION, "2025-03-26");
  });
});

describe("negotiation", () => {
  test("gives a legacy revision that was asked for, else the newest legacy one", () => {
    fc.assert(fc.property(fc.oneof(fc.constantFrom<string>(...names), fc.string()), (asked) => {
      const legacy = (LEGACY_REVISIONS as readonly string[]).includes(asked);
      assert.equal(negotiate(asked), legacy ? asked : "2025-11-25");
    }));
  });
});
