import assert from "node:assert/strict";
import { test } from "node:test";
import { createMcpHandler, memory } from "../../core/engine/mod.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, gate } from "./endpoint.ts";

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
};

test("a closed handler serves nothing: another node can", async () => {
  let served = 0;
  const mcp = createMcpHandler({
    serverInfo: { name: "closed", version: "1" },
    request: () => ({ served: ++served }),
  });
  const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    mcp.fetch(
      new Request("http://localhost/mcp", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      }),
    );
  const opened = await post({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: {} },
  });
  const session = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
  const modern = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list" };
  const legacyCall = { jsonrpc: "2.0", id: 2, method: "tools/list" };
  const modernCall = { ...legacyCall, params: { _meta: META } };
  assert.equal((await post(legacyCall, session)).status, 200);
  assert.equal((await post(modernCall, modern)).status, 200);
  await mcp.close();
  for (const answer of [await post(legacyCall, session), await post(modernCall, modern)]) {
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get("retry-after"), "1");
  }
  assert.equal(served, 2);
});

test("a handler that closes while it begins to listen listens no more", {
  timeout: 30_000,
}, async (t) => {
  const own = memory();
  const heard = new Set<unknown>();
  const listens = gate();
  const slow = instead(own.bus, "subscribe", async (subscribe, args) => {
    await listens.opened;
    heard.add(args[0]);
    return subscribe(...args);
  });
  const bus = instead(slow, "unsubscribe", (unsubscribe, args) => {
    heard.delete(args[0]);
    return unsubscribe(...args);
  });
  const endpoint = new Endpoint(t, {}, { backend: { ...own, bus } });
  endpoint.handler.notify.toolsListChanged();
  await endpoint.handler.close({ within: 0 });
  listens.open();
  await turns(3);
  assert.deepEqual([...heard], []);
});
