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

for (const [retryMs, said] of [[7, 7], [0, 0], [undefined, 1_000]] as const) {
  test(`a session's own stream ends, and its client is asked to stay away for ${said} ms`, {
    timeout: 30_000,
  }, async (t) => {
    const mcp = createMcpHandler({
      serverInfo: { name: "test", version: "1" },
      request: (_request, exchange: Exchange) => {
        exchange.session!.closeStream(retryMs === undefined ? {} : { retryMs });
        return {};
      },
    });
    t.after(() => mcp.close({ within: 0 }));
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: {} };
    const opened = await send(mcp, {}, { id: 0, method: "initialize", params });
    const session = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
    const listening = await send(mcp, session);
    await send(mcp, session, { id: 1, method: "work" });
    const text = await listening.text();
    assert.deepEqual(text.match(/^retry:.*$/gm), [`retry: ${said}`]);
  });
}

// Before 2025-11-25 a server should not close it, and clients do not come back to it (basic/transports, Sending
// Messages 6).
for (const protocolVersion of ["2025-03-26", "2025-06-18"]) {
  for (const said of ["", "something was said"]) {
    test(`of ${protocolVersion} the stream of a call is not closed ${said}`, {
      timeout: 30_000,
    }, async () => {
      let close = (): void => {};
      let finish = (): void => {};
      const mcp = createMcpHandler({
        serverInfo: { name: "test", version: "1" },
        request: (_request, exchange: Exchange) => {
          if (said !== "") exchange.notify("notifications/message", { level: "info", data: said });
          close = () => exchange.closeStream({ retryMs: 7 });
          if (said === "") close();
          return new Promise<object>((resolve) => finish = () => resolve({ done: true }));
        },
      }, { response: "sse" });
      const params = { protocolVersion, capabilities: {}, clientInfo: {} };
      const opened = await send(mcp, {}, { id: 0, method: "initialize", params });
      const session = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
      await opened.body?.cancel();
      const call = await send(mcp, session, { id: 1, method: "work" });
      const reader = call.body!.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      while (!text.includes(said)) text += (await reader.read()).value;
      close();
      finish();
      for (let one = await reader.read(); !one.done; one = await reader.read()) text += one.value;
      assert.match(text, /"id":1,"result":\{"done":true\}/);
      assert.doesNotMatch(text, /^retry/m);
      await mcp.close({ within: 0 });
    });
  }
}

test(
  "of an earlier revision the answer is what it would have been",
  { timeout: 30_000 },
  async () => {
    const mcp = createMcpHandler({
      serverInfo: { name: "test", version: "1" },
      request: (_request, exchange: Exchange) => {
        exchange.closeStream({ retryMs: 7 });
        return { done: true };
      },
    });
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: {} };
    const opened = await send(mcp, {}, { id: 0, method: "initialize", params });
    const session = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
    const call = await send(mcp, session, { id: 1, method: "work" });
    assert.equal(call.headers.get("content-type"), "application/json");
    assert.deepEqual((await call.json()).result, { done: true });
    await mcp.close({ within: 0 });
  },
);

test("a time after which a client shall come back that is none is thrown back", async (t) => {
  const thrown: string[] = [];
  const tried = (close: () => void): void => {
    try {
      close();
    } catch (error) {
      assert.ok(error instanceof TypeError);
      thrown.push(error.message);
    }
  };
  const wrong = [NaN, -1, Infinity, "5", null];
  const mcp = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    request: (_request, exchange) => {
      for (const retryMs of wrong as number[]) {
        tried(() => exchange.closeStream({ retryMs }));
        tried(() => exchange.session!.closeStream({ retryMs }));
      }
      return { done: true };
    },
  });
  t.after(() => mcp.close({ within: 0 }));
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: {} };
  const opened = await send(mcp, {}, { id: 0, method: "initialize", params });
  const session = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
  const call = await send(mcp, session, { id: 1, method: "work" });
  assert.equal(call.headers.get("content-type"), "application/json", "no stream has begun");
  await call.text();
  assert.deepEqual(
    thrown,
    ["NaN", "-1", "Infinity", '"5"', "null"].flatMap((one) =>
      Array(2).fill(`retryMs: ${one} is not a finite time of at least 0 milliseconds`)
    ),
  );
});
