import assert from "node:assert/strict";
import { test } from "node:test";
import { type Application, createMcpHandler, type McpOptions } from "../../core/engine/mod.ts";

const META = "io.modelcontextprotocol/";
const VERSION = "2026-07-28";

function call(request: Application["request"], options: McpOptions): Promise<Response> {
  const mcp = createMcpHandler({ serverInfo: { name: "test", version: "1" }, request }, options);
  const _meta = { [`${META}protocolVersion`]: VERSION, [`${META}clientCapabilities`]: {} };
  return mcp.fetch(
    new Request("http://localhost/mcp", {
      method: "POST",
      headers: {
        accept: "application/json, text/event-stream",
        "content-type": "application/json",
        "mcp-protocol-version": VERSION,
        "mcp-method": "tools/call",
        "mcp-name": "work",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name: "work", _meta },
      }),
    }),
  );
}

for (const response of ["auto", "json", "sse"] as const) {
  test(`an error with a status of its own has it (${response})`, { timeout: 30_000 }, async () => {
    const unknown = await call(() => undefined, { response });
    assert.equal(unknown.status, 404);
    assert.equal((await unknown.json()).error.code, -32601);
    const needy = await call(async (_, exchange) => await exchange.elicit({}), { response });
    assert.equal(needy.status, 400);
    assert.equal((await needy.json()).error.code, -32021);
  });
}

test("a result comes as an event stream where the option says so", async () => {
  const answer = await call(() => ({ done: true }), { response: "sse" });
  assert.equal(answer.headers.get("content-type"), "text/event-stream");
  assert.match(await answer.text(), /"done":true/);
});

test("an event stream begins before its result", { timeout: 30_000 }, async () => {
  let finish = (): void => {};
  const answer = await call(
    () => new Promise<object>((resolve) => finish = () => resolve({ done: true })),
    { response: "sse", autoSseMs: 60_000 },
  );
  assert.equal(answer.headers.get("content-type"), "text/event-stream");
  finish();
  assert.match(await answer.text(), /"done":true/);
});
