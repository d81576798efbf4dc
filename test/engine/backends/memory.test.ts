import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "../../../core/engine/memory/mod.ts";
import { backendKit } from "../../../adapters/testing/mod.ts";

for (const { name, run } of backendKit(() => memory())) test(name, run);

test("a subscription to the memory bus that shares its function ends once, and alone", async () => {
  const { bus } = memory();
  const got: string[] = [];
  const receive = (text: string) => void got.push(text);
  const first = await bus.subscribe("t", receive);
  const second = await bus.subscribe("t", receive);
  assert.equal(await bus.publish("t", "two"), 2);
  first();
  first();
  assert.equal(await bus.publish("t", "one"), 1);
  second();
  assert.equal(await bus.publish("t", "none"), 0);
  const third = await bus.subscribe("t", receive);
  first();
  second();
  assert.equal(await bus.publish("t", "anew"), 1);
  third();
  assert.deepEqual(got, ["two", "two", "one", "anew"]);
});
