/** Middleware around the listener for `node:http` that throws where the head of an answer is sent, as hooks of it may. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { nodeListener } from "../../adapters/runtimes/node.ts";
import { createMcpHandler } from "../../core/engine/mod.ts";
import { ask } from "./harness/http.ts";
import { initialize, merged, POST_FIELDS, posting, request } from "./harness/mcp.ts";
import { app } from "./harness/runtime.ts";

test("an answer whose head cannot be sent takes its connection with it, and nothing else", {
  timeout: 30_000,
}, async (t) => {
  const told = t.mock.method(console, "error", () => {});
  const mcp = createMcpHandler(app());
  const listener = nodeListener(mcp);
  const server = createServer((incoming, response) => {
    if (incoming.url === "/broken") {
      response.writeHead = () => {
        throw new Error("broken");
      };
    }
    listener(incoming, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", () => done()));
  t.after(() => void server.close());
  const { port } = server.address() as { port: number };
  const opened = await ask(port, initialize());
  const fields = merged(POST_FIELDS, [["Mcp-Session-Id", opened.get("mcp-session-id")!]]);
  const path = "/broken";
  await assert.rejects(ask(port, { ...posting(request(1, "ping"), fields), path }));
  await assert.rejects(ask(port, { method: "GET", fields, path }));
  assert.deepEqual(told.mock.calls.map(({ arguments: [, error] }) => String(error)), [
    "Error: broken",
    "Error: broken",
  ]);
  const { streams, inFlight } = await mcp.stats();
  assert.deepEqual([streams, inFlight], [0, 0]);
  assert.equal((await ask(port, posting(request(2, "ping"), fields))).status, 200);
});
