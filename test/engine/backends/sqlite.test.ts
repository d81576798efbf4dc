import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, test } from "node:test";
import { Worker } from "node:worker_threads";
import { sealed } from "../../../adapters/backends/sealed.ts";
import { sqlite } from "../../../adapters/backends/sqlite.ts";
import { Database } from "../../../adapters/backends/sqlite/database.ts";
import { BUDGET, LIFETIME, NOW, record, ROOM, write } from "../../../adapters/testing/kit_data.ts";
import { backendKit, testClient } from "../../../adapters/testing/mod.ts";
import { type Backend, createMcpHandler, type SessionRecord } from "../../../core/engine/mod.ts";
import { FakeClock } from "../../doubles/clock.ts";
import { instead } from "../../doubles/instead.ts";

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

test("the kit takes any order of sessions that began at one time", async () => {
  const backend = (): Backend => {
    const own = fresh();
    const sessions = instead(own.sessions, "list", async function* (list) {
      const all: SessionRecord[] = [];
      for await (const one of list() as AsyncIterable<SessionRecord>) all.push(one);
      yield* all.reverse().sort((a, b) => a.created - b.created);
    });
    return { ...own, sessions };
  };
  for (const { name, run } of backendKit(backend)) if (/^(nodes|sessions):/.test(name)) await run();
});

test("a file of a later version is refused by name and version", async () => {
  const file = join(folder, "later.db");
  sqlite(file).close!();
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(file);
  db.exec("PRAGMA user_version = 99");
  db.close();
  assert.throws(() => sqlite(file), /later\.db" has schema version 99; this library knows 1/);
});

for (const busyMs of [20_000, Number.MAX_SAFE_INTEGER]) {
  test(
    `a new file that another process is just making is waited for, up to ${busyMs} ms`,
    { timeout: 30_000 },
    async () => {
      const file = join(folder, `new_${busyMs}.db`);
      const other = new Worker(
        `const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
    const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
    const db = new DatabaseSync(workerData);
    db.exec("BEGIN IMMEDIATE");
    parentPort.postMessage("locked");
    setTimeout(() => {
      db.exec("COMMIT");
      db.close();
    }, 200);`,
        { eval: true, workerData: file },
      );
      const left = new Promise((resolve) => other.once("exit", resolve));
      await new Promise((resolve) => other.once("message", resolve));
      const backend = sqlite(file, { busyMs });
      assert.equal(await backend.sessions.count(), 0);
      backend.close!();
      await left;
    },
  );
}

test("while another process keeps the file locked: 503, then all is well again", async () => {
  const file = join(folder, "locked.db");
  const failures: unknown[] = [];
  const backend = sqlite(file, { busyMs: 20 });
  const handler = createMcpHandler({
    serverInfo: { name: "server", version: "1" },
    request: () => ({}),
  }, {
    backend,
    onEvent: (event) => event.type === "backend-error" && failures.push(event.error),
  });
  const client = testClient(handler);
  await client.initialize();
  const { DatabaseSync } = await import("node:sqlite");
  const other = new DatabaseSync(file);
  other.exec("BEGIN IMMEDIATE");
  const response = await testClient(handler).send("POST", {
    ...{ jsonrpc: "2.0", id: 1, method: "initialize" },
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "x" } },
  });
  assert.equal(response.status, 503);
  assert.ok(Number(response.headers.get("retry-after")) > 0);
  assert.equal(await client.end(), 503);
  assert.match(String(failures[0]), /locked/);
  // Reading does not wait for writers.
  assert.deepEqual(await client.call("anything"), {});
  other.exec("ROLLBACK");
  other.close();
  assert.deepEqual(await client.call("anything"), {});
  assert.equal(await client.end(), 204);
  await handler.close();
  backend.close!();
});

test("a node that was taken for dead says again what it holds", async () => {
  const file = join(folder, "lapsed.db");
  const backend = sqlite(file, { leaseMs: 300 });
  const handler = createMcpHandler({
    serverInfo: { name: "server", version: "1" },
    request: (_request, { signal }) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve({}))),
  }, { backend });
  const client = testClient(handler);
  await client.initialize();
  const call = client.begin("wait");
  const held = async () => (await backend.sessions.get(client.sessionId!))?.held;
  const becomes = async (expected: boolean) => {
    for (let waited = 0; await held() !== expected; waited += 10) {
      assert.ok(waited < 15_000, `held is not ${expected}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  await becomes(true);
  // As others see a node that hangs: its lease is over, and they let go of what it held.
  const other = sqlite(file, { leaseMs: 300 });
  await other.nodes!.renew("other", Date.now() + 10_000);
  other.close!();
  assert.equal(await held(), false);
  await becomes(true);
  await call.cancel();
  await becomes(false);
  await handler.close();
  backend.close!();
});

test("of sessions used in one millisecond the first used gives way first, however many uses", async () => {
  const { sessions, close } = fresh();
  const room = { sessions: 3, perPrincipal: Infinity };
  const create = (id: string) =>
    sessions.create(
      {
        ...{ id, version: "2025-11-25", owner: undefined, initialize: "{}", created: 1, seen: 1 },
        ...{ ready: false, held: false },
      },
      room,
      { idleMs: Infinity, maxAgeMs: Infinity },
    );
  for (const id of "abc") await create(id);
  for (let uses = 0; uses < 997; uses++) await sessions.touch("abc"[uses % 3]!, { at: 1 });
  const gone: unknown[] = [];
  for (const id of "def") gone.push(await create(id));
  close!();
  assert.deepEqual(gone, ["b", "c", "a"].map((id) => ({ created: true, evicted: [id] })));
});

test("a lease may have a fraction of a millisecond", async () => {
  const backend = sqlite(join(folder, "fraction.db"), { leaseMs: 1_000 / 3 });
  const now = Date.now();
  assert.equal(await backend.nodes!.renew("n", now), false);
  assert.equal(await backend.nodes!.alive("n", now + 333), true);
  assert.equal(await backend.nodes!.alive("n", now + 334), false);
  backend.close!();
});

function rows(file: string, table: string): number {
  const db = new Database(file, 100);
  const { found } = db.get<{ found: number }>(`SELECT count(*) AS found FROM ${table}`)!;
  db.close();
  return found;
}

test("handles that have expired go as new ones come, without a session", async () => {
  const file = join(folder, "handles.db");
  const { handles, close } = sqlite(file);
  for (let i = 0; i < 100; i++) await handles!.put(`old${i}`, "1", 1_000, 0);
  for (let i = 0; i < 10; i++) await handles!.put(`new${i}`, "1", 9_000, 1_000);
  assert.equal(rows(file, "handles"), 70, "a few at a time");
  for (let i = 0; i < 20; i++) await handles!.put("new0", "1", 9_000, 1_000);
  assert.equal(rows(file, "handles"), 10);
  close!();
});

test("what sealed sessions left in a file goes when it is over", async () => {
  const file = join(folder, "sealed.db");
  const clock = new FakeClock();
  const revocations = sqlite(file);
  const application = { serverInfo: { name: "server", version: "1" }, request: () => ({}) };
  const backend = sealed({ keys: [new Uint8Array(32)], revocations, clock });
  const open = async (maxAgeMs: number) => {
    const handler = createMcpHandler(application, { backend, clock, limits: { maxAgeMs } });
    const client = testClient(handler);
    await client.initialize();
    return client;
  };
  const client = await open(60_000);
  assert.equal(await client.end(), 204);
  await revocations.handles!.put("h", "1", clock.now() + 60_000, clock.now());
  assert.deepEqual([rows(file, "logs"), rows(file, "handles")], [1, 1]);
  clock.jump(60_000);
  // Of another lifetime, so that its end would not take the old one along.
  await open(90_000);
  await clock.passing(30_000);
  assert.deepEqual([rows(file, "logs"), rows(file, "handles")], [0, 0]);
  backend.close!();
});

test("what is over leaves nothing in a file", async () => {
  const file = join(folder, "over.db");
  const { sessions, logs, close } = sqlite(file);
  for (const id of ["dropped", "stale"]) {
    await sessions.create(record(id), ROOM, LIFETIME);
    await sessions.touch(id, { at: NOW, held: true, by: "n" });
    await write(logs, id, "open", 2);
    await logs.whole!(id, "whole", "1", NOW, BUDGET);
    await sessions.delete(id);
  }
  await logs.drop("dropped");
  assert.deepEqual([rows(file, "logs"), rows(file, "events")], [2, 3]);
  await sessions.sweep(NOW + BUDGET.ageMs, LIFETIME);
  close!();
  for (const table of ["sessions", "holds", "logs", "log_totals", "events"]) {
    assert.equal(rows(file, table), 0, table);
  }
});

test("where the runtime has no node:sqlite, opening a file says what has it", () => {
  const { getBuiltinModule } = process;
  for (const lacking of [(() => undefined) as never, undefined as never]) {
    process.getBuiltinModule = lacking;
    try {
      assert.throws(
        () => sqlite(join(folder, "none.db")),
        /node:sqlite, which Node has from 22\.13/,
      );
    } finally {
      process.getBuiltinModule = getBuiltinModule;
    }
  }
  sqlite(join(folder, "none.db")).close!();
});

test("it may be closed twice", () => {
  const backend = sqlite(join(folder, "twice.db"));
  backend.close!();
  backend.close!();
});

test("the file is closed also where it is locked and the bus cannot leave it", async () => {
  const file = join(folder, "leaving.db");
  const backend = sqlite(file, { busyMs: 0 });
  const receiver = { receive() {} };
  await backend.bus.subscribe("t", receiver);
  const { DatabaseSync } = await import("node:sqlite");
  const other = new DatabaseSync(file);
  other.exec("BEGIN IMMEDIATE");
  assert.throws(() => backend.close!(), /locked/);
  other.exec("ROLLBACK");
  other.close();
  assert.throws(() => backend.sessions.count(), (thrown) => !/locked/.test(String(thrown)));
  backend.close!();
});

test("a file that cannot be opened is named, with the reason", () => {
  const nowhere = join(folder, "nowhere", "x.db");
  assert.throws(() => sqlite(nowhere), (thrown) => {
    const { message, cause } = thrown as Error;
    assert.ok(message.startsWith(`file: ${JSON.stringify(nowhere)} cannot be opened: `), message);
    assert.ok(cause instanceof Error && message.endsWith(cause.message), message);
    return true;
  });
  const other = join(folder, "other.db");
  writeFileSync(other, "no database, ".repeat(1_000));
  assert.throws(() => sqlite(other), /other\.db" cannot be opened: .*not a database/);
});
