/** WIRE.md, sections 1 (rule 12) and 3: JSON or an event stream, and 406. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ResponseShape } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { ask, open } from "./harness/http.ts";
import { join, merged, type Peer, POST_FIELDS, request } from "./harness/mcp.ts";
import { refused } from "./harness/refusal.ts";
import { app, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

const JSON_TYPE = "application/json";
const SSE_TYPE = "text/event-stream";

/** `talk` says something before its result, `later` answers a turn later, others at once. */
const talker = app((one, exchange) => {
  if (one.method === "talk") {
    exchange.notify("notifications/message", { level: "info", data: "hi" });
  }
  return one.method === "later" ? new Promise((done) => setTimeout(() => done({}), 5)) : {};
});

async function typeOf(peer: Peer, method: string, accept: string): Promise<string | number> {
  const got = await peer.post(request(1, method), [["Accept", accept]]);
  return got.status === 200 ? got.get("content-type")! : got.status;
}

describe("the answer to a call", () => {
  const both = `${JSON_TYPE}, ${SSE_TYPE}`;
  const cells: readonly (readonly [ResponseShape, string, string, string | number])[] = [
    ["auto", "quiet", both, JSON_TYPE],
    ["auto", "later", both, JSON_TYPE],
    ["auto", "talk", both, SSE_TYPE],
    ["auto", "quiet", JSON_TYPE, JSON_TYPE],
    ["auto", "talk", JSON_TYPE, JSON_TYPE],
    ["auto", "quiet", SSE_TYPE, SSE_TYPE],
    ["auto", "later", SSE_TYPE, SSE_TYPE],
    ["auto", "talk", SSE_TYPE, SSE_TYPE],
    ["json", "quiet", both, JSON_TYPE],
    ["json", "talk", both, JSON_TYPE],
    ["json", "talk", JSON_TYPE, JSON_TYPE],
    ["json", "quiet", SSE_TYPE, 406],
    ["sse", "quiet", both, SSE_TYPE],
    ["sse", "later", both, SSE_TYPE],
    ["sse", "talk", SSE_TYPE, SSE_TYPE],
    ["sse", "quiet", JSON_TYPE, 406],
  ];
  for (const [response, method, accept, expected] of cells) {
    test(`${response}, ${method}, Accept ${accept}: ${expected}`, async (t) => {
      const server = await up(t, talker, { response });
      const id = (await join(server)).id;
      const out = {
        method: "POST",
        fields: merged(POST_FIELDS, [["Mcp-Session-Id", id], ["Accept", accept]]),
      };
      const got = await ask(server.port, { ...out, body: JSON.stringify(request(1, method)) });
      if (expected === 406) return refused(got, { status: 406, code: -32000, says: "must accept" });
      assert.equal(got.status, 200);
      assert.equal(got.get("content-type"), expected);
      if (expected === JSON_TYPE) assert.deepEqual(got.json, { jsonrpc: "2.0", id: 1, result: {} });
    });
  }
});

describe("Accept, as RFC 9110 reads it", () => {
  const values: readonly (readonly [string, string | number])[] = [
    ["*/*", JSON_TYPE],
    ["", JSON_TYPE],
    ["application/*", JSON_TYPE],
    ["text/*", SSE_TYPE],
    ["APPLICATION/JSON, TEXT/EVENT-STREAM", JSON_TYPE],
    ["application/json;charset=utf-8, text/event-stream;q=0.1", JSON_TYPE],
    ["application/json;q=0, text/event-stream", SSE_TYPE],
    ["*/*;q=0.1, application/json;q=0", SSE_TYPE],
    ["text/html, application/xhtml+xml, */*;q=0.8", JSON_TYPE],
    ['text/html;a="application/json", text/event-stream', SSE_TYPE],
    ["text/html", 406],
    ["application/jsonx", 406],
    ["application/json;q=0, text/event-stream;q=0", 406],
    ["*/*;q=0", 406],
    ["application/json-seq, text/event-streams", 406],
    ["json", 406],
  ];
  for (const [accept, expected] of values) {
    test(`${JSON.stringify(accept)} on POST: ${expected}`, async (t) => {
      assert.equal(await typeOf(await join(await up(t, talker)), "quiet", accept), expected);
    });
  }

  test("absent on POST and GET: everything", async (t) => {
    const server = await up(t, talker);
    const peer = await join(server);
    const fields = merged(POST_FIELDS, peer.fields).filter(([name]) => name !== "Accept");
    const body = JSON.stringify(request(1, "quiet"));
    assert.equal((await ask(server.port, { method: "POST", fields, body })).status, 200);
    const answer = await open(server.port, { fields: peer.fields });
    assert.equal(answer.status, 200);
    answer.line.cut();
  });

  for (
    const [accept, status] of [
      ["text/event-stream", 200],
      ["*/*", 200],
      ["text/*;q=0.2", 200],
      ["application/json", 406],
      ["application/json, text/html", 406],
      ["text/event-stream;q=0, */*", 406],
    ] as const
  ) {
    test(`${accept} on GET: ${status}`, async (t) => {
      const answer = await (await join(await up(t, talker))).get(undefined, [["Accept", accept]]);
      assert.equal(answer.status, status);
      answer.line.cut();
    });
  }

  test("on two lines is one list", async (t) => {
    const server = await up(t, talker);
    const { id } = await join(server);
    const got = await ask(server.port, {
      method: "POST",
      fields: [
        ["Content-Type", JSON_TYPE],
        ["Mcp-Session-Id", id],
        ["Accept", "text/html"],
        ["Accept", SSE_TYPE],
      ],
      body: JSON.stringify(request(1, "quiet")),
    });
    assert.equal(got.get("content-type"), SSE_TYPE);
  });
});

describe("a call that is silent for long", () => {
  test("turns to a stream after a while, and not before", async (t) => {
    const clock = new FakeClock();
    let finish = (): void => {};
    const server = await up(
      t,
      app(() => new Promise((done) => finish = () => done({ slept: true }))),
      { clock, autoSseMs: 3_000 },
    );
    const peer = await join(server);
    let answered = false;
    const waiting = peer.call("sleep");
    void waiting.then(() => answered = true);
    while ((await server.mcp.stats()).inFlight === 0) await peer.post(request(0, "ping"));
    await clock.passing(2_999);
    await peer.post(request(0, "ping"));
    assert.equal(answered, false);
    await clock.passing(1);
    const answer = await waiting;
    assert.equal(answer.get("content-type"), SSE_TYPE);
    finish();
    const events = new Events(answer);
    assert.deepEqual((await events.rest()).map((one) => one.result), [{ slept: true }]);
    assert.ok(answer.complete);
  });

  test("stays JSON for a client that takes nothing else", async (t) => {
    const clock = new FakeClock();
    let finish = (): void => {};
    const server = await up(
      t,
      app(() => new Promise((done) => finish = () => done({ slept: true }))),
      { clock },
    );
    const peer = await join(server);
    const waiting = peer.call("sleep", {}, { id: 1, fields: [["Accept", JSON_TYPE]] });
    while ((await server.mcp.stats()).inFlight === 0) await peer.post(request(0, "ping"));
    await clock.passing(60_000);
    finish();
    const answer = await waiting;
    assert.equal(answer.get("content-type"), JSON_TYPE);
    assert.deepEqual((await answer.json()).result, { slept: true });
  });
});

test("a stream ends with the result, and nothing comes after it", async (t) => {
  let after = (): void => {};
  const server = await up(
    t,
    app((_, exchange) => {
      exchange.notify("notifications/message", { data: "before" });
      after = () => exchange.notify("notifications/message", { data: "after" });
      return {};
    }),
  );
  const peer = await join(server);
  const standalone = await peer.listen();
  const answer = await peer.call("x", {}, { id: 4 });
  after();
  const messages = await new Events(answer).rest();
  assert.deepEqual(messages.map((one) => one.id ?? one.params.data), ["before", 4]);
  assert.ok(answer.complete);
  await (await server.mcp.sessions.get(peer.id))!.notify("notifications/message", { data: "end" });
  assert.equal((await standalone.next()).params.data, "end");
});
