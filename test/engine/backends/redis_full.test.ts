/** A Redis that is full: it refuses what adds, and nothing ends for that. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { redis } from "../../../adapters/backends/redis.ts";
import { record, ROOM } from "../../../adapters/testing/kit_data.ts";
import { testClient } from "../../../adapters/testing/mod.ts";
import { createMcpHandler } from "../../../core/engine/mod.ts";
import { clients, commanding, noRedis, type RedisServer, startRedis } from "./redis_server.ts";

/** Answers whatever it is asked. */
const DONE = {
  serverInfo: { name: "server", version: "1" },
  request: () => Promise.resolve({ done: true }),
};

let server: RedisServer;

before(async () => {
  if (!noRedis) server = await startRedis();
});
after(() => server?.stop());

test("in a Redis that is full, a session that ends frees its logs", { skip: noRedis }, async () => {
  const { client, end } = await clients[0]!.connect(server.port);
  const plain = commanding(client);
  const backend = redis(client, { prefix: "{full}:" });
  const handler = createMcpHandler(DONE, { backend, response: "sse" });
  const caller = testClient(handler);
  await caller.initialize();
  await caller.call("tools/list");
  await caller.call("tools/list");
  const events = () => plain.sendCommand(["KEYS", "{full}:e:*"]) as Promise<string[]>;
  assert.equal((await events()).length, 2);
  const { logs } = backend;
  const stream = /[^:]+$/.exec((await events())[0]!)![0];
  await plain.sendCommand(["CONFIG", "SET", "maxmemory", "1"]);
  try {
    await logs.drop(caller.sessionId!, stream);
    assert.equal((await events()).length, 1);
    assert.equal(await caller.end(), 204);
    await handler.close();
    assert.deepEqual(await plain.sendCommand(["KEYS", "{full}:[tcle]:*"]), []);
  } finally {
    await plain.sendCommand(["CONFIG", "SET", "maxmemory", "0"]);
    backend.close!();
    end();
  }
});

test(
  "in a Redis that is full, nodes stay up and sessions in use live on",
  { skip: noRedis },
  async () => {
    const { client, end } = await clients[0]!.connect(server.port);
    const plain = commanding(client);
    const backend = redis(client, { prefix: "{crowded}:", leaseMs: 1_000 });
    const { sessions, nodes } = backend;
    const now = Date.now();
    const lifetime = { idleMs: 1_000, maxAgeMs: 60_000 };
    for (const id of ["held", "used", "idle"]) {
      await sessions.create(record(id, { owner: "o", created: now, seen: now }), ROOM, lifetime);
    }
    await nodes!.renew("n", now);
    await plain.sendCommand(["CONFIG", "SET", "maxmemory", "1"]);
    try {
      assert.equal(await nodes!.renew("n", now + 500), true);
      await sessions.touch("held", { at: now + 500, held: true, by: "n" });
      await sessions.touch("used", { at: now + 500, ready: true });
      assert.equal(await nodes!.renew("other", now + 1_200), false);
      assert.equal(await nodes!.alive("n", now + 1_200), true);
      assert.deepEqual(await sessions.sweep(now + 1_200, lifetime), [{
        id: "idle",
        reason: "idle",
      }]);
      assert.deepEqual(
        [(await sessions.get("held"))?.held, (await sessions.get("used"))?.ready],
        [true, true],
      );
    } finally {
      await plain.sendCommand(["CONFIG", "SET", "maxmemory", "0"]);
      backend.close!();
      end();
    }
  },
);
