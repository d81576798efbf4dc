import { test } from "node:test";
import { memory } from "../../../core/engine/memory/mod.ts";
import { backendKit } from "../../../adapters/testing/mod.ts";

for (const { name, run } of backendKit(() => memory())) test(name, run);
