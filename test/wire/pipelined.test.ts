/** Several requests on a connection before the first has its answer, behind the listener for `node:http`. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { guardListener } from "../../adapters/runtimes/node.ts";
import type { Exchange } from "../../core/engine/mod.ts";
import { createMcpHandler, createSessions } from "../../core/engine/mod.ts";
import { ask, Line } from "./harness/http.ts";
import { join, posting, request } from "./harness/mcp.ts";
import { modern } from "./harness/modern.ts";
import { app, serveListener } from "./harness/runtime.ts";

const COUNT = 3;

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
