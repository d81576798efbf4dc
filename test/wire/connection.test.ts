/** What HTTP connections may do: be used again, be closed on request, be asked for something else. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask, type Fields, Line, open, type Outgoing } from "./harness/http.ts";
import { initialize, join, merged, notification, posting, request } from "./harness/mcp.ts";
import { refused } from "./harness/refusal.ts";
import { app, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";
import { serverSets } from "./runtime_answers.ts";

const echo = app((one) => ({ params: one.params ?? null }));

test("a connection is used again after every kind of answer", async (t) => {
  const server = await up(t, echo, { cors: true });
  const peer = await join(server);
  const ping = posting(request(1, "ping"), peer.fields);
  const kinds: readonly (readonly [number, Outgoing])[] = [
    [200, ping],
    [202, posting(notification("x"), peer.fields)],
    [204, { method: "OPTIONS", fields: [["Origin", "http://localhost"]] }],
    [400, posting("{", peer.fields)],
    [400, posting(request(1, "x"))],
    [403, { fields: [["Origin", "null"]] }],
    [404, posting(request(1, "x"), [["Mcp-Session-Id", "nobody"]])],
    [404, { path: "/elsewhere" }],
    [405, { method: "PUT" }],
    [405, { method: "PATCH", body: "x" }],
    [406, posting(request(1, "x"), merged(peer.fields, [["Accept", "text/html"]]))],
    [415, posting(request(1, "x"), merged(peer.fields, [["Content-Type", "text/plain"]]))],
    [204, { method: "DELETE", fields: peer.fields }],
    [200, initialize()],
  ];
  const line = await Line.dial(server.port);
  for (const [status, out] of kinds) {
    line.send(out);
    const answer = await line.answer();
    assert.equal(answer.status, status, `${out.method} ${out.path}`);
    await answer.text();
    assert.ok(answer.complete);
  }
  line.cut();
});

test(
  "an idle connection is kept for longer than a proxy keeps it",
  { timeout: 30_000 },
  async (t) => {
    const peer = await join(await up(t, echo));
    const line = await Line.dial(peer.port);
    const ping = posting(request(1, "ping"), peer.fields);
    line.send(ping);
    const first = await line.answer();
    await first.text();
    // The only runtime that closes one says when; Google's proxies keep theirs for 600 seconds.
    const [, told] = /timeout=(\d+)/.exec(first.get("keep-alive") ?? "timeout=601")!;
    assert.ok(Number(told) > 600, `told to use it within ${told} s`);
    // Node by itself closes it after six.
    await new Promise((resolve) => setTimeout(resolve, 6_500));
    line.send(ping);
    assert.equal((await line.answer()).status, 200);
    line.cut();
  },
);

describe("Connection: close", () => {
  const close: Fields = [["Connection", "close"]];

  test("is honoured after an answer", async (t) => {
    const peer = await join(await up(t, echo));
    const answer = await open(peer.port, posting(request(1, "ping"), merged(peer.fields, close)));
    assert.equal((await answer.json()).id, 1);
    await answer.line.ended();
  });

  test("does not cut a stream short", async (t) => {
    const server = await up(t, echo);
    const peer = await join(server);
    const stream = new Events(await peer.get(undefined, close));
    const handle = (await server.mcp.sessions.get(peer.id))!;
    for (let i = 0; i < 3; i++) {
      handle.notify("notifications/message", { data: i });
      assert.equal((await stream.next()).params.data, i);
    }
    await peer.end();
    assert.deepEqual(await stream.rest(), []);
    await stream.answer.line.ended();
  });
});

test("a client that asks for another protocol gets this one, if the runtime lets it", async (t) => {
  const peer = await join(await up(t, echo));
  const upgrade: Fields = [["Connection", "Upgrade"], ["Upgrade", "h2c"]];
  const got = await ask(peer.port, posting(request(1, "ping"), merged(peer.fields, upgrade)));
  assert.equal(got.status, serverSets.upgrade);
  if (got.status === 200) assert.equal(got.json.id, 1);
});

test(
  "a client that waits for 100 Continue gets it, and its answer",
  { timeout: 30_000 },
  async (t) => {
    const peer = await join(await up(t, echo));
    const line = await Line.dial(peer.port);
    const { method, fields, body } = posting(request(1, "ping"), peer.fields);
    const length = String((body as string).length);
    const expecting: Fields = [...fields!, ["Content-Length", length], ["Expect", "100-continue"]];
    line.send({ method: method!, fields: expecting });
    const interim = await line.answer();
    assert.equal(interim.status, 100);
    line.write(body!);
    assert.equal((await (await line.answer()).json()).id, 1);
    line.cut();
  },
);

describe("methods that are none of MCP's", () => {
  for (const method of ["PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]) {
    test(`${method}: 405`, async (t) => {
      const got = await ask((await up(t, echo)).port, { method });
      refused(got, {
        status: 405,
        code: -32000,
        says: method,
        fields: { allow: "GET, POST, DELETE" },
      });
    });
  }

  test("HEAD: 405 without a body", async (t) => {
    const server = await up(t, echo);
    const line = await Line.dial(server.port);
    line.send({ method: "HEAD" });
    assert.equal((await line.answer()).status, 405);
    // The next bytes are the next answer's.
    line.send(initialize());
    assert.equal((await line.answer()).status, 200);
    line.cut();
  });
});

describe("paths", () => {
  const paths: readonly (readonly [string, number])[] = [
    ["/mcp", 200],
    ["/mcp?key=1", 200],
    ["/", 404],
    ["/mcp/", 404],
    ["/mcpx", 404],
    ["/MCP", 404],
    ["/a/mcp", 404],
    ["//mcp", 404],
    ["http://localhost/mcp", 200],
    ["http://localhost?x=/mcp", 404],
  ];
  for (const [path, status] of paths) {
    test(`${path}: ${status}`, async (t) => {
      const got = await ask((await up(t, echo)).port, { ...initialize(), path });
      assert.equal(got.status, status);
      if (status === 404) refused(got, { status, code: -32000, says: "/mcp" });
    });
  }
});
