/** WIRE.md, section 3: messages, alone and in batches. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RpcError } from "../../core/engine/mod.ts";
import { ask, type Whole } from "./harness/http.ts";
import { join, notification, posting, request, REVISIONS } from "./harness/mcp.ts";
import { refused } from "./harness/refusal.ts";
import { app, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

const echo = app((one) => one.method === "echo" ? { params: one.params } : undefined);
const response = { jsonrpc: "2.0", id: "x", result: {} };
const failure = { jsonrpc: "2.0", id: "x", error: { code: 1, message: "no" } };

function accepted(got: Whole): void {
  assert.equal(got.status, 202, got.body);
  assert.equal(got.body, "");
  assert.equal(got.get("content-type"), undefined);
  assert.equal(got.get("mcp-session-id"), undefined);
}

describe("nothing to answer: 202, no body, no Content-Type", () => {
  const messages: Readonly<Record<string, object>> = {
    "a notification": notification("notifications/initialized"),
    "an unknown notification": notification("notifications/anything", { a: 1 }),
    "a response": response,
    "an error response": failure,
    "an error response without an id": { jsonrpc: "2.0", error: { code: 1, message: "no" } },
    "a cancellation of nothing": notification("notifications/cancelled", { requestId: 99 }),
  };
  for (const [name, message] of Object.entries(messages)) {
    test(name, async (t) => accepted(await (await join(await up(t, echo))).post(message)));
  }

  test("whatever the application does with it", async (t) => {
    const server = await up(
      t,
      app(undefined, {
        notification: () => {
          throw new Error("no");
        },
      }),
      { onEvent: () => {} },
    );
    accepted(await (await join(server)).post(notification("x")));
  });

  test("without a wait for the application", async (t) => {
    const server = await up(t, app(undefined, { notification: () => new Promise(() => {}) }));
    accepted(await (await join(server)).post(notification("x")));
  });
});

describe("a request", () => {
  test("of an unknown method: HTTP 200, -32601", async (t) => {
    const peer = await join(await up(t, echo));
    const got = await peer.post(request(1, "nonsense/method"));
    assert.equal(got.status, 200);
    const { id, error } = got.json;
    assert.deepEqual([id, error.code], [1, -32601]);
  });

  test("that makes the application throw: HTTP 200, -32603, and nothing of why", async (t) => {
    const errors: unknown[] = [];
    const server = await up(
      t,
      app(({ method }) => {
        if (method === "now") throw new Error("password123");
        return Promise.reject(new Error("password123"));
      }),
      { onEvent: (event) => event.type === "application-error" && errors.push(event.error) },
    );
    const peer = await join(server);
    for (const method of ["now", "later"]) {
      const got = await peer.post(request(1, method));
      assert.equal(got.status, 200);
      assert.equal(got.json.error.code, -32603);
      assert.ok(!got.body.includes("password"));
    }
    assert.equal(errors.length, 2);
  });

  test("that the application refuses: its own error", async (t) => {
    const server = await up(
      t,
      app(() => Promise.reject(new RpcError(-32002, "gone", { uri: "x" }))),
    );
    const { json } = await (await join(server)).post(request("a", "x"));
    const error = { code: -32002, message: "gone", data: { uri: "x" } };
    assert.deepEqual(json, { jsonrpc: "2.0", id: "a", error });
  });

  test("gets its id back as it was", async (t) => {
    const peer = await join(await up(t, echo));
    const ids = [0, -1, 5, "5", "", "__proto__", 'ü\u2028\n"', 9007199254740991];
    for (const id of ids) assert.equal((await peer.post(request(id, "echo"))).json.id, id);
  });

  test("gets its text back as it was", async (t) => {
    const peer = await join(await up(t, echo));
    const text = '\u2028\u2029\r\n\0 \ud83d\ude00 é \\ " data: x\n\nid: 7\n\n';
    const got = await peer.post(request(1, "echo", { text }));
    assert.equal(got.json.result.params.text, text);
    const stream = await peer.stream("echo", { text });
    assert.equal((await stream.next()).result.params.text, text);
  });

  test("whose id is in flight is refused, and the first call goes on", async (t) => {
    let release = (): void => {};
    const server = await up(
      t,
      app(({ method }) =>
        method === "hold" ? new Promise((done) => release = () => done({ first: true })) : {}
      ),
    );
    const peer = await join(server);
    const first = peer.call("hold", {}, { id: "a" });
    while ((await server.mcp.stats()).inFlight === 0) await peer.post(notification("x"));
    refused(await peer.post(request("a", "x")), { status: 400, code: -32600, id: "a" });
    // In another session it is free.
    assert.equal((await (await join(server)).post(request("a", "x"))).status, 200);
    release();
    assert.deepEqual((await (await first).json()).result, { first: true });
    assert.equal((await peer.post(request("a", "x"))).status, 200);
  });

  test("over the limit of requests in flight: 503 with Retry-After", async (t) => {
    const server = await up(
      t,
      app(({ method }) => method === "hold" ? new Promise(() => {}) : {}),
      { limits: { inFlight: 2 } },
    );
    const peer = await join(server);
    for (const id of [1, 2]) {
      peer.call("hold", {}, { id }).catch(() => "its connection ends with the server");
    }
    while ((await server.mcp.stats()).inFlight < 2) await peer.post(notification("x"));
    refused(await peer.post(request(3, "x")), { status: 503, code: -32000, id: 3 });
    accepted(await peer.post(notification("x")));
  });
});

describe("a batch", () => {
  const batch = [request(1, "echo", { a: 1 }), notification("x"), request("b", "nope"), response];

  test("in a 2025-03-26 session is answered by an array", async (t) => {
    const peer = await join(await up(t, echo), { version: "2025-03-26" });
    const got = await peer.post(batch);
    assert.equal(got.status, 200);
    assert.deepEqual(got.json.map((one: { id: unknown }) => one.id).sort(), [1, "b"]);
    const one = (await peer.post([request(1, "ping")])).json;
    assert.deepEqual(one, [{ jsonrpc: "2.0", id: 1, result: {} }]);
  });

  test("in a 2025-03-26 session whose answer is a stream: a message each, then its end", async (t) => {
    const peer = await join(await up(t, echo, { response: "sse" }), { version: "2025-03-26" });
    const events = new Events(await peer.call("ping"));
    assert.equal((await events.rest()).length, 1);
    const got = await peer.post(batch);
    assert.equal(got.get("content-type"), "text/event-stream");
    assert.equal(got.body.split("data: {").length - 1, 2);
  });

  test("without requests is 202", async (t) => {
    const peer = await join(await up(t, echo), { version: "2025-03-26" });
    accepted(await peer.post([notification("x"), response, failure]));
  });

  test("with an id twice, or over the limit, is refused whole", async (t) => {
    let calls = 0;
    const server = await up(t, app(() => ({ call: ++calls })), { limits: { batch: 3 } });
    const peer = await join(server, { version: "2025-03-26" });
    const twice = await peer.post([request(1, "x"), request(1, "x")]);
    refused(twice, { status: 400, code: -32600, id: 1 });
    const long = await peer.post([1, 2, 3, 4].map((id) => request(id, "x")));
    refused(long, { status: 400, code: -32600, says: "limit is 3" });
    assert.equal(calls, 0);
  });

  test("with one message that is none is refused whole", async (t) => {
    const peer = await join(await up(t, echo), { version: "2025-03-26" });
    refused(await peer.post([request(1, "echo"), {}]), { status: 400, code: -32600 });
  });

  for (const version of REVISIONS.slice(1)) {
    test(`in a ${version} session: 400`, async (t) => {
      const peer = await join(await up(t, echo), { version });
      for (const one of [batch, [request(1, "ping")], [notification("x")]]) {
        refused(await peer.post(one), { status: 400, code: -32600, says: "2025-03-26" });
      }
    });
  }

  for (const version of REVISIONS) {
    test(`that is empty, in a ${version} session: 400`, async (t) => {
      const peer = await join(await up(t, echo), { version });
      refused(await peer.post([]), { status: 400, code: -32600, says: "empty" });
    });
  }

  test("goes by the session's version, not by the header", async (t) => {
    const peer = await join(await up(t, echo), { version: "2025-03-26" });
    const got = await peer.post([request(1, "ping")], [["MCP-Protocol-Version", "2025-11-25"]]);
    assert.equal(got.status, 200);
  });

  test("without a session goes by the header, and is served where there is none", async (t) => {
    const server = await up(t, echo, { sessions: "off" });
    assert.equal((await ask(server.port, posting([request(1, "ping")]))).status, 200);
    const newer = posting([request(1, "ping")], [["MCP-Protocol-Version", "2025-06-18"]]);
    refused(await ask(server.port, newer), { status: 400, code: -32600 });
  });
});
