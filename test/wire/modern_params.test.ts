/** Parameters that clients mirror into headers: `x-mcp-header` and `Mcp-Param-*`. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HandlerEvent } from "../../core/engine/mod.ts";
import { ask } from "./harness/http.ts";
import { join, request } from "./harness/mcp.ts";
import { modern } from "./harness/modern.ts";
import { refused } from "./harness/refusal.ts";
import { app, type Scope, type Server, up } from "./harness/runtime.ts";

/** The revision's own example, and one of each type at some depth. */
const SCHEMA = {
  type: "object",
  properties: {
    region: { type: "string", "x-mcp-header": "Region" },
    query: { type: "string" },
    count: { type: "integer", "x-mcp-header": "Count" },
    exact: { type: "boolean", "x-mcp-header": "Exact" },
    where: {
      type: "object",
      properties: {
        deep: {
          type: "object",
          properties: { key: { type: "string", "x-mcp-header": "Deep-Key" } },
        },
      },
    },
  },
};

function serving(
  scope: Scope,
  inputSchema: unknown = SCHEMA,
  events: HandlerEvent[] = [],
): Promise<Server> {
  const tools = () => [{ name: "execute_sql", inputSchema }, { name: "plain", inputSchema: {} }];
  return up(scope, app(({ params }) => ({ got: params?.arguments ?? null }), { tools }), {
    onEvent: (event) => void events.push(event),
  });
}

function calling(
  server: Server,
  args: unknown,
  fields: { readonly [name: string]: string | null },
  name = "execute_sql",
) {
  const params = args === undefined ? { name } : { name, arguments: args };
  return ask(server.port, modern("tools/call", params, { fields }));
}

const MISMATCH = { status: 400, code: -32020, id: 1 };

describe("a call whose headers say what its arguments say is served", () => {
  const cases: readonly (readonly [string, unknown, { readonly [name: string]: string }])[] = [
    [
      "the revision's example",
      { region: "us-west1", query: "SELECT * FROM users" },
      { "Mcp-Param-Region": "us-west1" },
    ],
    ["non-ASCII", { region: "Hello, 世界" }, {
      "Mcp-Param-Region": "=?base64?SGVsbG8sIOS4lueVjA==?=",
    }],
    ["padded", { region: " padded " }, { "Mcp-Param-Region": "=?base64?IHBhZGRlZCA=?=" }],
    ["a line break", { region: "line1\nline2" }, {
      "Mcp-Param-Region": "=?base64?bGluZTEKbGluZTI=?=",
    }],
    [
      "what looks like Base64",
      { region: "=?base64?literal?=" },
      { "Mcp-Param-Region": "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=" },
    ],
    ["plain text in Base64 without need", { region: "eu" }, {
      "Mcp-Param-Region": "=?base64?ZXU=?=",
    }],
    ["empty text", { region: "" }, { "Mcp-Param-Region": "=?base64??=" }],
    ["a comma", { region: "a, b" }, { "Mcp-Param-Region": "a, b" }],
    ["an integer", { count: 42 }, { "Mcp-Param-Count": "42" }],
    ["an integer with a point", { count: 42 }, { "Mcp-Param-Count": "42.0" }],
    ["a negative integer", { count: -7 }, { "Mcp-Param-Count": "-7" }],
    ["an integer with an exponent", { count: 1200 }, { "Mcp-Param-Count": "1.2e3" }],
    ["a zero below zero", { count: 0 }, { "Mcp-Param-Count": "-0" }],
    ["an integer in Base64", { count: 42 }, { "Mcp-Param-Count": "=?base64?NDI=?=" }],
    ["the greatest integer", { count: Number.MAX_SAFE_INTEGER }, {
      "Mcp-Param-Count": "9007199254740991",
    }],
    ["true", { exact: true }, { "Mcp-Param-Exact": "true" }],
    ["false", { exact: false }, { "Mcp-Param-Exact": "false" }],
    ["a nested one", { where: { deep: { key: "v" } } }, { "Mcp-Param-Deep-Key": "v" }],
    ["the header's name in another case", { region: "eu" }, { "MCP-PARAM-REGION": "eu" }],
    ["null", { region: null, where: null }, {}],
    ["absent", {}, {}],
    ["no arguments", undefined, {}],
    ["a header that the schema does not name", { query: "x" }, { "Mcp-Param-Query": "other" }],
  ];
  for (const [name, args, fields] of cases) {
    test(name, async (t) => {
      const got = await calling(await serving(t), args, fields);
      assert.equal(got.status, 200, got.body);
      assert.deepEqual(got.json.result.got, args ?? null);
    });
  }
});

describe("a call whose headers do not is refused, and the header named", () => {
  const cases:
    readonly (readonly [string, string, unknown, { readonly [name: string]: string }])[] = [
      ["absent", "Region", { region: "eu" }, {}],
      ["another value", "Region", { region: "eu" }, { "Mcp-Param-Region": "us" }],
      ["another case of the value", "Region", { region: "eu" }, { "Mcp-Param-Region": "EU" }],
      ["empty", "Region", { region: "eu" }, { "Mcp-Param-Region": "" }],
      ["another value in Base64", "Region", { region: "eu" }, {
        "Mcp-Param-Region": "=?base64?dXM=?=",
      }],
      ["Base64 of the other case", "Region", { region: "eu" }, {
        "Mcp-Param-Region": "=?BASE64?ZXU=?=",
      }],
      ["no Base64", "Region", { region: "eu" }, { "Mcp-Param-Region": "=?base64?%%%?=" }],
      ["Base64 without its end", "Region", { region: "eu" }, {
        "Mcp-Param-Region": "=?base64?ZXU?=",
      }],
      ["Base64 of what is not UTF-8", "Region", { region: "\ufffd" }, {
        "Mcp-Param-Region": "=?base64?/w==?=",
      }],
      ["bytes beyond ASCII", "Region", { region: "ü" }, { "Mcp-Param-Region": "ü" }],
      ["there, for null", "Region", { region: null }, { "Mcp-Param-Region": "null" }],
      ["there, for nothing", "Region", {}, { "Mcp-Param-Region": "eu" }],
      ["there, for what is elsewhere", "Deep-Key", { key: "v" }, { "Mcp-Param-Deep-Key": "v" }],
      ["another integer", "Count", { count: 42 }, { "Mcp-Param-Count": "43" }],
      ["nearly the integer", "Count", { count: 42 }, {
        "Mcp-Param-Count": "42.00000000000000000001",
      }],
      ["an integer in hexadecimal", "Count", { count: 42 }, { "Mcp-Param-Count": "0x2a" }],
      ["an integer with a blank inside", "Count", { count: 42 }, { "Mcp-Param-Count": "4 2" }],
      ["no integer", "Count", { count: 42 }, { "Mcp-Param-Count": "many" }],
      ["infinite", "Count", { count: 42 }, { "Mcp-Param-Count": "1e999" }],
      ["an integer that is not exact", "Count", { count: 2 ** 53 }, {
        "Mcp-Param-Count": "9007199254740992",
      }],
      ["True", "Exact", { exact: true }, { "Mcp-Param-Exact": "True" }],
      ["1 for true", "Exact", { exact: true }, { "Mcp-Param-Exact": "1" }],
      ["an object", "Region", { region: {} }, { "Mcp-Param-Region": "{}" }],
    ];
  for (const [name, header, args, fields] of cases) {
    test(name, async (t) => {
      const got = await calling(await serving(t), args, fields);
      refused(got, { ...MISMATCH, says: `Mcp-Param-${header}` });
    });
  }

  test("the first of two in the order of the schema", async (t) => {
    const server = await serving(t);
    refused(await calling(server, { count: 1, region: "eu" }, {}), {
      ...MISMATCH,
      says: "Mcp-Param-Region",
    });
  });

  test("sent twice", async (t) => {
    const server = await serving(t);
    const out = modern("tools/call", { name: "execute_sql", arguments: { region: "eu" } }, {
      fields: { "Mcp-Param-Region": "eu" },
    });
    const twice = { ...out, fields: [...out.fields, ["Mcp-Param-Region", "eu"] as const] };
    refused(await ask(server.port, twice), { ...MISMATCH, says: "Mcp-Param-Region" });
  });
});

describe("headers of parameters are looked at", () => {
  test("for no other tool", async (t) => {
    const server = await serving(t);
    assert.equal((await calling(server, { region: "eu" }, {}, "plain")).status, 200);
    assert.equal((await calling(server, { region: "eu" }, {}, "unknown")).status, 200);
    assert.equal((await calling(server, { region: "eu" }, {}, "__proto__")).status, 200);
  });

  test("for no legacy client", async (t) => {
    const server = await serving(t);
    const peer = await join(server);
    const params = { name: "execute_sql", arguments: { region: "eu" } };
    const got = await peer.post(request(1, "tools/call", params), [["Mcp-Param-Region", "us"]]);
    assert.deepEqual(got.json.result, { got: { region: "eu" } });
  });
});

describe("an annotation that cannot be is told of once at start, and the tool is served unchecked", () => {
  const text = { type: "string", "x-mcp-header": "A" };
  const cases: readonly (readonly [string, unknown])[] = [
    ["an empty name", { properties: { a: { type: "string", "x-mcp-header": "" } } }],
    ["a name with a blank", { properties: { a: { type: "string", "x-mcp-header": "A B" } } }],
    ["a name with a colon", { properties: { a: { type: "string", "x-mcp-header": "A:" } } }],
    ["a name with a line break", {
      properties: { a: { type: "string", "x-mcp-header": "A\r\nB: c" } },
    }],
    ["a name beyond ASCII", { properties: { a: { type: "string", "x-mcp-header": "Ä" } } }],
    ["a name that is no text", { properties: { a: { type: "string", "x-mcp-header": 1 } } }],
    ["a name twice", { properties: { a: text, b: { type: "integer", "x-mcp-header": "a" } } }],
    ["a number", { properties: { a: { type: "number", "x-mcp-header": "A" } } }],
    ["an object", { properties: { a: { type: "object", "x-mcp-header": "A" } } }],
    ["an array", { properties: { a: { type: "array", "x-mcp-header": "A" } } }],
    ["no type", { properties: { a: { "x-mcp-header": "A" } } }],
    ["several types", { properties: { a: { type: ["string", "null"], "x-mcp-header": "A" } } }],
    ["the root", { type: "string", "x-mcp-header": "A" }],
    ["under items", { properties: { a: { type: "array", items: text } } }],
    ["under items, further down", { properties: { a: { items: { properties: { b: text } } } } }],
    ["under additionalProperties", { additionalProperties: text }],
    ["under patternProperties", { patternProperties: { a: text } }],
    ["under oneOf", { oneOf: [{ properties: { a: text } }] }],
    ["under anyOf", { properties: { a: { anyOf: [text] } } }],
    ["under allOf", { allOf: [{ properties: { a: text } }] }],
    ["under not", { not: { properties: { a: text } } }],
    ["under if", { if: { properties: { a: text } } }],
    ["under then", { then: { properties: { a: text } } }],
    ["under else", { else: { properties: { a: text } } }],
    ["under $defs", { $defs: { a: text }, properties: { a: { $ref: "#/$defs/a" } } }],
  ];
  for (const [name, inputSchema] of cases) {
    test(name, async (t) => {
      const events: HandlerEvent[] = [];
      const server = await serving(t, inputSchema, events);
      const told = () => events.filter(({ type }) => type === "invalid-tool");
      const [first] = told();
      assert.ok(first?.type === "invalid-tool" && first.tool === "execute_sql");
      assert.match(first.problem, /^x-mcp-header /);
      const got = await calling(server, { a: "x" }, { "Mcp-Param-A": "y" });
      assert.equal(got.status, 200, got.body);
      assert.equal(told().length, 1);
    });
  }
});

describe("what only looks like an annotation is none", () => {
  const cases: readonly (readonly [string, unknown])[] = [
    ["a property of that name", { properties: { "x-mcp-header": { type: "string" } } }],
    ["a property of that name under items", {
      properties: { a: { items: { properties: { "x-mcp-header": { type: "string" } } } } },
    }],
    ["a value", { properties: { a: { const: { "x-mcp-header": "A" } } } }],
    ["a default", { properties: { a: { default: { "x-mcp-header": 5 } } } }],
    ["properties called like keywords", {
      properties: {
        items: { type: "string" },
        default: { type: "string" },
        oneOf: { type: "string" },
      },
    }],
    ["no schema", undefined],
    ["a schema that is true", true],
  ];
  for (const [name, inputSchema] of cases) {
    test(name, async (t) => {
      const events: HandlerEvent[] = [];
      await serving(t, inputSchema, events);
      assert.deepEqual(events.filter(({ type }) => type === "invalid-tool"), []);
    });
  }

  test("and a property called like a keyword can be mirrored", async (t) => {
    const server = await serving(t, {
      properties: { default: { type: "string", "x-mcp-header": "D" } },
    });
    refused(await calling(server, { default: "a" }, {}), { ...MISMATCH, says: "Mcp-Param-D" });
  });

  test("nor does a property called like a keyword hide one that is", async (t) => {
    const events: HandlerEvent[] = [];
    const hidden = { default: { type: "string", "x-mcp-header": "A" } };
    await serving(t, { properties: { a: { items: { properties: hidden } } } }, events);
    assert.equal(events.filter(({ type }) => type === "invalid-tool").length, 1);
  });
});
