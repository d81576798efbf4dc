/** What an application returns or throws, as each era gets it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Exchange, type JsonObject, RpcError } from "../../core/engine/mod.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import { KEY } from "../wire/harness/modern.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";

/** An application that gives what it is told to give. */
function giving(result: unknown) {
  return {
    request: (): object => {
      if (result instanceof Error) throw result;
      return result as object;
    },
  };
}

async function legacy(endpoint: ModernEndpoint, method = "tools/call"): Promise<JsonObject> {
  const client = testClient(endpoint.handler);
  await client.initialize();
  const answer = await client.send("POST", { jsonrpc: "2.0", id: 9, method, params: {} }, {
    "mcp-session-id": client.sessionId!,
  });
  assert.equal(answer.status, 200);
  return await answer.json();
}

describe("a result for a modern client", () => {
  test("says what it is and who answers", async (t) => {
    const endpoint = new ModernEndpoint(t, giving({ content: [], _meta: { "a.b/c": 1 } }));
    const { status, json } = await endpoint.call("x");
    assert.equal(status, 200);
    assert.deepEqual(json, {
      jsonrpc: "2.0",
      id: 1,
      result: {
        content: [],
        resultType: "complete",
        _meta: { "a.b/c": 1, [KEY.serverInfo]: { name: "test", version: "1" } },
      },
    });
  });

  test("keeps what the application says itself", async (t) => {
    const own = { resultType: "example", _meta: { "a.b/c": 1, [KEY.serverInfo]: { name: "own" } } };
    const endpoint = new ModernEndpoint(t, giving(own));
    assert.deepEqual((await endpoint.call("x")).json.result, own);
  });

  for (const _meta of ["text", [1], 5, null]) {
    test(`takes nothing over from a _meta that is no object: ${JSON.stringify(_meta)}`, async (t) => {
      const endpoint = new ModernEndpoint(t, giving({ _meta }));
      const { result } = (await endpoint.call("x")).json;
      assert.deepEqual(result._meta, { [KEY.serverInfo]: { name: "test", version: "1" } });
    });
  }

  for (
    const method of [
      "tools/list",
      "prompts/list",
      "resources/list",
      "resources/templates/list",
      "resources/read",
    ]
  ) {
    test(`${method} carries cache hints: none of the application's means stale and private`, async (t) => {
      const params = method === "resources/read" ? { uri: "a:b" } : {};
      const plain = new ModernEndpoint(t, giving({}));
      const { ttlMs, cacheScope } = (await plain.ask(method, params)).json.result;
      assert.deepEqual({ ttlMs, cacheScope }, { ttlMs: 0, cacheScope: "private" });
      const hinted = new ModernEndpoint(t, {
        ...giving({ cacheScope: "private" }),
        cache: { ttlMs: 5, scope: "public" },
      });
      const result = (await hinted.ask(method, params)).json.result;
      assert.deepEqual([result.ttlMs, result.cacheScope], [5, "private"]);
      // JSON leaves out what is undefined, and both are required.
      const silent = new ModernEndpoint(t, {
        ...giving({ ttlMs: undefined, cacheScope: undefined, resultType: undefined }),
        cache: { ttlMs: 5, scope: "public" },
      });
      const said = (await silent.ask(method, params)).json.result;
      assert.deepEqual([said.ttlMs, said.cacheScope, said.resultType], [5, "public", "complete"]);
    });
  }

  test("tools/call and what only asks for input carry none", async (t) => {
    const cache = { ttlMs: 5 };
    const called = new ModernEndpoint(t, { ...giving({}), cache });
    assert.equal("ttlMs" in (await called.call("x")).json.result, false);
    const asking = new ModernEndpoint(t, {
      ...giving({ resultType: "input_required", requestState: "s" }),
      cache,
    });
    const { result } = (await asking.ask("resources/read", { uri: "a:b" })).json;
    assert.deepEqual(Object.keys(result).sort(), ["_meta", "requestState", "resultType"]);
  });

  test("of no kind that the application knows is 404, Method not found", async (t) => {
    const endpoint = new ModernEndpoint(t, giving(undefined));
    const { status, json } = await endpoint.ask("x/unknown");
    assert.equal(status, 404);
    assert.deepEqual(json.error, { code: -32601, message: "Method not found: x/unknown" });
    assert.equal(json.id, 1);
  });
});

test("a result for a legacy client has nothing of the new revision, and keeps the rest", async (t) => {
  const result = {
    tools: [],
    resultType: "complete",
    ttlMs: 1,
    cacheScope: "public",
    _meta: { a: 1 },
  };
  for (
    const own of [result, { ...result, ttlMs: undefined }, { ...result, resultType: undefined }]
  ) {
    const endpoint = new ModernEndpoint(t, giving(own));
    assert.deepEqual((await legacy(endpoint)).result, { tools: [], _meta: { a: 1 } });
  }
});

describe("an input-required result that a server must not send is the application's failure", () => {
  const ask = { method: "elicitation/create", params: { message: "?" } };
  const misuses: readonly (readonly [string, string, JsonObject])[] = [
    ["for tools/list", "tools/list", { requestState: "s" }],
    ["for a method of an extension", "x/y", { requestState: "s" }],
    ["without requests and state", "tools/call", {}],
    ["with a request that no client answers", "tools/call", {
      inputRequests: { a: { method: "ping" } },
    }],
    ["with a request that is none", "tools/call", { inputRequests: { a: 1 } }],
  ];
  for (const [name, method, fields] of misuses) {
    test(name, async (t) => {
      const endpoint = new ModernEndpoint(t, giving({ resultType: "input_required", ...fields }));
      const params = method === "tools/call" ? { name: "x" } : {};
      const { status, json } = await endpoint.ask(method, params, {
        capabilities: { elicitation: {} },
      });
      assert.equal(status, 200);
      assert.deepEqual(json.error, { code: -32603, message: "Internal error" });
      const [event] = endpoint.events.filter(({ type }) => type === "application-error");
      assert.equal(event?.type === "application-error" && event.method, method);
    });
  }

  test("to a legacy client", async (t) => {
    const endpoint = new ModernEndpoint(
      t,
      giving({ resultType: "input_required", requestState: "s" }),
    );
    const { error } = await legacy(endpoint);
    assert.deepEqual(error, { code: -32603, message: "Internal error" });
  });

  test("one for a capability that is not declared is refused with 400", async (t) => {
    const endpoint = new ModernEndpoint(
      t,
      giving({
        resultType: "input_required",
        inputRequests: { a: ask, b: { method: "roots/list" } },
      }),
    );
    const { status, json } = await endpoint.call("x", {}, { capabilities: { sampling: {} } });
    assert.equal(status, 400);
    assert.equal(json.error.code, -32021);
    assert.deepEqual(json.error.data, { requiredCapabilities: { elicitation: {}, roots: {} } });
  });
});

describe("an error code of one era never reaches the other", () => {
  const modern: readonly (readonly [number, number, number])[] = [
    [-32602, -32602, 200],
    [-32601, -32601, 404],
    [-32020, -32020, 400],
    [-32021, -32021, 400],
    [-32022, -32022, 400],
    [-32002, -32602, 200],
    [-32042, -32603, 200],
    [-32023, -32603, 200],
    [-32099, -32603, 200],
    [-32100, -32100, 200],
    [-32001, -32001, 200],
    [7, 7, 200],
  ];
  for (const [thrown, code, status] of modern) {
    test(`modern: ${thrown} is sent as ${code} with ${status}`, async (t) => {
      const endpoint = new ModernEndpoint(t, giving(new RpcError(thrown, "why", { a: 1 })));
      const got = await endpoint.call("x");
      assert.equal(got.status, status);
      assert.deepEqual(got.json.error, { code, message: "why", data: { a: 1 } });
    });
  }

  for (
    const [thrown, code] of [[-32020, -32603], [-32021, -32603], [-32022, -32603], [-32029, -32603]]
  ) {
    test(`legacy: ${thrown} is sent as ${code}`, async (t) => {
      const endpoint = new ModernEndpoint(t, giving(new RpcError(thrown!, "why")));
      assert.deepEqual((await legacy(endpoint)).error, { code, message: "why" });
    });
  }

  for (const code of [-32042, -32002, -32001, -32019, -32030, -32602, 7]) {
    test(`legacy: ${code} is sent as it is`, async (t) => {
      const endpoint = new ModernEndpoint(t, giving(new RpcError(code, "why", { a: 1 })));
      assert.deepEqual((await legacy(endpoint)).error, { code, message: "why", data: { a: 1 } });
    });
  }
});

describe("log messages and progress", () => {
  function logging(exchange: Exchange): object {
    for (const level of ["debug", "info", "error"]) {
      exchange.notify("notifications/message", { level, data: level });
    }
    exchange.progress(1, 2, "half");
    return {};
  }

  async function heard(endpoint: ModernEndpoint, meta: JsonObject): Promise<readonly string[]> {
    const answer = await endpoint.post("tools/call", { name: "x" }, { meta });
    const text = await answer.text();
    if (answer.headers.get("content-type") === "application/json") return [];
    const messages = text.split("\n").filter((line) => line.startsWith("data: ")).map((line) =>
      JSON.parse(line.slice("data: ".length))
    );
    assert.deepEqual(messages.pop().id, 1);
    return messages.map(({ method, params }) =>
      `${method.slice("notifications/".length)} ${params.level ?? params.progressToken}`
    );
  }

  const cases: readonly (readonly [string, JsonObject, readonly string[]])[] = [
    ["nothing that was not asked for", {}, []],
    ["messages from the asked level up", { [KEY.logLevel]: "info" }, [
      "message info",
      "message error",
    ]],
    ["nothing below the highest level", { [KEY.logLevel]: "emergency" }, []],
    ["progress for a token", { progressToken: "p" }, ["progress p"]],
    ["progress for the token 0", { progressToken: 0 }, ["progress 0"]],
    ["both", { progressToken: 7, [KEY.logLevel]: "error" }, ["message error", "progress 7"]],
  ];
  for (const [name, meta, expected] of cases) {
    test(name, async (t) => {
      const endpoint = new ModernEndpoint(t, { request: (_, exchange) => logging(exchange) });
      assert.deepEqual(await heard(endpoint, meta), expected);
    });
  }
});
