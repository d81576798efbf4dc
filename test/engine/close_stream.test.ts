import assert from "node:assert/strict";
import { test } from "node:test";
import { createMcpHandler, type Exchange, type McpHandler } from "../../core/engine/mod.ts";

const ACCEPT = "application/json, text/event-stream";

function send(
  mcp: McpHandler,
  headers: Record<string, string>,
  message?: object,
): Promise<Response> {
  const method = message === undefined ? "GET" : "POST";
  return mcp.fetch(
    new Request("http://localhost/mcp", {
      method,
      headers: { accept: ACCEPT, "content-type": "application/json", ...headers },
      body: message === undefined ? null : JSON.stringify({ jsonrpc: "2.0", ...message }),
    }),
  );
}

for (const response of ["auto", "sse"] as const) {
  test(`a stream closed by the call's first statement ends, and resumes (${response})`, {
    timeout: 30_000,
  }, async () => {
    let finish = (): void => {};
    const mcp = createMcpHandler({
      serverInfo: { name: "test", version: "1" },
      // Not async: nothing can read the stream yet when this runs.
      request: (_request, exchange: Exchange) => {
        exchange.closeStream({ retryMs: 7 });
        return new Promise<object>((resolve) => finish = () => resolve({ done: true }));
      },
    }, { response });
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: {} };
    const opened = await send(mcp, {}, { id: 0, method: "initialize", params });
    const session = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
    await opened.body?.cancel();

    const call = await send(mcp, session, { id: 1, method: "work" });
    const cut = await call.text();
    assert.match(cut, /^id: \S+\ndata: \n\n/, "a client that knows no id cannot come back");
    assert.match(cut, /^retry: 7$/m);
    assert.doesNotMatch(cut, /done/);

    finish();
    const id = /^id: (\S+)$/m.exec(cut)![1]!;
    const resumed = await send(mcp, { ...session, "last-event-id": id });
    assert.match(await resumed.text(), /"id":1,"result":\{"done":true\}/);
    await mcp.close({ within: 0 });
  });
}

test("a stream without an id to come back with is not closed", { timeout: 30_000 }, async () => {
  const mcp = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    request: (_request, exchange: Exchange) => {
      exchange.closeStream({ retryMs: 7 });
      return Promise.resolve({ done: true });
    },
  }, { response: "sse" });
  // This revision has no priming event (2025-06-18, basic/transports).
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: {} };
  const opened = await send(mcp, {}, { id: 0, method: "initialize", params });
  const session = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
  await opened.body?.cancel();
  const call = await send(mcp, session, { id: 1, method: "work" });
  assert.match(await call.text(), /"id":1,"result":\{"done":true\}/);
  await mcp.close({ within: 0 });
});

test("a stream that is closed before its first event is read ends with that", {
  timeout: 30_000,
}, async () => {
  let finish = (): void => {};
  const mcp = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    // Not async: nothing can read the stream yet when this runs.
    request: (_request, exchange: Exchange) => {
      exchange.notify("notifications/message", { said: true });
      exchange.closeStream({ retryMs: 7 });
      return new Promise<object>((resolve) => finish = () => resolve({ done: true }));
    },
  });
  // This revision has no priming event: the first event brings the id to come back with.
  const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: {} };
  const opened = await send(mcp, {}, { id: 0, method: "initialize", params });
  const session = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
  await opened.body?.cancel();
  const call = await send(mcp, session, { id: 1, method: "work" });
  const cut = await call.text();
  assert.match(cut, /"said":true/);
  assert.match(cut, /^retry: 7$/m);

  finish();
  const id = /^id: (\S+)$/m.exec(cut)![1]!;
  const resumed = await send(mcp, { ...session, "last-event-id": id });
  const rest = await resumed.text();
  assert.match(rest, /"id":1,"result":\{"done":true\}/);
  assert.doesNotMatch(rest, /said/);
  await mcp.close({ within: 0 });
});

test(
  "a stream that is closed before its first event is read, and has lost some, ends with what is left",
  {
    timeout: 30_000,
  },
  async () => {
    const mcp = createMcpHandler({
      serverInfo: { name: "test", version: "1" },
      request: (_request, exchange: Exchange) => {
        for (let i = 1; i <= 5; i++) exchange.notify("notifications/message", { i });
        exchange.closeStream({ retryMs: 7 });
        return new Promise<object>(() => {});
      },
    }, { limits: { logEvents: 2 } });
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: {} };
    const opened = await send(mcp, {}, { id: 0, method: "initialize", params });
    const session = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
    await opened.body?.cancel();
    const cut = await (await send(mcp, session, { id: 1, method: "work" })).text();
    assert.match(cut, /^id: \S+\ndata: .*"i":4.*\n\nid: \S+\ndata: .*"i":5.*\n\nretry: 7\n\n$/m);
    await mcp.close({ within: 0 });
  },
);
