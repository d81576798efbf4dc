/** What Node's HTTP/2 does otherwise than its HTTP/1, behind the same listener. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import { nodeListener } from "../../adapters/runtimes/node.ts";
import { type Application, createMcpHandler } from "../../core/engine/mod.ts";

const OTHERS = "Deno" in globalThis || "Bun" in globalThis;
const skip = OTHERS && "Node's listener is for Node";

const CALL = {
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: {
    name: "wait",
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
      "io.modelcontextprotocol/logLevel": "info",
    },
  },
};

/** A call over HTTP/2, with what makes its peer leave. */
async function call(t: TestContext, request: Application["request"]) {
  const mcp = createMcpHandler({
    serverInfo: { name: "server", version: "1" },
    capabilities: { tools: {} },
    request,
  });
  const server = createServer(nodeListener(mcp) as never).listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  client.on("error", () => {});
  t.after(async () => {
    client.destroy();
    await mcp.close({ within: 0 });
    server.close();
  });
  const stream = client.request({
    ":method": "POST",
    ":path": "/mcp",
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "mcp-protocol-version": "2026-07-28",
    "mcp-method": "tools/call",
    "mcp-name": "wait",
  });
  stream.on("error", () => {});
  stream.end(JSON.stringify(CALL));
  return { mcp, stream, leave: () => client.destroy() };
}

for (const streams of [false, true]) {
  test(
    `a peer that leaves cancels its call, ${
      streams ? "also once it streams" : "before its answer"
    }`,
    {
      skip,
      timeout: 10_000,
    },
    async (t) => {
      let began!: () => void;
      const begun = new Promise<void>((resolve) => began = resolve);
      let aborted!: () => void;
      const over = new Promise<void>((resolve) => aborted = resolve);
      const { mcp, stream, leave } = await call(t, ({ method }, exchange) => {
        if (method !== "tools/call") return undefined;
        exchange.signal.addEventListener("abort", aborted);
        if (streams) exchange.notify("notifications/message", { level: "info", data: 1 });
        began();
        return new Promise(() => {});
      });
      await (streams ? once(stream, "data") : begun);
      leave();
      await over;
      const { inFlight, streams: open } = await mcp.stats();
      assert.deepEqual([inFlight, open], [0, 0]);
    },
  );
}
