import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Exchange, McpOptions } from "../../core/engine/mod.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, gate, initialize, refusal, request } from "./endpoint.ts";
import { type Scope, testInWorlds } from "./worlds.ts";

const JSON_ONLY = "application/json";
const SSE_ONLY = "text/event-stream";

/** An application whose calls wait to be told to end. */
function waiting() {
  const begun = gate();
  const finish = gate<object>();
  return {
    begun: begun.opened,
    finish: finish.open,
    request: () => {
      begun.open();
      return finish.opened;
    },
  };
}

function talkative(_: unknown, exchange: Exchange): object {
  exchange.notify("notifications/message", { text: "first" });
  return { done: true };
}

testInWorlds(
  "a silent call turns to an event stream before anybody loses patience",
  async (scope, world) => {
    const application = waiting();
    const endpoint = new Endpoint(scope, application, { keepAliveMs: 5_000 }, world);
    const session = await endpoint.open();
    const call = endpoint.call("tools/call", { session });
    let answered = false;
    call.then(() => answered = true);
    await application.begun;
    await endpoint.pass(2_999);
    assert.equal(answered, false);
    await endpoint.pass(1);
    const events = new Events(await call);
    const rest = events.rest();
    await endpoint.pass(60_000);
    application.finish({ done: true });
    const [{ result }] = await rest;
    assert.deepEqual(result, { done: true });
    // The first byte at once, then a comment for every five silent seconds.
    const comments = events.text.match(/^:$/gm)?.length ?? 0;
    assert.ok(comments >= 10 && comments <= 14, events.text);
    await endpoint.pass(60_000);
    assert.equal(endpoint.clock.timers, 1, "the sweep's alone");
  },
);

for (
  const [name, options, accept] of [
    ["the server's options", { response: "sse" }, `${JSON_ONLY}, ${SSE_ONLY}`],
    ["what the client takes", {}, SSE_ONLY],
  ] as const
) {
  testInWorlds(
    `a call whose answer is a stream by ${name} waits 100 ms for something to say`,
    async (scope, world) => {
      for (const soon of [true, false]) {
        const application = waiting();
        const endpoint = new Endpoint(scope, application, { keepAliveMs: 0, ...options }, world);
        const session = await endpoint.open();
        const call = endpoint.call("tools/call", { session, accept });
        let answered = false;
        call.then(() => answered = true);
        await application.begun;
        await endpoint.pass(99);
        assert.equal(answered, false);
        if (soon) application.finish({ soon });
        await endpoint.pass(1);
        const answer = await call;
        assert.equal(answer.headers.get("content-type"), SSE_ONLY);
        if (!soon) {
          assert.equal((await endpoint.handler.stats()).streams, 1);
          application.finish({ soon });
        }
        const events = new Events(answer);
        assert.deepEqual((await events.rest()).map(({ result }) => result), [{ soon }]);
        assert.match(events.text, /^id: /m, "a client that lost it can come back");
        assert.equal((await endpoint.handler.stats()).streams, 0);
      }
    },
  );
}

describe("the shape of an answer", () => {
  for (const [response, type] of [["auto", JSON_ONLY], ["json", JSON_ONLY], ["sse", SSE_ONLY]]) {
    test(`to initialize, ${response}, is ${type}`, async (t) => {
      const endpoint = new Endpoint(t, {}, { response: response as "auto" | "json" | "sse" });
      const answer = await endpoint.post(initialize());
      assert.equal(answer.headers.get("content-type"), type);
      assert.match(await answer.text(), /"protocolVersion":/);
    });
  }

  const shapes: readonly (readonly [string, McpOptions, string | undefined, boolean, string])[] = [
    ["auto, of a quiet call", {}, undefined, false, JSON_ONLY],
    ["auto, of a talkative call", {}, undefined, true, SSE_ONLY],
    ["auto, where only JSON is acceptable", {}, JSON_ONLY, true, JSON_ONLY],
    ["auto, where only event streams are", {}, SSE_ONLY, false, SSE_ONLY],
    ["json, whatever the call says", { response: "json" }, undefined, true, JSON_ONLY],
    ["sse, whatever the call does not say", { response: "sse" }, undefined, false, SSE_ONLY],
  ];
  for (const [what, options, accept, talks, type] of shapes) {
    test(`${what}, is ${type}`, async (t) => {
      const endpoint = new Endpoint(t as unknown as Scope, {
        request: (message, exchange) => talks ? talkative(message, exchange) : { done: true },
      }, options);
      const session = await endpoint.open();
      const answer = await endpoint.call("tools/call", {
        session,
        ...(accept === undefined ? {} : { accept }),
      });
      assert.equal(answer.headers.get("content-type"), type);
      if (type === JSON_ONLY) {
        return assert.deepEqual((await answer.json()).result, { done: true });
      }
      const methods = (await new Events(answer).rest()).map((one) => one.method ?? "result");
      assert.deepEqual(methods, talks ? ["notifications/message", "result"] : ["result"]);
    });
  }

  test("fixed to what the client does not accept, is 406", async (t) => {
    for (const [response, accept] of [["json", SSE_ONLY], ["sse", JSON_ONLY]] as const) {
      const endpoint = new Endpoint(t as unknown as Scope, {}, { response });
      const { status, message } = await refusal(await endpoint.call("x", { accept }));
      assert.equal(status, 406);
      assert.match(message, new RegExp(response === "json" ? JSON_ONLY : SSE_ONLY));
    }
  });

  test("of a slow call that may only be JSON, stays JSON", async (t) => {
    const application = waiting();
    const endpoint = new Endpoint(t as unknown as Scope, application);
    const session = await endpoint.open();
    const call = endpoint.call("tools/call", { session, accept: JSON_ONLY });
    await application.begun;
    await endpoint.pass(60_000);
    application.finish({ done: true });
    assert.equal((await call).headers.get("content-type"), JSON_ONLY);
  });
});

describe("an event stream", () => {
  const primed: readonly (readonly [string, McpOptions, boolean, boolean])[] = [
    ["2025-03-26", {}, false, true],
    ["2025-06-18", {}, false, true],
    ["2025-11-25", {}, true, true],
    ["2025-11-25", { resumable: false }, false, false],
  ];
  for (const [version, options, priming, ids] of primed) {
    const with_ = options.resumable === false ? ", not resumable," : "";
    test(`of ${version}${with_} begins ${priming ? "with" : "without"} a priming event`, async (t) => {
      const endpoint = new Endpoint(t as unknown as Scope, { request: talkative }, options);
      const session = await endpoint.open({}, { version });
      for (const stream of ["call", "standalone"]) {
        const answer = stream === "call"
          ? await endpoint.call("tools/call", { session })
          : await endpoint.get({ session });
        const events = new Events(answer);
        if (stream === "standalone") {
          (await endpoint.handler.sessions.get(session))!.notify("notifications/message", {});
        }
        const first = await events.event();
        assert.equal(first!.data === "", priming, stream);
        assert.equal(first!.id !== undefined, ids, stream);
        await events.cut();
      }
    });
  }

  test("is not delayed, stored or changed on its way", async (t) => {
    const endpoint = new Endpoint(t as unknown as Scope, { request: talkative });
    const { headers } = await endpoint.get({ session: await endpoint.open() });
    assert.equal(headers.get("cache-control"), "no-cache, no-transform");
    assert.equal(headers.get("x-accel-buffering"), "no");
  });

  test("has no comment where something was said since the last one", async (t) => {
    const endpoint = new Endpoint(t as unknown as Scope, {}, { keepAliveMs: 1_000 });
    const session = await endpoint.open();
    const handle = (await endpoint.handler.sessions.get(session))!;
    const events = new Events(await endpoint.get({ session }));
    for (let i = 0; i < 5; i++) {
      await endpoint.pass(900);
      handle.notify("notifications/message", { i });
      assert.equal((await events.next()).params.i, i);
      await endpoint.pass(100);
    }
    // The first byte of a primed stream is its priming event.
    assert.deepEqual(events.text.match(/^:$/gm), null);
    const next = events.next();
    await endpoint.pass(3_000);
    handle.notify("notifications/message", { i: 5 });
    assert.equal((await next).params.i, 5);
    assert.ok(events.text.match(/^:$/gm)!.length >= 2);
    await events.cut();
  });

  test("without keep-alive has no timer", async (t) => {
    const endpoint = new Endpoint(t as unknown as Scope, {}, { keepAliveMs: 0 });
    const session = await endpoint.open();
    const timers = endpoint.clock.timers;
    const events = new Events(await endpoint.get({ session }));
    await turns(3);
    assert.equal(endpoint.clock.timers, timers);
    await events.cut();
  });
});

testInWorlds(
  "a reader that takes nothing is closed, and gets all that was kept later",
  async (scope, world) => {
    const limits = { queuedBytes: 100_000 };
    const endpoint = new Endpoint(scope, {}, { limits }, world);
    const session = await endpoint.open();
    const handle = (await endpoint.handler.sessions.get(session))!;
    const idle = await endpoint.get({ session });
    await world.quiet();
    const text = "x".repeat(10_000);
    for (let i = 0; i < 50; i++) {
      handle.notify("notifications/message", { i, text });
      await world.quiet();
    }
    await endpoint.pass(500);
    assert.deepEqual(endpoint.told("stream-closed").map(({ reason }) => reason), ["slow"]);
    const first = new Events(idle);
    const seen = (await first.rest()).map(({ params }) => params.i);
    assert.ok(seen.length < 50);
    const again = new Events(await endpoint.get({ session, lastEventId: first.lastId! }));
    while (seen.length < 50) seen.push((await again.next()).params.i);
    assert.deepEqual(seen, Array.from({ length: 50 }, (_, i) => i));
    await again.cut();
  },
);

testInWorlds(
  "a reader that takes what it can half a second later is not slow, however often the event loop turned",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, {}, { limits: { queuedBytes: 100_000 } }, world);
    const session = await endpoint.open();
    const handle = (await endpoint.handler.sessions.get(session))!;
    const events = new Events(await endpoint.get({ session }));
    await world.quiet();
    const seen: number[] = [];
    // What was taken in time is forgiven: every half second begins anew.
    for (const end of [50, 100]) {
      for (let i = end - 50; i < end; i++) {
        handle.notify("notifications/message", { i, text: "x".repeat(10_000) });
      }
      await world.quiet();
      // Timers of the runtime too: no turn may count.
      await new Promise((turn) => setTimeout(turn, 5));
      await endpoint.pass(499);
      while (seen.length < end) seen.push((await events.next()).params.i);
    }
    assert.deepEqual(seen, Array.from({ length: 100 }, (_, i) => i));
    assert.deepEqual(endpoint.told("stream-closed"), []);
    await events.cut();
  },
);

describe("a body", () => {
  const send = (endpoint: Endpoint, body: BodyInit, fields: Record<string, string> = {}) =>
    endpoint.handler.fetch(
      new Request("http://localhost/mcp", {
        method: "POST",
        headers: { "content-type": "application/json", ...fields },
        body,
        duplex: "half",
      } as RequestInit),
    );
  const chunks = (...texts: readonly (string | Uint8Array)[]) =>
    new ReadableStream<Uint8Array>({
      start(controller) {
        for (const text of texts) {
          controller.enqueue(typeof text === "string" ? new TextEncoder().encode(text) : text);
        }
        controller.close();
      },
    });
  const message = JSON.stringify(request(1, "tools/list"));
  const options = { sessions: "optional", limits: { bodyBytes: 100 } } as const;

  test("in pieces is read whole, also where a character is cut in two", async (t) => {
    const endpoint = new Endpoint(t as unknown as Scope, {
      request: ({ params }) => ({ ...params }),
    }, options);
    const bytes = new TextEncoder().encode(JSON.stringify(request("ü", "x", { e: "€" })));
    for (let at = 0; at < bytes.length; at++) {
      const answer = await send(endpoint, chunks(bytes.slice(0, at), bytes.slice(at)));
      assert.deepEqual(await answer.json(), { jsonrpc: "2.0", id: "ü", result: { e: "€" } });
    }
  });

  test("of exactly the limit is read, of one byte more it is not", async (t) => {
    const endpoint = new Endpoint(t as unknown as Scope, {}, options);
    const padded = (length: number) => message + " ".repeat(length - message.length);
    assert.equal((await send(endpoint, chunks(padded(100)))).status, 200);
    assert.equal((await send(endpoint, padded(100))).status, 200);
    for (const body of [padded(101), chunks(padded(100), " "), chunks(padded(60), padded(60))]) {
      const { status, message } = await refusal(await send(endpoint, body));
      assert.equal(status, 413);
      assert.match(message, /100 bytes/);
    }
  });

  test("without end is refused once it is too long", { timeout: 30_000 }, async (t) => {
    const endpoint = new Endpoint(t as unknown as Scope, {}, options);
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(10));
      },
    });
    assert.equal((await refusal(await send(endpoint, endless))).status, 413);
    assert.ok(pulled < 30, `${pulled} pieces were taken`);
  });

  test("that is not UTF-8, or is cut off, is a parse error", async (t) => {
    const endpoint = new Endpoint(t as unknown as Scope, {}, options);
    const wrong = new Uint8Array([...new TextEncoder().encode(message), 0xff]);
    const notText = await refusal(await send(endpoint, wrong));
    assert.deepEqual([notText.status, notText.code], [400, -32700]);
    assert.match(notText.message, /UTF-8/);
    let sent = false;
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) controller.error(new Error("the peer is gone"));
        else controller.enqueue(new TextEncoder().encode(message));
        sent = true;
      },
    });
    const cut = await refusal(await send(endpoint, broken));
    assert.deepEqual([cut.status, cut.code], [400, -32700]);
    assert.match(cut.message, /cut off/);
  });
});

test("who changes the fields of an answer changes those of no other", async (t) => {
  for (const response of ["json", "sse"] as const) {
    const endpoint = new Endpoint(t, { request: () => ({ done: true }) }, { response });
    const session = await endpoint.open();
    const before = await endpoint.call("tools/call", { session });
    const fields = [...before.headers];
    before.headers.set("content-type", "text/plain");
    before.headers.set("x-added", "1");
    const after = await endpoint.call("tools/call", { session });
    assert.deepEqual([...after.headers], fields);
    assert.match(await after.text(), /"done":true/);
  }
});
