import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isSessionId, isSingleToken, SESSION_ID_MAX } from "../../core/mod.ts";

const visible = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
  minLength: 1,
  maxLength: SESSION_ID_MAX,
});
/** Nearly visible ASCII: the ends of the range, and what lies beyond them. */
const edge = fc.string({
  unit: fc.constantFrom("!", "~", "a", " ", "\x7f", "\x00", "\t", "é", "\u{1f600}", ","),
  maxLength: 6,
});

describe("a session id", () => {
  test("is 1 to 256 characters from 0x21 to 0x7E, and nothing else", () => {
    fc.assert(fc.property(visible, (id) => assert.ok(isSessionId(id))));
    fc.assert(fc.property(fc.oneof(edge, fc.string()), (text) => {
      assert.equal(isSessionId(text), /^[\x21-\x7e]{1,256}$/.test(text), JSON.stringify(text));
    }));
  });

  test("of 256 characters is one, of 257 or 60 000 is none", () => {
    assert.ok(isSessionId("a".repeat(256)));
    assert.ok(!isSessionId("a".repeat(257)));
    assert.ok(!isSessionId("a".repeat(60_000)));
  });

  test("that was sent twice is none", () => {
    fc.assert(fc.property(visible, visible, (a, b) => assert.ok(!isSessionId(`${a}, ${b}`))));
  });

  test("may be a name that an object would mistake for its own", () => {
    for (const id of ["__proto__", "constructor", "toString"]) assert.ok(isSessionId(id));
  });
});

test("a single token is visible ASCII without a comma, however long", () => {
  fc.assert(fc.property(fc.oneof(visible, edge, fc.string()), (text) => {
    assert.equal(isSingleToken(text), /^[\x21-\x2b\x2d-\x7e]+$/.test(text), text);
  }));
  assert.ok(isSingleToken("a".repeat(257)));
});
