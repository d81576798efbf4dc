import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../runner/runtimes.ts";

test("CONTRIBUTING.md names files that there are", () => {
  const text = readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
  const paths = spans.filter((span) => /^(core|adapters|examples|test)\/[\w/.]*$/.test(span));
  assert.ok(paths.length >= 20, `only ${paths.length}`);
  assert.deepEqual(paths.filter((path) => !existsSync(join(root, path))), []);
});
