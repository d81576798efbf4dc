import { test } from "node:test";
import { memory } from "../../core/engine/memory/mod.ts";
import { rebuildChecks } from "./sdk/rebuild.ts";

const checks = rebuildChecks(() => {
  const backend = memory();
  return [backend, backend, backend];
});
for (const { name, run } of checks) test(name, { timeout: 30_000 }, run);
