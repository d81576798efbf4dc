import assert from "node:assert/strict";
import {
  createSessions,
  type GuardOptions,
  type GuardSession,
  type HandlerEvent,
  type Sessions,
} from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { refusal } from "./endpoint.ts";
import { type Scope, testInWorlds, type World } from "./worlds.ts";

/** What a request of these tests may say. */
interface Sent {
  readonly session?: string;
  readonly fields?: { readonly [name: string]: string };
  readonly body?: string;
}

/** The guide's two paths, guarded. */
class Guarded {
  readonly sessions: Sessions;
  readonly clock = new FakeClock();
  readonly events: HandlerEvent[] = [];
  /** The sessions that the handler was given, in order. */
  readonly served: GuardSession[] = [];
  readonly #serve: (request: Request) => Promise<Response>;

  constructor(
    scope: Scope,
    world: World,
    options: Partial<GuardOptions> = {},
    handler: () => Response = () => Response.json({ ok: true }),
  ) {
    this.sessions = createSessions({
      opens: ({ url }) => new URL(url).pathname === "/mcp/init",
      backend: world.backend,
      clock: this.clock,
      onEvent: (event) => void this.events.push(event),
      ...options,
    });
    this.#serve = this.sessions.guard((_, session) => {
      this.served.push(session);
      return handler();
    });
    scope.after(() => this.sessions.close());
  }

  send(method: string, path: string, { session, fields, body }: Sent = {}): Promise<Response> {
    const headers = { ...fields, ...(session === undefined ? {} : { "mcp-session-id": session }) };
    const init = { method, headers, ...(body === undefined ? {} : { body }) };
    return this.#serve(new Request(`http://localhost${path}`, init));
  }

  post(path: string, sent?: Sent): Promise<Response> {
    return this.send("POST", path, sent);
  }

  async open(sent: Sent = {}): Promise<string> {
    const answer = await this.post("/mcp/init", sent);
    assert.equal(answer.status, 200);
    return answer.headers.get("mcp-session-id")!;
  }
}

testInWorlds("the guide's exchange works to the letter", async (scope, world) => {
  const guarded = new Guarded(scope, world);
  const opened = await guarded.post("/mcp/init", {
    fields: { "content-type": "application/json" },
  });
  assert.equal(opened.status, 200);
  assert.match(opened.headers.get("content-type")!, /^application\/json/);
  const session = opened.headers.get("mcp-session-id")!;
  assert.match(session, /^[A-Za-z0-9_-]{24}$/);
  assert.deepEqual(await opened.json(), { ok: true });
  const body = '{"type":"event","payload":{"message":"Hello"}}';
  const fields = { "content-type": "application/json" };
  const event = await guarded.post("/mcp/event", { session, fields, body });
  assert.deepEqual([event.status, event.headers.get("mcp-session-id")], [200, null]);
  assert.equal((await refusal(await guarded.post("/mcp/event", { fields, body }))).status, 400);
  assert.equal((await guarded.send("DELETE", "/mcp", { session })).status, 204);
  assert.equal((await refusal(await guarded.post("/mcp/event", { session }))).status, 404);
  assert.deepEqual(guarded.served.map(({ id }) => id), [session, session]);
});

testInWorlds("the handler learns whose session it is and how old", async (scope, world) => {
  const guarded = new Guarded(scope, world, {
    authenticate: ({ headers }) => ({
      principal: headers.get("x-user") ?? "nobody",
      authInfo: { via: "x-user" },
    }),
  });
  const fields = { "x-user": "alice" };
  const started = guarded.clock.now();
  const session = await guarded.open({ fields });
  guarded.clock.jump(5_000);
  await guarded.post("/mcp/event", { session, fields });
  await world.quiet();
  guarded.clock.jump(5_000);
  await guarded.post("/mcp/event", { session, fields });
  const [opening, first, second] = guarded.served;
  assert.deepEqual(opening, {
    id: session,
    created: started,
    seen: started,
    principal: "alice",
    authInfo: { via: "x-user" },
  });
  assert.deepEqual([first!.created, first!.seen], [started, started]);
  assert.deepEqual([second!.created, second!.seen], [started, started + 5_000]);
  for (const sent of [{ session }, { session, fields: { "x-user": "mallory" } }]) {
    assert.equal((await refusal(await guarded.post("/mcp/event", sent))).status, 404);
    assert.equal((await refusal(await guarded.send("DELETE", "/mcp", sent))).status, 404);
  }
});

testInWorlds("sessions expire around any handler, by use and by age", async (scope, world) => {
  const guarded = new Guarded(scope, world, { limits: { idleMs: 1_000, maxAgeMs: 3_000 } });
  const idle = await guarded.open();
  const old = await guarded.open();
  for (let i = 0; i < 3; i++) {
    guarded.clock.jump(900);
    assert.equal((await guarded.post("/mcp/event", { session: old })).status, 200);
    await world.quiet();
  }
  guarded.clock.jump(300);
  for (const session of [idle, old]) {
    assert.equal((await refusal(await guarded.post("/mcp/event", { session }))).status, 404);
  }
  await world.quiet();
  assert.equal(await guarded.sessions.count(), 0);
});

testInWorlds("places are limited, and idle sessions give way", async (scope, world) => {
  const guarded = new Guarded(scope, world, { limits: { sessions: 2 } });
  const first = await guarded.open();
  const used = await guarded.open();
  await guarded.post("/mcp/event", { session: used });
  await world.quiet();
  const third = await guarded.open();
  assert.equal((await guarded.post("/mcp/event", { session: first })).status, 404);
  assert.equal((await guarded.post("/mcp/event", { session: used })).status, 200);
  assert.equal((await guarded.post("/mcp/event", { session: third })).status, 200);
  assert.equal(await guarded.sessions.count(), 2);
});

testInWorlds(
  "every place that an exchange holds is kept, and 503 is the answer",
  async (scope, world) => {
    const guarded = new Guarded(scope, world, { limits: { sessions: 1 } });
    const session = await guarded.open();
    const head = {
      method: "POST",
      url: "http://localhost/mcp/event",
      headers: new Headers({ "mcp-session-id": session }),
    };
    const entry = await guarded.sessions.enter(head);
    assert.ok(!("status" in entry));
    const refused = await refusal(await guarded.post("/mcp/init"));
    assert.deepEqual([refused.status, refused.retry], [503, true]);
    entry.leave();
    await world.quiet();
    assert.notEqual(await guarded.open(), session);
  },
);

testInWorlds("a guard refuses what the front of every handler refuses", async (scope, world) => {
  const guarded = new Guarded(scope, world, { limits: { bodyBytes: 10 } });
  const session = await guarded.open();
  const served = guarded.served.length;
  const cases: readonly (readonly [string, Sent, number])[] = [
    ["POST", { session, fields: { origin: "http://evil.example" } }, 403],
    ["POST", { session, fields: { origin: "null" } }, 403],
    ["PUT", { session }, 405],
    ["POST", { session: "a b" }, 400],
    ["POST", { session: "é" }, 400],
    ["GET", {}, 400],
    ["DELETE", {}, 400],
    ["GET", { session: "nobody" }, 404],
    ["DELETE", { session: "nobody" }, 404],
  ];
  for (const [method, sent, status] of cases) {
    const answer = await guarded.send(method, "/mcp/event", sent);
    assert.equal((await refusal(answer)).status, status, `${method} ${JSON.stringify(sent)}`);
  }
  const again = await refusal(await guarded.post("/mcp/init", { session }));
  assert.deepEqual([again.status, again.code], [400, -32600]);
  assert.equal(guarded.served.length, served);
  const version = { "mcp-protocol-version": "2026-07-28" };
  assert.equal((await guarded.post("/mcp/event", { session, fields: version })).status, 200);
  assert.equal((await guarded.send("GET", "/mcp/event", { session })).status, 200);
});

testInWorlds("termination can be left to the server", async (scope, world) => {
  const guarded = new Guarded(scope, world, { termination: false });
  const session = await guarded.open();
  const answer = await guarded.send("DELETE", "/mcp", { session });
  assert.equal(answer.headers.get("allow"), "GET, POST");
  assert.equal((await refusal(answer)).status, 405);
  assert.equal((await guarded.post("/mcp/event", { session })).status, 200);
  assert.deepEqual([await guarded.sessions.end(session), await guarded.sessions.end(session)], [
    true,
    false,
  ]);
  assert.equal((await guarded.post("/mcp/event", { session })).status, 404);
});

testInWorlds(
  "an expired id may open a fresh session, and is never adopted",
  async (scope, world) => {
    const guarded = new Guarded(scope, world, { staleInitialize: "fresh" });
    const opened = await guarded.post("/mcp/init", { session: "gone" });
    assert.equal(opened.status, 200);
    assert.notEqual(opened.headers.get("mcp-session-id"), "gone");
  },
);

testInWorlds(
  "pages of allowed origins can read every answer, and what the handler says stays",
  async (scope, world) => {
    const guarded = new Guarded(
      scope,
      world,
      { cors: true },
      () => new Response("ok", { headers: { vary: "Accept-Language", "x-own": "1" } }),
    );
    const origin = "http://localhost:5173";
    const fields = { origin };
    const preflight = await guarded.send("OPTIONS", "/mcp/event", { fields });
    assert.equal(preflight.status, 204);
    const session = await guarded.open({ fields });
    const served = await guarded.post("/mcp/event", { session, fields });
    const refused = await guarded.post("/mcp/event", { session: "nobody", fields });
    for (const answer of [preflight, served, refused]) {
      assert.equal(answer.headers.get("access-control-allow-origin"), origin);
      assert.match(answer.headers.get("access-control-expose-headers")!, /Mcp-Session-Id/);
      assert.match(answer.headers.get("vary")!, /Origin/);
    }
    assert.match(served.headers.get("vary")!, /Accept-Language/);
    assert.equal(served.headers.get("x-own"), "1");
  },
);

testInWorlds("an operator is told of guarded exchanges", async (scope, world) => {
  const guarded = new Guarded(scope, world);
  const session = await guarded.open();
  await guarded.post("/mcp/event", { session });
  await guarded.post("/mcp/event");
  await guarded.send("DELETE", "/mcp", { session });
  const told = guarded.events.map((event) =>
    event.type === "exchange"
      ? `${event.http} ${event.outcome} ${event.status} ${event.session === session}`
      : event.type === "rejected"
      ? `rejected ${event.rule}`
      : event.type
  );
  assert.deepEqual(told, [
    "session-opened",
    "POST served 200 true",
    "POST served 200 true",
    "rejected session-required",
    "POST session-required 400 false",
    "session-ended",
    "DELETE served 204 true",
  ]);
});

testInWorlds("a closed guard opens nothing and serves what is open", async (scope, world) => {
  const guarded = new Guarded(scope, world);
  const session = await guarded.open();
  guarded.sessions.close();
  await world.quiet();
  assert.equal((await refusal(await guarded.post("/mcp/init"))).status, 503);
  assert.equal((await guarded.post("/mcp/event", { session })).status, 200);
  assert.equal(guarded.clock.timers, 0);
});
