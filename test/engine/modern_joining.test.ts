/** What clients of 2026-07-28 get of a node that has not heard the others yet, or cannot. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Backend, memory } from "../../core/engine/mod.ts";
import { Failing, type Failure } from "../doubles/failing.ts";
import { instead } from "../doubles/instead.ts";
import { missing } from "../doubles/missing.ts";
import { turns } from "../doubles/turns.ts";
import { Events, refusal } from "./endpoint.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";

const OFFER = { capabilities: { tools: { listChanged: true } } };
const LISTEN = { notifications: { toolsListChanged: true } };

const ROUTE = {
  name: "route",
  inputSchema: { properties: { region: { type: "string", "x-mcp-header": "Region" } } },
};

/** A backend on which listening takes a few turns, as on a connection of its own. */
function slowToListen(): Backend {
  const { bus, ...rest } = memory();
  const slow = instead(bus, "subscribe", async (subscribe, args) => {
    await turns(5);
    return subscribe(...args);
  });
  return { ...rest, bus: slow };
}

test("who is acknowledged hears what changes from then on, also on another node", async (t) => {
  const backend = slowToListen();
  const other = new ModernEndpoint(t, OFFER, { backend });
  const endpoint = new ModernEndpoint(t, OFFER, { backend });
  const events = new Events(await endpoint.post("subscriptions/listen", LISTEN));
  assert.equal((await events.next()).method, "notifications/subscriptions/acknowledged");
  other.handler.notify.toolsListChanged();
  await turns(10);
  await endpoint.handler.close();
  const methods = (await events.rest()).map((one) => one.method);
  assert.deepEqual(methods, ["notifications/tools/list_changed", undefined]);
});

test("who is told of as a stream is acknowledged before anything else", {
  timeout: 30_000,
}, async (t) => {
  const opened: unknown[] = [];
  const endpoint: ModernEndpoint = new ModernEndpoint(t, OFFER, {
    onEvent({ type }) {
      if (type !== "stream-opened") return;
      opened.push(type);
      if (opened.length < 3) endpoint.handler.notify.toolsListChanged();
    },
  });
  const events = new Events(await endpoint.post("subscriptions/listen", LISTEN));
  assert.equal((await events.next()).method, "notifications/subscriptions/acknowledged");
  endpoint.handler.notify.toolsListChanged();
  assert.equal((await events.next()).method, "notifications/tools/list_changed");
  await events.cut();
  assert.equal(opened.length, 1);
  assert.equal((await endpoint.handler.stats()).streams, 0);
});

test("a node hears of its own first change", async (t) => {
  const tools: object[] = [];
  const backend = slowToListen();
  const endpoint = new ModernEndpoint(t, { tools: () => tools as never }, { backend });
  tools.push(ROUTE);
  endpoint.handler.notify.toolsListChanged();
  await turns(10);
  assert.equal((await endpoint.call("route", { region: "eu" })).status, 400);
});

test("a node that begins to listen after its tools have changed looks at them again", async (t) => {
  const tools: object[] = [];
  const nodes = { leaseMs: 15_000, renew: () => false, alive: () => true, leave() {} };
  const backend = { ...memory(), nodes };
  const other = new ModernEndpoint(t, {}, { backend });
  const endpoint = new ModernEndpoint(t, { tools: () => tools as never }, { backend });
  tools.push(ROUTE);
  other.handler.notify.toolsListChanged();
  assert.equal((await endpoint.call("route", { region: "eu" })).status, 400);
});

test("a node that hands requests over hears what changes on others", async (t) => {
  const backend = memory();
  const changes: unknown[] = [];
  const other = new ModernEndpoint(t, {}, { backend });
  const endpoint = new ModernEndpoint(t, {
    modern: { fetch: () => Promise.resolve(Response.json({})) },
    changed: (change) => void changes.push(change),
  }, { backend });
  await endpoint.post("work");
  other.handler.notify.toolsListChanged();
  assert.deepEqual(changes, [{ changed: "tools" }]);
});

test("a node that may have missed a change looks at its tools again", async (t) => {
  const tools: object[] = [];
  const own = memory();
  const { bus, miss } = missing(own.bus);
  const backend = { ...own, bus };
  const endpoint = new ModernEndpoint(t, { tools: () => tools as never }, { backend });
  assert.equal((await endpoint.call("route", { region: "eu" })).status, 200);
  tools.push(ROUTE);
  miss();
  assert.equal((await endpoint.call("route", { region: "eu" })).status, 400);
});

for (const failure of ["throws", "rejects"] satisfies Failure[]) {
  test(`a node that cannot hear the others refuses subscriptions and nothing else, backend ${failure}`, async (t) => {
    const store = new Failing(memory(), failure);
    const limits = { subscriptionsPerPrincipal: 1 };
    const endpoint = new ModernEndpoint(t, OFFER, { backend: store.backend, limits });
    const failures = () => endpoint.events.filter(({ type }) => type === "backend-error").length;
    store.break("bus.subscribe");
    for (let i = 0; i < 2; i++) {
      const refused = await refusal(await endpoint.post("subscriptions/listen", LISTEN));
      assert.deepEqual([refused.status, refused.code, refused.retry], [503, -32000, true]);
    }
    assert.equal(failures(), 2);
    assert.equal((await endpoint.call("x")).status, 200);
    endpoint.handler.notify.toolsListChanged();
    await turns(3);
    assert.equal(failures(), 4);
    assert.deepEqual(await endpoint.handler.stats(), {
      sessions: 0,
      streams: 0,
      inFlight: 0,
      aborted: 0,
    });
    store.mend();
    const events = new Events(await endpoint.post("subscriptions/listen", LISTEN));
    await events.next();
    endpoint.handler.notify.toolsListChanged();
    assert.equal((await events.next()).method, "notifications/tools/list_changed");
    await events.cut();
  });
}
