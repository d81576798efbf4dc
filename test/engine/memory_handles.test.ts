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

test("leaves nothing of values that were replaced before their handles are revoked", () => {
  const handles = memory().handles!;
  const text = "x".repeat(10_000);
  const names = Array.from({ length: 1_000 }, () => crypto.randomUUID());
  const before = heapInUse();
  for (const [i, name] of names.entries()) handles.put(name, JSON.stringify({ i, text }), 10, 0);
  const kept = names.splice(0, 200);
  for (const name of names) handles.delete(name);
  for (const name of kept) assert.equal(handles.replace(name, "[]", 20, 0), true);
  for (const name of kept) {
    assert.deepEqual([handles.get(name, 19), handles.delete(name)], ["[]", true]);
  }
  const left = (heapInUse() - before) / kept.length;
  assert.ok(left < text.length / 10, `${left} bytes are left of each`);
});

test("lets go of values that have expired as further ones come, and of no others", () => {
  const handles = memory().handles!;
  const text = "x".repeat(10_000);
  const before = heapInUse();
  for (let now = 0; now < 3_000; now++) {
    handles.put(`h${now}`, JSON.stringify({ now, text }), now + 100, now);
    const oldest = Math.max(0, now - 99);
    assert.ok(String(handles.get(`h${oldest}`, now)).startsWith(`{"now":${oldest},`));
  }
  const kept = (heapInUse() - before) / text.length;
  assert.ok(kept < 300, `about ${kept} values are kept, of which 100 have not expired`);
  assert.equal(handles.delete("h2999"), true);
});
