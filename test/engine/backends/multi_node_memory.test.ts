import { test } from "node:test";
import { memory } from "../../../core/engine/memory/mod.ts";
import { multiNode } from "./multi_node.ts";

const checks = multiNode(() => {
  const backend = memory();
  return [backend, backend, backend];
});
for (const { name, run } of checks) test(name, { timeout: 30_000 }, run);
