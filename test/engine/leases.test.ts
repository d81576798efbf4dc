/** Nodes whose leases run out though they live, for the backend was away or is slow. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { testClient } from "../../adapters/testing/mod.ts";
import { type Backend, createMcpHandler, memory, type Nodes } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { turns } from "../doubles/turns.ts";

/** Leases in memory, which can be away. */
class Leases implements Nodes {
  readonly leaseMs = 9_000;
  readonly renewed: string[] = [];
  away = false;
  readonly #till = new Map<string, number>();

  renew(node: string, now: number): boolean {
    if (this.away) throw new Error("the backend is away");
    this.renewed.push(node);
    const known = (this.#till.get(node) ?? 0) > now;
    this.#till.set(node, now + this.leaseMs);
    return known;
  }

  alive(node: string, now: number): boolean | Promise<boolean> {
    return (this.#till.get(node) ?? 0) > now;
  }

  leave(node: string): void {
    this.#till.delete(node);
  }
}

/** Two nodes, and a client of both that has a call in flight on the first; what the call waits for is `go`. */
async function started(
  t: { after(fn: () => unknown): void },
  nodes: Leases,
  clock: FakeClock,
) {
  const backend: Backend = { ...memory(), nodes };
  let go!: () => void;
  const gate = new Promise<void>((resolve) => go = resolve);
  const handlers = [0, 1].map(() =>
    createMcpHandler({
      serverInfo: { name: "server", version: "1" },
      async request({ method }, exchange) {
        if (method !== "wait") return {};
        exchange.notify("waiting");
        await gate;
        return { done: true };
      },
    }, { backend, clock, keepAliveMs: 0, onEvent() {} })
  );
  t.after(async () => {
    go();
    await Promise.all(handlers.map((handler) => handler.close({ within: 0 })));
  });
  let at = 1;
  const client = testClient({ fetch: (request) => handlers[at]!.fetch(request) });
  // The second node renews its lease before the first does.
  await client.initialize();
  clock.pass(1_000);
  at = 0;
  const call = client.begin("wait");
  await call.response;
  while (call.lastEventId === undefined) await turns();
  call.result.catch(() => {});
  call.disconnect();
  at = 1;
  return { call, go };
}

for (const when of ["before", "after"]) {
  test(`a call lives on where all leases ran out, and is come back to ${when} that`, {
    timeout: 10_000,
  }, async (t) => {
    const [nodes, clock] = [new Leases(), new FakeClock()];
    const { call, go } = await started(t, nodes, clock);
    let resumed = when === "before" ? call.resume() : undefined;
    await resumed?.response;
    nodes.away = true;
    await clock.passing(10_000);
    nodes.away = false;
    resumed ??= call.resume();
    assert.equal((await resumed.response).status, 200);
    await clock.passing(12_000);
    go();
    assert.deepEqual(await resumed.result, { done: true });
  });
}

test("a call whose node is gone is answered also where that showed after all leases ran out", {
  timeout: 10_000,
}, async (t) => {
  const [nodes, clock] = [new Leases(), new FakeClock()];
  const { call } = await started(t, nodes, clock);
  const writer = call.lastEventId!.slice(0, 12);
  const resumed = call.resume();
  await resumed.response;
  nodes.away = true;
  await clock.passing(10_000);
  nodes.away = false;
  nodes.renew = (node, now) => node === writer || Leases.prototype.renew.call(nodes, node, now);
  await clock.passing(12_000);
  await assert.rejects(resumed.result, /is gone/);
});

test("the stream of a session, which no call writes, goes on through renewals", async (t) => {
  const [nodes, clock] = [new Leases(), new FakeClock()];
  const backend: Backend = { ...memory(), nodes };
  const application = { serverInfo: { name: "server", version: "1" }, request: () => ({}) };
  const handler = createMcpHandler(application, { backend, clock, keepAliveMs: 0 });
  t.after(() => handler.close({ within: 0 }));
  const client = testClient(handler);
  await client.initialize();
  const listening = await client.listen();
  await clock.passing(60_000);
  assert.ok(nodes.renewed.length > 3);
  handler.notify.toolsListChanged();
  const told: unknown[] = [];
  for await (const { message } of listening) {
    if (message !== undefined && told.push(message.method)) break;
  }
  assert.deepEqual(told, ["notifications/tools/list_changed"]);
});

test("a lease is renewed while it takes its time to look after what others left", async (t) => {
  const [nodes, clock] = [new Leases(), new FakeClock()];
  const { call } = await started(t, nodes, clock);
  await call.resume().response;
  nodes.alive = () => new Promise<boolean>(() => {});
  nodes.renewed.length = 0;
  nodes.renew = (node) => nodes.renewed.push(node) > 0;
  await clock.passing(9_000);
  const counts = Map.groupBy(nodes.renewed, (node) => node);
  assert.deepEqual([...counts.values()].map(({ length }) => length), [3, 3]);
});
