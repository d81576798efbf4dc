/** WIRE.md, section 3: a reader that never reads costs its cap and no more, and nobody else's time. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { start } from "./harness/child.ts";
import { open } from "./harness/http.ts";
import { join, type Peer, request } from "./harness/mcp.ts";
import { modern } from "./harness/modern.ts";
import type { Scope } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

const MIB = 1 << 20;

/** What may be kept for one reader: its log (4 MiB), what waits for it (1 MiB), and an event on its way. */
const CAP_MIB = 4 + 1 + 1;
/** What else a process may keep: compiled code, buffers of the connections of the test. */
const SLACK_MIB = 6;
/** Garbage that a collector has not yet looked at; all of the flood would be 1 000 MiB. */
const GARBAGE_MIB = 500;

interface Memory {
  readonly rss: number;
  readonly retained: number;
  readonly peak: number;
}

/** Calls a method whose answer has to be JSON, however long it takes. */
async function ask(peer: Peer, method: string, params?: object) {
  const got = await peer.post(request(`${method}?`, method, params), [[
    "Accept",
    "application/json",
  ]]);
  return got.json.result;
}

const memory = (peer: Peer): Promise<Memory> => ask(peer, "memory");

/** The number that an event of the flood begins with. */
const numberOf = (message: { params: { data: string } }): number => parseInt(message.params.data);

/** Waits for the flood to end; meanwhile, how long others in the session wait for an answer at most, in ms. */
async function endOfFlood(peer: Peer, flooding: () => boolean): Promise<number> {
  let slowest = 0;
  const timed = async (answered: Promise<unknown>): Promise<void> => {
    const began = performance.now();
    await answered;
    slowest = Math.max(slowest, performance.now() - began);
  };
  while (flooding()) {
    await timed(ask(peer, "ping"));
    await timed(peer.stream("talk", { count: 1, bytes: 10 }).then((stream) => stream.rest()));
    await new Promise((next) => setTimeout(next, 20));
  }
  return slowest;
}

interface Flood {
  readonly peer: Peer;
  readonly unread: Events;
  readonly before: Memory;
  readonly after: Memory;
  readonly slowest: number;
  /** How long the flood took, in ms. */
  readonly took: number;
}

/** Floods a stream whose reader does not read. */
async function flooded(
  scope: Scope,
  way: string,
  stream: "call" | "standalone" | "modern call",
  count: number,
): Promise<Flood> {
  const peer = await join({ port: await start(scope, "flood_server.ts", way) });
  const params = { count, bytes: MIB };
  const before = await memory(peer);
  const unread = stream === "call"
    ? new Events(await peer.call("flood", params, { id: "flood" }))
    : stream === "standalone"
    ? await peer.listen()
    : new Events(await open(peer.port, modern("flood", params)));
  unread.answer.line.pause();
  let over = false;
  const flood = (stream === "standalone" ? ask(peer, "standalone", params) : quiet(peer))
    .then(() => over = true);
  const began = performance.now();
  const slowest = await endOfFlood(peer, () => !over);
  await flood;
  const took = performance.now() - began;
  return { peer, unread, before, after: await memory(peer), slowest, took };
}

/** Waits until nothing is in flight but the call that asks. */
async function quiet(peer: Peer): Promise<void> {
  while ((await ask(peer, "stats")).inFlight > 1) {
    await new Promise((next) => setTimeout(next, 50));
  }
}

/** Waits until the reader that does not read has been given up, which takes half a second. */
async function givenUp(peer: Peer): Promise<void> {
  while ((await ask(peer, "stats")).streams > 0) {
    await new Promise((next) => setTimeout(next, 50));
  }
}

describe("a reader that never reads", () => {
  for (const [stream, count] of [["call", 1_000], ["standalone", 200]] as const) {
    test(
      `${count} events of 1 MiB on the stream of a ${stream}: within the cap, and others are answered`,
      { timeout: 30_000 },
      async (t) => {
        const { unread, before, after, slowest, took } = await flooded(t, "serve", stream, count);
        const retained = after.retained - before.retained;
        assert.ok(retained < CAP_MIB + SLACK_MIB, `${retained} MiB are kept`);
        assert.ok(after.peak - before.rss < GARBAGE_MIB, `${after.peak - before.rss} MiB at most`);
        const most = Math.max(1_000, took / 4);
        assert.ok(slowest < most, `another stream waited ${slowest} ms of ${took}`);
        unread.cut();
      },
    );
  }
});

for (const way of ["plain", "listener"]) {
  test(
    `the cap holds for what users write themselves too: ${way}`,
    { timeout: 30_000 },
    async (t) => {
      const { unread, before, after } = await flooded(t, way, "call", 60);
      const retained = after.retained - before.retained;
      assert.ok(retained < CAP_MIB + SLACK_MIB, `${retained} MiB are kept`);
      unread.cut();
    },
  );
}

test(
  "the cap holds for what another handler writes, and its call is over",
  { timeout: 30_000 },
  async (t) => {
    const { peer, unread, before } = await flooded(t, "delegated", "modern call", 60);
    assert.equal((await ask(peer, "stats")).streams, 0);
    // It is closed within milliseconds: what its last writes hold may not be free yet, and is soon.
    const kept = async () => (await memory(peer)).retained - before.retained;
    while (await kept() >= CAP_MIB + SLACK_MIB) await new Promise((next) => setTimeout(next, 50));
    unread.cut();
  },
);

describe("a slow reader that comes back", () => {
  test("gets what the log kept of the standalone stream, and 400 for what it did not", async (t) => {
    const { peer, unread } = await flooded(t, "serve", "standalone", 60);
    await givenUp(peer);
    unread.answer.line.resume();
    const first = (await unread.rest()).map(numberOf);
    assert.deepEqual(first, first.map((_, i) => i));
    assert.ok(unread.answer.complete, "the connection was closed and not cut");
    assert.ok(first.length < 30, "it was closed because it was slow");
    assert.equal((await peer.get(unread.lastId)).status, 400);
    const second = await peer.listen();
    const left: number[] = [];
    while (left.at(-1) !== 59) left.push(numberOf(await second.next()));
    // 4 MiB hold at most four of them, and the newest is always kept.
    assert.ok(left.length >= 3 && left.length <= 4, `${left}`);
    assert.deepEqual(left, left.map((_, i) => 60 - left.length + i));
    second.cut();
  });

  test("gets every event once where the log kept them all", { timeout: 30_000 }, async (t) => {
    const port = await start(t, "flood_server.ts", "serve", String(64 * MIB));
    const peer = await join({ port });
    // For longer than the system's buffers take it, and half a second more.
    const params = { count: 40, bytes: MIB, pauseMs: 50 };
    const stream = new Events(await peer.call("flood", params));
    stream.answer.line.pause();
    await quiet(peer);
    await givenUp(peer);
    stream.answer.line.resume();
    const seen = (await stream.rest()).map(numberOf);
    assert.ok(seen.length < 40, "it was closed because it was slow");
    const resumed = await peer.listen(stream.lastId);
    const rest = await resumed.rest();
    assert.deepEqual(rest.pop().result, {});
    assert.deepEqual([...seen, ...rest.map(numberOf)], Array.from({ length: 40 }, (_, i) => i));
  });
});
