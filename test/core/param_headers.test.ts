import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  encodeHeaderValue,
  type ParamHeader,
  paramHeaders,
  paramMismatch,
} from "../../core/mod.ts";

function annotated(name: unknown, type: unknown = "string"): object {
  return { type, "x-mcp-header": name };
}

function schema(properties: object, more: object = {}): object {
  return { type: "object", properties, ...more };
}

describe("the mirrored parameters of a schema", () => {
  test("are those that are annotated, with the way that leads to them", () => {
    const found = paramHeaders(schema({
      region: annotated("Region"),
      where: schema({ zone: annotated("Zone", "integer"), other: { type: "string" } }),
      exact: annotated("a!#$%&'*+-.^_`|~0189zAZ", "boolean"),
    }));
    assert.deepEqual(found, {
      valid: true,
      headers: [
        { header: "Mcp-Param-Region", path: ["region"], type: "string" },
        { header: "Mcp-Param-Zone", path: ["where", "zone"], type: "integer" },
        {
          header: "Mcp-Param-a!#$%&'*+-.^_`|~0189zAZ",
          path: ["exact"],
          type: "boolean",
        },
      ],
    });
  });

  test("are none where nothing is annotated, and none where there is no schema", () => {
    let deep: object = annotated("A");
    for (let i = 0; i < 100_000; i++) deep = { items: deep };
    for (
      const one of [schema({ a: { type: "string" } }), deep, {}, undefined, null, true, "x", []]
    ) {
      assert.deepEqual(paramHeaders(one), { valid: true, headers: [] });
    }
  });

  test("are not looked for where values stand", () => {
    const found = paramHeaders(schema({
      a: { type: "object", default: annotated("x"), const: annotated("x"), enum: [annotated("x")] },
      b: { type: "array", items: { type: "object", examples: [annotated("x")] } },
    }));
    assert.deepEqual(found, { valid: true, headers: [] });
  });

  let deep: object = annotated("Deep");
  for (let i = 0; i < 100; i++) deep = schema({ a: deep });
  const invalid: readonly (readonly [string, unknown, RegExp])[] = [
    ["an empty name", schema({ a: annotated("") }), /expected a header name/],
    ["a name with a blank", schema({ a: annotated("a b") }), /"a b"/],
    ["a name that is none", schema({ a: annotated(5) }), /is 5/],
    ["a type that has no text", schema({ a: annotated("A", "number") }), /"number"/],
    ["several types", schema({ a: annotated("A", ["string", "null"]) }), /an array/],
    ["no type", schema({ a: { "x-mcp-header": "A" } }), /absent/],
    ["the root", annotated("A"), /root/],
    ["an item", schema({ a: { type: "array", items: annotated("A") } }), /"items"/],
    [
      "a property of an item",
      schema({ a: { items: schema({ default: annotated("A") }) } }),
      /items/,
    ],
    [
      "one called like a keyword",
      schema({ a: { items: schema({ properties: annotated("A") }) } }),
      /items/,
    ],
    ["an alternative", schema({}, { anyOf: [schema({ a: annotated("A") })] }), /"anyOf"/],
    ["a definition", schema({}, { $defs: { x: annotated("A") } }), /"\$defs"/],
    ["one name twice", schema({ a: annotated("A"), b: annotated("a") }), /twice/],
    ["no end", deep, /deeper/],
  ];
  for (const [what, one, problem] of invalid) {
    test(`with ${what} are invalid, and it says why`, () => {
      const found = paramHeaders(one);
      assert.ok(!found.valid);
      assert.match(found.problem, problem);
    });
  }

  test("are read from any JSON without throwing", () => {
    const key = fc.constantFrom("x-mcp-header", "properties", "type", "items", "a");
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom("string", "integer", "A", 5, null),
        fc.dictionary(key, tie("tree")),
        fc.array(tie("tree"), { maxLength: 2 }),
      ),
    }));
    fc.assert(fc.property(tree, (one) => {
      const found = paramHeaders(one);
      if (found.valid) { for (const { path } of found.headers) assert.ok(path.length > 0); }
      else assert.ok(found.problem.length > 0);
    }));
  });
});

describe("a call's headers", () => {
  const params: readonly ParamHeader[] = [
    { header: "Mcp-Param-Region", path: ["where", "region"], type: "string" },
    { header: "Mcp-Param-Count", path: ["count"], type: "integer" },
  ];
  const mismatch = (args: unknown, headers: { [name: string]: string }) =>
    paramMismatch(params, args, (name) => headers[name] ?? null);

  test("agree with its arguments where the client encoded them", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.maxSafeInteger(), (region, count) => {
      const headers = {
        "mcp-param-region": encodeHeaderValue(region),
        "mcp-param-count": String(count),
      };
      assert.equal(mismatch({ where: { region }, count }, headers), undefined);
    }));
  });

  test("that name another value are found, with what was found and expected", () => {
    assert.deepEqual(mismatch({ where: { region: "eu" } }, { "mcp-param-region": "us" }), {
      field: "Mcp-Param-Region",
      value: "us",
      accepted: '"eu"',
    });
    assert.deepEqual(mismatch({ count: 1 }, {}), {
      field: "Mcp-Param-Count",
      value: null,
      accepted: '"1"',
    });
  });

  test("are compared as numbers where the parameter is one", () => {
    for (const said of ["42", "42.0", "4.2e1", "4.2e+1", "420e-1", "042"]) {
      assert.equal(mismatch({ count: 42 }, { "mcp-param-count": said }), undefined, said);
    }
    for (const said of ["", " 42", "0x2a", "forty", "42n", "42.", "42e", "Infinity", "43"]) {
      assert.notEqual(mismatch({ count: 42 }, { "mcp-param-count": said }), undefined, said);
    }
  });

  test("do not follow what an object only inherits", () => {
    const inherited: readonly ParamHeader[] = [
      { header: "Mcp-Param-A", path: ["toString"], type: "string" },
      { header: "Mcp-Param-B", path: ["constructor", "name"], type: "string" },
    ];
    assert.equal(paramMismatch(inherited, {}, () => null), undefined);
  });

  test("of arguments that nest without end are found wrong like others", () => {
    let deep: unknown = "eu";
    for (let i = 0; i < 100_000; i++) deep = [deep];
    const headers = { "mcp-param-region": "eu", "mcp-param-count": "1" };
    assert.notEqual(mismatch({ where: { region: deep } }, headers), undefined);
    assert.notEqual(mismatch({ count: deep }, headers), undefined);
  });
});
