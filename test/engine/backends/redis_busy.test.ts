/** What becomes of answers of Redis that come while the process does something else. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { redis, type RedisClient } from "../../../adapters/backends/redis.ts";
import { clients, noRedis, type RedisServer, startRedis } from "./redis_server.ts";

let server: RedisServer;

before(async () => {
  if (!noRedis) server = await startRedis();
});
after(() => server?.stop());

/** Has Redis take no command for a while. */
async function pause(ms: number): Promise<void> {
  const { client, end } = await clients[0]!.connect(server.port);
  const command = client as RedisClient & { sendCommand(args: string[]): Promise<unknown> };
  await command.sendCommand(["CLIENT", "PAUSE", `${ms}`, "ALL"]);
  end();
}

for (const { name, connect } of clients) {
  test(`${name}: an answer that is there is taken, however late the process looks`, {
    skip: noRedis,
    timeout: 10_000,
  }, async () => {
    const { client, end } = await connect(server.port);
    const backend = redis(client, { timeoutMs: 150 });
    try {
      assert.equal(await backend.sessions.count(), 0);
      await pause(60);
      const counted = backend.sessions.count();
      // It is on its way; its answer comes while nobody looks.
      await new Promise((resolve) => setTimeout(resolve, 10));
      // Timers that are due come next; on Node after this, elsewhere whatever it is.
      await new Promise((resolve) => setImmediate(resolve));
      for (const till = performance.now() + 500; performance.now() < till;);
      assert.equal(await counted, 0);
    } finally {
      backend.close!();
      end();
    }
  });
}
