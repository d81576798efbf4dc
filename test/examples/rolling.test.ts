import assert from "node:assert/strict";
import { test } from "node:test";
import { noRedis, startRedis } from "../engine/backends/redis_server.ts";
import { rollNodes } from "../soak/rolling.ts";

test("a rolling restart under the official clients fails no call", { skip: noRedis }, async () => {
  const redis = await startRedis();
  try {
    const report = await rollNodes({ backend: redis.url, clients: 4, rounds: 1 });
    assert.deepEqual(report.failed, []);
    assert.equal(report.notifications, report.calls * 5);
  } finally {
    await redis.stop();
  }
});
