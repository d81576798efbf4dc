/** WIRE.md, section 3: what every event stream looks like on the wire. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeClock } from "../doubles/clock.ts";
import type { Answer } from "./harness/http.ts";
import { join, type Peer, REVISIONS } from "./harness/mcp.ts";
import { app, type Server, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";
import type { McpOptions } from "../../core/engine/mod.ts";

const endless = app((one, exchange) => {
  if (one.method === "talk") exchange.notify("notifications/message", { data: "x" });
  return one.method === "quick" ? {} : new Promise(() => {});
});

/** The ways in which a stream begins. */
const beginnings: Readonly<
  Record<string, { options?: McpOptions; open: (peer: Peer, server: Server) => Promise<Answer> }>
> = {
  "GET": { open: (peer) => peer.get() },
  "a call that says something": { open: (peer) => peer.call("talk") },
  "a call answered by a stream only": {
    options: { response: "sse" },
    open: (peer) => peer.call("hold"),
  },
  "a call that is answered at once": {
    options: { response: "sse" },
    open: (peer) => peer.call("quick"),
  },
  "a call that was silent for a while": {
    options: { autoSseMs: 5 },
    open: (peer) => peer.call("hold"),
  },
  "a resumed stream": {
    open: async (peer) => {
      const first = await peer.listen();
      await first.block();
      first.cut();
      return peer.get(first.lastId);
    },
  },
};

describe("an event stream has its headers, and its first byte at once:", () => {
  for (const [name, { options = {}, open }] of Object.entries(beginnings)) {
    for (const version of name === "a resumed stream" ? REVISIONS.slice(2) : REVISIONS) {
      test(`${name}, ${version}`, { timeout: 30_000 }, async (t) => {
        // No keep-alive helps: whatever comes comes by itself.
        const server = await up(t, endless, { keepAliveMs: 0, ...options });
        const answer = await open(await join(server, { version }), server);
        assert.equal(answer.status, 200);
        assert.equal(answer.get("content-type"), "text/event-stream");
        assert.equal(answer.get("cache-control"), "no-cache, no-transform");
        assert.equal(answer.get("x-accel-buffering"), "no");
        assert.equal(answer.get("mcp-session-id"), undefined);
        assert.equal(answer.get("content-encoding"), undefined);
        assert.ok((await new Events(answer).block()) !== undefined);
        answer.line.cut();
      });
    }
  }
});

test("a compressing runtime leaves event streams alone", async (t) => {
  const server = await up(t, endless);
  const peer = await join(server);
  const answer = await peer.get(undefined, [["Accept-Encoding", "gzip, br"]]);
  assert.equal(answer.get("content-encoding"), undefined);
  assert.ok((await new Events(answer).block()) !== undefined);
  answer.line.cut();
});

describe("keep-alive", () => {
  test("a comment comes after each span in which nothing else came", async (t) => {
    const clock = new FakeClock();
    const server = await up(t, endless, { clock, keepAliveMs: 10_000 });
    const peer = await join(server);
    const stream = await peer.listen();
    const seen: string[] = [];
    const read = async (count: number): Promise<string[]> => {
      while (seen.length < count) {
        const block = (await stream.block())!;
        seen.push(block.comment ? "comment" : block.data === "" ? "priming" : "message");
      }
      return seen;
    };
    await read(1);
    // In the first of these spans the priming event came.
    await clock.passing(40_000);
    await read(4);
    (await server.mcp.sessions.get(peer.id))!.notify("notifications/message", { data: "x" });
    await read(5);
    await clock.passing(20_000);
    assert.deepEqual(await read(6), [
      "priming",
      "comment",
      "comment",
      "comment",
      "message",
      "comment",
    ]);
    stream.cut();
  });

  test("comes on the streams of calls too", async (t) => {
    const clock = new FakeClock();
    const server = await up(t, endless, { clock, keepAliveMs: 1_000 });
    const peer = await join(server);
    const stream = new Events(await peer.call("talk"));
    assert.equal((await stream.next()).params.data, "x");
    await clock.passing(5_000);
    assert.equal((await stream.block())?.comment, true);
    stream.cut();
  });

  test("is off at 0", async (t) => {
    const clock = new FakeClock();
    const server = await up(t, endless, { clock, keepAliveMs: 0 });
    const peer = await join(server);
    const stream = await peer.listen();
    await stream.block();
    await clock.passing(60_000);
    (await server.mcp.sessions.get(peer.id))!.notify("notifications/message", { data: "x" });
    assert.ok((await stream.block())?.data);
    stream.cut();
  });
});
