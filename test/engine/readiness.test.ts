/** Before `notifications/initialized` a client is asked nothing but pings (basic/lifecycle, Initialization). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Exchange, memory } from "../../core/engine/mod.ts";
import { instead } from "../doubles/instead.ts";
import { missing } from "../doubles/missing.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, NEWEST, notification, request } from "./endpoint.ts";
import { type Scope, testInWorlds } from "./worlds.ts";

const initialized = notification("notifications/initialized");

testInWorlds("a queued request waits although nobody listens", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const session = await endpoint.open({}, { ready: false });
  const handle = (await endpoint.handler.sessions.get(session))!;
  const roots = handle.request("roots/list", {}, { queued: true });
  await world.quiet();
  handle.notify("notifications/message", { n: 1 });
  const events = new Events(await endpoint.get({ session }));
  assert.equal((await events.next()).method, "notifications/message");
  assert.equal((await endpoint.post(initialized, { session })).status, 202);
  const { id, method } = await events.next();
  assert.equal(method, "roots/list");
  await endpoint.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
  assert.deepEqual(await roots, { roots: [] });
});

testInWorlds(
  "whatever waits goes out, in order, but for what was given up",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, {}, {}, world);
    const session = await endpoint.open({}, { ready: false });
    const handle = (await endpoint.handler.sessions.get(session))!;
    const events = new Events(await endpoint.get({ session }));
    await world.quiet();
    const giving = new AbortController();
    const asked = [0, 1, 2, 3].map((n) =>
      handle.request("roots/list", { n }, {
        queued: true,
        ...(n === 0 ? { signal: giving.signal } : {}),
      })
    );
    const given = assert.rejects(asked.shift()!, { code: "cancelled" });
    await world.quiet();
    giving.abort();
    await given;
    assert.equal((await endpoint.post(initialized, { session })).status, 202);
    for (const n of [1, 2, 3]) {
      const { id, params } = await events.next();
      assert.deepEqual(params, { n });
      await endpoint.post({ jsonrpc: "2.0", id, result: { n } }, { session });
    }
    assert.deepEqual(await Promise.all(asked), [{ n: 1 }, { n: 2 }, { n: 3 }]);
  },
);

testInWorlds("a request that is not queued waits for no stream", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const session = await endpoint.open({}, { ready: false });
  const handle = (await endpoint.handler.sessions.get(session))!;
  await assert.rejects(handle.request("roots/list"), { code: "no-stream" });
});

testInWorlds("a request that waits survives the stream that was open", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const session = await endpoint.open({}, { ready: false });
  const first = new Events(await endpoint.get({ session }));
  await world.quiet();
  const handle = (await endpoint.handler.sessions.get(session))!;
  const roots = handle.request("roots/list");
  await world.quiet();
  await first.cut();
  await world.quiet();
  const second = new Events(await endpoint.get({ session }));
  assert.equal((await endpoint.post(initialized, { session })).status, 202);
  const { id, method } = await second.next();
  assert.equal(method, "roots/list");
  await endpoint.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
  assert.deepEqual(await roots, { roots: [] });
});

testInWorlds("a request that waits ends with its session", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const session = await endpoint.open({}, { ready: false });
  const handle = (await endpoint.handler.sessions.get(session))!;
  const roots = handle.request("roots/list", {}, { queued: true });
  const refused = assert.rejects(roots, { code: "session-ended" });
  await world.quiet();
  assert.equal((await endpoint.delete({ session })).status, 204);
  await refused;
  await endpoint.handler.close({ within: 0 });
  await world.quiet();
  assert.equal(endpoint.clock.timers, 0);
});

test(
  "a stream that was opened while its client became ready hears of changes",
  { timeout: 30_000 },
  async (t) => {
    const backend = memory();
    let meanwhile: (() => Promise<unknown>) | undefined;
    const sessions = instead(backend.sessions, "get", async (own, args) => {
      const record = own(...args);
      const first = meanwhile;
      meanwhile = undefined;
      await first?.();
      return record;
    });
    const endpoint = new Endpoint(t, {}, {}, {
      name: "one look takes its time",
      backend: { ...backend, sessions },
      quiet: () => turns(3),
    });
    const session = await endpoint.open({}, { ready: false });
    meanwhile = () => endpoint.post(initialized, { session });
    const events = new Events(await endpoint.get({ session }));
    endpoint.handler.notify.toolsListChanged();
    assert.equal((await events.next()).method, "notifications/tools/list_changed");
  },
);

testInWorlds("one that cannot be written out keeps no other from going", async (scope, world) => {
  const failures: unknown[] = [];
  const endpoint = new Endpoint(
    scope,
    {
      request: async (_, exchange: Exchange) => {
        const asked = [{ big: 1n }, { big: "1" }].map((params) =>
          exchange.request("roots/list", params)
        );
        const [failed, went] = await Promise.allSettled(asked);
        failures.push((failed as PromiseRejectedResult).reason);
        return (went as PromiseFulfilledResult<object>).value;
      },
    },
    {},
    world,
  );
  const session = await endpoint.open({}, { ready: false });
  const events = new Events(
    await endpoint.call("tools/call", { session, accept: "text/event-stream" }),
  );
  assert.equal((await endpoint.post(initialized, { session })).status, 202);
  const { id, params } = await events.next();
  assert.deepEqual(params, { big: "1" });
  await endpoint.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
  assert.deepEqual((await events.next()).result, { roots: [] });
  assert.ok(failures[0] instanceof TypeError);
});

testInWorlds(
  "where one of several inputs cannot be written out, none waits",
  async (scope, world) => {
    const params = { mode: "form", message: "?", requestedSchema: {} };
    const endpoint = new Endpoint(
      scope,
      {
        request: async (_, exchange: Exchange) => {
          await exchange.inputs({
            a: { method: "elicitation/create", params },
            b: { method: "elicitation/create", params: { ...params, big: 1n } },
          });
          return {};
        },
      },
      {},
      world,
    );
    const opened = await endpoint.post(
      request(0, "initialize", {
        protocolVersion: NEWEST,
        capabilities: { elicitation: {} },
        clientInfo: {},
      }),
    );
    const session = opened.headers.get("mcp-session-id")!;
    await endpoint.post(initialized, { session });
    const events = new Events(await endpoint.call("tools/call", { session }));
    assert.equal((await events.next()).params.message, "?");
    const { error } = await events.next();
    assert.equal(error.code, -32603);
    await world.quiet();
    await endpoint.handler.close({ within: 0 });
    assert.equal(endpoint.clock.timers, 0);
  },
);

/** A session in which nothing goes on at `asking`, and whose client listens at `other`. */
async function elsewhere(asking: Endpoint, other: Endpoint) {
  const session = await asking.open({}, { ready: false });
  const events = new Events(await other.get({ session }));
  const handle = (await asking.handler.sessions.get(session))!;
  return { session, events, ask: () => handle.request("roots/list", {}, { queued: true }) };
}

for (const when of ["before", "while"]) {
  testInWorlds(
    `a client is asked that became ready on another node ${when} it is waited for`,
    async (scope, world) => {
      const [asking, other] = [0, 1].map(() => new Endpoint(scope, {}, {}, world));
      const { session, events, ask } = await elsewhere(asking!, other!);
      let roots = when === "while" ? ask() : undefined;
      await world.quiet();
      assert.equal((await other!.post(initialized, { session })).status, 202);
      await world.quiet();
      roots ??= ask();
      const { id, method } = await events.next();
      assert.equal(method, "roots/list");
      await other!.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
      assert.deepEqual(await roots, { roots: [] });
      await events.cut();
    },
  );
}

test(
  "a node that may have missed words looks for those whose clients it waits for, and no others",
  {
    timeout: 30_000,
  },
  async (t) => {
    const own = memory();
    const looks = new Set<unknown>();
    const { bus, miss } = missing(own.bus);
    const sessions = instead(own.sessions, "get", (get, args) => {
      looks.add(args[0]);
      return get(...args);
    });
    const world = { name: "at once", backend: own, quiet: () => turns(3) };
    const asking = new Endpoint(t, {}, { backend: { ...own, sessions, bus } }, world);
    const other = new Endpoint(t, {}, {}, world);
    const { session, events, ask } = await elsewhere(asking, other);
    const given = await asking.handler.sessions.get(await asking.open({}, { ready: false }));
    const tooLate = given!.request("roots/list", {}, { queued: true, timeoutMs: 1_000 });
    const failed = assert.rejects(tooLate, { code: "timeout" });
    await asking.pass(1_000);
    await failed;
    const roots = ask();
    // Another node stores it, and its word is lost.
    await own.sessions.touch(session, { at: asking.clock.now(), ready: true });
    looks.clear();
    miss();
    assert.deepEqual([...looks], [session]);
    const { id } = await events.next();
    await other.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
    assert.deepEqual(await roots, { roots: [] });
    await events.cut();
  },
);

/** A session whose client is not ready, its standalone stream, and a question that waits for the client. */
async function waiting(t: Scope) {
  const own = memory();
  const { bus, miss } = missing(own.bus);
  const endpoint = new Endpoint(t, {}, { backend: { ...own, bus } });
  const session = await endpoint.open({}, { ready: false });
  const events = new Events(await endpoint.get({ session }));
  const handle = (await endpoint.handler.sessions.get(session))!;
  const roots = handle.request("roots/list");
  await turns(3);
  const answer = async (id: unknown): Promise<void> => {
    await endpoint.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
    assert.deepEqual(await roots, { roots: [] });
  };
  return { own, miss, endpoint, session, events, handle, answer };
}

test(
  "a node that may have missed words asks a client that became ready, also where it holds its session",
  { timeout: 30_000 },
  async (t) => {
    const { own, miss, endpoint, session, events, answer } = await waiting(t);
    // Another node stores it, and its word is lost.
    await own.sessions.touch(session, { at: endpoint.clock.now(), ready: true });
    miss();
    const { id } = await events.next();
    await answer(id);
  },
);

test(
  "where words may have been missed, a client is asked once, and not before it is ready",
  { timeout: 30_000 },
  async (t) => {
    const { miss, endpoint, session, events, handle, answer } = await waiting(t);
    miss();
    await turns(3);
    handle.notify("notifications/message", { n: 0 });
    assert.equal((await events.next()).method, "notifications/message");
    assert.equal((await endpoint.post(initialized, { session })).status, 202);
    const { id } = await events.next();
    miss();
    await turns(3);
    handle.notify("notifications/message", { n: 1 });
    assert.equal((await events.next()).method, "notifications/message");
    await answer(id);
  },
);
