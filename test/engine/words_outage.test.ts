/** What becomes of a word that is told while the bus does not take it, or while a node does not hear it. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import {
  type Application,
  createMcpHandler,
  memory,
  type Receiver,
} from "../../core/engine/mod.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { instead } from "../doubles/instead.ts";
import { missing } from "../doubles/missing.ts";
import { turns } from "../doubles/turns.ts";

/**
 * Two nodes whose bus takes words when it is told to, the first of which can be deaf, and a client whose requests go
 * where it is told.
 */
function cluster(t: TestContext, leases: boolean) {
  const own = memory();
  const clock = new FakeClock();
  const away = false as boolean | Promise<never>;
  const state = { away, deaf: false, at: 0, aborted: 0, asked: 0, changes: 0 };
  const bus = instead(own.bus, "publish", (publish, args) => {
    if (args[0] !== "control" || state.away === false) return publish(...args);
    if (state.away === true) throw new Error("the bus is away");
    return state.away;
  });
  const deaf = instead(bus, "subscribe", (subscribe, [topic, receiver]) => {
    if ((topic as string).startsWith("stream/")) return subscribe(topic, receiver);
    const { receive } = receiver as Receiver;
    return subscribe(topic, { receive: (text: string) => state.deaf || receive(text) });
  });
  const { bus: first, miss } = missing(deaf);
  const second = missing(bus).bus;
  const nodes = leases && { leaseMs: 600_000, renew: () => true, alive: () => true, leave() {} };
  const application: Application = {
    serverInfo: { name: "server", version: "1" },
    async request({ method }, exchange) {
      if (method === "ask") return { answer: await exchange.roots() };
      await new Promise((resolve) => exchange.signal.addEventListener("abort", resolve));
      state.aborted++;
      return {};
    },
  };
  const handlers = [first, second].map((bus, i) =>
    createMcpHandler({ ...application, changed: () => void (i === 0 && state.changes++) }, {
      backend: { ...own, bus, ...(nodes && { nodes }) },
      clock,
      keepAliveMs: 0,
      onEvent() {},
    })
  );
  t.after(() => Promise.all(handlers.map((one) => one.close({ within: 0 }))));
  const client = testClient({ fetch: (request) => handlers[state.at]!.fetch(request) }, {
    capabilities: { roots: {} },
    request() {
      state.asked++;
      return { roots: [] };
    },
  });
  return { client, clock, state, handlers, miss };
}

// Sealed sessions have none, and their nodes may talk to each other all the same.
for (const leases of [true, false]) {
  const how = leases ? "with leases" : "without leases";
  describe(`where the bus was away, another node learns once it is back, ${how}`, () => {
    test("that the session has ended", { timeout: 30_000 }, async (t) => {
      const { client, clock, state } = cluster(t, leases);
      await client.initialize();
      client.begin("wait");
      const events = (await client.listen())[Symbol.asyncIterator]();
      await turns();
      [state.at, state.away] = [1, true];
      assert.equal(await client.end(), 204);
      await turns();
      assert.equal(state.aborted, 0);
      state.away = false;
      await clock.passing(1_000);
      assert.equal(state.aborted, 1);
      while (!(await events.next()).done) { /* what it had to say before */ }
    });

    test("that a call was cancelled", { timeout: 30_000 }, async (t) => {
      const { client, clock, state } = cluster(t, leases);
      await client.initialize();
      const call = client.begin("wait");
      await turns();
      [state.at, state.away] = [1, true];
      await call.cancel();
      await turns();
      assert.equal(state.aborted, 0);
      state.away = false;
      await clock.passing(1_000);
      assert.equal(state.aborted, 1);
    });

    test("that the client is ready", { timeout: 30_000 }, async (t) => {
      const { client, clock, state } = cluster(t, leases);
      const capabilities = { roots: {} };
      const opening = client.begin("initialize", {
        protocolVersion: "2025-06-18",
        capabilities,
        clientInfo: { name: "test", version: "1" },
      });
      await opening.result;
      client.sessionId = (await opening.response).headers.get("mcp-session-id")!;
      const call = client.begin("ask");
      await turns();
      [state.at, state.away] = [1, true];
      await client.notify("notifications/initialized");
      await turns();
      assert.equal(state.asked, 0);
      state.away = false;
      await clock.passing(1_000);
      assert.deepEqual(await call.result, { answer: { roots: [] } });
    });
  });

  test(`what was told again leaves no timer behind, ${how}`, { timeout: 30_000 }, async (t) => {
    const { client, clock, state } = cluster(t, leases);
    await client.initialize();
    [state.at, state.away] = [1, true];
    await client.call("ping");
    const before = clock.timers;
    await client.notify("notifications/cancelled", { requestId: "on another node" });
    await turns();
    assert.equal(clock.timers, before + 1);
    state.away = false;
    await clock.passing(60_000);
    assert.equal(clock.timers, before);
  });

  test(`what could not be told is given up with its handler, ${how}`, {
    timeout: 30_000,
  }, async (t) => {
    const { client, clock, state, handlers } = cluster(t, leases);
    await client.initialize();
    state.away = true;
    await client.notify("notifications/cancelled", { requestId: "on another node" });
    const { promise, reject } = Promise.withResolvers<never>();
    state.away = promise;
    // It is being told again.
    await clock.passing(1_000);
    await Promise.all(handlers.map((one) => one.close({ within: 0 })));
    reject(new Error("the bus is away"));
    await turns(3);
    assert.equal(clock.timers, 0);
  });

  describe(`a node that was deaf, ${how}`, () => {
    test("learns which calls were cancelled meanwhile", { timeout: 30_000 }, async (t) => {
      const { client, clock, state, miss } = cluster(t, leases);
      await client.initialize();
      const call = client.begin("wait");
      await turns();
      [state.at, state.deaf] = [1, true];
      await call.cancel();
      await clock.passing(5_000);
      assert.equal(state.aborted, 0);
      state.deaf = false;
      miss();
      await clock.passing(1_000);
      assert.equal(state.aborted, 1);
    });

    test("gets the answers that came meanwhile", { timeout: 30_000 }, async (t) => {
      const { client, clock, state, miss } = cluster(t, leases);
      await client.initialize();
      const call = client.begin("ask");
      [state.at, state.deaf] = [1, true];
      while (state.asked === 0) await turns();
      await clock.passing(5_000);
      state.deaf = false;
      miss();
      await clock.passing(1_000);
      assert.deepEqual(await call.result, { answer: { roots: [] } });
    });

    test("learns what changed meanwhile, once, unless that was long ago", {
      timeout: 30_000,
    }, async (t) => {
      const { client, clock, state, miss, handlers } = cluster(t, leases);
      await client.initialize();
      state.at = 1;
      await client.call("ping");
      state.deaf = true;
      handlers[1]!.notify.toolsListChanged();
      await clock.passing(20_000);
      handlers[1]!.notify.promptsListChanged();
      await clock.passing(5_000);
      state.deaf = false;
      assert.equal(state.changes, 0);
      miss();
      miss();
      await clock.passing(60_000);
      assert.equal(state.changes, 1);
    });
  });
}
