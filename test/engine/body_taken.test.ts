import assert from "node:assert/strict";
import { test } from "node:test";
import { createMcpHandler } from "../../core/engine/mod.ts";

test("a request whose body has been read before is refused as such", async () => {
  const mcp = createMcpHandler({ serverInfo: { name: "test", version: "1" }, request: () => ({}) });
  const request = new Request("http://localhost/mcp", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  await request.text();
  const answer = await mcp.fetch(request);
  assert.equal(answer.status, 400);
  assert.match((await answer.json()).error.message, /something before this handler has read it/);
});
