/** What becomes of a change that is told while the backend is away. */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { memory } from "../../core/engine/mod.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { Events } from "./endpoint.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";

const OFFER = {
  capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
};
const LISTEN = { notifications: { toolsListChanged: true, resourceSubscriptions: ["a:1", "a:2"] } };

/** A node whose bus takes changes when it is told to, and what its client is told. */
async function node(t: TestContext, outlives = true) {
  const own = memory();
  const state = { away: false, published: 0 };
  const bus = instead(own.bus, "publish", (publish, args) => {
    if (args[0] !== "changes") return publish(...args);
    if (state.away) return Promise.reject(new Error("the bus is away"));
    state.published++;
    return publish(...args);
  });
  const nodes = { leaseMs: 600_000, renew: () => true, alive: () => true, leave() {} };
  const endpoint = new ModernEndpoint(t, OFFER, {
    backend: outlives ? { ...own, bus, nodes } : { ...own, bus },
    keepAliveMs: 0,
  });
  const events = new Events(await endpoint.post("subscriptions/listen", LISTEN));
  assert.equal((await events.next()).method, "notifications/subscriptions/acknowledged");
  const failures = () => endpoint.events.filter(({ type }) => type === "backend-error").length;
  return { endpoint, events, state, failures };
}

type Told = { method?: string; params?: { uri?: string } };
const named = ({ method, params }: Told) => params?.uri ?? method;

async function all(events: Events, count: number): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let i = 0; i < count; i++) found.push(named(await events.next() as Told));
  return found;
}

test(
  "a change told while the bus is away comes once it is back, in order, however long that takes",
  {
    timeout: 30_000,
  },
  async (t) => {
    const { endpoint, events, state, failures } = await node(t);
    const { notify } = endpoint.handler;
    state.away = true;
    notify.toolsListChanged();
    notify.resourceUpdated("a:2");
    await turns();
    // What is told twice while it waits is one thing to know.
    notify.toolsListChanged();
    await turns();
    const before = failures();
    await endpoint.clock.passing(60_000);
    assert.ok(failures() > before && failures() < before + 100, `${failures()} failures`);
    assert.equal(state.published, 0);
    state.away = false;
    await endpoint.clock.passing(1_000);
    assert.equal(state.published, 2);
    assert.deepEqual(await all(events, 2), ["a:2", "notifications/tools/list_changed"]);
  },
);

test("it is told once more for nodes that come back later than this one, and then no more", {
  timeout: 30_000,
}, async (t) => {
  const { endpoint, events, state } = await node(t);
  state.away = true;
  endpoint.handler.notify.resourceUpdated("a:1");
  await turns();
  state.away = false;
  await endpoint.clock.passing(1_000);
  assert.equal(state.published, 1);
  await endpoint.clock.passing(60_000);
  assert.equal(state.published, 2);
  assert.deepEqual(await all(events, 2), ["a:1", "a:1"]);
  endpoint.handler.notify.resourceUpdated("a:2");
  await endpoint.clock.passing(60_000);
  assert.equal(state.published, 3);
});

test("of changes that wait, the oldest are forgotten", { timeout: 30_000 }, async (t) => {
  const { endpoint, state } = await node(t);
  state.away = true;
  for (let i = 0; i < 1_500; i++) endpoint.handler.notify.resourceUpdated(`b:${i}`);
  await turns();
  state.away = false;
  await endpoint.clock.passing(1_000);
  assert.equal(state.published, 1_000);
});

test("a handler that has closed tells nothing any more", { timeout: 30_000 }, async (t) => {
  const { endpoint, state } = await node(t);
  state.away = true;
  endpoint.handler.notify.toolsListChanged();
  await turns();
  await endpoint.handler.close({ within: 0 });
  state.away = false;
  await endpoint.clock.passing(60_000);
  assert.equal(state.published, 0);
  assert.equal(endpoint.clock.timers, 0);
});

test("where the backend goes with this node, a bus that fails is not asked again", {
  timeout: 30_000,
}, async (t) => {
  const { endpoint, state, failures } = await node(t, false);
  state.away = true;
  endpoint.handler.notify.toolsListChanged();
  await turns();
  assert.equal(failures(), 1);
  state.away = false;
  await endpoint.clock.passing(60_000);
  assert.equal(state.published, 0);
});
