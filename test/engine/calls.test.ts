import assert from "node:assert/strict";
import { type Exchange, RpcError } from "../../core/engine/mod.ts";
import { Endpoint, Events, gate, notification, refusal, request } from "./endpoint.ts";
import { testInWorlds } from "./worlds.ts";

testInWorlds("a call in flight settles when its session ends", async (scope, world) => {
  const begun = gate<Exchange>();
  const ended: unknown[] = [];
  const endpoint = new Endpoint(
    scope,
    {
      request: (_, exchange) => {
        begun.open(exchange);
        return new Promise(() => {});
      },
      ended: (id, reason) => void ended.push([id, reason]),
    },
    {},
    world,
  );
  const session = await endpoint.open();
  const call = endpoint.post(request("x", "tools/call"), { session });
  const { signal } = await begun.opened;
  assert.equal(signal.aborted, false);
  assert.equal((await endpoint.delete({ session })).status, 204);
  const { status, id } = await refusal(await call);
  assert.deepEqual([status, id, signal.aborted], [404, "x", true]);
  assert.deepEqual(ended, [[session, "terminated"]]);
  assert.equal((await endpoint.handler.stats()).inFlight, 0);
});

testInWorlds("an id in flight is refused and the first call untouched", async (scope, world) => {
  const finish = gate<object>();
  const endpoint = new Endpoint(
    scope,
    {
      request: ({ method }) => method === "slow" ? finish.opened : { method },
    },
    {},
    world,
  );
  const session = await endpoint.open();
  const first = endpoint.post(request(5, "slow"), { session });
  await world.quiet();
  const second = await refusal(await endpoint.post(request(5, "fast"), { session }));
  assert.deepEqual([second.status, second.code, second.id], [400, -32600, 5]);
  const string = await endpoint.post(request("5", "fast"), { session });
  assert.deepEqual(await string.json(), { jsonrpc: "2.0", id: "5", result: { method: "fast" } });
  finish.open({ first: true });
  assert.deepEqual(await (await first).json(), { jsonrpc: "2.0", id: 5, result: { first: true } });
  assert.equal((await endpoint.post(request(5, "fast"), { session })).status, 200);
});

testInWorlds("a cancelled call is aborted and its POST settles at once", async (scope, world) => {
  const begun = gate<Exchange>();
  const endpoint = new Endpoint(
    scope,
    {
      request: (_, exchange) => {
        begun.open(exchange);
        return new Promise(() => {});
      },
    },
    {},
    world,
  );
  const session = await endpoint.open();
  const call = endpoint.post(request(5, "slow"), { session });
  const { signal } = await begun.opened;
  await endpoint.post(notification("notifications/cancelled", { requestId: "5" }), { session });
  await world.quiet();
  assert.equal(signal.aborted, false, "the string 5 is another id");
  await endpoint.post(notification("notifications/cancelled", { requestId: 5 }), { session });
  const answer = await call;
  assert.deepEqual([answer.status, await answer.text()], [202, ""]);
  assert.equal(signal.aborted, true);
  assert.equal((await endpoint.handler.stats()).aborted, 1);
});

testInWorlds("what the application throws stays with the operator", async (scope, world) => {
  const endpoint = new Endpoint(
    scope,
    {
      request: ({ method }) => {
        if (method === "sync") throw new Error("secret");
        if (method === "async") return Promise.reject(new Error("secret"));
        if (method === "own") throw new RpcError(-32002, "Resource not found", { uri: "a:b" });
        if (method === "unserializable") return { big: 10n };
        return undefined;
      },
    },
    {},
    world,
  );
  const session = await endpoint.open();
  for (const method of ["sync", "async", "unserializable"]) {
    const answer = await endpoint.call(method, { session });
    const { error } = await answer.json();
    assert.deepEqual([answer.status, error], [200, { code: -32603, message: "Internal error" }]);
  }
  const told = endpoint.told("application-error").map(({ method }) => method);
  assert.deepEqual(told, ["sync", "async", "unserializable"]);
  const own = await (await endpoint.call("own", { session })).json();
  assert.deepEqual(own.error, {
    code: -32002,
    message: "Resource not found",
    data: { uri: "a:b" },
  });
  const unknown = await endpoint.call("other", { session });
  assert.deepEqual([unknown.status, (await unknown.json()).error.code], [200, -32601]);
});

testInWorlds(
  "a batch is answered by an array, in a session that has batches",
  async (scope, world) => {
    const told: string[] = [];
    const notify = ({ method }: { method: string }): void => void told.push(method);
    const endpoint = new Endpoint(scope, { notification: notify }, {}, world);
    const session = await endpoint.open({}, { version: "2025-03-26", ready: false });
    const batch = [request(1, "a"), notification("notifications/x"), request("1", "b")];
    const answer = await endpoint.post(batch, { session });
    assert.deepEqual((await answer.json()).map((one: { id: unknown }) => one.id), [1, "1"]);
    const quiet = await endpoint.post([notification("notifications/x")], { session });
    assert.deepEqual([quiet.status, quiet.headers.get("content-type")], [202, null]);
    assert.deepEqual(told, ["notifications/x", "notifications/x"]);
    const newer = await endpoint.open();
    assert.equal((await refusal(await endpoint.post(batch, { session: newer }))).code, -32600);
  },
);

testInWorlds(
  "what a call says before its answer comes on its stream, in order",
  async (scope, world) => {
    const endpoint = new Endpoint(
      scope,
      {
        request: (_, exchange) => {
          for (let i = 0; i < 200; i++) exchange.notify("notifications/message", { i });
          return { done: true };
        },
      },
      {},
      world,
    );
    const session = await endpoint.open();
    const events = new Events(await endpoint.call("tools/call", { session }));
    const all = await events.rest();
    assert.deepEqual(
      all.slice(0, -1).map(({ params }) => params.i),
      Array.from({ length: 200 }, (_, i) => i),
    );
    assert.deepEqual(all.at(-1).result, { done: true });
    const { streams, inFlight } = await endpoint.handler.stats();
    assert.deepEqual([streams, inFlight], [0, 0]);
  },
);

testInWorlds("a cut stream is resumed where it was, once and in order", async (scope, world) => {
  const finish = gate();
  const endpoint = new Endpoint(
    scope,
    {
      request: async (_, exchange) => {
        for (let i = 0; i < 5; i++) exchange.notify("notifications/message", { i });
        await finish.opened;
        for (let i = 5; i < 10; i++) exchange.notify("notifications/message", { i });
        return { done: true };
      },
    },
    {},
    world,
  );
  const session = await endpoint.open();
  const first = new Events(await endpoint.call("tools/call", { session }));
  const seen = [(await first.next()).params.i, (await first.next()).params.i];
  const { lastId } = first;
  await first.cut();
  finish.open();
  await world.quiet();
  const resumed = new Events(await endpoint.get({ session, lastEventId: lastId! }));
  const rest = await resumed.rest();
  seen.push(...rest.slice(0, -1).map(({ params }) => params.i));
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(rest.at(-1).result, { done: true });
});

testInWorlds(
  "the newest of two readers gets the stream, the other ends cleanly",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, {}, {}, world);
    const session = await endpoint.open();
    const handle = (await endpoint.handler.sessions.get(session))!;
    const first = new Events(await endpoint.get({ session }));
    handle.notify("notifications/message", { n: 1 });
    assert.equal((await first.next()).params.n, 1);
    const second = new Events(await endpoint.get({ session }));
    assert.equal(await first.next(), undefined);
    handle.notify("notifications/message", { n: 2 });
    assert.equal((await second.next()).params.n, 2);
    assert.deepEqual(endpoint.told("stream-closed").map(({ reason }) => reason), ["replaced"]);
    await second.cut();
  },
);

testInWorlds(
  "a server-to-client request waits until the session is ready",
  async (scope, world) => {
    const endpoint = new Endpoint(
      scope,
      {
        request: async (_, exchange) => ({ roots: await exchange.request("roots/list") }),
      },
      {},
      world,
    );
    const session = await endpoint.open({}, { ready: false });
    const events = new Events(await endpoint.call("tools/call", { session }));
    const asked = events.next();
    await world.quiet();
    await endpoint.post(notification("notifications/initialized"), { session });
    const { id, method } = await asked;
    assert.equal(method, "roots/list");
    await endpoint.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
    assert.deepEqual((await events.next()).result, { roots: { roots: [] } });
  },
);

testInWorlds("an answer counts only from the session that was asked", async (scope, world) => {
  const endpoint = new Endpoint(
    scope,
    {
      request: async (_, exchange) => ({ got: await exchange.request("ping") }),
    },
    {},
    world,
  );
  const session = await endpoint.open();
  const stranger = await endpoint.open();
  const events = new Events(await endpoint.call("tools/call", { session }));
  const { id } = await events.next();
  await endpoint.post({ jsonrpc: "2.0", id, result: { from: "stranger" } }, { session: stranger });
  await endpoint.post({ jsonrpc: "2.0", id: `${id}x`, result: { from: "guess" } }, { session });
  await endpoint.post({ jsonrpc: "2.0", id, result: { from: "client" } }, { session });
  await endpoint.post({ jsonrpc: "2.0", id, result: { from: "again" } }, { session });
  assert.deepEqual((await events.next()).result, { got: { from: "client" } });
});

testInWorlds("a call that is over says nothing more in its batch", async (scope, world) => {
  const finish = gate<object>();
  let over: Exchange | undefined;
  const endpoint = new Endpoint(
    scope,
    {
      request: ({ method }, exchange) => {
        if (method === "slow") return finish.opened;
        over = exchange;
        return {};
      },
    },
    {},
    world,
  );
  const session = await endpoint.open({}, { version: "2025-03-26" });
  const answer = endpoint.post([request(1, "fast"), request(2, "slow")], { session });
  await world.quiet();
  over!.notify("notifications/message", { level: "info", data: "too late" });
  finish.open({});
  const ids = (await (await answer).json()).map(({ id }: { id: unknown }) => id);
  assert.deepEqual(ids, [1, 2]);
});

testInWorlds("progress that nobody asked for goes nowhere", async (scope, world) => {
  const endpoint = new Endpoint(
    scope,
    {
      request: (_, exchange) => {
        exchange.progress(1);
        return {};
      },
    },
    {},
    world,
  );
  const session = await endpoint.open();
  for (const params of [undefined, {}, { _meta: {} }, { _meta: { progressToken: null } }]) {
    const answer = await endpoint.post(request(1, "tools/call", params), { session });
    assert.deepEqual(await answer.json(), { jsonrpc: "2.0", id: 1, result: {} });
  }
});

testInWorlds("what is said to a notification goes nowhere", async (scope, world) => {
  const answering = (_: unknown, exchange: Exchange): void => {
    exchange.notify("notifications/message", { level: "info", data: "heard" });
    exchange.progress(1);
  };
  const endpoint = new Endpoint(scope, { notification: answering }, {}, world);
  const session = await endpoint.open();
  const said = await endpoint.post(notification("notifications/roots/list_changed"), { session });
  assert.equal(said.status, 202);
  assert.equal(await said.text(), "");
  await world.quiet();
  assert.equal((await endpoint.handler.stats()).streams, 0);
  assert.deepEqual(endpoint.told("stream-opened"), []);
});

testInWorlds("what is cancelled without a session, or by no id, cancels nothing", async (
  scope,
  world,
) => {
  const endpoint = new Endpoint(scope, {}, { sessions: "optional" }, world);
  const session = await endpoint.open();
  for (const requestId of [1, {}, undefined]) {
    const cancelled = notification("notifications/cancelled", { requestId });
    for (const sent of [{}, { session }]) {
      assert.equal((await endpoint.post(cancelled, sent)).status, 202);
    }
  }
});

testInWorlds(
  "a batch that turns to a stream has what was answered before",
  async (scope, world) => {
    const finish = gate();
    const endpoint = new Endpoint(
      scope,
      {
        request: async ({ method }, exchange) => {
          if (method === "fast") return {};
          await finish.opened;
          exchange.notify("notifications/message", { level: "info", data: "slow" });
          return {};
        },
      },
      {},
      world,
    );
    const session = await endpoint.open({}, { version: "2025-03-26" });
    const answer = endpoint.post([request(1, "fast"), request(2, "slow")], { session });
    await world.quiet();
    finish.open();
    const told = await new Events(await answer).rest();
    assert.deepEqual(told.map(({ id, method }) => id ?? method), [1, "notifications/message", 2]);
  },
);

testInWorlds(
  "who asks for a signal after the call was stopped learns why",
  async (scope, world) => {
    const [begun, stopped, seen] = [gate(), gate(), gate<AbortSignal>()];
    const endpoint = new Endpoint(
      scope,
      {
        async request(_, exchange) {
          begun.open();
          await stopped.opened;
          seen.open(exchange.signal);
          return {};
        },
      },
      {},
      world,
    );
    const session = await endpoint.open();
    const call = endpoint.post(request(5, "tools/call"), { session });
    await begun.opened;
    const params = { requestId: 5, reason: "enough" };
    await endpoint.post(notification("notifications/cancelled", params), { session });
    await call;
    stopped.open();
    const { aborted, reason } = await seen.opened;
    assert.deepEqual([aborted, reason], [true, "enough"]);
  },
);
