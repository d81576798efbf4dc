import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { sqlite } from "../../../adapters/backends/sqlite.ts";
import { backendKit } from "../../../adapters/testing/mod.ts";
import type { Backend } from "../../../core/engine/mod.ts";

const folder = mkdtempSync(join(tmpdir(), "sqlite-"));
const files = new Map<Backend, string>();
let count = 0;

after(() => rmSync(folder, { recursive: true, force: true }));

function fresh(): Backend {
  const file = join(folder, `${count++}.db`);
  const backend = sqlite(file);
  files.set(backend, file);
  return backend;
}

const kit = backendKit(fresh, { peer: (backend) => sqlite(files.get(backend)!) });
for (const { name, run } of kit) test(name, run);

test("a file of a later version is refused by name and version", async () => {
  const file = join(folder, "later.db");
  sqlite(file).close!();
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(file);
  db.exec("PRAGMA user_version = 99");
  db.close();
  assert.throws(() => sqlite(file), /later\.db" has schema version 99; this library knows 1/);
});

test("options that cannot be are refused by name", () => {
  assert.throws(() => sqlite(""), /file: ""/);
  assert.throws(() => sqlite(join(folder, "x.db"), { leaseMs: 5 }), /leaseMs: 5/);
  assert.throws(() => sqlite(join(folder, "x.db"), { busyMs: NaN }), /busyMs/);
});
