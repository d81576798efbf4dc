/** WIRE.md, section 2: `sessions` optional and off, `staleInitialize`, `termination`, a dead store. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Backend, memory } from "../../core/engine/mod.ts";
import { Failing } from "../doubles/failing.ts";
import { ask, type Fields, type Outgoing } from "./harness/http.ts";
import { initialize, join, merged, notification, posting, request } from "./harness/mcp.ts";
import { type Refusal, refused } from "./harness/refusal.ts";
import { app, up } from "./harness/runtime.ts";

const seen = app((_, { session }) => ({ session: session?.id ?? null }));
const STREAM: Fields = [["Accept", "text/event-stream"]];
const POST_ONLY: Refusal = { status: 405, code: -32000, fields: { allow: "POST" } };

const withId = (out: Outgoing, id: string): Outgoing => ({
  ...out,
  fields: merged(out.fields!, [["Mcp-Session-Id", id]]),
});

describe('sessions: "optional"', () => {
  test("a POST without an id is served without a session", async (t) => {
    const server = await up(t, seen, { sessions: "optional" });
    const got = await ask(server.port, posting(request(1, "x")));
    assert.deepEqual(got.json.result, { session: null });
    assert.equal(got.get("mcp-session-id"), undefined);
    assert.equal((await ask(server.port, posting(notification("x")))).status, 202);
    assert.equal((await server.mcp.stats()).sessions, 0);
  });

  test("GET and DELETE without an id: 405", async (t) => {
    const server = await up(t, seen, { sessions: "optional" });
    for (const method of ["GET", "DELETE"]) {
      const says = `Method "${method}" needs a session`;
      refused(await ask(server.port, { method, fields: STREAM }), { ...POST_ONLY, says });
    }
  });

  test("initialize opens a session, which is served like any other", async (t) => {
    const server = await up(t, seen, { sessions: "optional" });
    const peer = await join(server);
    assert.equal((await peer.post(request(1, "x"))).json.result.session, peer.id);
    const stream = await peer.listen();
    stream.cut();
    assert.equal((await peer.end()).status, 204);
    assert.equal((await peer.post(request(1, "x"))).status, 404);
  });

  test("an id that is nobody's is 404, a malformed one 400", async (t) => {
    const server = await up(t, seen, { sessions: "optional" });
    for (
      const out of [posting(request(1, "x")), { method: "DELETE", fields: [] }, { fields: STREAM }]
    ) {
      assert.equal((await ask(server.port, withId(out, "nobody"))).status, 404);
      assert.equal((await ask(server.port, withId(out, "no body"))).status, 400);
    }
  });
});

describe('sessions: "off"', () => {
  for (const id of [undefined, "nobody", "not well-formed", "", "__proto__"]) {
    test(`an id is ignored: ${JSON.stringify(id)}`, async (t) => {
      const store = new Failing(memory(), "throws");
      store.break("sessions.get");
      const server = await up(t, seen, { sessions: "off", backend: store.backend });
      const send = (out: Outgoing) => ask(server.port, id === undefined ? out : withId(out, id));
      const opened = await send(initialize());
      assert.equal(opened.status, 200);
      assert.equal(opened.get("mcp-session-id"), undefined);
      assert.deepEqual((await send(posting(request(1, "x")))).json.result, { session: null });
      assert.equal((await send(posting(notification("notifications/initialized")))).status, 202);
      refused(await send({ method: "GET", fields: STREAM }), POST_ONLY);
      refused(await send({ method: "DELETE", fields: [] }), POST_ONLY);
      assert.equal((await server.mcp.stats()).sessions, 0);
    });
  }

  test("other methods: only POST is offered", async (t) => {
    const server = await up(t, seen, { sessions: "off" });
    refused(await ask(server.port, { method: "PUT" }), POST_ONLY);
  });
});

describe("initialize with the id of a session that is gone", () => {
  test('is 404 where staleInitialize is "reject", the default', async (t) => {
    const server = await up(t, seen);
    refused(await ask(server.port, withId(initialize(), "gone")), {
      status: 404,
      code: -32001,
      id: 0,
    });
    assert.equal((await server.mcp.stats()).sessions, 0);
  });

  test('opens a new one, with a new id, where it is "fresh"', async (t) => {
    const server = await up(t, seen, { staleInitialize: "fresh" });
    const old = await join(server);
    await old.end();
    const got = await ask(server.port, withId(initialize(), old.id));
    assert.equal(got.status, 200);
    assert.ok(got.get("mcp-session-id"));
    assert.notEqual(got.get("mcp-session-id"), old.id);
    assert.equal((await old.post(request(1, "x"))).status, 404);
    const malformed = await ask(server.port, withId(initialize(), "a b"));
    assert.equal(malformed.status, 400);
  });
});

describe("termination: false", () => {
  test("DELETE of a live session is 405 and the session lives", async (t) => {
    const server = await up(t, seen, { termination: false });
    const peer = await join(server);
    const says = 'Method "DELETE" is not allowed';
    refused(await peer.end(), { status: 405, code: -32000, says, fields: { allow: "GET, POST" } });
    assert.equal((await peer.post(request(1, "x"))).status, 200);
  });

  test("no answer says that DELETE is allowed", async (t) => {
    const server = await up(t, seen, { termination: false });
    const got = await ask(server.port, { method: "PUT" });
    refused(got, { status: 405, code: -32000, says: "GET, POST", fields: { allow: "GET, POST" } });
  });

  test("DELETE without one is answered as ever", async (t) => {
    const server = await up(t, seen, { termination: false });
    assert.equal((await ask(server.port, { method: "DELETE" })).status, 400);
    assert.equal(
      (await ask(server.port, withId({ method: "DELETE", fields: [] }, "x"))).status,
      404,
    );
  });
});

describe("a dead store is 503 with Retry-After, never 404 and never valid", () => {
  const failures: Record<string, () => never | Promise<never>> = {
    "that throws": () => {
      throw new Error("no connection");
    },
    "that rejects": () => Promise.reject(new Error("no connection")),
  };
  for (const [name, fail] of Object.entries(failures)) {
    test(name, async (t) => {
      const backend = memory();
      let dead = false;
      const dying = <T extends object>(port: T): T =>
        new Proxy(port, {
          get(target, key) {
            const value = Reflect.get(target, key);
            if (typeof value !== "function") return value;
            return (...args: unknown[]) => dead ? fail() : value.apply(target, args);
          },
        });
      const whole: Backend = { ...backend, sessions: dying(backend.sessions) };
      const server = await up(t, seen, { backend: whole, onEvent: () => {} });
      const peer = await join(server);
      dead = true;
      const gone = { status: 503, code: -32000 };
      refused(await peer.post(notification("x")), gone);
      refused(await peer.post(request(1, "x")), { ...gone, id: 1 });
      refused(await peer.end(), gone);
      const got = await ask(server.port, { fields: merged(peer.fields, STREAM) });
      refused(got, gone);
      refused(await ask(server.port, initialize()), { ...gone, id: 0 });
      dead = false;
      assert.equal((await peer.post(request(1, "x"))).status, 200);
    });
  }
});
