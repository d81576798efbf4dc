/** Several requests on a connection before the first has its answer, behind the listener for `node:http`. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { guardListener } from "../../adapters/runtimes/node.ts";
import type { Exchange } from "../../core/engine/mod.ts";
import { createMcpHandler, createSessions } from "../../core/engine/mod.ts";
import { heapInUse } from "../doubles/heap.ts";
import { ask, Line } from "./harness/http.ts";
import { join, posting, request } from "./harness/mcp.ts";
import { modern } from "./harness/modern.ts";
import { app, serveListener } from "./harness/runtime.ts";

const COUNT = 3;

const MIB = 1 << 20;

/** What fails here hangs. */
const LIMIT = { timeout: 30_000 };

const turn = (): Promise<void> => new Promise((next) => setTimeout(next, 1));

test("calls whose connection breaks are cancelled, all of them", LIMIT, async (t) => {
  let begun = 0;
  let aborted = 0;
  const mcp = createMcpHandler(app((_, { signal }: Exchange) => {
    begun++;
    signal.addEventListener("abort", () => aborted++);
    return new Promise<never>(() => {});
  }));
  const server = await serveListener(mcp);
  t.after(() => server.close());
  const line = await Line.dial(server.port);
  for (let id = 0; id < COUNT; id++) line.send(modern("tools/call", { name: "x" }, { id }));
  while (begun < COUNT) await turn();
  line.cut();
  while (aborted < COUNT) await turn();
  assert.equal((await mcp.stats()).inFlight, 0);
});

test("a stream that waits behind a call ends with its connection", LIMIT, async (t) => {
  const mcp = createMcpHandler(app(() => new Promise<never>(() => {})));
  const server = await serveListener(mcp);
  t.after(() => server.close());
  const peer = await join(server);
  const line = await Line.dial(server.port);
  line.send(posting(request(1, "x"), [...peer.fields, ["Accept", "application/json"]]));
  line.send({ fields: [...peer.fields, ["Accept", "text/event-stream"]] });
  while ((await mcp.stats()).streams === 0) await turn();
  line.cut();
  while ((await mcp.stats()).streams > 0) await turn();
});

test("nothing is kept of events that waited for a peer that has left", LIMIT, async (t) => {
  let opened = 0;
  const data = "x".repeat(2 * MIB);
  const mcp = createMcpHandler(
    app(({ method }, exchange: Exchange) => {
      if (method === "hang") return new Promise<never>(() => {});
      exchange.notify("notifications/message", { data });
      return {};
    }),
    { onEvent: ({ type }) => void (type === "stream-opened" && opened++) },
  );
  const server = await serveListener(mcp);
  t.after(() => server.close());
  const peer = await join(server);
  const told = await peer.stream("tell");
  await told.rest();
  const beginning = told.lastId!.replace(/_.*/, "_0");
  const before = heapInUse();
  const lines: Line[] = [];
  for (let i = 0; i < 10; i++) {
    const line = await Line.dial(server.port);
    lines.push(line);
    const seen = opened;
    line.send(posting(request(i, "hang"), [...peer.fields, ["Accept", "application/json"]]));
    // It takes the place of the one before.
    line.send({
      fields: [...peer.fields, ["Accept", "text/event-stream"], ["Last-Event-ID", beginning]],
    });
    // Where requests wait for the answers before them, nothing is kept anyway.
    for (let j = 0; j < 20 && opened === seen; j++) await turn();
  }
  for (const line of lines) line.cut();
  while ((await mcp.stats()).streams > 0) await turn();
  // What waits for the calls on Deno holds their connections.
  await peer.end();
  while (heapInUse() - before > 6 * MIB) await turn();
});

test("guarded requests whose connection breaks hold their session no more", LIMIT, async (t) => {
  let now = 0;
  let begun = 0;
  let closed = (): void => {};
  const gone = new Promise<void>((done) => closed = done);
  const sessions = createSessions({
    opens: ({ method }) => method === "POST",
    limits: { idleMs: 1_000 },
    clock: { now: () => now, after: () => () => {} },
  });
  const server = createServer(guardListener(sessions, (incoming, response) => {
    if (incoming.url !== "/slow") return void response.end("hi");
    begun++;
    incoming.socket!.on("close", closed);
  }));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", () => done()));
  t.after(() => new Promise<void>((done) => server.close(() => done())));
  const { port } = server.address() as { port: number };
  const id = (await ask(port, { method: "POST" })).get("mcp-session-id")!;
  const get = (path: string) => ({ path, fields: [["Mcp-Session-Id", id]] as const });
  const line = await Line.dial(port);
  for (let i = 0; i < COUNT; i++) line.send(get("/slow"));
  while (begun < COUNT) await turn();
  now += 2_000;
  assert.equal((await ask(port, get("/"))).status, 200);
  line.cut();
  await gone;
  now += 2_000;
  assert.equal((await ask(port, get("/"))).status, 404);
});
