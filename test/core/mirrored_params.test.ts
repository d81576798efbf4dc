/** A conforming client's `Mcp-Param-*` headers, for any arguments: they agree with these and with no others. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { encodeHeaderValue, paramHeaders, paramMismatch } from "../../core/mod.ts";

/** Any text that UTF-8 can carry, and some that looks like the Base64 form. */
const texts = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: "binary" }),
  fc.string().map((inner) => `=?base64?${inner}?=`),
);

describe("mirrored parameters, for any arguments", () => {
  const read = paramHeaders({
    properties: {
      text: { type: "string", "x-mcp-header": "Text" },
      deep: { properties: { count: { type: "integer", "x-mcp-header": "Count" } } },
      exact: { type: "boolean", "x-mcp-header": "Exact" },
    },
  });
  // None where they could not be read: then nothing would ever differ, which a test below would notice.
  const headers = read.valid ? read.headers : [];

  const given = fc.record({
    text: fc.oneof(texts, fc.constant(null)),
    deep: fc.record({ count: fc.oneof(fc.maxSafeInteger(), fc.constant(null)) }),
    exact: fc.oneof(fc.boolean(), fc.constant(null)),
  }, { requiredKeys: [] });

  /** The headers that a conforming client sends. */
  function mirrored(args: { text?: unknown; deep?: { count?: unknown }; exact?: unknown }) {
    const all = new Map<string, string>();
    const put = (name: string, value: unknown): void => {
      if (value !== undefined && value !== null) all.set(name, encodeHeaderValue(String(value)));
    };
    put("mcp-param-text", args.text);
    put("mcp-param-count", args.deep?.count);
    put("mcp-param-exact", args.exact);
    return all;
  }

  test("what a conforming client sends is what the arguments say", () => {
    fc.assert(
      fc.property(given, (args) => {
        const sent = mirrored(args);
        assert.equal(paramMismatch(headers, args, (name) => sent.get(name) ?? null), undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  test("what it sends for other arguments is not", () => {
    fc.assert(
      fc.property(given, given, (args, others) => {
        const [sent, other] = [mirrored(args), mirrored(others)];
        const same = JSON.stringify([...sent]) === JSON.stringify([...other]);
        const found = paramMismatch(headers, args, (name) => other.get(name) ?? null);
        assert.equal(found === undefined, same, `${JSON.stringify([...other])}`);
      }),
      { numRuns: 2_000 },
    );
  });

  test("an integer is the same number in any notation, and no other number", () => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger(),
        fc.nat({ max: 3 }),
        fc.integer({ min: -1, max: 1 }),
        (count, zeros, off) => {
          const args = { deep: { count } };
          const near = BigInt(count) + BigInt(off);
          const text = `${near}${zeros === 0 ? "" : `.${"0".repeat(zeros)}`}`;
          const found = paramMismatch(
            headers,
            args,
            (name) => name === "mcp-param-count" ? text : null,
          );
          assert.equal(found === undefined, off === 0, `${count} ${text}`);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
