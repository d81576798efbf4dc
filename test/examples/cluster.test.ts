import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { noRedis, startRedis } from "../engine/backends/redis_server.ts";
import { exec } from "../runner/exec.ts";
import { root } from "../runner/runtimes.ts";
import { killNodes } from "../soak/killing.ts";

const COMMON = { sessions: 3, kills: 5, leaseMs: 1_000 };

test("the cluster example runs to its end and keeps its session", { skip: noRedis }, async () => {
  const { code, output } = await exec([process.execPath, "examples/cluster/main.ts"], {
    cwd: root,
    seconds: 60,
    env: { KILLS: "3" },
  });
  assert.equal(code, 0, output);
  assert.match(output, /session {3}lives/);
  assert.doesNotMatch(output, /Error/);
});

test("three nodes over Redis, killed at random: nothing is lost", { skip: noRedis }, async () => {
  const redis = await startRedis();
  try {
    const { calls } = await killNodes({
      ...COMMON,
      backend: redis.url,
      nodes: 3,
      pauseMs: 150,
      withinMs: 10_000,
    });
    assert.ok(calls > 0);
  } finally {
    await redis.stop();
  }
});

test("one process with a SQLite file, killed at random: nothing is lost", async () => {
  const folder = mkdtempSync(join(tmpdir(), "killed-"));
  try {
    const backend = `sqlite:${join(folder, "sessions.db")}`;
    // While the one process is down nobody answers: its starts count too.
    const { calls } = await killNodes({
      ...COMMON,
      backend,
      nodes: 1,
      pauseMs: 1_000,
      withinMs: 30_000,
    });
    assert.ok(calls > 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
