/** What an open stream costs while nothing happens on it. The process is measured by `npm run bench -- streams`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMcpHandler, type McpHandler } from "../../core/engine/mod.ts";
import type { Sink, StreamReply } from "../../core/engine/reply.ts";
import { FakeClock } from "../doubles/clock.ts";
import { heapInUse } from "../doubles/heap.ts";
import { modern } from "../wire/harness/modern.ts";

const COUNT = 3_000;
/** Bytes of the heap. Node, Deno and Bun took 780, 940 and 1 010 when this was written. */
const LIMIT = 1_350;
/** What is left is the name of the stream: the session has it, whoever reads it. They took 0, 180 and 220. */
const LEFT = 500;

test("an idle stream keeps little, and next to nothing once it is closed", async () => {
  const handler = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    request: () => undefined,
  }, { keepAliveMs: 0 });
  const ids: string[] = [];
  for (let i = 0; i < COUNT; i++) ids.push(await openSession(handler));
  close([await listen(handler, ids[0]!)]);
  const before = heapInUse();
  const open: StreamReply[] = [];
  for (const id of ids) open.push(await listen(handler, id));
  const each = (heapInUse() - before) / COUNT;
  assert.ok(each < LIMIT, `${each} bytes are kept of each`);
  close(open);
  const left = (heapInUse() - before) / COUNT;
  assert.ok(left < LEFT, `${left} bytes are left of each`);
  await handler.close();
});

test("nothing waits for a peer that left while it was behind, nor for one of a handler of its own", async () => {
  const clock = new FakeClock();
  const events = new Response("data: {}\n\n", { headers: { "content-type": "text/event-stream" } });
  const handler = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    request: () => undefined,
    modern: { fetch: () => Promise.resolve(events) },
  }, { keepAliveMs: 0, clock });
  const id = await openSession(handler);
  const { fields, body } = modern("tools/list");
  const headers = new Headers([...fields.map(([...field]) => field), ["host", "127.0.0.1"]]);
  const before = clock.timers;
  const open = [
    await listen(handler, id, FULL),
    await handler.handle({ method: "POST", url: "http://127.0.0.1/mcp", headers }, {
      text: () => Promise.resolve(body),
    }) as StreamReply,
  ];
  open[1]!.body.open(FULL);
  close(open);
  assert.equal(clock.timers, before);
  await handler.close();
});

async function openSession(handler: McpHandler): Promise<string> {
  const params = {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "test", version: "1" },
  };
  const { headers } = await handler.handle(head("POST"), {
    text: () =>
      Promise.resolve(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params })),
  });
  return headers["mcp-session-id"]!;
}

function close(streams: StreamReply[]): void {
  while (streams.length > 0) streams.pop()!.body.cancelled();
}

async function listen(
  handler: McpHandler,
  session: string,
  sink: Sink = SINK,
): Promise<StreamReply> {
  const nothing = { text: () => Promise.resolve("") };
  const reply = await handler.handle(head("GET", session), nothing) as StreamReply;
  assert.equal(reply.status, 200);
  reply.body.open(sink);
  return reply;
}

const SINK: Sink = { write: () => true, end() {}, abort() {} };
const FULL: Sink = { ...SINK, write: () => false };

function head(method: string, session?: string) {
  const headers = new Headers({
    "content-type": "application/json",
    "accept": "application/json, text/event-stream",
    "host": "127.0.0.1",
  });
  if (session !== undefined) headers.set("mcp-session-id", session);
  return { method, url: "http://127.0.0.1/mcp", headers };
}
