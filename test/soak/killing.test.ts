/** The long form, for `npm run soak`: what `test/examples/cluster.test.ts` shows in short. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { noRedis, startRedis } from "../engine/backends/redis_server.ts";
import { killNodes } from "./killing.ts";

const COMMON = { sessions: 4, kills: 100, leaseMs: 1_000 };

test("three nodes over Redis, a node killed 100 times", { skip: noRedis }, async () => {
  const redis = await startRedis();
  try {
    console.log(
      await killNodes({ ...COMMON, backend: redis.url, nodes: 3, pauseMs: 150, withinMs: 10_000 }),
    );
  } finally {
    await redis.stop();
  }
});

test("one process with a SQLite file, killed 100 times", async () => {
  const folder = mkdtempSync(join(tmpdir(), "soak-"));
  try {
    const backend = `sqlite:${join(folder, "sessions.db")}`;
    // While the one process is down nobody answers: its starts count too.
    console.log(
      await killNodes({ ...COMMON, backend, nodes: 1, pauseMs: 1_500, withinMs: 30_000 }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
