/** The long form, for `npm run soak`: what `test/examples/rolling.test.ts` shows in short. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { noRedis, startRedis } from "../engine/backends/redis_server.ts";
import { rollNodes } from "./rolling.ts";

const SERVERS = {
  "plain functions": {},
  "a server of the official SDK": {
    program: fileURLToPath(new URL("sdk_node.ts", import.meta.url)),
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
        ...{ backend: redis.url, clients: 8, rounds: 10 },
      });
      console.log(report);
      assert.deepEqual(report.failed, []);
      assert.equal(report.notifications, report.calls * 5);
    } finally {
      await redis.stop();
    }
  });
}
