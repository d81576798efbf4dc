import assert from "node:assert/strict";
import { test } from "node:test";
import { memory } from "../../core/engine/mod.ts";
import { Paced } from "../doubles/later.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, gate, initialize, NEWEST, refusal, request } from "./endpoint.ts";
import { type Scope, testInWorlds, WORLDS } from "./worlds.ts";

testInWorlds(
  "a closed handler refuses new sessions and streams, and keeps its records",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, {}, {}, world);
    const session = await endpoint.open();
    await endpoint.handler.close();
    for (const answer of [await endpoint.post(initialize()), await endpoint.get({ session })]) {
      const { status, retry, message } = await refusal(answer);
      assert.deepEqual([status, retry], [503, true]);
      assert.match(message, /shutting down/);
    }
    assert.equal(await endpoint.handler.sessions.count(), 1);
    assert.deepEqual(endpoint.endings, []);
    assert.equal(endpoint.clock.timers, 0);
    const next = new Endpoint(scope, {}, {}, world, endpoint.clock);
    assert.equal((await next.call("tools/list", { session })).status, 200);
  },
);

testInWorlds(
  "closing within what is no time is refused, and nothing closes",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, {}, {}, world);
    for (const within of ["abc", "5", -1, NaN, null]) {
      await assert.rejects(
        endpoint.handler.close({ within: within as never }),
        { name: "OptionError", option: "within", message: /is not a number of at least 0/ },
      );
    }
    const session = await endpoint.open();
    assert.equal((await endpoint.call("tools/list", { session })).status, 200);
    await endpoint.handler.close({ within: undefined });
  },
);

testInWorlds("closing lets calls finish, and ends as soon as they have", async (scope, world) => {
  const finish = gate<object>();
  const endpoint = new Endpoint(scope, { request: () => finish.opened }, {}, world);
  const session = await endpoint.open();
  const call = endpoint.call("tools/call", { session });
  await world.quiet();
  let closed = false;
  const closing = endpoint.handler.close({ within: 60_000 }).then(() => closed = true);
  await world.quiet();
  assert.equal(closed, false);
  finish.open({ done: true });
  assert.deepEqual((await (await call).json()).result, { done: true });
  await closing;
  assert.equal(endpoint.clock.timers, 0);
  assert.equal((await endpoint.handler.stats()).aborted, 0);
});

testInWorlds(
  "closing waits no longer where the clock is set back meanwhile",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, { request: () => new Promise(() => {}) }, {}, world);
    const session = await endpoint.open();
    const call = endpoint.call("tools/call", { session, accept: "application/json" });
    await world.quiet();
    let closed = false;
    const closing = endpoint.handler.close({ within: 1_000 }).then(() => closed = true);
    await endpoint.pass(500);
    endpoint.clock.setBack(3_600_000);
    await endpoint.pass(499);
    assert.equal(closed, false);
    await endpoint.pass(1);
    assert.equal(closed, true);
    assert.equal((await call).status, 503);
    await closing;
  },
);

testInWorlds("closing stops the calls that take longer than it waits", async (scope, world) => {
  const signals: AbortSignal[] = [];
  const endpoint = new Endpoint(
    scope,
    {
      request: ({ method }, exchange) => {
        signals.push(exchange.signal);
        if (method === "talks") exchange.notify("notifications/message", {});
        return new Promise(() => {});
      },
    },
    { sessions: "optional" },
    world,
  );
  const session = await endpoint.open();
  const silent = endpoint.post(request(1, "silent"), { session });
  const stateless = endpoint.post(request(2, "silent"));
  const talking = [
    new Events(await endpoint.post(request(3, "talks"), { session })),
    new Events(await endpoint.post(request(4, "talks"))),
  ];
  await world.quiet();
  let closed = false;
  const closing = endpoint.handler.close({ within: 2_000 }).then(() => closed = true);
  await endpoint.pass(1_999);
  assert.equal(closed, false);
  await endpoint.pass(1);
  await closing;
  for (const [call, id] of [[silent, 1], [stateless, 2]] as const) {
    const refused = await refusal(await call);
    assert.deepEqual([refused.status, refused.id, refused.retry], [503, id, true]);
  }
  for (const [index, events] of talking.entries()) {
    const last = (await events.rest()).at(-1);
    assert.deepEqual([last.id, last.error.code], [index + 3, -32000]);
  }
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, true, true, true]);
  const { inFlight, streams, aborted } = await endpoint.handler.stats();
  assert.deepEqual([inFlight, streams, aborted], [0, 0, 4]);
  await world.quiet();
  assert.equal(endpoint.clock.timers, 0);
});

testInWorlds(
  "closing sends readers of standalone streams away to come back",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, {}, {}, world);
    const session = await endpoint.open();
    const events = new Events(await endpoint.get({ session }));
    await world.quiet();
    const rest = events.rest();
    await endpoint.handler.close();
    assert.deepEqual(await rest, []);
    assert.match(events.text, /^retry: \d+$/m);
  },
);

testInWorlds("a call that closes its own handler at once is refused", async (scope, world) => {
  const endpoint = new Endpoint(
    scope,
    {
      request: () => {
        endpoint.handler.close({ within: 0 });
        return new Promise(() => {});
      },
    },
    {},
    world,
  );
  const session = await endpoint.open();
  const { status, retry, id } = await refusal(
    await endpoint.post(request("x", "tools/call"), { session }),
  );
  assert.deepEqual([status, retry, id], [503, true, "x"]);
});

testInWorlds("closing twice is closing once", async (scope, world) => {
  const finish = gate<object>();
  let closed = 0;
  const endpoint = new Endpoint(
    scope,
    {
      request: () => finish.opened,
      close: () => void closed++,
    },
    {},
    world,
  );
  const session = await endpoint.open();
  const call = endpoint.call("tools/call", { session });
  await world.quiet();
  const both = Promise.all([
    endpoint.handler.close({ within: 60_000 }),
    endpoint.handler.close({ within: 60_000 }),
  ]);
  finish.open({});
  assert.equal((await call).status, 200);
  await both;
  await endpoint.handler.close();
  assert.equal(closed, 1);
  assert.equal(endpoint.clock.timers, 0);
});

testInWorlds("closing again in less time hurries the end", async (scope, world) => {
  const endpoint = new Endpoint(scope, { request: () => new Promise(() => {}) }, {}, world);
  const session = await endpoint.open();
  const call = endpoint.call("tools/call", { session });
  await world.quiet();
  const patient = endpoint.handler.close({ within: 60_000 });
  await endpoint.handler.close({ within: 0 });
  await patient;
  assert.equal((await refusal(await call)).status, 503);
  assert.equal(endpoint.clock.timers, 0);
});

/** What an application answers to `initialize`. */
const INITIALIZED = { protocolVersion: NEWEST, capabilities: {}, serverInfo: {} };

testInWorlds("closing waits for an initialize as for any call", async (scope, world) => {
  const answered = gate<typeof INITIALIZED>();
  const endpoint = new Endpoint(scope, { initialize: () => answered.opened }, {}, world);
  const opening = endpoint.post(initialize());
  await world.quiet();
  assert.equal((await endpoint.handler.stats()).inFlight, 1);
  let closed = false;
  const closing = endpoint.handler.close({ within: 60_000 }).then(() => closed = true);
  await world.quiet();
  assert.equal(closed, false);
  answered.open(INITIALIZED);
  const { status, headers } = await opening;
  assert.equal(status, 200);
  await closing;
  // It is known to any other node of the backend.
  assert.equal(await endpoint.handler.sessions.count(), 1);
  assert.ok(headers.has("mcp-session-id"));
  assert.equal(endpoint.clock.timers, 0);
});

testInWorlds(
  "an initialize that takes longer than closing waits is refused and leaves nothing behind",
  async (scope, world) => {
    const answered = gate<typeof INITIALIZED>();
    const ended: string[] = [];
    let asked: string | undefined;
    const endpoint = new Endpoint(
      scope,
      {
        initialize: (_, { session }) => {
          asked = session!.id;
          return answered.opened;
        },
        ended: (id) => void ended.push(id),
      },
      {},
      world,
    );
    const opening = endpoint.post(initialize());
    await world.quiet();
    await endpoint.handler.close({ within: 0 });
    const { status, id, retry, message } = await refusal(await opening);
    assert.deepEqual([status, id, retry], [503, 0, true]);
    assert.match(message, /shutting down/);
    answered.open(INITIALIZED);
    await world.quiet();
    assert.deepEqual(ended, [asked]);
    assert.deepEqual(endpoint.told("session-opened"), []);
    assert.equal(await endpoint.handler.sessions.count(), 0);
    assert.equal((await endpoint.handler.stats()).inFlight, 0);
    assert.equal(endpoint.clock.timers, 0);
  },
);

test("a session that is being stored while the handler closes is ended", async (t) => {
  const stored = gate();
  const ended: string[] = [];
  const { backend } = new Paced(memory(), async (operation) => {
    await stored.opened;
    return operation();
  });
  const endpoint = new Endpoint(
    t as unknown as Scope,
    { ended: (id) => void ended.push(id) },
    { backend },
  );
  const opening = endpoint.post(initialize());
  await turns();
  const closing = endpoint.handler.close({ within: 0 });
  assert.equal((await refusal(await opening)).status, 503);
  stored.open();
  await closing;
  // Who has closed the handler may close the backend, and end the process.
  assert.equal(await endpoint.handler.sessions.count(), 0);
  assert.equal(ended.length, 1);
  assert.deepEqual(endpoint.endings, ["ended"]);
});

testInWorlds(
  "an initialize and the end of its handler at once: what is refused leaves no session",
  async (scope, { name }) => {
    for (let distance = 0; distance < 40; distance++) {
      const world = WORLDS.map((make) => make()).find((one) => one.name === name)!;
      const endpoint = new Endpoint(scope, {}, {}, world);
      const opening = endpoint.post(initialize());
      for (let i = 0; i < distance; i++) await undefined;
      await endpoint.handler.close({ within: 0 });
      const { status } = await opening;
      const sessions = await endpoint.handler.sessions.count();
      assert.deepEqual([status, sessions], status === 200 ? [200, 1] : [503, 0], `${distance}`);
    }
  },
);

test("an initialize that fails after it was stopped is no failure of the application", async (t) => {
  const endpoint = new Endpoint(t as unknown as Scope, {
    initialize: (_, { signal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  const opening = endpoint.post(initialize());
  await turns();
  await endpoint.handler.close({ within: 0 });
  assert.equal((await refusal(await opening)).status, 503);
  await turns();
  assert.deepEqual(endpoint.told("application-error"), []);
});
