import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { redis } from "../../../adapters/backends/redis.ts";
import { record } from "../../../adapters/testing/kit_data.ts";
import { clients, commanding, noRedis, type RedisServer, startRedis } from "./redis_server.ts";

let server: RedisServer;

before(async () => {
  if (!noRedis) server = await startRedis();
});
after(() => server?.stop());

test(
  "to open a session looks at none of the others that a principal has, while it may have more",
  { skip: noRedis },
  async () => {
    const { client, end } = await clients[0]!.connect(server.port);
    const plain = commanding(client);
    const backend = redis(client, { prefix: "{quota}:" });
    const now = Date.now();
    const room = { sessions: 1_000, perPrincipal: 200 };
    const lifetime = { idleMs: 60_000, maxAgeMs: 60_000 };
    const create = (number: number) =>
      backend.sessions.create(
        record(`s${number}`, { owner: "o", created: now, seen: now }),
        room,
        lifetime,
      );
    const looks = async (): Promise<number> => {
      const stats = String(await plain.sendCommand(["INFO", "commandstats"]));
      return Number(/cmdstat_hget:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    for (let i = 0; i < room.perPrincipal - 1; i++) await create(i);
    const begun = await looks();
    assert.deepEqual(await create(room.perPrincipal), { created: true, evicted: [] });
    assert.equal(await looks() - begun, 0);
    assert.deepEqual(await create(room.perPrincipal + 1), { created: true, evicted: ["s0"] });
    backend.close!();
    end();
  },
);
