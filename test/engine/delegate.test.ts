/** Modern requests that an application answers by a handler of its own. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sdkServer } from "../../adapters/servers/sdk.ts";
import { type Clock, createMcpHandler } from "../../core/engine/mod.ts";
import { heapInUse } from "../doubles/heap.ts";
import { turns } from "../doubles/turns.ts";
import { delegating, json, META, stream } from "./delegating.ts";

/** Timers that keep the process alive, as nothing else does here. */
const clock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
};

describe("a handler of modern requests", () => {
  test("gets the request, who asks and the message, and its answer goes out as it is", async () => {
    const seen: unknown[] = [];
    const { ask, mcp } = delegating((request, { authInfo, parsedBody }) => {
      const { method, url, headers, body } = request;
      seen.push(method, url, headers.get("x-colour"), body, authInfo);
      return json(parsedBody, 404);
    }, { authenticate: () => ({ principal: "ann", authInfo: { scope: 1 } }) });
    const answer = await ask("tools/list", { headers: { "x-colour": "blue" } });
    assert.equal(answer.status, 404);
    assert.equal(answer.headers.get("x-own"), "yes");
    const params = { _meta: META };
    assert.deepEqual(await answer.json(), { jsonrpc: "2.0", id: 1, method: "tools/list", params });
    assert.deepEqual(seen, ["POST", "http://localhost/mcp", "blue", null, { scope: 1 }]);
    assert.equal((await mcp.stats()).inFlight, 0);
  });

  test("may set several cookies, and says nothing of the connection", async () => {
    const { ask } = delegating((_, { parsedBody }) => {
      const answer = json(parsedBody);
      answer.headers.append("set-cookie", "a=1; Path=/");
      answer.headers.append("set-cookie", "b=2");
      answer.headers.set("connection", "close");
      return answer;
    });
    const { headers } = await ask("tools/list");
    assert.deepEqual(headers.getSetCookie(), ["a=1; Path=/", "b=2"]);
    assert.equal(headers.get("connection"), null);
  });

  test("answers server/discover and subscriptions/listen too", async () => {
    const { send } = delegating((_, { parsedBody }) => json(parsedBody));
    for (const method of ["server/discover", "subscriptions/listen"]) {
      const answer = await send(method, { notifications: {} }, {}, 1);
      assert.equal((await answer.json()).method, method);
    }
  });

  test("does not see what breaks a rule, nor requests of the other era", async () => {
    const { mcp, ask } = delegating(() => assert.fail("it was seen"));
    const mismatch = await ask("tools/list", { headers: { "mcp-method": "tools/call" } });
    assert.equal((await mismatch.json()).error.code, -32020);
    assert.equal((await ask("ping")).status, 404);
    const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: {} };
    const legacy = await mcp.fetch(
      new Request("http://localhost/mcp", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "initialize", params }),
      }),
    );
    assert.equal((await legacy.json()).result.serverInfo.name, "test");
  });

  test("gets notifications that the revision still has", async () => {
    const seen: unknown[] = [];
    const { send, events } = delegating((_, { parsedBody }) => {
      seen.push((parsedBody as { method: string }).method);
      if (seen.length === 2) throw new Error("broken");
      return new Response(null, { status: 202 });
    });
    for (
      const method of ["notifications/own", "notifications/initialized", "notifications/other"]
    ) {
      assert.equal((await send(method)).status, 202);
    }
    assert.deepEqual(seen, ["notifications/own", "notifications/other"]);
    await new Promise((turn) => setTimeout(turn));
    assert.deepEqual(events.filter(({ type }) => type === "application-error").length, 1);
  });

  test("that fails is answered for", async () => {
    const { ask, events } = delegating(() => {
      throw new Error("secret");
    });
    const answer = await ask("tools/list");
    const error = { code: -32603, message: "Internal error" };
    assert.deepEqual(await answer.json(), { jsonrpc: "2.0", id: 1, error });
    const failed = events.find(({ type }) => type === "application-error");
    assert.match(String((failed as { error: unknown }).error), /secret/);
  });

  for (
    const [what, given] of [
      ["undefined", undefined],
      ["null", null],
      ["an object", {}],
      ["a text", "text"],
      ["an object with headers", { headers: {} }],
      ["an error", Response.error()],
    ]
  ) {
    test(`that gives no Response is answered for, and nothing stays in flight: ${what}`, async () => {
      const { ask, events, mcp } = delegating(() => given as never);
      const answer = await ask("tools/list");
      const error = { code: -32603, message: "Internal error" };
      assert.deepEqual(await answer.json(), { jsonrpc: "2.0", id: 1, error });
      const failures = events.filter(({ type }) => type.endsWith("error"));
      assert.deepEqual(failures.map(({ type }) => type), ["application-error"]);
      assert.match(String((failures[0] as { error: unknown }).error), /not a Response/);
      assert.equal((await mcp.stats()).inFlight, 0);
    });
  }

  test("streams: events go out as they come, and the end is the end", async () => {
    const source = stream();
    const { ask, mcp } = delegating(() => source.response);
    const answer = await ask("work/do");
    assert.equal(answer.headers.get("content-type"), "text/event-stream");
    assert.equal((await mcp.stats()).inFlight, 1);
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    const next = async () => (await reader.read()).value;
    assert.equal(await next(), ":\n\n");
    await source.write({ one: 1 });
    assert.equal(await next(), 'data: {"one":1}\n\n');
    await source.write({ two: 2 });
    assert.equal(await next(), 'data: {"two":2}\n\n');
    await source.end();
    assert.equal(await next(), undefined);
    const { inFlight, streams, aborted } = await mcp.stats();
    assert.deepEqual([inFlight, streams, aborted], [0, 0, 0]);
  });

  test("learns that its peer left the stream", async () => {
    const source = stream();
    const gone = Promise.withResolvers<void>();
    const { ask, mcp } = delegating(({ signal }) => {
      signal.addEventListener("abort", () => gone.resolve());
      return source.response;
    });
    const answer = await ask("work/do");
    await answer.body!.cancel();
    await gone.promise;
    assert.equal(await source.cancelled, true);
    const { inFlight, streams, aborted } = await mcp.stats();
    assert.deepEqual([inFlight, streams, aborted], [0, 0, 1]);
  });

  test("learns it also where it keeps nothing of its request but the signal", async () => {
    const gone = Promise.withResolvers<void>();
    const { ask } = delegating(({ signal }) => {
      signal.addEventListener("abort", () => gone.resolve());
      return stream().response;
    });
    const answer = await ask("work/do");
    for (let i = 0; i < 3; i++) {
      await turns(2);
      heapInUse();
    }
    await answer.body!.cancel();
    await gone.promise;
  });

  test("whose answer breaks off is a failure of the application, and over", async () => {
    const body = () =>
      new ReadableStream({ start: (controller) => controller.error(new Error("secret")) });
    const { ask, mcp, events } = delegating(
      () => new Response(body(), { headers: { "content-type": "application/json" } }),
    );
    const answer = await ask("work/do");
    assert.equal(answer.status, 200);
    const { id, error } = await answer.json();
    assert.deepEqual([id, error], [1, { code: -32603, message: "Internal error" }]);
    assert.deepEqual(events.map(({ type }) => type), ["application-error", "exchange"]);
    assert.equal((await mcp.stats()).inFlight, 0);
  });

  test("has no more subscriptions than the endpoint allows", async () => {
    const { send } = delegating(() => stream().response, { limits: { subscriptions: 1 } });
    const listen = (id: number) => send("subscriptions/listen", { notifications: {} }, {}, id);
    const first = await listen(1);
    assert.equal(first.status, 200);
    const refused = await listen(2);
    assert.equal(refused.status, 503);
    await refused.text();
    await first.body!.cancel();
    const third = await listen(3);
    assert.equal(third.status, 200);
    await third.body!.cancel();
  });

  test("that takes its time is answered by a stream, kept alive, with its JSON as an event", async () => {
    const finish = Promise.withResolvers<Response>();
    const { ask } = delegating(() => finish.promise, { autoSseMs: 5, keepAliveMs: 5, clock });
    const answer = await ask("work/do");
    assert.equal(answer.status, 200);
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    const next = async () => (await reader.read()).value;
    assert.equal(await next(), ":\n\n");
    assert.equal(await next(), ":\n\n");
    finish.resolve(
      new Response('{\n "id": 1\n}', { headers: { "content-type": "application/json" } }),
    );
    let data = await next();
    while (data === ":\n\n") data = await next();
    assert.equal(data, 'event: message\ndata: { "id": 1}\n\n');
    assert.equal(await next(), undefined);
  });

  const shapes = [
    ["the client takes nothing else", {}, { accept: "text/event-stream" }],
    ["all answers are streams", { response: "sse" }, {}],
  ] as const;
  for (const [why, options, headers] of shapes) {
    test(`that answers at once is answered by a stream where ${why}`, async () => {
      const { ask, mcp } = delegating(
        (request) => json({ id: 1 }, request.headers.get("mcp-method") === "lost" ? 404 : 200),
        options,
      );
      const answer = await ask("work/do", { headers });
      assert.equal(answer.headers.get("content-type"), "text/event-stream");
      assert.equal(await answer.text(), ':\n\nevent: message\ndata: {"id":1}\n\n');
      // An error with an HTTP status of its own is no stream.
      const refused = await ask("lost", { headers });
      assert.deepEqual([refused.status, await refused.json()], [404, { id: 1 }]);
      const { inFlight, streams } = await mcp.stats();
      assert.deepEqual([inFlight, streams], [0, 0]);
    });
  }

  test("where answers are JSON only a slow one is waited for", async () => {
    const { ask } = delegating(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return json({ late: true });
    }, { autoSseMs: 1, response: "json" });
    assert.deepEqual(await (await ask("work/do")).json(), { late: true });
  });

  test("the application hears what clients are told", () => {
    const heard: unknown[] = [];
    const { mcp, events } = delegating(() => json({}), {}, {
      changed: (change) => {
        heard.push(change);
        if ("updated" in change) throw new Error("deaf");
      },
    });
    mcp.notify.toolsListChanged();
    mcp.notify.resourceUpdated("a:1");
    assert.deepEqual(heard, [{ changed: "tools" }, { updated: "a:1" }]);
    assert.equal(events.filter(({ type }) => type === "application-error").length, 1);
  });

  test("that the SDK brings is told of every change", async () => {
    const told: string[] = [];
    const modern = {
      fetch: () => Promise.reject(new Error("nobody asks")),
      notify: {
        toolsChanged: () => void told.push("tools"),
        promptsChanged: () => void told.push("prompts"),
        resourcesChanged: () => void told.push("resources"),
        resourceUpdated: (uri: string) => void told.push(uri),
      },
    };
    const mcp = createMcpHandler(sdkServer(() => assert.fail("no session is opened"), { modern }));
    mcp.notify.promptsListChanged();
    mcp.notify.resourcesListChanged();
    mcp.notify.toolsListChanged();
    mcp.notify.resourceUpdated("a:1");
    assert.deepEqual(told, ["prompts", "resources", "tools", "a:1"]);
    await mcp.close();
  });
});
