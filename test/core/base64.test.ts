import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeHeaderValue, encodeHeaderValue } from "../../core/mod.ts";

const text = fc.string({ unit: "binary" });
/** Surrogates, which UTF-8 cannot carry where they are alone. */
const halves = fc.string({ unit: fc.constantFrom("\ud83d", "\ude00", "a") });

describe("a header's value", () => {
  test("is read back as it was, whatever Unicode it holds", () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: "grapheme" }), halves), (value) => {
        assert.equal(decodeHeaderValue(encodeHeaderValue(value)), value.toWellFormed());
      }),
      { numRuns: 2000 },
    );
  });

  test("is one that a header may carry, without blanks that HTTP would take away", () => {
    fc.assert(fc.property(text, (value) => {
      const written = encodeHeaderValue(value);
      assert.match(written, /^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/);
    }));
  });

  test("is plain where it can be, else the Base64 that the platform makes of it", () => {
    fc.assert(fc.property(fc.oneof(text, fc.string({ maxLength: 3 })), (value) => {
      const written = encodeHeaderValue(value);
      if (/^[\t\x20-\x7e]+$/.test(value) && value === value.trim()) {
        return assert.equal(written, value);
      }
      const base64 = Buffer.from(value.toWellFormed(), "utf8").toString("base64");
      assert.equal(written, `=?base64?${base64}?=`);
    }));
  });

  const examples: readonly (readonly [string, string])[] = [
    ["us-west1", "us-west1"],
    ["a b", "a b"],
    ["", "=?base64??="],
    [" padded ", "=?base64?IHBhZGRlZCA=?="],
    ["Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="],
    ["line1\nline2", "=?base64?bGluZTEKbGluZTI=?="],
    ["=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="],
    ["=?base64?", "=?base64?"],
    ["=?base64?=", "=?base64?="],
    ["=?base64?x", "=?base64?x"],
    ["x?=", "x?="],
    ["=?BASE64?x?=", "=?BASE64?x?="],
  ];
  test("of the revision's examples is what the revision says", () => {
    for (const [value, written] of examples) {
      assert.equal(encodeHeaderValue(value), written);
      assert.equal(decodeHeaderValue(written), value);
    }
  });

  test("in the Base64 form is refused where its content is none", () => {
    for (
      const content of [
        ...["!!!!", "YQ", "YQ=", "YR==", "YWJ=", "Y Q=", "YQ==YQ==", "=", "====", "A===", "_-8="],
        // Not UTF-8: a lone tail, cut short, overlong, a surrogate, past the last code point.
        ...["gA==", "4pg=", "wIA=", "7aCA", "9JCAgA==", "/w=="],
      ]
    ) assert.equal(decodeHeaderValue(`=?base64?${content}?=`), undefined, content);
  });

  test("in the Base64 form is read as the platform reads it, or not at all", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        let expected: string | undefined;
        try {
          expected = decoder.decode(bytes);
        } catch {
          expected = undefined;
        }
        const written = `=?base64?${Buffer.from(bytes).toString("base64")}?=`;
        assert.equal(decodeHeaderValue(written), expected);
      }),
      { numRuns: 3000 },
    );
  });
});
