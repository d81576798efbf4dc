/** A server that closes ends everything in order, and never waits for a peer that does nothing. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Line } from "./harness/http.ts";
import { join, notification, posting, request } from "./harness/mcp.ts";
import { app, runtime, serveHere } from "./harness/runtime.ts";
import { createMcpHandler } from "../../core/engine/mod.ts";

const HEAD = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";

describe("a server closes although a peer", { timeout: 60_000 }, () => {
  const idle: Record<string, string> = {
    "sends nothing": "",
    "sends half a head": HEAD,
    "sends half a body": `${HEAD}Content-Length: 100\r\n\r\n{`,
  };
  for (const [name, text] of Object.entries(idle)) {
    test(name, async () => {
      const server = await serveHere(createMcpHandler(app()), { within: 0 });
      const line = await Line.dial(server.port);
      line.write(text);
      // A round trip of another connection: the server has seen the first one.
      await join(server);
      await server.close();
      // Deno lets go of it and breaks none; Bun breaks those that have sent something.
      if (runtime === "node" || (runtime === "bun" && text !== "")) {
        assert.equal(await line.until("\0"), undefined);
      }
      line.cut();
    });
  }

  test("reads nothing of its stream", async () => {
    const mcp = createMcpHandler(app(async (_, exchange) => {
      for (let i = 0; i < 20; i++) {
        exchange.notify("notifications/message", { data: "x".repeat(1 << 20) });
        await new Promise((next) => setImmediate(next));
      }
      return {};
    }));
    const server = await serveHere(mcp, { within: 0 });
    const peer = await join(server);
    const answer = await peer.call("flood");
    answer.line.pause();
    while ((await mcp.stats()).inFlight > 0) await peer.post(notification("x"));
    await server.close();
    answer.line.cut();
  });
});

test("a call gets the time to finish, and its answer out", async () => {
  let finish = (): void => {};
  const mcp = createMcpHandler(app(() => new Promise((done) => finish = () => done({ ok: 1 }))));
  const server = await serveHere(mcp, { within: 5_000 });
  const peer = await join(server);
  const waiting = peer.call("slow", {}, { id: 1 });
  while ((await mcp.stats()).inFlight === 0) await peer.post(notification("x"));
  const closed = server.close();
  finish();
  const answer = await waiting;
  assert.deepEqual(await answer.json(), { jsonrpc: "2.0", id: 1, result: { ok: 1 } });
  await closed;
  await server.finished;
  answer.line.cut();
});

test("an answer that its peer is still reading gets there whole", async () => {
  const text = "x".repeat(8 << 20);
  let finish = (): void => {};
  const mcp = createMcpHandler(app(() => new Promise((done) => finish = () => done({ text }))));
  const server = await serveHere(mcp, { within: 5_000 });
  const peer = await join(server);
  const waiting = peer.call("slow", {}, { id: 1, fields: [["Accept", "application/json"]] });
  while ((await mcp.stats()).inFlight === 0) await peer.post(notification("x"));
  const closed = server.close();
  finish();
  const answer = await waiting;
  answer.line.pause();
  // Long enough to take the connection for idle.
  await new Promise((next) => setTimeout(next, 100));
  answer.line.resume();
  assert.equal((await answer.json()).result.text.length, text.length);
  await closed;
});

test("a call that does not finish in time is stopped and answered 503", async () => {
  let stopped = false;
  const mcp = createMcpHandler(
    app((_, { signal }) =>
      new Promise(() => signal.addEventListener("abort", () => stopped = true))
    ),
  );
  const server = await serveHere(mcp, { within: 50 });
  const peer = await join(server);
  const waiting = peer.call("endless", {}, { id: 1, fields: [["Accept", "application/json"]] });
  while ((await mcp.stats()).inFlight === 0) await peer.post(notification("x"));
  await server.close();
  const answer = await waiting;
  assert.equal(answer.status, 503);
  assert.equal((await answer.json()).id, 1);
  assert.ok(stopped);
  answer.line.cut();
});

test("readers of a standalone stream are told when to come back, and end cleanly", async () => {
  const server = await serveHere(createMcpHandler(app()), { within: 0 });
  const peer = await join(server);
  const stream = await peer.listen();
  await stream.block();
  const closed = server.close();
  const block = await stream.block();
  assert.ok(block !== undefined && (block.retry ?? 0) > 0);
  assert.equal(await stream.block(), undefined);
  assert.ok(stream.answer.complete);
  await closed;
});

test("an abort signal closes it, and the port is free", async () => {
  const stop = new AbortController();
  const server = await serveHere(createMcpHandler(app()), { within: 0, signal: stop.signal });
  await join(server);
  stop.abort();
  await server.finished;
  const line = Line.dial(server.port).then((one) => {
    one.send(posting(request(1, "ping")));
    return one.answer();
  });
  await assert.rejects(line);
});
