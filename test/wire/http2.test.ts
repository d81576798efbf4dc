/** The listener behind `node:http2`, whose requests and responses look like those of `node:http`, but for their ends. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from "node:http2";
import type { Exchange, McpHandler } from "../../core/engine/mod.ts";
import { createMcpHandler, createSessions } from "../../core/engine/mod.ts";
import type { NodeRequest, NodeResponse } from "../../adapters/runtimes/node.ts";
import { guardListener, nodeListener } from "../../adapters/runtimes/node.ts";
import { sdkServer } from "../../adapters/servers/sdk.ts";
import { type Tools, v1, v2 } from "../engine/sdk/servers.ts";
import type { Outgoing } from "./harness/http.ts";
import { initialize, merged, POST_FIELDS, posting, request } from "./harness/mcp.ts";
import { modern } from "./harness/modern.ts";
import { app, type Scope } from "./harness/runtime.ts";

type Listener = (request: NodeRequest, response: NodeResponse) => void;

/** Serves a listener until the test ends; a client of it. */
async function client(scope: Scope, listener: Listener): Promise<ClientHttp2Session> {
  const server = createServer(
    listener as unknown as (request: Http2ServerRequest, response: Http2ServerResponse) => void,
  );
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", () => done()));
  const { port } = server.address() as { port: number };
  const session = connect(`http://127.0.0.1:${port}`);
  // A test may break it.
  session.on("error", () => {});
  scope.after(async () => {
    session.destroy();
    await new Promise<void>((done) => server.close(() => done()));
  });
  return session;
}

/** Sends a request; its answer's head. */
async function send(session: ClientHttp2Session, out: Outgoing) {
  const { method = "GET", path = "/mcp", fields = [], body } = out;
  const lower = fields.map(([name, value]) => [name.toLowerCase(), value]);
  const stream = session.request({
    ":method": method,
    ":path": path,
    ...Object.fromEntries(lower),
  });
  stream.on("error", () => {});
  const head = new Promise<Record<string, unknown>>((done) => stream.on("response", done));
  stream.end(body);
  const got = await head;
  return { stream, status: got[":status"], get: (name: string) => got[name] as string };
}

async function text(stream: ClientHttp2Stream): Promise<string> {
  let all = "";
  for await (const chunk of stream) all += chunk;
  return all;
}

const turn = (): Promise<void> => new Promise((next) => setTimeout(next, 1));

async function until(mcp: McpHandler, over: { streams: number; inFlight: number }): Promise<void> {
  for (;;) {
    const { streams, inFlight } = await mcp.stats();
    if (streams === over.streams && inFlight === over.inFlight) return;
    await turn();
  }
}

/** What fails here hangs. */
const LIMIT = { timeout: 30_000 };

/** Ways to leave. */
const LEAVING: { [how: string]: (stream: ClientHttp2Stream, session: ClientHttp2Session) => void } =
  {
    "with its stream reset": (stream) => stream.close(constants.NGHTTP2_CANCEL),
    "with its connection": (_, session) => session.destroy(),
  };

for (const [how, leave] of Object.entries(LEAVING)) {
  describe(`a client of HTTP/2 that leaves ${how}`, () => {
    for (const accept of ["application/json", "application/json, text/event-stream"]) {
      test(`cancels its modern call, accepting ${accept}`, LIMIT, async (t) => {
        let begun = (): void => {};
        const began = new Promise<void>((done) => begun = done);
        let aborted = (): void => {};
        const abort = new Promise<void>((done) => aborted = done);
        const mcp = createMcpHandler(
          app((_, { signal }: Exchange) => {
            signal.addEventListener("abort", aborted);
            begun();
            return new Promise<never>(() => {});
          }),
          { autoSseMs: 1 },
        );
        const session = await client(t, nodeListener(mcp));
        const { fields, body } = modern("tools/call", { name: "x" }, { fields: { accept } });
        const stream = session.request({
          ":method": "POST",
          ":path": "/mcp",
          ...Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value])),
        });
        stream.on("error", () => {});
        stream.end(body);
        await began;
        if (accept !== "application/json") await new Promise((head) => stream.on("response", head));
        leave(stream, session);
        await abort;
        await until(mcp, { streams: 0, inFlight: 0 });
      });
    }

    test("ends its standalone stream, which holds its session no more", LIMIT, async (t) => {
      const mcp = createMcpHandler(app());
      const session = await client(t, nodeListener(mcp));
      const opened = await send(session, initialize());
      assert.equal(opened.status, 200);
      const { stream } = await send(session, {
        fields: [["Accept", "text/event-stream"], ["Mcp-Session-Id", opened.get("mcp-session-id")]],
      });
      assert.equal((await mcp.stats()).streams, 1);
      leave(stream, session);
      await until(mcp, { streams: 0, inFlight: 0 });
    });
  });
}

test("a call over HTTP/2 that is answered is not cancelled by the end of its stream", async (t) => {
  const signals: AbortSignal[] = [];
  const mcp = createMcpHandler(app(async (_, { signal }: Exchange) => {
    signals.push(signal);
    await turn();
    return { ok: 1 };
  }));
  const session = await client(t, nodeListener(mcp));
  const { stream, status } = await send(session, modern("tools/call", { name: "x" }));
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(await text(stream)).result.ok, 1);
  await send(session, modern("tools/list"));
  assert.deepEqual(signals.map(({ aborted }) => aborted), [false, false]);
  assert.equal((await mcp.stats()).aborted, 0);
});

const TOOLS: Tools = { where: (call) => Promise.resolve(`${call.url} ${call.header("host")}`) };

for (const { name, build } of [v1, v2]) {
  test(`a server of the official SDK ${name} is served over HTTP/2`, async (t) => {
    const errors: unknown[] = [];
    const mcp = createMcpHandler(sdkServer(() => build(TOOLS)), {
      onEvent: (event) => event.type === "application-error" && errors.push(event.error),
    });
    const session = await client(t, nodeListener(mcp));
    const opened = await send(session, initialize());
    const fields = merged(POST_FIELDS, [
      ["Mcp-Session-Id", opened.get("mcp-session-id")],
      ["Accept", "application/json"],
    ]);
    const call = request(1, "tools/call", { name: "where", arguments: {} });
    const { stream } = await send(session, posting(call, fields));
    const answer = JSON.parse(await text(stream));
    assert.deepEqual(errors, []);
    const host = `127.0.0.1:${session.socket.remotePort}`;
    assert.ok(answer.result.content[0].text.includes(host), JSON.stringify(answer));
  });
}

test("a guarded listener over HTTP/2 is left with its stream", LIMIT, async (t) => {
  let now = 0;
  const sessions = createSessions({
    opens: ({ method }) => method === "POST",
    limits: { idleMs: 1_000 },
    clock: { now: () => now, after: () => () => {} },
  });
  let left = (): void => {};
  const gone = new Promise<void>((done) => left = done);
  const listener = guardListener(sessions, (incoming, response) => {
    if (incoming.url !== "/stream") return void response.end("hi");
    response.on("close", () => left());
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: 1\n\n");
  });
  const session = await client(t, listener);
  const id = (await send(session, { method: "POST" })).get("mcp-session-id");
  const get = (path: string) => send(session, { path, fields: [["Mcp-Session-Id", id]] });
  const { stream } = await get("/stream");
  now += 2_000;
  assert.equal((await get("/")).status, 200);
  stream.close(constants.NGHTTP2_CANCEL);
  await gone;
  now += 2_000;
  assert.equal((await get("/")).status, 404);
});
