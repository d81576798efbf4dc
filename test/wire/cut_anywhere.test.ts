/** A connection may be cut at any event: each event arrives exactly once, in order. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exchange } from "../../core/engine/mod.ts";
import { join, type Peer } from "./harness/mcp.ts";
import { app, type Scope, type Server, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

const EVENTS = 200;
const EXPECTED = Array.from({ length: EVENTS }, (_, i) => i);
const TIMEOUT = { timeout: 30_000 };

type Message = { id?: unknown; params?: { data: number } };

/** Turns of the event loop between events: none, so that they come at once, or one, so that they do not. */
type Pace = "burst" | "paced";

const turn = (): Promise<void> => new Promise((next) => setImmediate(next));

/** `emit {pace}` emits the events on its own stream, then answers. */
const emitter = app(async (one, exchange: Exchange) => {
  for (const data of EXPECTED) {
    exchange.notify("notifications/message", { data });
    if (one.params?.pace === "paced") await turn();
  }
  return { emitted: EVENTS };
});

async function begin(scope: Scope): Promise<{ server: Server; peer: Peer }> {
  const limits = { logBytes: 64 << 20, sessionLogBytes: 256 << 20 };
  const server = await up(scope, emitter, { limits });
  return { server, peer: await join(server) };
}

/** Reads up to so many messages; fewer where the stream ends before. */
async function take(events: Events, count: number): Promise<Message[]> {
  const taken: Message[] = [];
  while (taken.length < count) {
    const one = await events.next();
    if (one === undefined) break;
    taken.push(one);
  }
  return taken;
}

const numbers = (messages: readonly Message[]): unknown[] =>
  messages.map((one) => one.params?.data ?? one.id);

describe("a call of 200 events", () => {
  for (const pace of ["burst", "paced"] as const satisfies readonly Pace[]) {
    test(`${pace}: cut after event n and resumed, for every n`, TIMEOUT, async (t) => {
      const { peer } = await begin(t);
      for (let n = 0; n <= EVENTS; n++) {
        const id = `call ${n}`;
        const first = new Events(await peer.call("emit", { pace }, { id }));
        if (n === 0) await first.block();
        const seen = await take(first, n);
        first.cut();
        const second = await peer.listen(first.lastId);
        seen.push(...await second.rest());
        assert.deepEqual(numbers(seen), [...EXPECTED, id], `cut after ${n}`);
        assert.ok(second.answer.complete);
        second.cut();
      }
    });

    test(`${pace}: cut after every event of the same call`, TIMEOUT, async (t) => {
      const { peer } = await begin(t);
      let events = new Events(await peer.call("emit", { pace }, { id: "call" }));
      const seen: Message[] = [];
      let connections = 1;
      for (;;) {
        const [one] = await take(events, 1);
        events.cut();
        if (one === undefined) break;
        seen.push(one);
        const { lastId } = events;
        events = await peer.listen(lastId);
        events.lastId = lastId;
        connections++;
      }
      assert.deepEqual(numbers(seen), [...EXPECTED, "call"]);
      assert.equal(connections, EVENTS + 2);
    });

    test(
      `${pace}: taken over after every event, while the old connection is open`,
      TIMEOUT,
      async (t) => {
        const { peer } = await begin(t);
        let events = new Events(await peer.call("emit", { pace }, { id: "call" }));
        const seen: Message[] = [];
        for (;;) {
          const [one] = await take(events, 1);
          if (one === undefined) break;
          seen.push(one);
          const next = await peer.listen(events.lastId);
          next.lastId = events.lastId;
          // What the old connection still gives is the new one's to give.
          await events.rest();
          assert.ok(events.answer.complete);
          events.cut();
          events = next;
        }
        assert.deepEqual(numbers(seen), [...EXPECTED, "call"]);
      },
    );
  }
});

describe("a standalone stream of 200 events", () => {
  test("taken over at every event by whoever names the last one", TIMEOUT, async (t) => {
    const { server, peer } = await begin(t);
    const handle = (await server.mcp.sessions.get(peer.id))!;
    let stream = await peer.listen();
    const seen: Message[] = [];
    for (const data of EXPECTED) {
      handle.notify("notifications/message", { data });
      seen.push(...await take(stream, 1));
      const next = await peer.listen(stream.lastId);
      assert.deepEqual(await stream.rest(), []);
      assert.ok(stream.answer.complete);
      next.lastId = stream.lastId;
      stream.cut();
      stream = next;
    }
    await server.mcp.sessions.end(peer.id);
    seen.push(...await stream.rest());
    assert.deepEqual(numbers(seen), EXPECTED);
  });

  test("taken over at every event by whoever names none, while events come", TIMEOUT, async (t) => {
    const { server, peer } = await begin(t);
    const handle = (await server.mcp.sessions.get(peer.id))!;
    const emitted = (async () => {
      for (const data of EXPECTED) {
        handle.notify("notifications/message", { data });
        await turn();
      }
    })();
    const seen: Message[] = [];
    const streams = [await peer.listen()];
    for (let i = 0; i < EVENTS; i++) {
      const stream = await peer.listen();
      // All that the old one gave, and nothing of it again.
      seen.push(...await streams.at(-1)!.rest());
      assert.ok(streams.at(-1)!.answer.complete);
      streams.at(-1)!.cut();
      streams.push(stream);
    }
    await emitted;
    seen.push(...await take(streams.at(-1)!, EVENTS - seen.length));
    await server.mcp.sessions.end(peer.id);
    assert.deepEqual(await streams.at(-1)!.rest(), []);
    assert.deepEqual(numbers(seen), EXPECTED);
  });

  test("cut after event n and resumed, for every n", TIMEOUT, async (t) => {
    const { server, peer: { port } } = await begin(t);
    for (let n = 0; n < EVENTS; n++) {
      const peer = await join({ port });
      const handle = (await server.mcp.sessions.get(peer.id))!;
      const first = await peer.listen();
      for (const data of EXPECTED) handle.notify("notifications/message", { data });
      if (n === 0) await first.block();
      const seen = await take(first, n);
      first.cut();
      const second = await peer.listen(first.lastId);
      seen.push(...await take(second, EVENTS - n));
      assert.deepEqual(numbers(seen), EXPECTED, `cut after ${n}`);
      await peer.end();
      assert.deepEqual(await second.rest(), []);
      second.cut();
    }
  });
});
