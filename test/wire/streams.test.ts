/** WIRE.md, section 3: which message goes where, and the newest reader wins. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SessionHandle } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { join, notification, type Peer, request } from "./harness/mcp.ts";
import { refused } from "./harness/refusal.ts";
import { app, type Server, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";
import { ask } from "./harness/http.ts";

/** `say {texts}` says them on its own stream, then answers. */
const talker = app((one, exchange) => {
  for (const data of (one.params?.texts ?? []) as string[]) {
    exchange.notify("notifications/message", { data });
  }
  return one.method === "hold" ? new Promise(() => {}) : {};
});

const handleOf = async (server: Server, peer: Peer): Promise<SessionHandle> =>
  (await server.mcp.sessions.get(peer.id))!;

const say = (handle: SessionHandle, data: string): void =>
  void handle.notify("notifications/message", { data });

const text = (message: { params: { data: string } }): string => message.params.data;

describe("a message goes to exactly one stream", () => {
  test("that of its call; what belongs to no call goes to the standalone one", async (t) => {
    const server = await up(t, talker);
    const peer = await join(server);
    const standalone = await peer.listen();
    const handle = await handleOf(server, peer);
    say(handle, "alone 1");
    const calls = await Promise.all(
      ["a", "b", "c"].map((id) => peer.call("say", { texts: [`${id}1`, `${id}2`] }, { id })),
    );
    say(handle, "alone 2");
    const read = await Promise.all(calls.map((one) => new Events(one).rest()));
    assert.deepEqual(
      read.map((all) => all.map((one) => one.id ?? text(one))),
      ["a", "b", "c"].map((id) => [`${id}1`, `${id}2`, id]),
    );
    assert.equal(text(await standalone.next()), "alone 1");
    assert.equal(text(await standalone.next()), "alone 2");
    await peer.end();
    assert.deepEqual(await standalone.rest(), []);
  });

  test("that of its session, with several sessions side by side", async (t) => {
    const server = await up(t, talker);
    const peers = await Promise.all([1, 2, 3].map(() => join(server)));
    const streams = await Promise.all(peers.map((peer) => peer.listen()));
    for (const [i, peer] of peers.entries()) say(await handleOf(server, peer), `to ${i}`);
    for (const peer of peers) await server.mcp.sessions.end(peer.id);
    const read = await Promise.all(streams.map((one) => one.rest()));
    assert.deepEqual(read.map((all) => all.map(text)), [["to 0"], ["to 1"], ["to 2"]]);
  });

  test("once the standalone stream is there: what came before it waits", async (t) => {
    const server = await up(t, talker);
    const peer = await join(server);
    const handle = await handleOf(server, peer);
    for (const data of ["1", "2", "3"]) say(handle, data);
    const stream = await peer.listen();
    for (const data of ["1", "2", "3"]) assert.equal(text(await stream.next()), data);
    stream.cut();
  });
});

for (const resumable of [true, false]) {
  describe(`newest wins, resumable ${resumable}`, () => {
    test("a second GET ends the first cleanly and reads on from there", async (t) => {
      const server = await up(t, talker, { resumable });
      const peer = await join(server);
      const handle = await handleOf(server, peer);
      const first = await peer.listen();
      say(handle, "1");
      assert.equal(text(await first.next()), "1");
      const second = await peer.listen();
      assert.deepEqual(await first.rest(), []);
      assert.ok(first.answer.complete);
      say(handle, "2");
      assert.equal(text(await second.next()), "2");
      second.cut();
    });

    test("what becomes of the old connection later does not touch the new one", async (t) => {
      const server = await up(t, talker, { resumable });
      const peer = await join(server);
      const handle = await handleOf(server, peer);
      const old = [await peer.listen(), await peer.listen(), await peer.listen()];
      const newest = await peer.listen();
      for (const one of old) {
        await one.rest();
        one.cut();
      }
      await peer.post(notification("x"));
      assert.equal((await server.mcp.stats()).streams, 1);
      for (let i = 0; i < 5; i++) {
        say(handle, String(i));
        assert.equal(text(await newest.next()), String(i));
      }
      newest.cut();
    });

    test("a dead connection does not lock its client out", async (t) => {
      const server = await up(t, talker, { resumable });
      const peer = await join(server);
      const dead = await peer.listen();
      dead.answer.line.pause();
      for (let i = 0; i < 3; i++) {
        const stream = await peer.listen();
        say(await handleOf(server, peer), `${i}`);
        assert.equal(text(await stream.next()), `${i}`);
      }
      dead.cut();
    });
  });
}

// The official client opens a standalone stream for each `notifications/initialized` and comes back to one that ends;
// mcp-remote has two.
test("two readers of one client that come back when they end do so ever later", async (t) => {
  const clock = new FakeClock();
  const server = await up(t, talker, { clock, keepAliveMs: 0 });
  const peer = await join(server);
  let reader = await peer.listen();
  /** Another comes; what the one before it is told of coming back. */
  const replaced = async (): Promise<number | undefined> => {
    const [old, next] = [reader, await peer.listen()];
    reader = next;
    let told: number | undefined;
    for (let one = await old.block(); one !== undefined; one = await old.block()) {
      told = one.retry ?? told;
    }
    assert.ok(old.answer.complete);
    return told;
  };
  const told: (number | undefined)[] = [];
  for (let i = 0; i < 9; i++) told.push(await replaced());
  assert.deepEqual(
    told,
    [undefined, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000],
  );
  // It was one dead socket after all.
  clock.jump(120_000);
  assert.equal(await replaced(), undefined);
  reader.cut();
});

test("newest wins on resume, also over the connection of the POST", async (t) => {
  let go = (): void => {};
  const server = await up(
    t,
    app((_, exchange) => {
      exchange.notify("notifications/message", { data: "1" });
      return new Promise((done) =>
        go = () => {
          exchange.notify("notifications/message", { data: "2" });
          done({ done: true });
        }
      );
    }),
  );
  const peer = await join(server);
  const post = new Events(await peer.call("work", {}, { id: 1 }));
  assert.equal(text(await post.next()), "1");
  const second = await peer.listen(post.lastId);
  assert.deepEqual(await post.rest(), []);
  assert.ok(post.answer.complete);
  const third = await peer.listen(post.lastId);
  assert.deepEqual(await second.rest(), []);
  const standalone = await peer.listen();
  go();
  const messages = await third.rest();
  assert.deepEqual(messages.map((one) => one.id ?? text(one)), ["2", 1]);
  say(await handleOf(server, peer), "alone");
  assert.equal(text(await standalone.next()), "alone");
  standalone.cut();
});

test("a session has so many streams and no more; a take-over needs no further place", async (t) => {
  const server = await up(t, talker, { response: "sse", limits: { streams: 2 } });
  const peer = await join(server);
  const standalone = await peer.listen();
  const call = await peer.stream("hold");
  assert.equal((await server.mcp.stats()).streams, 2);
  const again = await peer.listen();
  assert.deepEqual(await standalone.rest(), []);
  call.cut();
  while ((await server.mcp.stats()).streams > 1) await peer.post(notification("x"));
  const other = await peer.stream("hold");
  const fields = [...peer.fields, ["Accept", "text/event-stream"], ["Last-Event-ID", "x"]] as const;
  assert.equal((await ask(server.port, { fields })).status, 400);
  again.cut();
  other.cut();
});

test("over the limit of streams a GET is 503, and the session goes on", async (t) => {
  const server = await up(t, talker, { response: "sse", limits: { streams: 1 } });
  const peer = await join(server);
  const call = await peer.stream("hold");
  const fields = [...peer.fields, ["Accept", "text/event-stream"]] as const;
  refused(await ask(server.port, { fields }), { status: 503, code: -32000 });
  assert.equal((await peer.post(request(5, "ping"))).status, 200);
  call.cut();
  while ((await server.mcp.stats()).streams > 0) await peer.post(notification("x"));
  (await peer.listen()).cut();
});

test("a connection that was closed for its slow reader, and is not read for a minute more, is broken", async (t) => {
  const clock = new FakeClock();
  const reasons: string[] = [];
  const server = await up(t, talker, {
    clock,
    keepAliveMs: 0,
    onEvent: (event) => event.type === "stream-closed" && reasons.push(event.reason),
  });
  for (const [ms, complete] of [[59_999, true], [60_000, false]] as const) {
    const peer = await join(server);
    const stream = await peer.listen();
    stream.answer.line.pause();
    const handle = await handleOf(server, peer);
    const before = reasons.length;
    while (reasons.length === before) {
      say(handle, "x".repeat(1 << 20));
      await new Promise((next) => setImmediate(next));
      await clock.passing(500);
    }
    assert.equal(reasons.at(-1), "slow");
    await clock.passing(ms);
    stream.answer.line.resume();
    await stream.rest();
    assert.equal(stream.answer.complete, complete);
    stream.cut();
  }
});

test(
  "a large last answer may be read as slowly as its peer likes",
  { timeout: 30_000 },
  async (t) => {
    const clock = new FakeClock();
    const text = "x".repeat(16 << 20);
    const large = app(() => new Promise((done) => setTimeout(() => done({ text }), 5)));
    const server = await up(t, large, { clock, keepAliveMs: 0, response: "sse" });
    const peer = await join(server);
    const answer = await peer.call("large");
    answer.line.pause();
    while ((await server.mcp.stats()).inFlight > 0) await peer.post(notification("x"));
    await clock.passing(600_000);
    answer.line.resume();
    const [message] = await new Events(answer).rest();
    assert.equal(message.result.text, text);
    assert.ok(answer.complete);
  },
);
