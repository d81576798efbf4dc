import assert from "node:assert/strict";
import { test } from "node:test";
import { remember } from "../../core/engine/recent.ts";

test("of what is remembered the oldest is forgotten, and what comes again is the newest", () => {
  const notes = new Map<string, number>();
  for (const [i, key] of ["a", "b", "a", "c", "d"].entries()) remember(notes, key, i, 3);
  assert.deepEqual([...notes], [["a", 2], ["c", 3], ["d", 4]]);
});
