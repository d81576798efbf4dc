/** Changes reach modern listeners and legacy standalone streams alike. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMcpHandler, memory } from "../../core/engine/mod.ts";
import { ask } from "./harness/http.ts";
import { join } from "./harness/mcp.ts";
import { modern } from "./harness/modern.ts";
import { app, up } from "./harness/runtime.ts";
import { listening, serving } from "./modern_listening.ts";

describe("a change reaches", () => {
  test("modern listeners and standalone streams of ready sessions alike", async (t) => {
    const server = await serving(t);
    const { events } = await listening(server, {
      toolsListChanged: true,
      resourceSubscriptions: ["a:1", "b:2"],
    });
    const peers = [await join(server), await join(server, { version: "2025-03-26" })];
    const early = await join(server, { ready: false });
    const streams = await Promise.all(peers.map((peer) => peer.listen()));
    const unready = await early.listen();
    const { notify } = server.mcp;
    notify.toolsListChanged();
    // The application says that sessions subscribed to this one.
    notify.resourceUpdated("b:2");
    notify.resourceUpdated("a:1");
    for (const stream of streams) {
      const first = await stream.next();
      assert.equal(first.method, "notifications/tools/list_changed");
      assert.equal(first.params?._meta, undefined, "a modern field on a legacy stream");
      assert.deepEqual(await stream.next(), {
        jsonrpc: "2.0",
        method: "notifications/resources/updated",
        params: { uri: "a:1" },
      });
      stream.cut();
    }
    for (const uri of [undefined, "b:2", "a:1"]) {
      assert.equal((await events.next()).params.uri, uri);
    }
    events.cut();
    await early.end();
    assert.deepEqual(await unready.rest(), []);
  });

  test("listeners of every node that shares the backend", async (t) => {
    const backend = memory();
    const [one, other] = [await serving(t, { backend }), await serving(t, { backend })];
    const { events } = await listening(one, { promptsListChanged: true });
    const legacy = await (await join(one)).listen();
    other.mcp.notify.promptsListChanged();
    assert.equal((await events.next()).method, "notifications/prompts/list_changed");
    assert.equal((await legacy.next()).method, "notifications/prompts/list_changed");
    events.cut();
    legacy.cut();
  });

  test("the tools of a node that has served modern calls only", async (t) => {
    const backend = memory();
    let read = 0;
    const tools = () => {
      read++;
      return [];
    };
    const server = await up(t, app(() => ({}), { tools }), { backend });
    const elsewhere = createMcpHandler(app(), { backend });
    t.after(() => elsewhere.close());
    assert.equal((await ask(server.port, modern("tools/call", { name: "x" }))).status, 200);
    elsewhere.notify.toolsListChanged();
    assert.equal((await ask(server.port, modern("tools/call", { name: "x" }))).status, 200);
    assert.equal(read, 2);
  });

  test("nobody, where nobody listens", async (t) => {
    const server = await serving(t);
    server.mcp.notify.toolsListChanged();
    server.mcp.notify.resourceUpdated("a:1");
    assert.deepEqual(await server.mcp.stats(), {
      sessions: 0,
      streams: 0,
      inFlight: 0,
      aborted: 0,
    });
  });
});
