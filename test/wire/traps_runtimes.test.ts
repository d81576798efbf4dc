/** The traps of runtimes that bit others, each under its name in DESIGN.md. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMcpHandler, type Exchange } from "../../core/engine/mod.ts";
import { ask } from "./harness/http.ts";
import { initialize, join, notification, request } from "./harness/mcp.ts";
import { app, serveListener, servePlain, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

const turn = (): Promise<void> => new Promise((next) => setTimeout(next, 2));

describe("Bun.serve", () => {
  test("closes idle connections after 10 s", { timeout: 30_000 }, async (t) => {
    // Neither keep-alive comments nor a change to a stream help here.
    const mcp = createMcpHandler(
      app(() => new Promise((done) => setTimeout(() => done({ slept: true }), 13_000))),
      { keepAliveMs: 0, autoSseMs: 60_000 },
    );
    const server = await servePlain(mcp);
    t.after(() => server.close());
    const peer = await join(server);
    const stream = await peer.listen();
    const call = await peer.call("sleep");
    assert.deepEqual((await call.json()).result, { slept: true });
    (await mcp.sessions.get(peer.id))!.notify("notifications/message", { data: "still here" });
    assert.equal((await stream.next())?.params.data, "still here");
    stream.cut();
  });

  test("sends no header until the first body chunk", { timeout: 30_000 }, async (t) => {
    const server = await servePlain(createMcpHandler(app(), { keepAliveMs: 0 }));
    t.after(() => server.close());
    for (const version of ["2025-03-26", "2025-11-25"]) {
      const answer = await (await join(server, { version })).get();
      assert.equal(answer.status, 200);
      answer.line.cut();
    }
  });

  test("has no back-pressure under node:http", { timeout: 30_000 }, async (t) => {
    // That nothing piles up in the process is measured in slow_reader.test.ts; here, that it is noticed.
    const reasons: string[] = [];
    const mcp = createMcpHandler(
      app(async (_, exchange: Exchange) => {
        // For longer than the system's buffers take it.
        while (reasons.length === 0) {
          exchange.notify("notifications/message", { data: "x".repeat(1 << 20) });
          await new Promise((next) => setTimeout(next, 20));
        }
        return {};
      }),
      {
        limits: { logBytes: 1 << 30, sessionLogBytes: 1 << 30 },
        onEvent: (event) => event.type === "stream-closed" && reasons.push(event.reason),
      },
    );
    const server = await serveListener(mcp);
    t.after(() => server.close());
    const peer = await join(server);
    const answer = await peer.call("flood");
    answer.line.pause();
    while (reasons.length === 0) await turn();
    assert.deepEqual(reasons, ["slow"]);
    answer.line.cut();
  });
});

describe("Deno", () => {
  test("aborts request.signal on successful responses too", async (t) => {
    const signals: AbortSignal[] = [];
    const server = await up(
      t,
      app((_, { signal }: Exchange) => {
        signals.push(signal);
        return new Promise((done) => setTimeout(() => done({}), 20));
      }),
    );
    const peer = await join(server);
    assert.equal((await peer.post(request(1, "quiet"))).status, 200);
    const stream = await peer.stream("quiet");
    await stream.rest();
    for (let i = 0; i < 10; i++) await turn();
    assert.deepEqual(signals.map((one) => one.aborted), [false, false]);
    assert.equal((await server.mcp.stats()).aborted, 0);
  });

  test("tells of a disconnect only through the stream's cancel", async (t) => {
    const server = await up(t, app());
    const peer = await join(server);
    const stream = await peer.listen();
    assert.equal((await server.mcp.stats()).streams, 1);
    stream.cut();
    while ((await server.mcp.stats()).streams > 0) await peer.post(notification("x"));
  });
});

test("a throw from enqueue or close after close takes the process down", async (t) => {
  const gates: (() => void)[] = [];
  const server = await up(
    t,
    app(async (_, exchange: Exchange) => {
      exchange.notify("notifications/message", { data: "begin" });
      await new Promise<void>((open) => gates.push(open));
      for (let i = 0; i < 50; i++) exchange.notify("notifications/message", { data: "x" });
      exchange.closeStream({ retryMs: 1 });
      return {};
    }),
  );
  for (let round = 0; round < 20; round++) {
    const peer = await join(server);
    const call = new Events(await peer.call("work"));
    const standalone = await peer.listen();
    const handle = (await server.mcp.sessions.get(peer.id))!;
    call.cut();
    standalone.cut();
    // Some of it before the server has noticed, some after, some when the session is gone.
    handle.notify("notifications/message", { data: "x" });
    if (round % 2 === 0) { while ((await server.mcp.stats()).streams > 0) await turn(); }
    gates.splice(0).forEach((open) => open());
    handle.notify("notifications/message", { data: "x" });
    await peer.end();
    handle.notify("notifications/message", { data: "x" });
  }
  assert.equal((await ask(server.port, initialize())).status, 200);
});
