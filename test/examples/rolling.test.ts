import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { noRedis, startRedis } from "../engine/backends/redis_server.ts";
import { rollNodes } from "../soak/rolling.ts";

const SERVERS = {
  "plain functions": {},
  "a server of the official SDK": {
    program: fileURLToPath(new URL("../soak/sdk_node.ts", import.meta.url)),
  },
};

for (const [name, server] of Object.entries(SERVERS)) {
  test(`a rolling restart of ${name} under the official clients fails no call`, {
    skip: noRedis,
  }, async () => {
    const redis = await startRedis();
    try {
      const report = await rollNodes({
        ...server,
        ...{ backend: redis.url, clients: 4, rounds: 1 },
      });
      assert.deepEqual(report.failed, []);
      assert.equal(report.notifications, report.calls * 5);
    } finally {
      await redis.stop();
    }
  });
}
