/** How a client finds out what a server speaks, and that looking leaves nothing behind. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, type Outgoing } from "./harness/http.ts";
import { join } from "./harness/mcp.ts";
import { KEY, MODERN, modern } from "./harness/modern.ts";
import { app, up } from "./harness/runtime.ts";
import { counted, nothingWasMade } from "./modern_telling.ts";

describe("a client that speaks both eras looks first", () => {
  const probes: readonly (readonly [string, Outgoing])[] = [
    ["by server/discover", modern("server/discover", {}, { id: "server-discover-probe-1" })],
    ["by a modern request", modern("tools/list")],
    [
      "with a version that nobody has",
      modern("server/discover", {}, {
        meta: { [KEY.version]: "2099-01-01" },
        fields: { "MCP-Protocol-Version": "2099-01-01" },
      }),
    ],
    ["by GET without a session", { fields: [["Accept", "text/event-stream"]] }],
    ["by GET of the new version", {
      fields: [["Accept", "text/event-stream"], ["MCP-Protocol-Version", MODERN]],
    }],
  ];
  for (const eras of ["both", "legacy", "modern"] as const) {
    for (const [name, probe] of probes) {
      test(`${name}, at ${eras}: nothing is made`, async (t) => {
        const { server, created } = await counted(t, eras);
        const got = await ask(server.port, probe);
        assert.ok(got.status < 500 && got.status !== 202, `${got.status}`);
        assert.equal(got.get("mcp-session-id"), undefined);
        assert.equal(created(), 0);
        await nothingWasMade(server);
      });
    }
  }

  test("and then shakes hands, or goes on as it is", async (t) => {
    const { server, created } = await counted(t, "both");
    assert.equal((await ask(server.port, modern("server/discover"))).status, 200);
    assert.equal((await ask(server.port, modern("tools/list", {}, { id: 2 }))).status, 200);
    assert.equal(created(), 0);
    await join(server);
    assert.equal(created(), 1);
  });
});

describe("server/discover", () => {
  test("is answered from what the library was given", async (t) => {
    const capabilities = { tools: { listChanged: true }, extensions: { "com.example/x": {} } };
    const server = await up(
      t,
      app(() => assert.fail("asked the application"), {
        serverInfo: { name: "shop", version: "3", title: "A shop" },
        capabilities,
        instructions: "Buy.",
        cache: { ttlMs: 3_600_000, scope: "public" },
      }),
    );
    const got = await ask(server.port, modern("server/discover", {}, { id: "discover-1" }));
    assert.equal(got.status, 200);
    assert.deepEqual(got.json, {
      jsonrpc: "2.0",
      id: "discover-1",
      result: {
        resultType: "complete",
        supportedVersions: [MODERN],
        capabilities,
        instructions: "Buy.",
        ttlMs: 3_600_000,
        cacheScope: "public",
        _meta: { [KEY.serverInfo]: { name: "shop", version: "3", title: "A shop" } },
      },
    });
  });

  test("without hints is stale at once and private", async (t) => {
    const server = await up(t, app());
    const { result } = (await ask(server.port, modern("server/discover"))).json;
    assert.deepEqual([result.ttlMs, result.cacheScope], [0, "private"]);
    assert.deepEqual(result.capabilities, {});
    assert.equal("instructions" in result, false);
  });
});
