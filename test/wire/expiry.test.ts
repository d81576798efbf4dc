/** WIRE.md, section 2: idle time, absolute lifetime, and what holds a session. The clock is the test's. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HandlerEvent, McpOptions } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { ask } from "./harness/http.ts";
import { initialize, join, NEWEST, notification, type Peer, request } from "./harness/mcp.ts";
import { app, type Scope, type Server, up } from "./harness/runtime.ts";

const IDLE_MS = 60_000;

interface World {
  readonly clock: FakeClock;
  readonly server: Server;
  readonly events: HandlerEvent[];
  /** Lets the call `hold` finish. */
  release(): void;
}

async function world(scope: Scope, limits: McpOptions["limits"] = {}): Promise<World> {
  const clock = new FakeClock();
  const events: HandlerEvent[] = [];
  let release = (): void => {};
  const gate = new Promise<void>((open) => release = open);
  const application = app((one) => one.method === "hold" ? gate.then(() => ({ held: true })) : {});
  const server = await up(scope, application, {
    clock,
    limits: { idleMs: IDLE_MS, ...limits },
    onEvent: (event) => void events.push(event),
  });
  return { clock, server, events, release };
}

const status = async (peer: Peer): Promise<number> =>
  (await peer.post(request("probe", "x"))).status;

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((next) => setTimeout(next, 2));
}

describe("idle time", () => {
  test("ends a session to the millisecond, with no timer involved", async (t) => {
    const { clock, server } = await world(t);
    const peer = await join(server);
    clock.jump(IDLE_MS - 1);
    assert.equal(await status(peer), 200);
    clock.jump(IDLE_MS);
    assert.equal(await status(peer), 404);
    assert.equal((await peer.end()).status, 404);
  });

  test("counts from the last exchange, whatever its kind", async (t) => {
    const { clock, server } = await world(t);
    const peer = await join(server);
    const kinds = [
      () => peer.post(request(1, "x")),
      () => peer.post(notification("x")),
      () => peer.post({ jsonrpc: "2.0", id: "nobody-asked", result: {} }),
      () => peer.post(request(1, "ping")),
    ];
    for (const send of kinds) {
      clock.jump(IDLE_MS - 1);
      assert.ok((await send()).status < 300);
    }
    clock.jump(IDLE_MS - 1);
    assert.equal(await status(peer), 200);
  });

  test("counts from the end of a call, which holds its session", async (t) => {
    const { clock, server, release } = await world(t);
    const peer = await join(server);
    const held = peer.call("hold");
    await until(async () => (await server.mcp.stats()).inFlight === 1);
    clock.jump(IDLE_MS * 10);
    assert.equal(await status(peer), 200);
    clock.jump(IDLE_MS * 10);
    release();
    const answer = await held;
    assert.deepEqual((await answer.json()).result, { held: true });
    answer.line.cut();
    clock.jump(IDLE_MS - 1);
    assert.equal(await status(peer), 200);
    clock.jump(IDLE_MS);
    assert.equal(await status(peer), 404);
  });

  test("counts from the end of initialize, however long that takes", async (t) => {
    const clock = new FakeClock();
    const result = {
      protocolVersion: NEWEST,
      capabilities: {},
      serverInfo: { name: "a", version: "1" },
    };
    const slow = app(undefined, {
      initialize: () => {
        clock.jump(IDLE_MS * 2);
        return Promise.resolve(result);
      },
    });
    const server = await up(t, slow, { clock, limits: { idleMs: IDLE_MS } });
    const peer = await join(server, { ready: false });
    clock.jump(IDLE_MS - 1);
    assert.equal(await status(peer), 200);
  });

  test("counts from the end of an open stream, which holds its session", async (t) => {
    const { clock, server } = await world(t);
    const peer = await join(server);
    const stream = await peer.listen();
    clock.jump(IDLE_MS * 10);
    assert.equal(await status(peer), 200);
    clock.jump(IDLE_MS * 10);
    stream.cut();
    await until(async () => (await server.mcp.stats()).streams === 0);
    clock.jump(IDLE_MS - 1);
    assert.equal(await status(peer), 200);
    clock.jump(IDLE_MS);
    assert.equal(await status(peer), 404);
  });

  test("is not counted up by refused requests of others", async (t) => {
    const { clock, server } = await world(t);
    const peer = await join(server);
    clock.jump(IDLE_MS - 1);
    const other = await ask(server.port, { method: "DELETE", fields: [["Mcp-Session-Id", "x"]] });
    assert.equal(other.status, 404);
    clock.jump(1);
    assert.equal(await status(peer), 404);
  });

  test("frees what nobody looks up", async (t) => {
    const { clock, server, events } = await world(t);
    const ids = new Set<string>();
    for (let i = 0; i < 20; i++) ids.add((await join(server)).id);
    await clock.passing(IDLE_MS * 2);
    await until(async () => (await server.mcp.stats()).sessions === 0);
    const ended = events.filter((event) => event.type === "session-ended");
    assert.deepEqual(new Set(ended.map(({ session }) => session)), ids);
    assert.ok(ended.every(({ reason }) => reason === "idle"));
  });

  test("goes by a look-up: the event says why", async (t) => {
    const { clock, server, events } = await world(t);
    const peer = await join(server);
    clock.jump(IDLE_MS);
    assert.equal(await status(peer), 404);
    await until(() => events.some((event) => event.type === "session-ended"));
    assert.deepEqual(
      events.find((event) => event.type === "session-ended"),
      { type: "session-ended", session: peer.id, reason: "idle" },
    );
    assert.equal((await server.mcp.stats()).sessions, 0);
  });
});

describe("absolute lifetime", () => {
  const AGE_MS = 3 * IDLE_MS;

  test("ends a session that is used all the time", async (t) => {
    const { clock, server, events } = await world(t, { maxAgeMs: AGE_MS });
    const peer = await join(server);
    for (let i = 1; i < 6; i++) {
      clock.jump(AGE_MS / 6);
      assert.equal(await status(peer), 200);
    }
    clock.jump(AGE_MS / 6);
    assert.equal(await status(peer), 404);
    await until(() =>
      events.some((event) => event.type === "session-ended" && event.reason === "age")
    );
  });

  test("ends one that a call and a stream hold: both are settled", async (t) => {
    const { clock, server } = await world(t, { maxAgeMs: AGE_MS });
    const peer = await join(server);
    const stream = await peer.listen();
    const held = peer.call("hold", {}, { id: 9, fields: [["Accept", "application/json"]] });
    await until(async () => (await server.mcp.stats()).inFlight === 1);
    await clock.passing(AGE_MS);
    const answer = await held;
    assert.equal(answer.status, 404);
    assert.equal((await answer.json()).id, 9);
    answer.line.cut();
    assert.deepEqual(await stream.rest(), []);
    assert.ok(stream.answer.complete);
    assert.equal((await server.mcp.stats()).sessions, 0);
  });
});

test("a session that expired can be replaced by a new one at once", async (t) => {
  const { clock, server } = await world(t, { sessions: 1 });
  await join(server);
  clock.jump(IDLE_MS);
  assert.equal((await ask(server.port, initialize())).status, 200);
});
