/** In the new revision the end of the connection is the end of the request. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Application, Exchange, McpOptions } from "../../core/engine/mod.ts";
import { Line, open } from "./harness/http.ts";
import { join, posting, request } from "./harness/mcp.ts";
import { modern } from "./harness/modern.ts";
import { app, type Scope, type Server, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

/** A server whose calls end only when they are aborted. */
async function holding(
  scope: Scope,
  options: McpOptions = {},
  begin: (exchange: Exchange) => void = () => {},
  more: Partial<Application> = {},
) {
  let began = (_exchange: Exchange): void => {};
  const begun = new Promise<Exchange>((resolve) => began = resolve);
  let ended = (_reason: unknown): void => {};
  const aborted = new Promise<unknown>((resolve) => ended = resolve);
  const server: Server = await up(
    scope,
    app((_, exchange) => {
      exchange.signal.addEventListener("abort", () => ended(exchange.signal.reason));
      began(exchange);
      begin(exchange);
      return new Promise<never>(() => {});
    }, more),
    options,
  );
  return { server, begun, aborted };
}

/** Lets what is on its way arrive. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

async function nothingLeft(server: Server): Promise<void> {
  const { streams, inFlight, aborted } = await server.mcp.stats();
  assert.deepEqual({ streams, inFlight, aborted }, { streams: 0, inFlight: 0, aborted: 1 });
}

describe("a client that leaves", { timeout: 60_000 }, () => {
  test("cancels the call whose event stream it reads", async (t) => {
    const { server, aborted } = await holding(t, {}, (exchange) => exchange.progress(1));
    const call = modern("tools/call", { name: "x" }, { meta: { progressToken: "p" } });
    const events = new Events(await open(server.port, call));
    assert.equal((await events.next()).method, "notifications/progress");
    events.cut();
    await aborted;
    await nothingLeft(server);
  });

  test("cancels the call whose JSON it waits for", async (t) => {
    // It must not take an event stream to notice, but on Deno, where it becomes one early for that.
    const { server, begun, aborted } = await holding(t, { autoSseMs: 1_000_000 });
    const line = await Line.dial(server.port);
    line.send(modern("tools/call", { name: "x" }));
    await begun;
    line.cut();
    await aborted;
    await nothingLeft(server);
  });

  for (const what of ["it is authenticated", "the tools are listed"]) {
    test(`cancels its call also while ${what}`, async (t) => {
      let asked = (): void => {};
      const asking = new Promise<void>((resolve) => asked = resolve);
      let goOn = (): void => {};
      const gate = new Promise<void>((resolve) => goOn = resolve);
      const wait = (): Promise<void> => (asked(), gate);
      const { server, aborted } = await holding(
        t,
        {
          autoSseMs: 1_000_000,
          authenticate: async ({ headers }) => {
            if (what.includes("authenticated") && headers.get("x-wait") !== null) await wait();
            return "alice";
          },
        },
        () => {},
        {
          tools: async () => {
            if (what.includes("tools")) await wait();
            return [{ name: "x", inputSchema: { type: "object" } }];
          },
        },
      );
      const line = await Line.dial(server.port);
      line.send(modern("tools/call", { name: "x" }, { fields: { "X-Wait": "1" } }));
      await asking;
      line.cut();
      // Round trips of others: by then the server has seen it leave.
      for (let i = 0; i < 3; i++) await (await open(server.port, modern("server/discover"))).text();
      goOn();
      await aborted;
      await nothingLeft(server);
    });
  }

  test("cancels it after a silence in which the answer became an event stream", async (t) => {
    const { server, aborted } = await holding(t, { autoSseMs: 20 });
    const answer = await open(server.port, modern("tools/call", { name: "x" }));
    assert.equal(answer.get("content-type"), "text/event-stream");
    answer.line.cut();
    await aborted;
    await nothingLeft(server);
  });

  test("cancels nobody else's", async (t) => {
    let finish = (): void => {};
    const gate = new Promise<void>((resolve) => finish = resolve);
    const signals: AbortSignal[] = [];
    const server = await up(
      t,
      app(async (_, exchange) => {
        signals.push(exchange.signal);
        exchange.progress(1);
        await gate;
        return { finished: true };
      }),
    );
    // The same id twice: they are two clients.
    const call = modern("tools/call", { name: "x" }, { id: 5, meta: { progressToken: 5 } });
    const leaving = new Events(await open(server.port, call));
    const staying = new Events(await open(server.port, call));
    await leaving.next();
    await staying.next();
    leaving.cut();
    while (!signals.some(({ aborted }) => aborted)) await turn();
    finish();
    assert.equal((await staying.next()).result.finished, true);
    assert.deepEqual(signals.map(({ aborted }) => aborted), [true, false]);
  });

  test("does not cancel a legacy call", async (t) => {
    let finish = (): void => {};
    const gate = new Promise<void>((resolve) => finish = resolve);
    let signal: AbortSignal | undefined;
    const server = await up(
      t,
      app(async (_, exchange) => {
        signal = exchange.signal;
        await gate;
        return { finished: true };
      }),
    );
    const peer = await join(server);
    const events = await peer.stream("tools/call", { name: "x" });
    await events.block();
    events.cut();
    const line = await Line.dial(server.port);
    line.send(posting(request(9, "tools/call"), peer.fields));
    while ((await server.mcp.stats()).inFlight < 2) {
      await turn();
    }
    line.cut();
    finish();
    while ((await server.mcp.stats()).inFlight > 0) {
      await turn();
    }
    assert.equal(signal!.aborted, false);
    assert.equal((await server.mcp.stats()).aborted, 0);
  });
});

test("what a cancelled call still sends goes nowhere", async (t) => {
  const { server, begun, aborted } = await holding(t, {}, (exchange) => exchange.progress(1));
  const call = modern("tools/call", { name: "x" }, { meta: { progressToken: 1 } });
  const events = new Events(await open(server.port, call));
  await events.next();
  events.cut();
  await aborted;
  const exchange = await begun;
  exchange.progress(2);
  exchange.notify("notifications/message", { level: "error", data: 1 });
  await assert.rejects(exchange.elicit({ message: "?" }), {
    name: "ClientRequestError",
    code: "cancelled",
  });
  await nothingLeft(server);
});

test("an answered call is not cancelled by the end of its connection", async (t) => {
  let signal: AbortSignal | undefined;
  const server = await up(
    t,
    app((_, exchange) => {
      signal = exchange.signal;
      return {};
    }),
  );
  const answer = await open(server.port, modern("tools/call", { name: "x" }));
  await answer.text();
  answer.line.cut();
  await (await open(server.port, modern("tools/list"))).text();
  assert.equal(signal!.aborted, false);
  assert.equal((await server.mcp.stats()).aborted, 0);
});

test("a notification cancels nothing here: it names no connection", async (t) => {
  const { server, begun } = await holding(t, {}, (exchange) => exchange.progress(1));
  const call = modern("tools/call", { name: "x" }, { id: 3, meta: { progressToken: 1 } });
  const events = new Events(await open(server.port, call));
  await events.next();
  const cancelled = posting({
    jsonrpc: "2.0",
    method: "notifications/cancelled",
    params: { requestId: 3 },
  }, [["MCP-Protocol-Version", "2026-07-28"], ["Mcp-Method", "notifications/cancelled"]]);
  assert.equal((await open(server.port, cancelled)).status, 202);
  assert.equal((await begun).signal.aborted, false);
  events.cut();
});

test("a server that closes stops calls and says so to who still waits for a head", async (t) => {
  const { server, begun, aborted } = await holding(t, { response: "json" });
  const line = await Line.dial(server.port);
  line.send(modern("tools/call", { name: "x" }, { id: "w" }));
  await begun;
  await server.mcp.close({ within: 0 });
  await aborted;
  const answer = await line.answer();
  assert.equal(answer.status, 503);
  assert.equal((await answer.json()).id, "w");
});
