/** WIRE.md, section 5: one function for every answer, errors included. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, type Fields, open, type Whole } from "./harness/http.ts";
import { initialize, join, merged, posting, request } from "./harness/mcp.ts";
import { app, up } from "./harness/runtime.ts";

const PAGE = "http://localhost:5173";
const FROM_PAGE: Fields = [["Origin", PAGE]];

const list = (value: string | undefined): string[] =>
  (value ?? "").split(",").map((one) => one.trim().toLowerCase()).sort();

function readable(answer: Pick<Whole, "get">): void {
  assert.equal(answer.get("access-control-allow-origin"), PAGE);
  assert.deepEqual(
    list(answer.get("access-control-expose-headers")),
    ["mcp-protocol-version", "mcp-session-id", "www-authenticate"],
  );
  assert.ok(list(answer.get("vary")).includes("origin"));
}

function preflight(fields: Fields = []) {
  const asked: Fields = [...FROM_PAGE, ["Access-Control-Request-Method", "POST"]];
  return { method: "OPTIONS", fields: merged(asked, fields) };
}

const ALLOWED = [
  "accept",
  "authorization",
  "content-type",
  "last-event-id",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
];

describe("a preflight", () => {
  test("allows the methods and the headers that clients use", async (t) => {
    const server = await up(t, app(), { cors: true });
    const got = await ask(server.port, preflight());
    assert.equal(got.status, 204);
    readable(got);
    assert.deepEqual(list(got.get("access-control-allow-methods")), ["delete", "get", "post"]);
    assert.deepEqual(list(got.get("access-control-allow-headers")), ALLOWED);
    assert.ok(Number(got.get("access-control-max-age")) > 0, "asked before every request");
    assert.equal(got.get("content-type"), undefined);
  });

  test("allows Mcp-Param headers that are asked for, and no others", async (t) => {
    const server = await up(t, app(), { cors: true });
    const odd = "mcp-param-a!#$%&'*+-.^_`|~0189";
    const others = "X-Other, mcp-param-, mcp-param-a b, x-mcp-param-a";
    const asked = `content-type, mcp-param-city, ${others}, Mcp-Param-Zip, ${odd}`;
    const got = await ask(server.port, preflight([["Access-Control-Request-Headers", asked]]));
    assert.deepEqual(
      list(got.get("access-control-allow-headers")),
      [...ALLOWED, "mcp-param-city", "mcp-param-zip", odd].sort(),
    );
  });

  test("is answered before authentication", async (t) => {
    let asked = 0;
    const authenticate = () => {
      asked++;
      return new Response(null, { status: 401 });
    };
    const server = await up(t, app(), { cors: true, authenticate });
    assert.equal((await ask(server.port, preflight())).status, 204);
    assert.equal(asked, 0);
  });

  test("of a page that is not allowed gets 403 and no permission", async (t) => {
    const server = await up(t, app(), { cors: true });
    const got = await ask(server.port, preflight([["Origin", "http://evil.com"]]));
    assert.equal(got.status, 403);
    assert.equal(got.get("access-control-allow-origin"), undefined);
  });
});

describe("every answer to an allowed page can be read by it", () => {
  test("refusals of every rule", async (t) => {
    const authenticate = (head: { headers: { get(name: string): string | null } }) =>
      head.headers.get("authorization") === "no"
        ? new Response("{}", { status: 401, headers: { "WWW-Authenticate": "Bearer" } })
        : undefined;
    const limits = { bodyBytes: 500 };
    const server = await up(t, app(), { cors: true, authenticate, limits });
    const ping = request(1, "ping");
    const refusals: readonly (readonly [number, object])[] = [
      [403, { method: "GET", fields: [["Host", "evil.com"]] }],
      [405, { method: "PUT", fields: [] }],
      [413, posting("x".repeat(600))],
      [401, posting(ping, [["Authorization", "no"]])],
      [400, posting(ping)],
      [415, posting(ping, [["Content-Type", "text/plain"]])],
      [406, posting(ping, [["Accept", "text/html"]])],
      [400, posting("{")],
      [404, posting(ping, [["Mcp-Session-Id", "nobody"]])],
      [404, { method: "DELETE", fields: [["Mcp-Session-Id", "nobody"]] }],
      [404, {
        method: "GET",
        fields: [["Mcp-Session-Id", "nobody"], ["Accept", "text/event-stream"]],
      }],
    ];
    for (const [status, out] of refusals) {
      const { fields, ...rest } = out as { fields: Fields };
      const got = await ask(server.port, { ...rest, fields: merged(fields, FROM_PAGE) });
      assert.equal(got.status, status);
      readable(got);
    }
  });

  test("initialize, a call as JSON, a call as a stream, 202, the GET stream and DELETE", async (t) => {
    const server = await up(
      t,
      app((_, exchange) => {
        exchange.notify("notifications/message", { level: "info", data: "x" });
        return {};
      }),
      { cors: true },
    );
    const opened = initialize();
    const first = await ask(server.port, { ...opened, fields: merged(opened.fields!, FROM_PAGE) });
    assert.equal(first.status, 200);
    readable(first);
    const peer = await join(server, { fields: FROM_PAGE });
    readable(await peer.post(request(1, "ping")));
    readable(await peer.post({ jsonrpc: "2.0", method: "notifications/x" }));
    for (const answer of [await peer.call("log"), await peer.get()]) {
      assert.equal(answer.get("content-type"), "text/event-stream");
      readable(answer);
      answer.line.cut();
    }
    const ended = await peer.end();
    assert.equal(ended.status, 204);
    readable(ended);
  });
});

test("without an Origin nothing is allowed, but caches are told", async (t) => {
  const server = await up(t, app(), { cors: true });
  const got = await ask(server.port, initialize());
  assert.equal(got.get("access-control-allow-origin"), undefined);
  assert.ok(list(got.get("vary")).includes("origin"));
});

test("a page that is not allowed gets no permission with its 403", async (t) => {
  const server = await up(t, app(), { cors: true, allowedOrigins: ["https://app.example"] });
  const got = await ask(server.port, { method: "GET", fields: FROM_PAGE });
  assert.equal(got.status, 403);
  assert.equal(got.get("access-control-allow-origin"), undefined);
});

test("off by default: no header, and OPTIONS is a method like any other", async (t) => {
  const server = await up(t, app());
  const got = await ask(server.port, preflight());
  assert.equal(got.status, 405);
  assert.equal(got.get("allow"), "GET, POST, DELETE");
  const opened = initialize();
  const first = await open(server.port, { ...opened, fields: merged(opened.fields!, FROM_PAGE) });
  assert.equal(first.status, 200);
  for (const [name] of first.fields) assert.ok(!name.startsWith("access-control-"), name);
  first.line.cut();
});
