/** MCP behind a framework that has its own way with requests and responses. */
import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test, type TestContext } from "node:test";
import express from "express";
import fastify from "fastify";
import { nodeListener } from "../../adapters/runtimes/node.ts";
import { createMcpHandler, type HandlerEvent, type McpHandler } from "../../core/engine/mod.ts";

const initialize = {
  jsonrpc: "2.0",
  id: "é",
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {} },
};

function handler(events: HandlerEvent[] = [], bodyBytes = 300): McpHandler {
  return createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    request: async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return {};
    },
  }, {
    sessions: "optional",
    limits: { bodyBytes },
    onEvent: (event) => void events.push(event),
  });
}

async function serving(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(5_000),
  });
}

const parsers = {
  json: express.json(),
  text: express.text({ type: "*/*" }),
  raw: express.raw({ type: "*/*" }),
};
for (const [name, parser] of Object.entries(parsers)) {
  test(`a body that express.${name}() has read is taken from it`, async (t) => {
    const app = express().use(parser).all("/mcp", nodeListener(handler()));
    const url = await serving(t, app);
    const answer = await post(url, initialize);
    assert.equal(answer.status, 200);
    assert.equal((await answer.json()).id, "é");
    const long = await post(url, { ...initialize, id: "é".repeat(100) });
    assert.equal(long.status, 413);
    await long.text();
  });
}

for (const id of ["e", "é"]) {
  test(`a body of which something has set the encoding is read as text, id ${id}`, async (t) => {
    const app = express().use((request, _response, next) => {
      request.setEncoding("utf8");
      next();
    }).all("/mcp", nodeListener(handler()));
    const url = await serving(t, app);
    const answer = await post(url, { ...initialize, id });
    assert.equal(answer.status, 200);
    assert.equal((await answer.json()).id, id);
    const long = await post(url, { ...initialize, id: id.repeat(300) });
    assert.equal(long.status, 413);
    await long.text();
  });
}

test("a body that is gone is told as such, at once", async (t) => {
  const app = express().use((request, _response, next) => {
    request.resume().on("end", () => next());
  }).all("/mcp", nodeListener(handler()));
  const answer = await post(await serving(t, app), initialize);
  assert.equal(answer.status, 400);
  assert.match((await answer.json()).error.message, /something before this handler has read it/);
});

test("a route of Fastify hands on the body that Fastify has read", async (t) => {
  const app = fastify();
  const listener = nodeListener(handler());
  app.all("/mcp", (request, reply) => {
    reply.hijack();
    listener(Object.assign(request.raw, { body: request.body }), reply.raw);
  });
  t.after(() => app.close());
  const url = `${await app.listen({ host: "127.0.0.1", port: 0 })}/mcp`;
  const answer = await post(url, initialize);
  assert.equal(answer.status, 200);
  const { id } = await answer.json();
  assert.equal(id, "é");
  const session = answer.headers.get("mcp-session-id")!;
  const ended = await fetch(url, { method: "DELETE", headers: { "mcp-session-id": session } });
  assert.equal(ended.status, 204);
});

test("a response that somebody else has begun is left alone", async (t) => {
  const events: HandlerEvent[] = [];
  const app = express().use((_request, response, next) => {
    setTimeout(() => response.status(504).end("too late"), 10);
    next();
  }).all("/mcp", nodeListener(handler(events)));
  const rejected: unknown[] = [];
  const note = (error: unknown): void => void rejected.push(error);
  process.on("unhandledRejection", note);
  t.after(() => process.off("unhandledRejection", note));
  const url = await serving(t, app);
  const answer = await post(url, { jsonrpc: "2.0", id: 1, method: "x" });
  assert.deepEqual([answer.status, await answer.text()], [504, "too late"]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(rejected, []);
  assert.ok(events.some((one) => one.type === "exchange"));
});

test("a stream whose response somebody else has begun is given up", {
  timeout: 30_000,
}, async (t) => {
  const events: HandlerEvent[] = [];
  const mcp = handler(events);
  const app = express().use((request, response, next) => {
    next();
    if (request.method === "GET") response.status(504).end("too late");
  }).all("/mcp", nodeListener(mcp));
  const url = await serving(t, app);
  const id = (await post(url, initialize)).headers.get("mcp-session-id")!;
  const headers = { accept: "text/event-stream", "mcp-session-id": id };
  const answer = await fetch(url, { headers, signal: AbortSignal.timeout(5_000) });
  assert.deepEqual([answer.status, await answer.text()], [504, "too late"]);
  while (!events.some(({ type }) => type === "stream-closed")) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal((await mcp.stats()).streams, 0);
});

test("a body that express.json() has read and that nests too deep is its sender's fault", async (t) => {
  const events: HandlerEvent[] = [];
  const app = express().use(express.json()).all("/mcp", nodeListener(handler(events, 100_000)));
  const url = await serving(t, app);
  const depth = 45_000;
  const deep = `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: `{"jsonrpc":"2.0","id":1,"method":"x","params":${deep}}`,
    signal: AbortSignal.timeout(5_000),
  });
  assert.equal(answer.status, 400);
  const { error } = await answer.json();
  assert.deepEqual(error, { code: -32700, message: "Parse error: the body is nested too deep" });
  assert.deepEqual(events.filter(({ type }) => type === "backend-error"), []);
});
