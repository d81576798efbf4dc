import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { isSessionId, parseEventId } from "../../core/mod.ts";
import { mintNodeId, mintSessionId, randomToken, standaloneStream } from "../../core/engine/ids.ts";

const MANY = 100_000;

describe("a session id", () => {
  test("is 24 characters of base64url, never the same twice", () => {
    const ids = new Set<string>();
    for (let i = 0; i < MANY; i++) {
      const id = mintSessionId();
      if (!/^[A-Za-z0-9_-]{24}$/.test(id)) assert.fail(id);
      ids.add(id);
    }
    assert.equal(ids.size, MANY);
    assert.ok(isSessionId(mintSessionId()));
  });

  test("has 144 bits, each as often one as zero", () => {
    const ones = new Array<number>(144).fill(0);
    const count = 4_000;
    for (let i = 0; i < count; i++) {
      const bytes = atob(mintSessionId().replaceAll("-", "+").replaceAll("_", "/"));
      assert.equal(bytes.length, 18);
      for (let bit = 0; bit < 144; bit++) {
        ones[bit]! += (bytes.charCodeAt(bit >> 3) >> (bit & 7)) & 1;
      }
    }
    // Eight standard deviations: a fair coin is out of this range once in 10^15 runs.
    const far = 8 * Math.sqrt(count) / 2;
    for (const [bit, n] of ones.entries()) {
      assert.ok(Math.abs(n - count / 2) < far, `bit ${bit} was one ${n} times of ${count}`);
    }
  });
});

test("a random token is as long as it was asked for, also across the pool's end", () => {
  const tokens = new Set<string>();
  for (let i = 0; i < 5_000; i++) {
    const bytes = 3 * (1 + i % 8);
    const token = randomToken(bytes);
    assert.equal(token.length, bytes / 3 * 4);
    assert.match(token, /^[A-Za-z0-9_-]+$/);
    if (bytes >= 9) tokens.add(token);
  }
  assert.equal(tokens.size, 5_000 - 2 * 5_000 / 8);
});

test("a node's name is letters and digits, never the same twice", () => {
  const names = new Set(Array.from({ length: 10_000 }, mintNodeId));
  assert.equal(names.size, 10_000);
  for (const name of names) assert.match(name, /^[A-Za-z0-9]{12}$/);
});

describe("a session's standalone stream", () => {
  test("has the same name everywhere, one that event ids can carry", () => {
    fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 256 }), (session) => {
      const name = standaloneStream(session);
      assert.equal(standaloneStream(session), name);
      assert.deepEqual(parseEventId(`${name}_0`), { stream: name, position: 0 });
      assert.ok(name.length <= 12);
    }));
  });

  test("is another for another session", () => {
    const names = new Set(Array.from({ length: MANY }, () => standaloneStream(mintSessionId())));
    assert.equal(names.size, MANY);
  });
});
