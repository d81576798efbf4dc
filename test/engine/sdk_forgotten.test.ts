/** Server objects of sessions that are over without a word of it, and of those that are not stored yet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sealed } from "../../adapters/backends/sealed.ts";
import { type Backend, memory } from "../../core/engine/mod.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint } from "./endpoint.ts";
import { connected, endpoint } from "./sdk/endpoint.ts";
import { v1 } from "./sdk/servers.ts";
import type { Scope } from "./worlds.ts";

const SET_LEVEL = { jsonrpc: "2.0", id: 7, method: "logging/setLevel", params: { level: "info" } };

/** Lets time pass; what timers begin may wait for more than the clock knows of. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  await clock.passing(ms);
  await new Promise((turn) => setTimeout(turn, 5));
}

/** A view of a backend whose words to others are lost. */
function mute(backend: Backend): Backend {
  return { ...backend, bus: { ...backend.bus, publish: () => 0 } };
}

test("a session that ended on another node, which could not say so", async () => {
  const clock = new FakeClock();
  const backend = memory();
  const one = endpoint(v1, {}, { backend: mute(backend), clock });
  const two = endpoint(v1, {}, { backend, clock });
  const client = await connected(one.mcp);
  const other = await connected(one.mcp);
  for (const { sessionId } of [client, other]) {
    const served = await two.mcp.fetch(
      new Request("http://localhost/mcp", {
        method: "POST",
        headers: { "content-type": "application/json", "mcp-session-id": sessionId! },
        body: JSON.stringify(SET_LEVEL),
      }),
    );
    assert.equal(served.status, 200);
  }
  assert.equal(await client.end(), 204);
  assert.deepEqual(two.told, ["1 initialized", "2 initialized"]);
  await pass(clock, 30_000);
  while (two.told.length < 3) await turns();
  assert.deepEqual(two.told, ["1 initialized", "2 initialized", "1 closed"]);
  await pass(clock, 30_000);
  assert.deepEqual(two.told, ["1 initialized", "2 initialized", "1 closed"]);
  await Promise.all([one.mcp.close(), two.mcp.close()]);
});

test("a session that is kept nowhere and only expires", async () => {
  const clock = new FakeClock();
  const backend = sealed({ keys: [new Uint8Array(32)], clock });
  const { mcp, told } = endpoint(v1, {}, {
    backend,
    clock,
    limits: { maxAgeMs: 60_000 },
  });
  await connected(mcp);
  await pass(clock, 59_000);
  assert.deepEqual(told, ["1 initialized"]);
  await pass(clock, 31_000);
  while (told.length < 2) await turns();
  assert.deepEqual(told, ["1 initialized", "1 closed"]);
  await mcp.close();
});

test("a session whose client says nothing more after initialize, and that only expires", async () => {
  const clock = new FakeClock();
  const backend = sealed({ keys: [new Uint8Array(32)], clock });
  const { mcp, servers, told } = endpoint(v1, {}, {
    backend,
    clock,
    limits: { maxAgeMs: 60_000 },
  });
  await testClient({
    fetch: async (request) => {
      const said = await request.clone().text();
      return said.includes('"initialize"')
        ? mcp.fetch(request)
        : new Response(null, { status: 202 });
    },
  }).initialize();
  await pass(clock, 59_000);
  assert.equal(servers.length, 1);
  assert.deepEqual(told, []);
  await pass(clock, 31_000);
  while (told.length < 1) await turns();
  assert.deepEqual(told, ["1 closed"]);
  await mcp.close();
});

test("a session that a slow store has not accepted yet", async () => {
  const clock = new FakeClock();
  const backend = memory();
  const storing = Promise.withResolvers<void>();
  const accepted = Promise.withResolvers<void>();
  let slow = false;
  const sessions = instead(backend.sessions, "create", async (create, args) => {
    if (slow) storing.resolve();
    if (slow) await accepted.promise;
    return create(...args);
  });
  const { mcp, told } = endpoint(v1, {}, { backend: { ...backend, sessions }, clock });
  await connected(mcp);
  slow = true;
  const opening = connected(mcp);
  await storing.promise;
  for (let i = 0; i < 2; i++) await pass(clock, 30_000);
  accepted.resolve();
  assert.equal((await (await opening).send("POST", SET_LEVEL)).status, 200);
  assert.deepEqual(told, ["1 initialized", "2 initialized"]);
  await mcp.close();
});

test("of more sessions than are looked up at once, the others are with the next sweep", async (t) => {
  const kept = new Set(Array.from({ length: 1_500 }, (_, n) => `gone-${n}`));
  const one = new Endpoint(t as unknown as Scope, {
    holds: () => [...kept],
    ended: (id) => void kept.delete(id),
  });
  await one.delete({ session: await one.open() });
  await one.pass(30_000);
  assert.equal(kept.size, 500);
  await one.pass(30_000);
  assert.equal(kept.size, 0);
  assert.equal(one.clock.timers, 0);
});
