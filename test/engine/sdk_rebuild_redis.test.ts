import { after, before, test } from "node:test";
import { redis } from "../../adapters/backends/redis.ts";
import type { Backend } from "../../core/engine/mod.ts";
import { clients, noRedis, type RedisServer, startRedis } from "./backends/redis_server.ts";
import { rebuildChecks } from "./sdk/rebuild.ts";

let server: RedisServer;
let count = 0;

before(async () => {
  if (!noRedis) server = await startRedis();
});
after(() => server?.stop());

async function open(prefix: string): Promise<Backend> {
  const { client, end } = await clients[0]!.connect(server.port);
  const backend = redis(client, { prefix });
  return {
    ...backend,
    close() {
      backend.close!();
      end();
    },
  };
}

const checks = rebuildChecks(async () => {
  const prefix = `{sdk${count++}}:`;
  return [await open(prefix), await open(prefix), await open(prefix)];
});
for (const { name, run } of checks) test(name, { skip: noRedis, timeout: 20_000 }, run);
