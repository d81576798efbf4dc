import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { standaloneStream } from "../../core/engine/ids.ts";
import {
  createMcpHandler,
  createSessions,
  type HandlerEvent,
  memory,
  type Receiver,
  type RequestHead,
} from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { heapInUse } from "../doubles/heap.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, gate, initialize, notification, request } from "./endpoint.ts";
import { type Scope, testInWorlds } from "./worlds.ts";

const MANY = 100_000;
const FEWER = 10_000;
const MINUTE = 60_000;

const head: RequestHead = {
  method: "POST",
  url: "http://localhost/mcp",
  headers: { get: (name) => name === "content-type" ? "application/json" : null },
};
const opening = { text: () => Promise.resolve(JSON.stringify(initialize())) };

/** A backend, and which subscriptions and logs there are in it. */
function watched() {
  const { sessions, logs, bus } = memory();
  const topics = new Map<string, number>();
  const kept = new Set<string>();
  return {
    topics,
    kept,
    backend: {
      sessions,
      bus: {
        publish: bus.publish.bind(bus),
        subscribe(topic: string, receiver: Receiver) {
          topics.set(topic, (topics.get(topic) ?? 0) + 1);
          return bus.subscribe(topic, receiver);
        },
        unsubscribe(topic: string, receiver: Receiver) {
          const left = (topics.get(topic) ?? 0) - 1;
          if (left > 0) topics.set(topic, left);
          else topics.delete(topic);
          bus.unsubscribe(topic, receiver);
        },
      },
      logs: {
        append: logs.append.bind(logs),
        end: logs.end.bind(logs),
        read: logs.read.bind(logs),
        bounds: logs.bounds.bind(logs),
        delivered: logs.delivered.bind(logs),
        open(...args: Parameters<typeof logs.open>) {
          kept.add(args[0]);
          return logs.open(...args);
        },
        drop(session: string, stream?: string) {
          if (stream === undefined) kept.delete(session);
          return stream === undefined ? logs.drop(session) : logs.drop(session, stream);
        },
      },
    },
  };
}

describe("many sessions", () => {
  test(
    "(100 000) that are opened and never used again expire and leave nothing",
    { timeout: 30_000 },
    async () => {
      const clock = new FakeClock();
      const { backend, topics, kept } = watched();
      const count: Record<string, number> = {};
      const over = new Set<string>();
      const mcp = createMcpHandler({
        serverInfo: { name: "test", version: "1" },
        request: () => ({}),
        ended: (id) => void over.add(id),
      }, {
        clock,
        backend,
        onEvent: ({ type }: HandlerEvent) => void (count[type] = (count[type] ?? 0) + 1),
        limits: { sessions: MANY, idleMs: 30 * MINUTE },
      });
      const before = heapInUse();
      const ids = new Set<string>();
      for (let i = 0; i < MANY; i++) {
        const { headers } = await mcp.handle(head, opening);
        ids.add(headers["mcp-session-id"]!);
      }
      assert.equal(ids.size, MANY);
      assert.equal((await mcp.stats()).sessions, MANY);
      assert.equal(clock.timers, 1, "one timer for all of them");
      await clock.passing(30 * MINUTE - 1);
      assert.equal((await mcp.stats()).sessions, MANY);
      await clock.passing(MINUTE);
      assert.deepEqual(await mcp.stats(), { sessions: 0, streams: 0, inFlight: 0, aborted: 0 });
      assert.deepEqual(count, { "session-opened": MANY, "exchange": MANY, "session-ended": MANY });
      assert.equal(over.size, MANY);
      await clock.passing(MINUTE);
      assert.equal(clock.timers, 0);
      assert.equal(kept.size, 0);
      const topicsOfNode = [...topics.keys()].map((topic) => topic.replace(/\/.*/, ""));
      assert.deepEqual(topicsOfNode.sort(), ["answers", "changes", "control"]);
      ids.clear();
      over.clear();
      const left = heapInUse() - before;
      assert.ok(left < 4_000_000, `${left} bytes are left of ${MANY} sessions`);
      await mcp.close();
      assert.deepEqual([...topics.keys()], []);
    },
  );

  test(
    "(10 000) around a handler of one's own expire and leave nothing",
    { timeout: 30_000 },
    async () => {
      const clock = new FakeClock();
      const { backend, topics, kept } = watched();
      let ended = 0;
      const sessions = createSessions({
        opens: ({ url }) => url.endsWith("/init"),
        clock,
        backend,
        limits: { sessions: FEWER, idleMs: 30 * MINUTE },
        onEvent: ({ type }) => {
          if (type === "session-ended") ended++;
        },
      });
      const before = heapInUse();
      const url = "http://localhost/init";
      for (let i = 0; i < FEWER; i++) {
        const entry = await sessions.enter({ ...head, url });
        assert.ok(!("status" in entry));
        await entry.commit(200);
        entry.leave();
      }
      assert.equal(await sessions.count(), FEWER);
      await clock.passing(31 * MINUTE);
      assert.deepEqual([await sessions.count(), ended, kept.size], [0, FEWER, 0]);
      await clock.passing(MINUTE);
      assert.equal(clock.timers, 0);
      const left = heapInUse() - before;
      assert.ok(left < 4_000_000, `${left} bytes are left of ${FEWER} sessions`);
      sessions.close();
      await turns();
      assert.deepEqual([...topics.keys()], []);
    },
  );
});

test("sessions that were worked in leave nothing either", { timeout: 30_000 }, async (t) => {
  const { backend, topics, kept } = watched();
  const endpoint = new Endpoint(t as unknown as Scope, {
    request: (_, exchange) => {
      exchange.notify("notifications/message", { text: "x".repeat(1_000) });
      return {};
    },
  }, { backend, limits: { idleMs: 30 * MINUTE } });
  const work = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const session = await endpoint.open();
      await new Events(await endpoint.call("tools/call", { session })).rest();
      const listening = new Events(await endpoint.get({ session }));
      (await endpoint.handler.sessions.get(session))!.notify("notifications/message", { i });
      await listening.next();
      await listening.cut();
    }
    assert.equal(kept.size, count);
    await endpoint.pass(32 * MINUTE);
    assert.deepEqual(await endpoint.handler.stats(), {
      sessions: 0,
      streams: 0,
      inFlight: 0,
      aborted: 0,
    });
    assert.deepEqual([kept.size, topics.size, endpoint.clock.timers], [0, 3, 0]);
    endpoint.events.length = 0;
  };
  // What the runtime itself sets up once must not count.
  await work(200);
  // What the sessions leave is left every time; what the compiler leaves is not.
  let left = Infinity;
  for (let round = 0; round < 3; round++) {
    const before = heapInUse();
    await work(400);
    left = Math.min(left, heapInUse() - before);
  }
  assert.ok(left < 400_000, `${left} bytes are left of 400 sessions`);
});

testInWorlds("a session grows idle from the end of its last exchange", async (scope, world) => {
  const finish = gate<object>();
  const endpoint = new Endpoint(
    scope,
    {
      request: ({ method }) => method === "slow" ? finish.opened : {},
    },
    { limits: { idleMs: 1_000 }, autoSseMs: Infinity },
    world,
  );
  const session = await endpoint.open();
  for (let i = 0; i < 5; i++) {
    endpoint.clock.jump(999);
    assert.equal((await endpoint.call("tools/list", { session })).status, 200, `${i}`);
  }
  const slow = endpoint.post(request("x", "slow"), { session });
  await endpoint.pass(10_000);
  finish.open({});
  assert.equal((await slow).status, 200);
  await world.quiet();
  endpoint.clock.jump(999);
  assert.equal((await endpoint.call("tools/list", { session })).status, 200);
  await world.quiet();
  endpoint.clock.jump(1_000);
  assert.equal((await endpoint.call("tools/list", { session })).status, 404);
  await world.quiet();
  assert.deepEqual(endpoint.endings, ["idle"]);
});

testInWorlds("an open stream holds its session, and its age ends both", async (scope, world) => {
  const limits = { idleMs: 1_000, maxAgeMs: 60_000 };
  const endpoint = new Endpoint(scope, {}, { limits, keepAliveMs: 0 }, world);
  const session = await endpoint.open();
  const events = new Events(await endpoint.get({ session }));
  await endpoint.pass(59_000);
  assert.equal((await endpoint.call("tools/list", { session })).status, 200);
  const rest = events.rest();
  await endpoint.pass(2_000);
  assert.deepEqual(await rest, []);
  assert.deepEqual(endpoint.endings, ["age"]);
  assert.equal(await endpoint.handler.sessions.count(), 0);
  const { logs } = world.backend;
  assert.equal(await logs.bounds(session, standaloneStream(session)), undefined);
});

testInWorlds(
  "an age that is over is not waited for, also where a stream is open",
  async (scope, world) => {
    const limits = { idleMs: 1_000, maxAgeMs: 5_000 };
    const endpoint = new Endpoint(scope, {}, { limits, keepAliveMs: 0 }, world);
    const session = await endpoint.open();
    const rest = new Events(await endpoint.get({ session })).rest();
    await world.quiet();
    endpoint.clock.jump(4_999);
    assert.equal((await endpoint.call("tools/list", { session })).status, 200);
    endpoint.clock.jump(1);
    assert.equal((await endpoint.call("tools/list", { session })).status, 404);
    assert.deepEqual(await rest, []);
    assert.deepEqual(endpoint.endings, ["age"]);
  },
);

testInWorlds("a session lives on by what needs no answer", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, { limits: { idleMs: 1_000 } }, world);
  const session = await endpoint.open();
  for (
    const message of [
      notification("notifications/roots/list_changed"),
      { jsonrpc: "2.0", id: "nobody's", result: {} },
      notification("notifications/cancelled", { requestId: 1 }),
    ]
  ) {
    await world.quiet();
    endpoint.clock.jump(999);
    assert.equal((await endpoint.post(message, { session })).status, 202);
  }
  await world.quiet();
  endpoint.clock.jump(1_000);
  assert.equal((await endpoint.call("tools/list", { session })).status, 404);
});

testInWorlds("a session that goes takes its logs along, whatever ends it", async (scope, world) => {
  const limits = { sessions: 1, idleMs: 1_000 };
  const endpoint = new Endpoint(scope, {}, { limits, keepAliveMs: 0 }, world);
  const { logs } = world.backend;
  for (const how of ["idle", "evicted"]) {
    const session = await endpoint.open();
    (await endpoint.handler.sessions.get(session))!.notify("notifications/message", { data: 1 });
    await world.quiet();
    assert.notEqual(await logs.bounds(session, standaloneStream(session)), undefined);
    if (how === "idle") await endpoint.pass(60_000);
    else await endpoint.open();
    await world.quiet();
    assert.equal(await logs.bounds(session, standaloneStream(session)), undefined, how);
  }
  assert.deepEqual(endpoint.endings, ["idle", "evicted"]);
});

testInWorlds("expiry is right without a timer", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, { limits: { idleMs: 1_000, maxAgeMs: 5_000 } }, world);
  const idle = await endpoint.open();
  const old = await endpoint.open();
  for (let i = 0; i < 9; i++) {
    endpoint.clock.jump(500);
    assert.equal((await endpoint.call("tools/list", { session: old })).status, 200);
    await world.quiet();
  }
  assert.equal((await endpoint.call("tools/list", { session: idle })).status, 404);
  await world.quiet();
  endpoint.clock.jump(500);
  assert.equal((await endpoint.call("tools/list", { session: old })).status, 404);
  await world.quiet();
  assert.deepEqual(endpoint.endings, ["idle", "age"]);
});

testInWorlds(
  "a session over its age costs no live one its place, however lively it was",
  async (scope, world) => {
    const limits = { sessions: 2, idleMs: 1_000, maxAgeMs: 100 };
    const endpoint = new Endpoint(scope, {}, { limits }, world);
    const old = await endpoint.open();
    endpoint.clock.jump(80);
    const live = await endpoint.open();
    endpoint.clock.jump(10);
    assert.equal((await endpoint.call("tools/list", { session: old })).status, 200);
    await world.quiet();
    endpoint.clock.jump(20);
    const fresh = await endpoint.open();
    for (const [session, status] of [[old, 404], [live, 200], [fresh, 200]] as const) {
      assert.equal((await endpoint.call("tools/list", { session })).status, status);
    }
    assert.deepEqual(endpoint.endings, ["age"]);
  },
);

test("a session in which a request is in flight does not end for what a store said before", {
  timeout: 30_000,
}, async (t) => {
  const { sessions, logs, bus } = memory();
  const asked: (() => void)[] = [];
  let late = false;
  const backend = {
    logs,
    bus,
    sessions: instead(sessions, "get", async (own, args) => {
      const answer = await own(...args);
      if (late) await new Promise<void>((resolve) => void asked.push(resolve));
      return answer;
    }),
  };
  const finish = gate<object>();
  const endpoint = new Endpoint(
    t as unknown as Scope,
    { request: ({ method }) => method === "slow" ? finish.opened : {} },
    { backend, limits: { idleMs: 1_000 }, autoSseMs: Infinity },
  );
  const session = await endpoint.open();
  endpoint.clock.jump(999);
  late = true;
  const slow = endpoint.call("slow", { session });
  const second = endpoint.call("tools/list", { session });
  await turns(3);
  asked[0]!();
  await turns(3);
  endpoint.clock.jump(1);
  asked[1]!();
  late = false;
  assert.equal((await second).status, 200);
  finish.open({});
  assert.equal((await slow).status, 200);
  assert.deepEqual(endpoint.endings, []);
});
