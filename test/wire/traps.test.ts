/** The traps that bit others, each under its name in DESIGN.md; those of runtimes are in traps_runtimes.test.ts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Exchange, memory } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { ask, Line } from "./harness/http.ts";
import { initialize, join, merged, notification, posting, request } from "./harness/mcp.ts";
import { app, type Server, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

const turn = (): Promise<void> => new Promise((next) => setTimeout(next, 2));

async function inFlight(server: Server, count: number): Promise<void> {
  while ((await server.mcp.stats()).inFlight !== count) await turn();
}

test("{} as a map: Mcp-Session-Id __proto__ poisons it", async (t) => {
  const server = await up(t, app());
  const peer = await join(server);
  for (const id of ["__proto__", "constructor", "hasOwnProperty", "valueOf"]) {
    const fields = merged(peer.fields, [["Mcp-Session-Id", id]]);
    for (const message of [request(1, "x"), request("__proto__", "x"), notification("__proto__")]) {
      assert.equal((await ask(server.port, posting(message, fields))).status, 404);
    }
    assert.equal((await ask(server.port, { method: "DELETE", fields })).status, 404);
  }
  const polluted =
    `{"jsonrpc":"2.0","id":1,"method":"x","__proto__":{"polluted":1},"params":{"__proto__":{"polluted":1}}}`;
  assert.equal((await peer.post(polluted)).status, 200);
  assert.equal((Object.prototype as Record<string, unknown>).polluted, undefined);
  assert.equal((await ask(server.port, initialize())).status, 200);
});

describe("ids in flight", () => {
  test('a duplicate swaps two callers\' answers; 5 and "5" collide', async (t) => {
    const gates: (() => void)[] = [];
    const server = await up(
      t,
      app((one) => {
        const { who } = one.params as { who: string };
        return new Promise((done) => gates.push(() => done({ who })));
      }),
    );
    const peer = await join(server);
    const first = peer.call("work", { who: "first" }, { id: 5 });
    const second = peer.call("work", { who: "second" }, { id: "5" });
    await inFlight(server, 2);
    for (const id of [5, "5"]) {
      assert.equal((await peer.post(request(id, "work", { who: "third" }))).status, 400);
    }
    for (const open of gates.reverse()) open();
    assert.deepEqual(await (await first).json(), {
      jsonrpc: "2.0",
      id: 5,
      result: { who: "first" },
    });
    assert.deepEqual(await (await second).json(), {
      jsonrpc: "2.0",
      id: "5",
      result: { who: "second" },
    });
  });
});

test("one event store for several sessions replays one user's messages to another", async (t) => {
  const server = await up(
    t,
    app((one, exchange: Exchange) => {
      exchange.notify("notifications/message", { data: one.params?.secret });
      return {};
    }),
    { backend: memory() },
  );
  const [alice, bob] = [await join(server), await join(server)];
  const events = new Events(await alice.call("work", { secret: "alice's" }));
  await events.rest();
  const [stream, position] = events.lastId!.split("_");
  for (const id of [events.lastId!, `${stream}_0`, `${stream}_1`, `${stream}_${position}1`]) {
    assert.equal((await bob.get(id)).status, 400);
  }
});

test("substring Accept checks reject */* and pass application/jsonx", async (t) => {
  const peer = await join(await up(t, app()));
  const status = async (accept: string): Promise<number> =>
    (await peer.post(request(1, "x"), [["Accept", accept]])).status;
  for (const good of ["*/*", "application/*", "text/*;q=0.1"]) {
    assert.equal(await status(good), 200);
  }
  for (const bad of ["application/jsonx", "xapplication/json", "text/event-streaming"]) {
    assert.equal(await status(bad), 406);
  }
});

describe("JSON mode", () => {
  test("DELETE during a call leaves its POST hanging for ever", { timeout: 30_000 }, async (t) => {
    const server = await up(t, app(() => new Promise(() => {})), { response: "json" });
    const peer = await join(server);
    const waiting = peer.call("endless");
    await inFlight(server, 1);
    assert.equal((await peer.end()).status, 204);
    assert.equal((await waiting).status, 404);
  });

  test("a server-to-client request is dropped", { timeout: 30_000 }, async (t) => {
    const server = await up(
      t,
      app((_, exchange: Exchange) =>
        exchange.request("roots/list").catch(({ code }) => ({ code }))
      ),
      { response: "json" },
    );
    const { json } = await (await join(server)).post(request(1, "ask"));
    assert.deepEqual(json.result, { code: "no-stream" });
  });
});

test("a 409 for the second GET locks clients out behind a dead socket", async (t) => {
  const server = await up(t, app());
  const peer = await join(server);
  const dead = await peer.listen();
  dead.answer.line.pause();
  for (let i = 0; i < 5; i++) (await peer.listen()).answer.line.pause();
  const stream = await peer.listen();
  (await server.mcp.sessions.get(peer.id))!.notify("notifications/message", { data: "x" });
  assert.equal((await stream.next()).params.data, "x");
});

describe("time", () => {
  const IDLE_MS = 1_000;

  test("an idle timer from the last start kills calls longer than the timeout", async (t) => {
    const clock = new FakeClock();
    let finish = (): void => {};
    const server = await up(
      t,
      app(() => new Promise((done) => finish = () => done({ done: true }))),
      { clock, limits: { idleMs: IDLE_MS }, response: "json" },
    );
    const peer = await join(server);
    const waiting = peer.call("long");
    await inFlight(server, 1);
    await clock.passing(IDLE_MS * 20);
    finish();
    assert.deepEqual((await (await waiting).json()).result, { done: true });
    assert.equal((await peer.post(request(9, "ping"))).status, 200);
  });

  test("a cap without expiry locks a server for good", async (t) => {
    const server = await up(t, app(), { limits: { sessions: 3 } });
    for (let i = 0; i < 20; i++) {
      // None of these clients ever says goodbye.
      assert.equal((await (await join(server)).post(request(1, "x"))).status, 200);
    }
    assert.equal((await server.mcp.stats()).sessions, 3);
  });
});

describe("initialize", () => {
  test("that is refused keeps its slot", async (t) => {
    let refuse = true;
    const server = await up(
      t,
      app(undefined, {
        initialize: () =>
          refuse ? Promise.reject(new Error("no")) : Promise.resolve({
            protocolVersion: "2025-11-25",
            capabilities: {},
            serverInfo: { name: "a", version: "1" },
          }),
      }),
      { limits: { sessions: 1 }, onEvent: () => {} },
    );
    for (let i = 0; i < 10; i++) {
      assert.equal((await ask(server.port, initialize())).get("mcp-session-id"), undefined);
    }
    assert.equal((await server.mcp.stats()).sessions, 0);
    refuse = false;
    assert.equal((await (await join(server)).post(request(1, "ping"))).status, 200);
  });

  test("10 000 anonymous ones close the service", { timeout: 30_000 }, async (t) => {
    const server = await up(t, app(), { limits: { sessions: 50 } });
    const peer = await join(server);
    const line = await Line.dial(server.port);
    for (let i = 0; i < 10_000; i++) {
      line.send(initialize());
      const answer = await line.answer();
      if (answer.status !== 200) assert.fail(`initialize ${i}: ${answer.status}`);
      await answer.text();
    }
    line.cut();
    assert.equal((await peer.post(request(1, "x"))).status, 200);
    assert.equal((await (await join(server)).post(request(1, "x"))).status, 200);
  });
});

test("bad CORS: expose header only on the preflight; DELETE or Last-Event-ID not allowed", async (t) => {
  const server = await up(t, app(), { cors: true });
  const origin = ["Origin", "http://localhost:5173"] as const;
  const preflight = await ask(server.port, {
    method: "OPTIONS",
    fields: [origin, ["Access-Control-Request-Method", "DELETE"]],
  });
  assert.match(preflight.get("access-control-allow-methods")!, /\bDELETE\b/);
  assert.match(preflight.get("access-control-allow-headers")!, /\bLast-Event-ID\b/);
  const out = initialize();
  const opened = await ask(server.port, { ...out, fields: [...out.fields!, origin] });
  const refused = await ask(server.port, posting(request(1, "x"), [origin]));
  for (const got of [opened, refused]) {
    assert.match(got.get("access-control-expose-headers")!, /\bMcp-Session-Id\b/);
  }
});
