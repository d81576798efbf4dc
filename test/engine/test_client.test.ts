import assert from "node:assert/strict";
import { test } from "node:test";
import { type Application, createMcpHandler } from "../../core/engine/mod.ts";
import { RpcFailure, testClient } from "../../adapters/testing/mod.ts";

const application: Application = {
  serverInfo: { name: "server", version: "1" },
  async request({ method, params }, exchange) {
    switch (method) {
      case "echo":
        return { ...params };
      case "count":
        for (let i = 1; i <= 3; i++) exchange.notify("counted", { i });
        return { done: true };
      case "ask":
        return { answer: await exchange.request("elicitation/create", { q: 1 }) };
      case "pinged":
        return { answer: await exchange.request("ping") };
      case "wait":
        // Begins its stream. Nothing else would on Deno, which ends where only a timer that holds nothing is left.
        exchange.notify("waiting");
        await new Promise((resolve) => exchange.signal.addEventListener("abort", resolve));
        return {};
      default:
        return undefined;
    }
  },
};

test("a session is opened, used and ended without a port", async () => {
  const handler = createMcpHandler(application);
  const client = testClient(handler);
  const { serverInfo } = await client.initialize();
  assert.deepEqual(serverInfo, application.serverInfo);
  assert.ok(client.sessionId);
  assert.deepEqual(await client.call("echo", { a: 1 }), { a: 1 });
  await assert.rejects(client.call("nothing"), (error) => {
    assert.ok(error instanceof RpcFailure);
    assert.deepEqual([error.code, error.status], [-32601, 200]);
    return true;
  });
  assert.equal(await client.end(), 204);
  await assert.rejects(client.call("echo"), (error) => (error as RpcFailure).status === 404);
  await handler.close();
});

test("a ping is answered, whether or not requests are", async () => {
  const handler = createMcpHandler(application);
  for (const options of [{}, { request: () => assert.fail("asked") }]) {
    const client = testClient(handler, options);
    await client.initialize();
    assert.deepEqual(await client.call("pinged"), { answer: {} });
  }
  await handler.close();
});

test("an error that the client answers with reaches the server whole", async () => {
  const refusal = { code: -32042, message: "not now", data: { after: 5 } };
  const handler = createMcpHandler({
    serverInfo: { name: "server", version: "1" },
    request: (_request, exchange) =>
      exchange.request("roots/list").catch((error) => ({ error: error.error })),
  });
  const client = testClient(handler, {
    request() {
      throw new RpcFailure(refusal);
    },
  });
  await client.initialize();
  assert.deepEqual(await client.call("ask"), { error: refusal });
  await handler.close();
});

test("requests and notifications of the server reach the client", async () => {
  const handler = createMcpHandler(application);
  const told: unknown[] = [];
  const client = testClient(handler, {
    request: (method, params) => ({ method, params }),
    notification: (method, params) => told.push([method, params]),
  });
  await client.initialize();
  assert.deepEqual(await client.call("ask"), {
    answer: { method: "elicitation/create", params: { q: 1 } },
  });
  assert.deepEqual(await client.call("count"), { done: true });
  assert.deepEqual(told, [1, 2, 3].map((i) => ["counted", { i }]));
  await handler.close();
});

for (const [name, method] of [["request", "ask"], ["notification", "count"]] as const) {
  const title = `what ${name} throws is what the call fails with, which does not wait for more`;
  test(title, { timeout: 30_000 }, async () => {
    const handler = createMcpHandler(application);
    const broken = () => {
      throw new Error("expected something else");
    };
    const client = testClient(handler, { [name]: broken });
    await client.initialize();
    await assert.rejects(client.call(method), /expected something else/);
    await handler.close({ within: 0 });
  });
}

test(
  "an answer to the server that it refuses is what the call fails with",
  { timeout: 30_000 },
  async () => {
    const handler = createMcpHandler(application);
    const client = testClient(handler, {
      async request() {
        client.sessionId = "another";
        return await Promise.resolve({});
      },
    });
    await client.initialize();
    await assert.rejects(client.call("ask"), (error) => (error as RpcFailure).status === 404);
    await handler.close({ within: 0 });
  },
);

test("an answer that is no JSON-RPC is a TypeError, as is none to a call that was cancelled", async () => {
  const answers = [
    () => new Response(null, { status: 202 }),
    () => new Response("a proxy's page"),
    () => Response.json({ a: 1 }),
    () => Response.json([]),
    () => Response.json(null),
  ];
  for (const answer of answers) {
    const client = testClient({ fetch: () => Promise.resolve(answer()) });
    await assert.rejects(client.call("anything"), TypeError);
  }
  const begun = Promise.withResolvers<void>();
  const handler = createMcpHandler({
    serverInfo: { name: "server", version: "1" },
    request: () => new Promise(() => begun.resolve()),
  }, { response: "json" });
  const client = testClient(handler);
  await client.initialize();
  const call = client.begin("wait");
  await begun.promise;
  await call.cancel();
  await assert.rejects(call.result, new TypeError("HTTP 202: "));
  await handler.close();
});

test("a refusal that is no JSON-RPC has its status too, with what it says", async () => {
  const refusals: readonly (readonly [() => Response, string])[] = [
    [() => new Response(null, { status: 401 }), "HTTP 401: "],
    [
      () => Response.json({ error: "invalid_token" }, { status: 401 }),
      'HTTP 401: {"error":"invalid_token"}',
    ],
    [() => Response.json(null, { status: 403 }), "HTTP 403: null"],
    [() => new Response("a proxy's page", { status: 502 }), "HTTP 502: a proxy's page"],
  ];
  for (const [refusal, message] of refusals) {
    const handler = createMcpHandler(application, { authenticate: refusal });
    const client = testClient(handler);
    const { status } = refusal();
    const uses = [
      () => client.initialize(),
      () => client.call("echo"),
      () => client.notify("echo"),
      () => client.listen(),
    ];
    for (const use of uses) {
      await assert.rejects(use, new RpcFailure({ code: -32000, message }, status));
    }
    await handler.close();
  }
});

test("a call is dropped, resumed and cancelled", async () => {
  const handler = createMcpHandler(application, { response: "sse" });
  const client = testClient(handler);
  await client.initialize();
  const call = client.begin("count");
  await call.result;
  const again = client.begin("count");
  await again.response;
  again.disconnect();
  const first = call.lastEventId!.replace(/_.*$/, "_0");
  const resumed = call.resume(first);
  assert.deepEqual(await resumed.result, { done: true });
  const waiting = client.begin("wait");
  await waiting.response;
  await waiting.cancel("enough");
  await assert.rejects(waiting.result, /ended without an answer/);
  await handler.close();
});

test("the standalone stream is read event by event", async () => {
  const handler = createMcpHandler(application);
  const client = testClient(handler);
  await client.initialize();
  const stream = await client.listen();
  const session = await handler.sessions.get(client.sessionId!);
  session!.notify("first");
  session!.notify("second");
  const methods: unknown[] = [];
  for await (const { message } of stream) {
    if (message !== undefined) methods.push(message.method);
    if (methods.length === 2) break;
  }
  assert.deepEqual(methods, ["first", "second"]);
  stream.close();
  await handler.close();
});
