/** WIRE.md, section 2: what gives way when the house is full. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HandlerEvent, Limits } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { ask, type Fields, Line } from "./harness/http.ts";
import { initialize, join, merged, notification, type Peer, request } from "./harness/mcp.ts";
import { refused } from "./harness/refusal.ts";
import { app, type Scope, type Server, up } from "./harness/runtime.ts";

interface House {
  readonly server: Server;
  readonly clock: FakeClock;
  readonly evicted: string[];
}

/** Who calls is what `Authorization` says. The call `hold` never ends. */
async function house(scope: Scope, limits: Limits): Promise<House> {
  const clock = new FakeClock();
  const evicted: string[] = [];
  const onEvent = (event: HandlerEvent): void => {
    if (event.type === "session-ended" && event.reason === "evicted") evicted.push(event.session);
  };
  const server = await up(
    scope,
    app((one) => one.method === "hold" ? new Promise(() => {}) : {}),
    {
      limits,
      clock,
      onEvent,
      authenticate: ({ headers }) => headers.get("authorization") ?? undefined,
    },
  );
  return { server, clock, evicted };
}

const as = (name: string): { fields: Fields } => ({ fields: [["Authorization", name]] });

const lives = async (peer: Peer): Promise<boolean> =>
  (await peer.post(request("probe", "x"))).status === 200;

/** Keeps a session busy with a stream, or with a call. */
async function occupy(server: Server, peer: Peer, by: "stream" | "call"): Promise<void> {
  if (by === "stream") {
    await peer.listen();
    return;
  }
  const before = (await server.mcp.stats()).inFlight;
  peer.call("hold").catch(() => "its connection ends with the server");
  while ((await server.mcp.stats()).inFlight === before) await peer.post(notification("x"));
}

describe("at capacity", () => {
  test("the least recently used idle session gives way", async (t) => {
    const { server, clock, evicted } = await house(t, { sessions: 3 });
    const peers: Peer[] = [];
    for (let i = 0; i < 3; i++) {
      peers.push(await join(server));
      clock.jump(1);
    }
    assert.ok(await lives(peers[0]!));
    await join(server);
    assert.deepEqual(evicted, [peers[1]!.id]);
    assert.equal((await peers[1]!.post(request(1, "x"))).status, 404);
    assert.ok(await lives(peers[0]!));
    assert.ok(await lives(peers[2]!));
    assert.equal((await server.mcp.stats()).sessions, 3);
  });

  test("one that was never initialized gives way before all that were", async (t) => {
    const { server, clock, evicted } = await house(t, { sessions: 3 });
    await join(server);
    clock.jump(1);
    const half = await join(server, { ready: false });
    clock.jump(1);
    await join(server);
    assert.ok(await lives(half));
    await join(server);
    assert.deepEqual(evicted, [half.id]);
  });

  for (const by of ["stream", "call"] as const) {
    test(`one that a ${by} holds does not give way, however old it is`, async (t) => {
      const { server, clock, evicted } = await house(t, { sessions: 2 });
      const busy = await join(server, { ready: false });
      await occupy(server, busy, by);
      clock.jump(1_000);
      const idle = await join(server);
      await join(server);
      assert.deepEqual(evicted, [idle.id]);
      assert.ok(await lives(busy));
    });

    test(`503 once a ${by} holds every session, and nothing changes`, async (t) => {
      const { server, evicted } = await house(t, { sessions: 2 });
      const peers = [await join(server), await join(server)];
      for (const peer of peers) await occupy(server, peer, by);
      const before = await server.mcp.stats();
      for (let i = 0; i < 5; i++) {
        const got = await ask(server.port, initialize());
        refused(got, { status: 503, code: -32000, says: "limit is 2", id: 0 });
      }
      assert.deepEqual(await server.mcp.stats(), before);
      assert.deepEqual(evicted, []);
      for (const peer of peers) assert.ok(await lives(peer));
    });
  }

  test("it opens again as soon as one is free", async (t) => {
    const { server } = await house(t, { sessions: 1 });
    const peer = await join(server);
    const stream = await peer.listen();
    assert.equal((await ask(server.port, initialize())).status, 503);
    stream.cut();
    while ((await ask(server.port, initialize())).status !== 200) {
      await new Promise((next) => setTimeout(next, 5));
    }
  });

  test("one whose time is over gives way before one that has just begun", async (t) => {
    const { server, clock, evicted } = await house(t, { sessions: 2, idleMs: 60_000 });
    const over = await join(server);
    clock.jump(60_000);
    const half = await join(server, { ready: false });
    await join(server);
    assert.deepEqual(evicted, []);
    assert.ok(await lives(half));
    assert.ok(!(await lives(over)));
  });
});

test("1 000 anonymous initializes close nothing and end nobody who is there", async (t) => {
  const { server } = await house(t, { sessions: 100 });
  const idle = await join(server);
  const busy = await join(server);
  await occupy(server, busy, "stream");
  const line = await Line.dial(server.port);
  for (let i = 0; i < 1_000; i++) {
    line.send(initialize());
    const answer = await line.answer();
    if (answer.status !== 200) assert.equal(answer.status, 200, `initialize ${i}`);
    await answer.text();
  }
  line.cut();
  assert.equal((await server.mcp.stats()).sessions, 100);
  assert.ok(await lives(idle));
  assert.ok(await lives(busy));
  assert.ok(await lives(await join(server)));
});

test("refused initializes leave nothing, however many", async (t) => {
  const { server } = await house(t, { sessions: 2 });
  const peer = await join(server);
  const line = await Line.dial(server.port);
  const bad = [
    { ...initialize(), body: "{}" },
    { ...initialize(), fields: merged(initialize().fields!, [["Accept", "text/html"]]) },
    { ...initialize(), fields: merged(initialize().fields!, [["Mcp-Session-Id", "nobody"]]) },
  ];
  for (let i = 0; i < 300; i++) {
    line.send(bad[i % bad.length]!);
    const answer = await line.answer();
    assert.ok(answer.status >= 400);
    await answer.text();
  }
  line.cut();
  assert.deepEqual(await server.mcp.stats(), { sessions: 1, streams: 0, inFlight: 0, aborted: 0 });
  assert.ok(await lives(peer));
});

describe("a principal at its quota", () => {
  test("loses its own least recently used session, nobody else's", async (t) => {
    const { server, clock, evicted } = await house(t, { sessionsPerPrincipal: 2 });
    const bob = await join(server, as("bob"));
    const first = await join(server, as("alice"));
    clock.jump(1);
    const second = await join(server, as("alice"));
    clock.jump(1);
    assert.ok(await lives(first));
    await join(server, as("alice"));
    assert.deepEqual(evicted, [second.id]);
    assert.ok(await lives(bob));
    assert.ok(await lives(first));
  });

  test("loses one that was never initialized first", async (t) => {
    const { server, clock, evicted } = await house(t, { sessionsPerPrincipal: 2 });
    await join(server, as("alice"));
    clock.jump(1);
    const half = await join(server, { ...as("alice"), ready: false });
    await join(server, as("alice"));
    assert.deepEqual(evicted, [half.id]);
  });

  test("gets 503 once all of its own are busy; others are served", async (t) => {
    const { server, evicted } = await house(t, { sessionsPerPrincipal: 1 });
    await occupy(server, await join(server, as("alice")), "call");
    const out = initialize();
    const got = await ask(server.port, { ...out, fields: merged(out.fields!, as("alice").fields) });
    refused(got, { status: 503, code: -32000, says: "principal", id: 0 });
    assert.ok(await lives(await join(server, as("bob"))));
    assert.ok(await lives(await join(server)));
    assert.deepEqual(evicted, []);
  });

  test("is everyone who is anonymous together", async (t) => {
    const { server, evicted } = await house(t, { sessionsPerPrincipal: 1 });
    const first = await join(server);
    await join(server);
    assert.deepEqual(evicted, [first.id]);
  });
});
