import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type Body,
  errorText,
  isRequestId,
  notificationText,
  parseBody,
  progressText,
  quote,
  requestText,
  resultText,
} from "../../core/mod.ts";

const KINDS = ["request", "notification", "response", "batch", "fault"];

const anything = fc.jsonValue({ maxDepth: 3 });
const params = fc.dictionary(fc.string(), anything, { maxKeys: 3 });
const id = fc.oneof(fc.maxSafeInteger(), fc.string());

const jsonrpc = fc.constant("2.0");
const method = fc.string();
const error = fc.record({ code: fc.integer(), message: fc.string() });

const nearlyError = fc.record({ code: mostly(fc.integer()), message: mostly(fc.string()) }, {
  requiredKeys: [],
});

/** What is a message, of each shape that one can have. */
const message = fc.oneof(
  fc.record({ jsonrpc, id, method, params }, { requiredKeys: ["jsonrpc", "method"] }),
  fc.record({ jsonrpc, id, result: params }),
  fc.record({ jsonrpc, id, error }, { requiredKeys: ["jsonrpc", "error"] }),
);

/** What is or nearly is a message: each member right, wrong or absent. */
const nearly = fc.oneof(
  message,
  fc.record({
    jsonrpc: mostly(jsonrpc, 16),
    id: mostly(id),
    method: mostly(method),
    params: mostly(params),
    result: mostly(params),
    error: mostly(nearlyError),
  }, { requiredKeys: ["jsonrpc"] }),
);

function mostly<T>(right: fc.Arbitrary<T>, weight = 4): fc.Arbitrary<unknown> {
  return fc.oneof({ weight, arbitrary: right as fc.Arbitrary<unknown> }, anything);
}

describe("a body", () => {
  test("of any text is read without throwing, and is one of the kinds", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      assert.ok(KINDS.includes(parseBody(text).kind));
    }));
  });

  test("that is nearly a message is one exactly if every member is right", () => {
    let messages = 0;
    fc.assert(
      fc.property(nearly, (value) => {
        const text = JSON.stringify(value);
        const body = parseBody(text);
        const expected = kindOf(JSON.parse(text));
        assert.equal(body.kind, expected, text);
        if (body.kind !== "fault") messages++;
        else assert.equal(body.rule, "invalid-message");
      }),
      { numRuns: 3000 },
    );
    // About half of them are, so a tenth is out of chance's reach.
    assert.ok(messages > 300, `only ${messages} were messages at all`);
  });

  test("that is an array is a batch of messages, or the fault of its first wrong item", () => {
    fc.assert(fc.property(fc.array(nearly, { maxLength: 4 }), (items) => {
      const text = JSON.stringify(items);
      const body = parseBody(text);
      const kinds = (JSON.parse(text) as unknown[]).map(kindOf);
      if (kinds.length === 0 || kinds.includes("fault")) return assert.equal(body.kind, "fault");
      assert.ok(body.kind === "batch");
      assert.deepEqual(body.messages.map((one) => one.kind), kinds);
    }));
  });

  test("that is no JSON is a parse error without an id", () => {
    for (const text of ["", "{", "hello", '{"jsonrpc":"2.0",}', "\ufeff{}", "undefined", "NaN"]) {
      const body = parseBody(text);
      assert.ok(body.kind === "fault" && body.rule === "parse-error", text);
      assert.equal(body.id, undefined);
      assert.equal(body.detail, text === "" ? "empty" : "not JSON");
    }
  });

  test(
    "that is nested without end is refused like any other wrong one",
    { timeout: 20_000 },
    () => {
      const deep = "[".repeat(200_000) + "]".repeat(200_000);
      const members = ["id", "method", "params", "result", "jsonrpc", "error"];
      for (const text of [deep, ...members.map((name) => around(name, deep))]) {
        assert.equal(parseBody(text).kind, "fault", text.slice(0, 60));
      }
    },
  );

  test("keeps the id of its request where one could be read", () => {
    const faulty: readonly (readonly [object, unknown])[] = [
      [{ jsonrpc: "1.0", id: 7, method: "a" }, 7],
      [{ jsonrpc: "2.0", id: "x", method: "a", params: [] }, "x"],
      [{ jsonrpc: "2.0", id: 7, method: 5 }, 7],
      [{ jsonrpc: "2.0", id: 7 }, 7],
      [{ jsonrpc: "2.0", id: 7, method: "a", result: {} }, 7],
      [{ jsonrpc: "2.0", id: 7, result: 3 }, undefined],
      [{ jsonrpc: "2.0", id: 7, result: {}, error: { code: 1, message: "x" } }, undefined],
      [{ jsonrpc: "2.0", id: 7, error: { code: 1.5, message: "x" } }, undefined],
      [{ jsonrpc: "1.0", id: 7, result: {} }, undefined],
      [[{ jsonrpc: "2.0", id: 7, error: null }], undefined],
      [{ jsonrpc: "2.0", id: null, method: "a" }, undefined],
      [{ jsonrpc: "2.0", id: 1.5, method: "a" }, undefined],
      [{ jsonrpc: "2.0", id: {}, method: "a" }, undefined],
    ];
    for (const [value, expected] of faulty) {
      const body = parseBody(JSON.stringify(value));
      assert.ok(body.kind === "fault", JSON.stringify(value));
      assert.equal(body.id, expected);
    }
  });

  test("may name members that an object would mistake for its own", () => {
    const body = parseBody('{"jsonrpc":"2.0","id":"__proto__","method":"x","__proto__":{"id":1}}');
    assert.ok(body.kind === "request");
    assert.equal(body.message.id, "__proto__");
  });
});

describe("an id", () => {
  test("is a string or a safe integer", () => {
    fc.assert(fc.property(id, (id) => assert.ok(isRequestId(id))));
    for (const no of [null, undefined, 1.5, NaN, Infinity, 2 ** 53, {}, [], true]) {
      assert.equal(isRequestId(no), false, String(no));
    }
  });

  test("comes back as it was, the number 5 and the string 5 apart", () => {
    fc.assert(fc.property(id, (id) => {
      const body = parseBody(requestText(id, "m", undefined));
      assert.ok(body.kind === "request");
      assert.equal(body.message.id, Object.is(id, -0) ? 0 : id);
      assert.deepEqual(JSON.parse(resultText(id, {})).id, body.message.id);
      assert.deepEqual(JSON.parse(errorText(id, { code: 1, message: "" })).id, body.message.id);
    }));
    const [number, string] = [idOf(parseBody(call(5))), idOf(parseBody(call("5")))];
    assert.notEqual(number, string);
    assert.equal(new Map([[number, 1], [string, 2]]).size, 2);
  });
});

describe("a text made here", () => {
  test("is one line that reads back as the message it was made of", () => {
    fc.assert(fc.property(id, fc.string(), params, (id, method, params) => {
      const texts: readonly (readonly [string, string])[] = [
        [requestText(id, method, params), "request"],
        [notificationText(method, params), "notification"],
        [notificationText(method, undefined), "notification"],
        [resultText(id, params), "response"],
        [errorText(id, { code: -32000, message: method, data: params }), "response"],
        [errorText(undefined, { code: -32000, message: method }), "response"],
      ];
      for (const [text, kind] of texts) {
        assert.equal(parseBody(text).kind, kind, text);
        assert.doesNotMatch(text, /[\r\n]/);
      }
    }));
  });

  test("has no result that is not an object in JSON", () => {
    for (const result of [undefined, null, 5, "{}", [], { toJSON: () => 5 }, { toJSON() {} }]) {
      assert.throws(() => resultText(1, result), { name: "TypeError", message: /not an object/ });
    }
  });

  test("never has a null id", () => {
    fc.assert(fc.property(fc.option(id, { nil: undefined }), fc.string(), (id, message) => {
      const error = JSON.parse(errorText(id, { code: -32000, message }));
      assert.notEqual(error.id, null);
      assert.equal(Object.hasOwn(error, "id"), id !== undefined);
    }));
  });
});

test("a quoted value is short, whatever it is", { timeout: 20_000 }, () => {
  fc.assert(fc.property(anything, (value) => assert.ok(quote(value).length <= 80)));
  assert.equal(quote(undefined), "absent");
  assert.equal(quote("a\nb"), '"a\\nb"');
  assert.equal(quote(null), "null");
  assert.ok(quote("x".repeat(1_000_000)).length <= 80);
  assert.equal(quote("x".repeat(78)), `"${"x".repeat(78)}"`);
  assert.equal(quote("x".repeat(79)), `"${"x".repeat(77)}…"`);
  let deep: unknown[] = [];
  for (let i = 0; i < 200_000; i++) deep = [deep];
  assert.ok(quote(deep).length <= 80);
});

// What JSON-RPC 2.0 and MCP say about one message, said once more.
// deno-lint-ignore no-explicit-any -- what is read is what any client may send
function kindOf(value: any): string {
  const has = (name: string) => value[name] !== undefined;
  const object = (one: unknown) => typeof one === "object" && one !== null && !Array.isArray(one);
  if (!object(value) || value.jsonrpc !== "2.0") return "fault";
  const idGood = typeof value.id === "string" || Number.isSafeInteger(value.id);
  if (has("id") && !idGood) return "fault";
  if (has("method")) {
    if (typeof value.method !== "string" || has("result") || has("error")) return "fault";
    if (has("params") && !object(value.params)) return "fault";
    return has("id") ? "request" : "notification";
  }
  if (has("result") === has("error")) return "fault";
  if (has("result")) return has("id") && object(value.result) ? "response" : "fault";
  const { error } = value;
  return object(error) && Number.isInteger(error.code) && typeof error.message === "string"
    ? "response"
    : "fault";
}

test("progress is the same text as any notification of its params", () => {
  const odd = fc.constantFrom(undefined, null, NaN, -Infinity, -0, "5", {}, () => 1, Symbol(), [1]);
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: "binary" }), fc.maxSafeInteger(), fc.double()),
      fc.oneof(fc.double(), fc.integer(), odd),
      fc.oneof(fc.double(), fc.integer(), odd),
      fc.oneof(fc.string({ unit: "binary" }), odd),
      (token, progress, total, message) => {
        const params = { progressToken: token, progress, total, message };
        assert.equal(
          progressText(token, progress as number, total as number, message as string),
          notificationText("notifications/progress", params),
        );
      },
    ),
    { numRuns: 3000 },
  );
});

function around(name: string, value: string): string {
  return `{"jsonrpc":"2.0","id":1,"method":"a","${name}":${value}}`;
}

function call(id: string | number): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method: "m" });
}

function idOf(body: Body): unknown {
  assert.ok(body.kind === "request");
  return body.message.id;
}
