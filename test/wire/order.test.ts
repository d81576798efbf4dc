/** WIRE.md, section 1: every check, and that the first of two answers. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  authenticate,
  BODY_LIMIT,
  type Draft,
  type Fault,
  FAULTS,
  outgoing,
  TAKEN,
} from "./faults.ts";
import { ask, type Fields } from "./harness/http.ts";
import { initialize, join, merged, notification, type Peer, POST_FIELDS } from "./harness/mcp.ts";
import { refused } from "./harness/refusal.ts";
import { app, type Scope, type Server, up } from "./harness/runtime.ts";

const ends: (() => Promise<void>)[] = [];
let server: Server;
let peer: Peer;
let held: ReturnType<Peer["call"]>;
let release = (): void => {};

before(async () => {
  const gate = new Promise<void>((open) => release = open);
  const application = app((request) =>
    request.method === "hold" ? gate.then(() => ({ held: true })) : {}
  );
  const scope = { after: (end: () => Promise<void>) => void ends.push(end) };
  server = await up(scope, application, {
    cors: true,
    authenticate,
    limits: { bodyBytes: BODY_LIMIT },
  });
  peer = await join(server);
  held = peer.call("hold", {}, { id: TAKEN });
  while ((await server.mcp.stats()).inFlight === 0) await peer.post(notification("x"));
});
after(async () => {
  for (const end of ends) await end();
});

function draft(): Draft {
  return {
    method: "POST",
    fields: merged(POST_FIELDS, peer.fields),
    message: { jsonrpc: "2.0", id: 1, method: "anything" },
    padding: 0,
  };
}

async function check(one: Draft, { answer, read }: Fault): Promise<void> {
  const got = await ask(server.port, outgoing(one));
  if (!("body" in answer)) {
    return refused(got, read ? { ...answer, id: one.message.id as number } : answer);
  }
  assert.equal(got.status, answer.status);
  assert.equal(got.body, answer.body);
  assert.equal(got.get("www-authenticate"), "Bearer");
  assert.equal(got.get("mcp-session-id"), undefined);
}

test("a request that breaks none is served", async () => {
  const got = await ask(server.port, outgoing(draft()));
  assert.deepEqual(got.json, { jsonrpc: "2.0", id: 1, result: {} });
});

describe("a request that breaks one rule", () => {
  for (const fault of FAULTS) {
    test(fault.rule, async () => {
      const one = draft();
      fault.breaks(one);
      await check(one, fault);
    });
  }
});

describe("of two broken rules the first answers", () => {
  FAULTS.forEach((first, at) => {
    for (const second of FAULTS.slice(at + 1)) {
      test(`${first.rule}, then ${second.rule}`, async () => {
        const one = draft();
        second.breaks(one);
        first.breaks(one);
        await check(one, first);
      });
    }
  });
});

describe("a preflight is answered", () => {
  const asks: Fields = [["Origin", "http://localhost:5173"], [
    "Access-Control-Request-Method",
    "POST",
  ]];

  test("before the declared length, authentication and everything after", async () => {
    const fields: Fields = [
      ...asks,
      ["X-Credentials", "no"],
      ["Mcp-Session-Id", "a"],
      ["Mcp-Session-Id", "b"],
      ["Accept", "text/html"],
    ];
    const got = await ask(server.port, { method: "OPTIONS", fields });
    assert.equal(got.status, 204);
    assert.equal(got.get("access-control-allow-origin"), "http://localhost:5173");
  });

  test("after Origin", async () => {
    const fields = merged(asks, [["Origin", "http://evil.com"]]);
    refused(await ask(server.port, { method: "OPTIONS", fields }), { status: 403, code: -32000 });
  });

  test("after Host", async () => {
    const fields = merged(asks, [["Host", "evil.com"]]);
    refused(await ask(server.port, { method: "OPTIONS", fields }), { status: 403, code: -32000 });
  });
});

describe("the modern era", () => {
  const modern: Fields = [["MCP-Protocol-Version", "2026-07-28"]];

  for (const method of ["GET", "DELETE"]) {
    test(`has no ${method}: 405, before Accept and the session`, async () => {
      const fields: Fields = [...modern, ["Accept", "text/html"], ["Mcp-Session-Id", "nobody"]];
      const got = await ask(server.port, { method, fields });
      refused(got, { status: 405, code: -32000, fields: { allow: "POST" } });
    });

    test(`refuses a repeated header of a ${method} before its method`, async () => {
      const fields: Fields = [...modern, ["Mcp-Name", "a"], ["MCP-Protocol-Version", "2026-07-28"]];
      refused(await ask(server.port, { method, fields }), { status: 400, code: -32020 });
    });
  }

  test("gets its own code for a repeated header, before Content-Type", async () => {
    const fields: Fields = [...modern, ["Mcp-Method", "a"], ["Mcp-Method", "a"]];
    const got = await ask(server.port, { method: "POST", fields, body: "x" });
    refused(got, { status: 400, code: -32020, says: "Mcp-Method" });
  });
});

describe("GET and DELETE meet the same rules in the same order", () => {
  const steps: readonly (readonly [string, Fields, number])[] = [
    ["Origin", [["Origin", "null"]], 403],
    ["Host", [["Host", "evil.com"]], 403],
    ["authenticate", [["X-Credentials", "no"]], 401],
    ["singleton header", [["Last-Event-ID", "a"], ["Last-Event-ID", "a"]], 400],
    ["Accept", [["Accept", "application/json"]], 406],
    ["version header", [["MCP-Protocol-Version", "1999-01-01"]], 400],
    ["session", [["Mcp-Session-Id", "nobody"]], 404],
  ];
  for (const method of ["GET", "DELETE"]) {
    steps.forEach(([rule, , status], at) => {
      // Whoever only ends a session has nothing to accept.
      if (method === "DELETE" && rule === "Accept") return;
      test(`${method}: ${rule} before the rest`, async () => {
        let fields = merged(peer.fields, [["Accept", "text/event-stream"]]);
        for (const [, broken] of steps.slice(at).reverse()) fields = merged(fields, broken);
        assert.equal((await ask(server.port, { method, fields })).status, status);
      });
    });
  }
});

test("the call whose id was taken is untouched by all of this", async () => {
  release();
  const answer = await held;
  assert.deepEqual(await answer.json(), { jsonrpc: "2.0", id: TAKEN, result: { held: true } });
  answer.line.cut();
});

test('number 5 and string "5" are different ids', async (t) => {
  const waiting: (() => void)[] = [];
  const two = await up(t, app(() => new Promise((done) => waiting.push(() => done({ ok: true })))));
  const client = await join(two);
  const number = client.call("a", {}, { id: 5 });
  const text = client.call("a", {}, { id: "5" });
  while (waiting.length < 2) await client.post(notification("x"));
  for (const go of waiting) go();
  assert.equal((await (await number).json()).id, 5);
  assert.equal((await (await text).json()).id, "5");
});

describe("draining", () => {
  /** A server that waits for one last call before it closes. */
  async function draining(scope: Scope) {
    let finish = (): void => {};
    const server = await up(
      scope,
      app(({ method }) =>
        method === "last" ? new Promise((done) => finish = () => done({ last: true })) : {}
      ),
    );
    const peer = await join(server);
    const last = peer.call("last");
    while ((await server.mcp.stats()).inFlight === 0) await peer.post(notification("x"));
    const closed = server.mcp.close({ within: 10_000 });
    return {
      server,
      peer,
      async end(): Promise<void> {
        finish();
        assert.deepEqual((await (await last).json()).result, { last: true });
        await closed;
      },
    };
  }

  const refusal = { status: 503, code: -32000, fields: { "retry-after": "1" } };

  test("comes before everything for a new stream; what is open is served", async (t) => {
    const { server, peer, end } = await draining(t);
    const fields: Fields = [["Origin", "null"], ["Host", "evil.com"]];
    refused(await ask(server.port, { method: "GET", fields }), refusal);
    const got = await peer.post({ jsonrpc: "2.0", id: "probe", method: "ping" });
    assert.deepEqual(got.json.result, {});
    await end();
  });

  test("refuses a new session, before its version and its session id", async (t) => {
    const { server, end } = await draining(t);
    const out = initialize();
    const fields = merged(out.fields!, [
      ["MCP-Protocol-Version", "1999-01-01"],
      ["Mcp-Session-Id", "nobody"],
    ]);
    refused(await ask(server.port, { ...out, fields }), { ...refusal, id: 0 });
    await end();
  });

  test("once it is over, everything is refused", async (t) => {
    const { server, peer, end } = await draining(t);
    await end();
    refused(await peer.post(notification("x")), refusal);
    refused(await peer.end(), refusal);
    refused(await ask(server.port, initialize()), refusal);
  });
});

test("at capacity: after the session, and only for initialize", async (t) => {
  const full = await up(t, app(() => new Promise(() => {})), { limits: { sessions: 1 } });
  const client = await join(full);
  void client.call("hold").catch(() => "its connection ends with the server");
  while ((await full.mcp.stats()).inFlight === 0) await client.post(notification("x"));
  refused(await ask(full.port, initialize()), { status: 503, code: -32000, id: 0 });
  const out = initialize();
  const stale = { ...out, fields: merged(out.fields!, [["Mcp-Session-Id", "nobody"]]) };
  refused(await ask(full.port, stale), { status: 404, code: -32001, id: 0 });
});
