/** What a peer or an application can send or return to trip the modern half. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMcpHandler } from "../../core/engine/mod.ts";
import { turns } from "../doubles/turns.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";

const DEEP = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;

const ROUTE = {
  name: "route",
  inputSchema: {
    type: "object",
    properties: {
      region: { type: "string", "x-mcp-header": "Region" },
      count: { type: "integer", "x-mcp-header": "Count" },
    },
  },
};

/** Calls a tool with params as they are written here: what nests too deep, or is no exact number, has no other form. */
function callAsWritten(
  { handler }: ModernEndpoint,
  name: string,
  params: string,
  capabilities: string,
  fields: { readonly [name: string]: string } = {},
): Promise<Response> {
  return handler.fetch(
    new Request("http://localhost/mcp", {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": name,
        ...fields,
      },
      body: `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${name}",${params},
        "_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",
                 "io.modelcontextprotocol/clientCapabilities":${capabilities}}}}`,
    }),
  );
}

describe("a modern-only endpoint names its versions to", () => {
  const versions: readonly (readonly [string, string])[] = [
    ["an initialize without a version", "{}"],
    ["a version that is no text", `{"protocolVersion":{"toString":1,"valueOf":1}}`],
    ["a version of many levels", `{"protocolVersion":${DEEP}}`],
  ];
  for (const [name, params] of versions) {
    test(name, async (t) => {
      const { handler, events } = new ModernEndpoint(t, {}, { eras: "modern" });
      const answer = await handler.fetch(
        new Request("http://localhost/mcp", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: `{"jsonrpc":"2.0","id":1,"method":"initialize","params":${params}}`,
        }),
      );
      assert.equal(answer.status, 400);
      const { error } = await answer.json();
      assert.equal(error.code, -32022);
      assert.deepEqual(error.data.supported, ["2026-07-28"]);
      assert.equal(typeof error.data.requested, "string");
      assert.deepEqual(events.filter(({ type }) => type.endsWith("error")), []);
    });
  }
});

describe("an argument that a header cannot mirror is a mismatch", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    ["many levels", "region", DEEP],
    ["an object", "region", "{}"],
    ["a number beyond the exact ones", "count", "9007199254740993"],
  ];
  for (const [name, parameter, value] of cases) {
    test(name, async (t) => {
      let calls = 0;
      const endpoint = new ModernEndpoint(t, {
        tools: () => [ROUTE],
        request: () => ({ calls: ++calls }),
      });
      const header = parameter === "region" ? "Mcp-Param-Region" : "Mcp-Param-Count";
      const text = value === DEEP ? "x" : value;
      const first = await endpoint.post("tools/call", { name: "route" }, {
        fields: { [header]: text },
      });
      assert.equal(first.status, 400);
      const written = `"arguments":{"${parameter}":${value}}`;
      const answer = await callAsWritten(endpoint, "route", written, "{}", { [header]: text });
      assert.equal(answer.status, 400);
      assert.equal((await answer.json()).error.code, -32020);
      assert.equal(calls, 0);
      assert.deepEqual(endpoint.events.filter(({ type }) => type.endsWith("error")), []);
    });
  }
});

test("answers that nest too deep to be carried on are the client's fault", async (t) => {
  const endpoint = new ModernEndpoint(t, {
    request: async (_, exchange) => ({
      one: await exchange.roots({ key: "one" }),
      two: await exchange.roots({ key: "two" }),
    }),
  });
  const written = `"inputResponses":{"one":{"roots":${DEEP}}}`;
  const answer = await callAsWritten(endpoint, "x", written, '{"roots":{}}');
  assert.equal((await answer.json()).error?.code, -32602);
  assert.deepEqual(endpoint.events.filter(({ type }) => type.endsWith("error")), []);
});

describe("tools that cannot be read", () => {
  const wrong: readonly (readonly [string, () => unknown, RegExp])[] = [
    ["nothing", () => undefined, /^tools: gave undefined, not a list of tools$/],
    ["null", () => null, /^tools: gave null, not a list of tools$/],
    ["a text", () => "route", /^tools: gave "route", not a list of tools$/],
    [
      "what holds a list",
      () => ({ tools: [ROUTE] }),
      /^tools: gave an object, not a list of tools$/,
    ],
    [
      "a promise of nothing",
      () => Promise.resolve(undefined),
      /^tools: gave undefined, not a list/,
    ],
    ["a promise of a list with a hole", () => Promise.resolve([null]), /null/],
    ["a list with a hole", () => [null], /null/],
    ["a rejection", () => Promise.reject(new Error("no")), /^no$/],
  ];
  for (const [name, tools, said] of wrong) {
    test(`${name}: reported, and calls are served unchecked`, async (t) => {
      const endpoint = new ModernEndpoint(t, { tools: tools as never, request: () => ({ ok: 1 }) });
      const { status, json } = await endpoint.call("route");
      assert.equal(status, 200);
      assert.equal(json.result.ok, 1);
      const [event, ...more] = endpoint.events.filter(({ type }) => type === "application-error");
      assert.ok(event?.type === "application-error" && event.error instanceof Error);
      assert.equal(event.method, "tools");
      assert.match(event.error.message, said);
      assert.deepEqual(more, []);
    });
  }

  for (const later of [false, true]) {
    test(`after a change, ${later ? "later" : "at once"}: those of before are checked`, async (t) => {
      let tools: () => unknown = () => later ? Promise.resolve([ROUTE]) : [ROUTE];
      const endpoint = new ModernEndpoint(t, { tools: () => tools() as never });
      const status = async () => (await endpoint.call("route", { region: "eu" })).status;
      assert.equal(await status(), 400);
      tools = () => {
        if (later) return Promise.reject(new Error("no"));
        throw new Error("no");
      };
      for (let i = 0; i < 3; i++) {
        endpoint.handler.notify.toolsListChanged();
        assert.equal(await status(), 400);
        if (i === 1) tools = () => later ? Promise.resolve(undefined) : undefined;
      }
      const told = endpoint.events.filter(({ type }) => type === "application-error");
      assert.equal(told.length, 3);
      tools = () => later ? Promise.resolve([]) : [];
      endpoint.handler.notify.toolsListChanged();
      assert.equal(await status(), 200);
    });
  }

  test("a call waits for a list that takes its time, and is checked", async (t) => {
    const list = Promise.withResolvers<never>();
    const endpoint = new ModernEndpoint(t, { tools: () => list.promise });
    const waiting = ["route", "other"].map((name) => endpoint.call(name, { region: "eu" }));
    await turns(10);
    list.resolve([ROUTE] as never);
    assert.deepEqual((await Promise.all(waiting)).map(({ status }) => status), [400, 200]);
  });

  test("a list that was asked for before another and comes after it is not taken", async (t) => {
    const lists: PromiseWithResolvers<never>[] = [];
    const endpoint = new ModernEndpoint(t, {
      tools: () => lists[lists.push(Promise.withResolvers<never>()) - 1]!.promise,
    });
    endpoint.handler.notify.toolsListChanged();
    assert.equal(lists.length, 2);
    lists[1]!.resolve([ROUTE] as never);
    assert.equal((await endpoint.call("route", { region: "eu" })).status, 400);
    lists[0]!.resolve([] as never);
    await turns();
    assert.equal((await endpoint.call("route", { region: "eu" })).status, 400);
  });

  test("a promise of another realm is waited for: what it lists is checked", async (t) => {
    const tools = () => ({ then: (done: (list: unknown) => void) => done([ROUTE]) });
    const endpoint = new ModernEndpoint(t, { tools: tools as never });
    assert.equal((await endpoint.call("route", { region: "eu" })).status, 400);
    assert.deepEqual(endpoint.events.filter(({ type }) => type.endsWith("error")), []);
  });

  test("an invalid annotation is told of once at start and once after each change", async (t) => {
    const broken = {
      name: "broken",
      inputSchema: { properties: { a: { type: "number", "x-mcp-header": "A" } } },
    };
    const endpoint = new ModernEndpoint(t, { tools: () => [broken, ROUTE] });
    const told = () => endpoint.events.filter(({ type }) => type === "invalid-tool");
    assert.equal(told().length, 1);
    assert.equal((await endpoint.call("broken", { a: 1 })).status, 200);
    assert.equal(
      (await endpoint.call("broken", { a: 1 }, { fields: { "Mcp-Param-A": "2" } })).status,
      200,
    );
    assert.equal((await endpoint.call("route", { region: "eu" })).status, 400);
    assert.equal(told().length, 1);
    endpoint.handler.notify.toolsListChanged();
    assert.equal(told().length, 2);
  });

  test("a tool that gains an annotation is checked from the change on", async (t) => {
    let schema: object = {};
    const endpoint = new ModernEndpoint(t, {
      tools: () => [{ name: "late", inputSchema: schema }],
    });
    assert.equal((await endpoint.call("late", { region: "eu" })).status, 200);
    schema = ROUTE.inputSchema;
    assert.equal((await endpoint.call("late", { region: "eu" })).status, 200);
    endpoint.handler.notify.toolsListChanged();
    assert.equal((await endpoint.call("late", { region: "eu" })).status, 400);
    const fields = { "Mcp-Param-Region": "eu" };
    assert.equal((await endpoint.call("late", { region: "eu" }, { fields })).status, 200);
  });
});

describe("cache hints that no client could follow are refused when the handler is made", () => {
  for (const cache of [{ ttlMs: -1 }, { ttlMs: 1.5 }, { ttlMs: NaN }, { scope: "all" }]) {
    test(JSON.stringify(cache), () => {
      const make = () =>
        createMcpHandler({
          serverInfo: { name: "test", version: "1" },
          request: () => ({}),
          cache: cache as never,
        });
      assert.throws(make, { name: "OptionError", option: /^cache\./ });
    });
  }
});
