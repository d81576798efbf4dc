import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as pathOf } from "node:path";
import { describe, test } from "node:test";
import { noRedis, startRedis } from "../engine/backends/redis_server.ts";
import { ask, type Fields } from "../wire/harness/http.ts";
import { join, posting, request } from "../wire/harness/mcp.ts";
import { fixture, RUNTIMES } from "./everything.ts";

const list = request(1, "tools/list");

for (const runtime of RUNTIMES) {
  describe(`the backends of examples/everything on ${runtime.name}`, () => {
    test("MCP_BACKEND=sqlite:FILE keeps sessions and streams over kill -9", async (t) => {
      const folder = mkdtempSync(pathOf(tmpdir(), "everything-"));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const env = { MCP_BACKEND: `sqlite:${pathOf(folder, "sessions.db")}` };
      const before = await fixture(t, runtime, env);
      const peer = await join(before);
      const burst = { name: "burst", arguments: { count: 4, bytes: 10 } };
      const stream = await peer.stream("tools/call", burst);
      const priming = (await stream.block())!.id!;
      assert.equal((await stream.rest()).length, 5);
      assert.equal(await before.stop("SIGKILL"), "SIGKILL");
      const after = await fixture(t, runtime, env);
      const fields: Fields = [...peer.fields, ["Last-Event-ID", priming]];
      const resumed = await ask(after.port, {
        fields: [...fields, ["Accept", "text/event-stream"]],
      });
      assert.equal([...resumed.body.matchAll(/^data: ./gm)].length, 5);
      assert.equal((await ask(after.port, posting(list, peer.fields))).status, 200);
    });

    test("MCP_BACKEND=sealed:KEY needs no store", async (t) => {
      const env = { MCP_BACKEND: `sealed:${randomBytes(32).toString("hex")}` };
      const [one, other] = [await fixture(t, runtime, env), await fixture(t, runtime, env)];
      const peer = await join(one);
      assert.equal((await ask(other.port, posting(list, peer.fields))).status, 200);
      assert.equal((await peer.end()).status, 405);
      const stranger = await fixture(t, runtime, {
        MCP_BACKEND: `sealed:${randomBytes(32).toString("hex")}`,
      });
      assert.equal((await ask(stranger.port, posting(list, peer.fields))).status, 404);
    });

    test("MCP_BACKEND=redis://… is shared, and may be down", { skip: noRedis }, async (t) => {
      const redis = await startRedis();
      t.after(() => redis.stop());
      const env = { MCP_BACKEND: redis.url };
      const [one, other] = [await fixture(t, runtime, env), await fixture(t, runtime, env)];
      const peer = await join(one);
      const elsewhere = () => ask(other.port, posting(list, peer.fields));
      assert.equal((await elsewhere()).status, 200);
      const restart = await redis.kill();
      const down = await elsewhere();
      assert.equal(down.status, 503);
      assert.ok(Number(down.get("retry-after")) > 0);
      const late = await fixture(t, runtime, env);
      await restart();
      for (const port of [other.port, late.port]) {
        let answer = await ask(port, posting(list, peer.fields));
        for (let tries = 0; answer.status === 503 && tries < 100; tries++) {
          await new Promise((resolve) => setTimeout(resolve, 100));
          answer = await ask(port, posting(list, peer.fields));
        }
        assert.equal(answer.status, 200);
      }
    });
  });
}
