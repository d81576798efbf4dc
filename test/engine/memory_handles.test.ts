import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "../../core/engine/mod.ts";
import { heapInUse } from "../doubles/heap.ts";

test("leaves nothing of values whose handles are revoked, also where none is minted any more", () => {
  const handles = memory().handles!;
  const text = "x".repeat(10_000);
  const names = Array.from({ length: 1_000 }, () => crypto.randomUUID());
  const before = heapInUse();
  for (const [i, name] of names.entries()) handles.put(name, JSON.stringify({ i, text }), 10, 0);
  for (const name of names) assert.equal(handles.delete(name), true);
  const left = (heapInUse() - before) / names.length;
  assert.ok(left < text.length / 10, `${left} bytes are left of each`);
});
