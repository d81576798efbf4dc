/** Server objects of the official SDK that throw at a message that comes in the course of none of the client's. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMcpHandler } from "../../core/engine/mod.ts";
import { type SdkServer, sdkServer } from "../../adapters/servers/sdk.ts";
import { connected, gate, textOf, tool } from "./sdk/endpoint.ts";
import { type Tools, type Version, versions } from "./sdk/servers.ts";

/** What fails here hangs. */
const LIMIT = { timeout: 30_000 };

/** A handler whose servers throw at messages of one kind. */
function throwing(version: Version, tools: Tools, at: "result" | "notifications/cancelled") {
  let thrown = 0;
  const mcp = createMcpHandler(sdkServer((): SdkServer => {
    const server = version.build(tools);
    return {
      close: () => server.close(),
      async connect(transport) {
        await server.connect(transport);
        const { onmessage } = transport;
        transport.onmessage = (message, extra) => {
          if (message.method === at || at in message) {
            thrown++;
            throw new Error("broken");
          }
          onmessage!(message, extra);
        };
      },
    };
  }));
  return { mcp, thrown: () => thrown };
}

for (const version of versions) {
  describe(`a server of the SDK's ${version.name} that throws`, () => {
    test("at its client's answer does not take the process with it", LIMIT, async (t) => {
      const told = t.mock.method(console, "error", () => {});
      const tools: Tools = {
        ask: (call) => call.ask("?", { timeout: 20 }).catch(() => "no answer"),
      };
      const { mcp, thrown } = throwing(version, tools, "result");
      const client = await connected(mcp, {
        request: () => ({ action: "accept", content: { answer: "Ann" } }),
      });
      assert.equal(textOf(await client.call("tools/call", tool("ask"))), "no answer");
      assert.equal(thrown(), 1);
      assert.match(String(told.mock.calls[0]!.arguments[1]), /broken/);
      await mcp.close();
    });

    test("at a cancellation does not take the process with it", LIMIT, async (t) => {
      const told = t.mock.method(console, "error", () => {});
      const held = gate();
      const { mcp, thrown } = throwing(version, { held: held.run }, "notifications/cancelled");
      const client = await connected(mcp);
      const call = client.begin("tools/call", tool("held", "x"));
      await held.enter();
      await call.cancel();
      assert.equal((await call.response).status, 202);
      assert.equal(thrown(), 1);
      assert.match(String(told.mock.calls[0]!.arguments[1]), /broken/);
      held.leave("x");
      await mcp.close();
    });
  });
}
