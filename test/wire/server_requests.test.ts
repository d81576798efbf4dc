/** WIRE.md, section 3: what the server asks the client, and who may answer. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ClientRequestError, type Exchange, type McpOptions } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { type Answer, ask, open, type Whole } from "./harness/http.ts";
import { initialize, join, notification, posting, request } from "./harness/mcp.ts";
import { app, type Scope, type Server, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

/** What the application got for its questions, in order: a result, or the code of a failure. */
interface World {
  readonly server: Server;
  readonly got: unknown[];
  /** Resolves once there are so many. */
  until(count: number): Promise<void>;
}

/** An application whose `ask` asks the client what `params.method` names. */
async function world(scope: Scope, options: McpOptions = {}): Promise<World> {
  const got: unknown[] = [];
  const note = (value: unknown): unknown => got.push(value);
  const asking = async (method: string, exchange: Exchange, params: object, timeoutMs?: number) => {
    const options = timeoutMs === undefined ? {} : { timeoutMs };
    await exchange.request(method, { ...params }, options).then(
      note,
      (error) => note(error instanceof ClientRequestError ? error.code : error),
    );
    return {};
  };
  const application = app((one, exchange) => {
    const { method = "roots/list", timeoutMs } = (one.params ?? {}) as Record<string, never>;
    return one.method === "ask" ? asking(method, exchange, { of: one.id }, timeoutMs) : {};
  }, {
    notification: async (one, exchange) => {
      if (one.method === "notifications/ask") await asking("roots/list", exchange, {});
    },
  });
  const server = await up(scope, application, options);
  const until = async (count: number): Promise<void> => {
    while (got.length < count) await new Promise((next) => setTimeout(next, 2));
  };
  return { server, got, until };
}

const answer = (id: unknown, result: object) => ({ jsonrpc: "2.0", id, result });

/** A POST of somebody without a session. */
const stateless = (server: Server, message: object, who: string): Promise<Whole> =>
  ask(server.port, posting(message, [["Authorization", who]]));

const statelessCall = (server: Server, who: string): Promise<Answer> =>
  open(server.port, posting(request(1, "ask"), [["Authorization", who]]));

describe("a request to the client", () => {
  test("goes on the call's own stream, and its answer comes back", async (t) => {
    const { server, got } = await world(t);
    const peer = await join(server);
    const standalone = await peer.listen();
    const events = new Events(await peer.call("ask", {}, { id: 1 }));
    const asked = await events.next();
    assert.deepEqual([asked.method, asked.params], ["roots/list", { of: 1 }]);
    assert.equal((await peer.post(answer(asked.id, { roots: [] }))).status, 202);
    assert.deepEqual((await events.next()).result, {});
    assert.deepEqual(got, [{ roots: [] }]);
    standalone.cut();
  });

  test("is answered while others wait: each gets its own answer", async (t) => {
    const { server, got, until } = await world(t);
    const peer = await join(server);
    const ids = ["a", "b", "c", "d"];
    const all = await Promise.all(ids.map((id) => peer.call("ask", {}, { id })));
    const asked = await Promise.all(all.map((one) => new Events(one).next()));
    assert.equal(new Set(asked.map((one) => one.id)).size, 4);
    for (const one of [...asked].reverse()) {
      await peer.post(answer(one.id, { for: one.params.of }));
    }
    await until(4);
    assert.deepEqual(got.map((one) => (one as { for: string }).for), [...ids].reverse());
    for (const one of all) one.line.cut();
  });

  test("that the client refuses fails typed", async (t) => {
    const { server, got, until } = await world(t);
    const peer = await join(server);
    const events = new Events(await peer.call("ask"));
    const { id } = await events.next();
    await peer.post({ jsonrpc: "2.0", id, error: { code: -1, message: "User rejected" } });
    await until(1);
    assert.deepEqual(got, ["refused"]);
  });

  test("that is not answered in time fails typed, and the client is told", async (t) => {
    const clock = new FakeClock();
    const { server, got, until } = await world(t, {
      clock,
      limits: { idleMs: 1e9, maxAgeMs: 1e9 },
    });
    const peer = await join(server);
    const events = new Events(await peer.call("ask", { timeoutMs: 5_000 }));
    const { id } = await events.next();
    await clock.passing(5_000);
    await until(1);
    assert.deepEqual(got, ["timeout"]);
    const told = await events.next();
    assert.deepEqual([told.method, told.params.requestId], ["notifications/cancelled", id]);
    assert.equal((await peer.post(answer(id, { late: true }))).status, 202);
    assert.deepEqual(got, ["timeout"]);
  });

  test("that no time is given for fails after a minute", async (t) => {
    const clock = new FakeClock();
    const { server, got, until } = await world(t, { clock });
    const events = new Events(await (await join(server)).call("ask"));
    await events.next();
    await clock.passing(59_999);
    assert.deepEqual(got, []);
    await clock.passing(1);
    await until(1);
    assert.deepEqual(got, ["timeout"]);
    events.cut();
  });

  test("whose call is cancelled fails typed", async (t) => {
    const { server, got, until } = await world(t);
    const peer = await join(server);
    const events = new Events(await peer.call("ask", {}, { id: 3 }));
    await events.next();
    await peer.post(notification("notifications/cancelled", { requestId: 3 }));
    await until(1);
    assert.deepEqual(got, ["cancelled"]);
  });
});

describe("where no stream is possible it fails at once", () => {
  test("because the answer is JSON by option", async (t) => {
    const { server, got } = await world(t, { response: "json" });
    assert.equal((await (await join(server)).post(request(1, "ask"))).status, 200);
    assert.deepEqual(got, ["no-stream"]);
  });

  test("because the client takes JSON only", async (t) => {
    const { server, got } = await world(t);
    const peer = await join(server);
    const whole = await peer.post(request(1, "ask"), [["Accept", "application/json"]]);
    assert.equal(whole.status, 200);
    assert.deepEqual(got, ["no-stream"]);
  });

  test("because a notification has no answer", async (t) => {
    const { server, got, until } = await world(t);
    await (await join(server)).post(notification("notifications/ask"));
    await until(1);
    assert.deepEqual(got, ["no-stream"]);
  });

  test("because initialize is not answered yet", async (t) => {
    let code: unknown;
    const server = await up(
      t,
      app(undefined, {
        initialize: async (_, exchange) => {
          await exchange.request("ping").catch((error) => code = error.code);
          const serverInfo = { name: "a", version: "1" };
          return { protocolVersion: "2025-11-25", capabilities: {}, serverInfo };
        },
      }),
    );
    assert.equal((await ask(server.port, initialize())).status, 200);
    assert.equal(code, "no-stream");
  });

  test("because the session has no open standalone stream", async (t) => {
    const { server } = await world(t);
    const peer = await join(server);
    const handle = (await server.mcp.sessions.get(peer.id))!;
    await assert.rejects(handle.request("roots/list"), { code: "no-stream" });
    const stream = await peer.listen();
    const waiting = handle.request("roots/list");
    const { id } = await stream.next();
    await peer.post(answer(id, { roots: [1] }));
    assert.deepEqual(await waiting, { roots: [1] });
    stream.cut();
    while ((await server.mcp.stats()).streams > 0) await peer.post(notification("x"));
    await assert.rejects(handle.request("roots/list"), { code: "no-stream" });
  });
});

describe("before notifications/initialized", () => {
  test("a request waits for it, a ping does not", async (t) => {
    const { server, got, until } = await world(t);
    const peer = await join(server, { ready: false });
    const asked = new Events(await peer.call("ask", {}, { id: 1 }));
    const pinged = new Events(await peer.call("ask", { method: "ping" }, { id: 2 }));
    const ping = await pinged.next();
    assert.equal(ping.method, "ping");
    await peer.post(answer(ping.id, {}));
    await until(1);
    const first = asked.next();
    const seen: unknown[] = [];
    void first.then((one) => seen.push(one));
    assert.equal((await peer.post(request(3, "x"))).status, 200);
    assert.deepEqual(seen, []);
    await peer.post(notification("notifications/initialized"));
    const one = await first;
    assert.equal(one.method, "roots/list");
    await peer.post(answer(one.id, { roots: [] }));
    await until(2);
    assert.deepEqual(got, [{}, { roots: [] }]);
  });

  test("a request on the standalone stream waits for it too", async (t) => {
    const { server } = await world(t);
    const peer = await join(server, { ready: false });
    const stream = await peer.listen();
    const handle = (await server.mcp.sessions.get(peer.id))!;
    const roots = handle.request("roots/list");
    const ping = handle.request("ping");
    const first = await stream.next();
    assert.equal(first.method, "ping");
    await peer.post(answer(first.id, {}));
    await ping;
    await peer.post(notification("notifications/initialized"));
    const second = await stream.next();
    assert.equal(second.method, "roots/list");
    await peer.post(answer(second.id, { roots: [] }));
    assert.deepEqual(await roots, { roots: [] });
  });
});

describe("an answer counts only from where it was asked", () => {
  const principals: McpOptions = {
    authenticate: ({ headers }) => headers.get("authorization") ?? undefined,
  };

  test("not from another session of the same principal", async (t) => {
    const { server, got, until } = await world(t);
    const [one, two] = [await join(server), await join(server)];
    const events = new Events(await one.call("ask"));
    const { id } = await events.next();
    assert.equal((await two.post(answer(id, { forged: true }))).status, 202);
    await one.post(answer(id, { real: true }));
    await until(1);
    assert.deepEqual(got, [{ real: true }]);
  });

  test("not from another principal, in the asked session or in its own", async (t) => {
    const { server, got, until } = await world(t, principals);
    const alice = await join(server, { fields: [["Authorization", "alice"]] });
    const bob = await join(server, { fields: [["Authorization", "bob"]] });
    const events = new Events(await alice.call("ask"));
    const { id } = await events.next();
    const forged = answer(id, { forged: true });
    assert.equal((await bob.post(forged)).status, 202);
    assert.equal((await alice.post(forged, [["Authorization", "bob"]])).status, 404);
    await alice.post(answer(id, { real: true }));
    await until(1);
    assert.deepEqual(got, [{ real: true }]);
  });

  test("not without a session, nor with an id that was never given out", async (t) => {
    const { server, got, until } = await world(t, { sessions: "optional", ...principals });
    const alice = await join(server, { fields: [["Authorization", "alice"]] });
    const events = new Events(await alice.call("ask"));
    const { id } = await events.next();
    const outside = await stateless(server, answer(id, { forged: true }), "alice");
    assert.equal(outside.status, 202);
    for (const guess of [1, "x", `${id}x`, String(id).split(".")[0]!]) {
      await alice.post(answer(guess, { forged: true }));
    }
    await alice.post(answer(id, { real: true }));
    await alice.post(answer(id, { again: true }));
    await until(1);
    assert.deepEqual(got, [{ real: true }]);
  });

  test("without sessions: only from the principal that was asked", async (t) => {
    const { server, got, until } = await world(t, { sessions: "off", ...principals });
    const events = new Events(await statelessCall(server, "alice"));
    const { id } = await events.next();
    await stateless(server, answer(id, { forged: true }), "bob");
    await stateless(server, answer(id, { real: true }), "alice");
    await until(1);
    assert.deepEqual(got, [{ real: true }]);
  });
});
