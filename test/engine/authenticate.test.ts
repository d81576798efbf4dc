import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Authenticated, Exchange, HandlerEvent, McpOptions } from "../../core/engine/mod.ts";
import { Endpoint, initialize, refusal } from "./endpoint.ts";
import { type Scope, testInWorlds } from "./worlds.ts";

/** What `authenticate` gives: at once, or later. */
type Given = () => Authenticated | Promise<Authenticated>;

function endpointOf(t: unknown, authenticate: Given, options: McpOptions = {}) {
  const callers: (readonly [string | undefined, unknown])[] = [];
  const endpoint = new Endpoint(t as Scope, {
    request: (_, { principal, authInfo }: Exchange) => {
      callers.push([principal, authInfo]);
      return {};
    },
  }, { sessions: "optional", authenticate, ...options });
  return { endpoint, callers };
}

describe("authenticate", () => {
  const callers: readonly (readonly [string, Given, string | undefined, unknown])[] = [
    ["a name", () => "alice", "alice", undefined],
    ["a name, later", () => Promise.resolve("alice"), "alice", undefined],
    ["an empty name", () => "", "", undefined],
    ["nothing", () => undefined, undefined, undefined],
    ["nothing, later", () => Promise.resolve(undefined), undefined, undefined],
    ["a principal", () => ({ principal: "alice" }), "alice", undefined],
    [
      "a principal and what is known of it",
      () => ({ principal: "alice", authInfo: { scopes: ["a"] } }),
      "alice",
      { scopes: ["a"] },
    ],
  ];
  for (const [what, given, principal, authInfo] of callers) {
    test(`may give ${what}`, async (t) => {
      const { endpoint, callers } = endpointOf(t, given);
      assert.equal((await endpoint.call("tools/list")).status, 200);
      assert.deepEqual(callers, [[principal, authInfo]]);
      await endpoint.open();
      assert.equal(endpoint.told("session-opened")[0]!.principal, principal);
    });
  }

  test("may give the answer, which is given as it is", async (t) => {
    const { endpoint, callers } = endpointOf(t, () =>
      new Response("who are you?", {
        status: 401,
        statusText: "Unauthorized",
        headers: { "www-authenticate": 'Bearer realm="x"', "content-type": "text/plain" },
      }));
    const answer = await endpoint.post(initialize());
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get("www-authenticate"), 'Bearer realm="x"');
    assert.equal(answer.headers.get("content-type"), "text/plain");
    assert.equal(answer.headers.get("mcp-session-id"), null);
    assert.equal(await answer.text(), "who are you?");
    assert.deepEqual(callers, []);
    assert.equal(await endpoint.handler.sessions.count(), 0);
    const [rejected, exchange] = endpoint.events as [HandlerEvent, HandlerEvent];
    assert.deepEqual(rejected, {
      type: "rejected",
      rule: "unauthenticated",
      status: 401,
      session: undefined,
    });
    assert.ok(exchange.type === "exchange" && exchange.outcome === "unauthenticated");
  });

  test("may give an answer that a page of another origin can read", async (t) => {
    const { endpoint } = endpointOf(t, () => new Response(null, { status: 403 }), { cors: true });
    const answer = await endpoint.post(initialize(), {
      fields: { origin: "http://localhost:5173" },
    });
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.get("access-control-allow-origin"), "http://localhost:5173");
    assert.match(answer.headers.get("access-control-expose-headers")!, /WWW-Authenticate/);
  });

  const failing: readonly (readonly [string, Given])[] = [
    ["throws", () => {
      throw new Error("secret");
    }],
    ["rejects", () => Promise.reject(new Error("secret"))],
    ["gives false", () => false as never],
    ["gives null", () => null as never],
    ["gives true", () => true as never],
    ["gives a number", () => 5 as never],
    ["gives an object without a principal", () => ({ authInfo: {} }) as never],
    ["gives a principal that is no text", () => ({ principal: 5 }) as never],
    ["gives something whose authInfo throws", () => ({
      principal: "alice",
      get authInfo(): unknown {
        throw new Error("secret");
      },
    })],
  ];
  for (const [what, given] of failing) {
    test(`that ${what} lets nobody in, and the operator knows why`, async (t) => {
      const { endpoint, callers } = endpointOf(t, given);
      const answer = await endpoint.post(initialize());
      const text = await answer.clone().text();
      assert.doesNotMatch(text, /secret/);
      const { status, code } = await refusal(answer);
      assert.deepEqual([status, code, callers], [500, -32603, []]);
      const [failure] = endpoint.told("application-error");
      assert.equal(failure?.method, "authenticate");
      assert.ok(failure?.error instanceof Error);
      assert.equal(await endpoint.handler.sessions.count(), 0);
    });
  }

  test("sees method, URL and headers, and is not asked for a preflight or a foreign host", async (t) => {
    const seen: unknown[] = [];
    const endpoint = new Endpoint(t as unknown as Scope, {}, {
      cors: true,
      authenticate: ({ method, url, headers }) => {
        seen.push([method, url, headers.get("authorization")]);
        return undefined;
      },
    });
    await endpoint.post(initialize(), { principal: "alice" });
    assert.deepEqual(seen, [["POST", "http://localhost/mcp", "Bearer alice"]]);
    const body = { text: () => Promise.resolve("") };
    const headers = new Headers({ host: "evil.example" });
    const url = "http://localhost/mcp";
    assert.equal(
      (await endpoint.handler.handle({ method: "POST", url, headers }, body)).status,
      403,
    );
    const preflight = { method: "OPTIONS", url, headers: new Headers({ host: "localhost" }) };
    assert.equal((await endpoint.handler.handle(preflight, body)).status, 204);
    assert.equal(seen.length, 1);
  });
});

testInWorlds("a session is its owner's on every verb", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const session = await endpoint.open({ principal: "alice" });
  for (const principal of ["bob", "alic", "", undefined]) {
    const sent = principal === undefined ? { session } : { session, principal };
    for (
      const answer of [
        await endpoint.call("tools/list", sent),
        await endpoint.get(sent),
        await endpoint.delete(sent),
        await endpoint.post(initialize(), sent),
      ]
    ) assert.equal((await refusal(answer)).status, 404, `${principal}`);
  }
  const answer = await endpoint.call("tools/list", { session, principal: "alice" });
  assert.equal(answer.status, 200);
});
