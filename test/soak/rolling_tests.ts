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

/** A rolling restart of each kind of server under the official clients; the short and the long form differ in size. */
export function rollingTests(
  size: { readonly clients: number; readonly rounds: number },
  tell: (report: unknown) => void = () => {},
): void {
  for (const [name, server] of Object.entries(SERVERS)) {
    test(`a rolling restart of ${name} under the official clients fails no call`, {
      skip: noRedis,
    }, async () => {
      const redis = await startRedis();
      try {
        const report = await rollNodes({ ...server, backend: redis.url, ...size });
        tell(report);
        assert.deepEqual(report.failed, []);
        assert.equal(report.notifications, report.calls * 5);
      } finally {
        await redis.stop();
      }
    });
  }
}
