/** What becomes of a word about a session that is told while the bus does not take it. */
import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { type Application, createMcpHandler, memory } from "../../core/engine/mod.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";

/** Two nodes whose bus takes words when it is told to, and a client whose requests go where it is told. */
function cluster(t: TestContext) {
  const own = memory();
  const clock = new FakeClock();
  const state = { away: false, at: 0, aborted: 0, asked: 0 };
  const bus = instead(own.bus, "publish", (publish, args) => {
    if (state.away && args[0] === "control") throw new Error("the bus is away");
    return publish(...args);
  });
  const nodes = { leaseMs: 600_000, renew: () => true, alive: () => true, leave() {} };
  const application: Application = {
    serverInfo: { name: "server", version: "1" },
    async request({ method }, exchange) {
      if (method === "ask") return { answer: await exchange.roots() };
      await new Promise((resolve) => exchange.signal.addEventListener("abort", resolve));
      state.aborted++;
      return {};
    },
  };
  const handlers = [0, 1].map(() =>
    createMcpHandler(application, {
      backend: { ...own, bus, nodes },
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
  return { client, clock, state };
}

describe("where the bus was away, another node learns once it is back", () => {
  test("that the session has ended", { timeout: 30_000 }, async (t) => {
    const { client, clock, state } = cluster(t);
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
    const { client, clock, state } = cluster(t);
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
    const { client, clock, state } = cluster(t);
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
