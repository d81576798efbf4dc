/** The long form, for `npm run soak`: what `test/examples/rolling.test.ts` shows in short. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { noRedis, startRedis } from "../engine/backends/redis_server.ts";
import { rollNodes } from "./rolling.ts";

test("three nodes, each replaced ten times under load", { skip: noRedis }, async () => {
  const redis = await startRedis();
  try {
    const report = await rollNodes({ backend: redis.url, clients: 8, rounds: 10 });
    console.log(report);
    assert.deepEqual(report.failed, []);
    assert.equal(report.notifications, report.calls * 5);
  } finally {
    await redis.stop();
  }
});
