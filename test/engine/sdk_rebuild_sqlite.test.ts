import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { sqlite } from "../../adapters/backends/sqlite.ts";
import { rebuildChecks } from "./sdk/rebuild.ts";

const folder = mkdtempSync(join(tmpdir(), "sqlite-"));
let count = 0;

after(() => rmSync(folder, { recursive: true, force: true }));

const checks = rebuildChecks(() => {
  const file = join(folder, `${count++}.db`);
  return [sqlite(file), sqlite(file), sqlite(file)];
});
for (const { name, run } of checks) test(name, { timeout: 30_000 }, run);
