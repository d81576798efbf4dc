/** WIRE.md, section 1, rule 7: the caller's own hook, and whose session it is. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Authenticated, createMcpHandler, type Exchange } from "../../core/engine/mod.ts";
import { ask, type Fields } from "./harness/http.ts";
import { initialize, join, merged, notification, posting, request } from "./harness/mcp.ts";
import { refused } from "./harness/refusal.ts";
import { app, serveHere, serveListener, up } from "./harness/runtime.ts";

/** Says who calls. */
const whoami = app((_, { principal, authInfo, session }: Exchange) => ({
  principal: principal ?? null,
  authInfo: authInfo ?? null,
  owner: session?.principal ?? null,
}));

const as = (token: string): Fields => [["Authorization", token]];

describe("what the hook finds", () => {
  const found: Readonly<Record<string, [Authenticated, object]>> = {
    "a name": ["alice", { principal: "alice", authInfo: null, owner: "alice" }],
    "a principal with what is known of it": [
      { principal: "alice", authInfo: { scopes: ["a"] } },
      { principal: "alice", authInfo: { scopes: ["a"] }, owner: "alice" },
    ],
    "nothing": [undefined, { principal: null, authInfo: null, owner: null }],
  };
  for (const [name, [value, expected]] of Object.entries(found)) {
    for (const later of [false, true]) {
      test(`${name}, ${later ? "later" : "at once"}`, async (t) => {
        const authenticate = () => later ? Promise.resolve(value) : value;
        const peer = await join(await up(t, whoami, { authenticate }));
        assert.deepEqual((await peer.post(request(1, "x"))).json.result, expected);
      });
    }
  }

  for (const status of [401, 403]) {
    test(`an answer with status ${status} goes out as it is`, async (t) => {
      const server = await up(t, whoami, {
        authenticate: () =>
          new Response(`{"error":"no"}`, {
            status,
            headers: { "WWW-Authenticate": `Bearer realm="x"`, "Content-Type": "application/json" },
          }),
      });
      for (const out of [initialize(), { method: "GET" }, { method: "DELETE" }]) {
        const got = await ask(server.port, out);
        assert.equal(got.status, status);
        assert.equal(got.body, `{"error":"no"}`);
        assert.equal(got.get("www-authenticate"), `Bearer realm="x"`);
        assert.equal(got.get("mcp-session-id"), undefined);
      }
      assert.equal((await server.mcp.stats()).sessions, 0);
    });
  }

  test("an answer keeps every cookie, and what it varies by", async (t) => {
    const headers = new Headers({ vary: "Authorization" });
    for (const cookie of ["a=1", "b=2"]) headers.append("set-cookie", cookie);
    const server = await up(t, whoami, {
      authenticate: () => new Response("no", { status: 401, headers }),
      cors: true,
    });
    const got = await fetch(`http://127.0.0.1:${server.port}/mcp`, { method: "POST" });
    assert.deepEqual(got.headers.getSetCookie(), ["a=1", "b=2"]);
    assert.match(got.headers.get("vary") ?? "", /^Authorization, ?Origin$/i);
    assert.equal(await got.text(), "no");
  });

  for (const cors of [false, true]) {
    test(`an answer that is a text says so, with cors ${cors}`, async (t) => {
      const handler = createMcpHandler(whoami, {
        authenticate: () => new Response("nö", { status: 401 }),
        cors,
      });
      const server = await serveHere(handler);
      t.after(() => server.close());
      const listener = await serveListener(handler);
      t.after(() => listener.close());
      for (const { port } of [server, listener]) {
        const got = await ask(port, initialize());
        assert.match(got.get("content-type") ?? "", /^text\/plain; ?charset=utf-8$/i);
        assert.deepEqual([got.status, got.body], [401, "nö"]);
      }
    });
  }

  test("an answer that cannot be sent is 500, and told", async (t) => {
    const read = new Response("no", { status: 401 });
    await read.text();
    for (const answer of [read, Response.error()]) {
      const told: unknown[] = [];
      const server = await up(t, whoami, {
        authenticate: () => answer,
        onEvent: (event) => void (event.type === "application-error" && told.push(event.method)),
      });
      refused(await ask(server.port, initialize()), { status: 500, code: -32603 });
      assert.deepEqual(told, ["authenticate"]);
    }
  });

  test("that the hook fails is 500, and nothing of why", async (t) => {
    for (
      const authenticate of [
        () => {
          throw new Error("password123");
        },
        () => Promise.reject(new Error("password123")),
        () => null as never,
      ]
    ) {
      const server = await up(t, whoami, { authenticate, onEvent: () => {} });
      const got = await ask(server.port, initialize());
      refused(got, { status: 500, code: -32603 });
      assert.ok(!got.body.includes("password"));
    }
  });
});

test("every request is authenticated, once", async (t) => {
  const seen: string[] = [];
  const authenticate = ({ method, url, headers }: {
    method: string;
    url: string;
    headers: { get(name: string): string | null };
  }) => {
    seen.push(
      `${method} ${new URL(url).pathname} ${
        headers.get("AUTHORIZATION") ?? headers.get("authorization")
      }`,
    );
    return "alice";
  };
  const server = await up(t, whoami, { authenticate });
  const peer = await join(server, { fields: as("t1") });
  await peer.post(notification("x"));
  (await peer.listen()).cut();
  await peer.end();
  assert.deepEqual(seen, [
    "POST /mcp t1",
    "POST /mcp t1",
    "POST /mcp t1",
    "GET /mcp t1",
    "DELETE /mcp t1",
  ]);
});

test("a session follows its principal from token to token, and nobody else", async (t) => {
  const server = await up(t, whoami, {
    authenticate: ({ headers }) => headers.get("authorization")?.split(":")[0],
  });
  const peer = await join(server, { fields: as("alice:t1") });
  const status = async (token?: string): Promise<number> => {
    const fields = peer.fields.filter(([name]) => name !== "Authorization");
    return (await ask(
      server.port,
      posting(request(1, "x"), token === undefined ? fields : merged(fields, as(token))),
    )).status;
  };
  assert.equal(await status("alice:t1"), 200);
  assert.equal(await status("alice:t2"), 200);
  assert.equal(await status("bob:t1"), 404);
  assert.equal(await status(), 404);
  assert.equal(await status("alic"), 404);
});

test("an anonymous session is not a principal's, nor the other way round", async (t) => {
  const server = await up(t, whoami, {
    authenticate: ({ headers }) => headers.get("authorization") ?? undefined,
  });
  const nobody = await join(server);
  assert.equal((await nobody.post(request(1, "x"), as("alice"))).status, 404);
  assert.equal((await nobody.post(request(1, "x"), as("undefined"))).status, 404);
  assert.equal((await nobody.post(request(1, "x"), as("null"))).status, 404);
  assert.equal((await nobody.post(request(1, "x"))).status, 200);
});
