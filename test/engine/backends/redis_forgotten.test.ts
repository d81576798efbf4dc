/** What is over leaves nothing in Redis, and what has expired there counts no more. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { redis } from "../../../adapters/backends/redis.ts";
import { BUDGET, LIFETIME, NOW, record, write } from "../../../adapters/testing/kit_data.ts";
import type { Backend } from "../../../core/engine/mod.ts";
import { clients, commanding, noRedis, type RedisServer, startRedis } from "./redis_server.ts";

let server: RedisServer;

before(async () => {
  if (!noRedis) server = await startRedis();
});
after(() => server?.stop());

/** Runs on a backend of its own; `count` gives what a command does on one of its keys. */
async function withBackend(
  prefix: string,
  run: (
    backend: Backend,
    count: (command: string, key: string) => Promise<number>,
  ) => Promise<void>,
): Promise<void> {
  const { client, end } = await clients[0]!.connect(server.port);
  const backend = redis(client, { prefix });
  try {
    await run(
      backend,
      async (command, key) => Number(await commanding(client).sendCommand([command, prefix + key])),
    );
  } finally {
    backend.close!();
    end();
  }
}

test("what is cut from a log leaves Redis, and its names do", { skip: noRedis }, async () => {
  await withBackend("{cut}:", async ({ logs }, count) => {
    const budget = { ...BUDGET, events: 3 };
    await logs.open("s", "a", NOW, budget);
    const names: number[] = [];
    for (let i = 1; i <= 60; i++) {
      await logs.append("s", "a", "1", false, NOW, budget, `n${i}`);
      if (i % 30 === 0) names.push(await count("HLEN", "l:s:a"));
    }
    assert.equal(await count("XLEN", "e:s:a"), 3);
    assert.equal(names[1], names[0]);
  });
});

test("of streams that gave way or expired nothing is left", { skip: noRedis }, async () => {
  await withBackend("{gone}:", async ({ logs }, count) => {
    const left = async () => [await count("ZCARD", "t:s"), await count("HLEN", "c:s")];
    const one = { ...BUDGET, sessionBytes: 1 };
    for (const stream of "abc") await logs.whole!("s", stream, "1", NOW, one);
    // What a session has in all stands beside what its streams have.
    assert.deepEqual(await left(), [1, 2], "gave way");
    for (const stream of "def") await logs.whole!("s", stream, "1", NOW, BUDGET);
    for (const stream of "cdef") await count("DEL", `l:s:${stream}`);
    await write(logs, "s", "g", 1);
    assert.deepEqual(await left(), [1, 2], "expired");
  });
});

test("sessions that have expired take nobody's place", { skip: noRedis }, async () => {
  await withBackend("{expired}:", async ({ sessions }, count) => {
    const now = NOW + LIFETIME.maxAgeMs;
    const open = (id: string, room: number, created: number) =>
      sessions.create(
        record(id, { owner: "o", created, seen: created }),
        { sessions: room, perPrincipal: 2 },
        LIFETIME,
      );
    for (const id of ["idle", "held"]) await open(id, 2, NOW);
    await sessions.touch("held", { at: NOW, held: true, by: "n" });
    for (const id of ["idle", "held"]) await count("DEL", `s:${id}`);
    await count("DEL", "h:held");
    assert.deepEqual(await open("a", 10, now), { created: true, evicted: [] }, "of a principal");
    assert.equal(await count("SCARD", "o:=o"), 1);
    const listed: string[] = [];
    for await (const { id } of sessions.list()) listed.push(id);
    assert.deepEqual(listed, ["a"]);
    assert.deepEqual(await sessions.sweep(now, LIFETIME), []);
    assert.equal(await sessions.count(), 1);
    assert.deepEqual(await open("b", 2, now), { created: true, evicted: [] }, "in all");
  });
});

test("what a client sends once more is stored once", { skip: noRedis }, async () => {
  await withBackend("{again}:", async ({ sessions, logs }, count) => {
    const room = { sessions: 1, perPrincipal: 1 };
    for (let i = 0; i < 2; i++) {
      const created = await sessions.create(record("a"), room, LIFETIME);
      assert.deepEqual(created, { created: true, evicted: [] });
      await logs.whole!("a", "s", "1", NOW, BUDGET);
    }
    assert.equal(await sessions.count(), 1);
    assert.equal(await count("XLEN", "e:a:s"), 1);
  });
});
