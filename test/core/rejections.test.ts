import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  corsHeaders,
  parseBody,
  preflightReply,
  type Rejection,
  rejectionMessage,
  rejectionReply,
  REJECTIONS,
  type RuleId,
} from "../../core/mod.ts";

const rules = Object.keys(REJECTIONS) as RuleId[];

const rejection: fc.Arbitrary<Rejection> = fc.record({
  rule: fc.constantFrom(...rules),
  field: fc.constantFrom("Mcp-Name", "Mcp-Session-Id"),
  value: fc.oneof(fc.string({ maxLength: 300 }), fc.integer(), fc.constant(null)),
  detail: fc.constantFrom("an array", "absent"),
  accepted: fc.oneof(fc.constantFrom("POST", "GET, POST"), fc.nat()),
  id: fc.option(fc.oneof(fc.string(), fc.maxSafeInteger()), { nil: undefined }),
  data: fc.option(fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), {
    nil: undefined,
  }),
});

describe("every refusal", () => {
  test("asks to come back where it is 503, says what is allowed where it is 405, and only there", () => {
    for (const rule of rules) {
      const { status, retry, allow } = REJECTIONS[rule];
      assert.equal(retry === true, status === 503, rule);
      assert.equal(allow === true, status === 405, rule);
      assert.ok(status >= 400 && status <= 503, rule);
    }
  });

  test("has the code of the transport, where its status is one that only a transport has", () => {
    for (const rule of rules) {
      const { status, code } = REJECTIONS[rule];
      if (![400, 404, 500].includes(status)) assert.equal(code, -32000, rule);
    }
  });

  test("is kept by no cache: of 404 and 405 one may, for whoever asks next", () => {
    for (const rule of rules) {
      assert.equal(rejectionReply({ rule }).headers["cache-control"], "no-store", rule);
    }
  });

  test("is a JSON-RPC error without a null id, whatever the peer sent", () => {
    fc.assert(fc.property(rejection, (one) => {
      const { status, headers, body } = rejectionReply(one);
      assert.equal(status, REJECTIONS[one.rule].status);
      assert.equal(headers["content-type"], "application/json");
      assert.ok(!("mcp-session-id" in headers));
      for (const value of Object.values(headers)) assert.doesNotMatch(value, /[\r\n]/);
      assert.equal(parseBody(body!).kind, "response");
      const { id, error } = JSON.parse(body!);
      assert.equal(id, Object.is(one.id, -0) ? 0 : one.id);
      assert.equal(error.code, REJECTIONS[one.rule].code);
      assert.deepEqual(error.data, one.data);
    }));
  });

  test("has a message that a log can hold, and that quotes what was sent", () => {
    fc.assert(fc.property(rejection, (one) => {
      const message = rejectionMessage(one);
      assert.ok(message.length < 700, message);
      assert.doesNotMatch(message, /[\r\n]/);
    }));
    const long: Rejection = { rule: "host-not-allowed", value: "x".repeat(60_000) };
    assert.ok(rejectionMessage(long).length < 300);
    assert.match(rejectionMessage({ rule: "host-not-allowed", value: 'a"b' }), /"a\\"b"/);
    assert.match(rejectionMessage({ rule: "content-type-not-json", value: null }), /is absent;/);
  });

  test("does not take what was sent for a part of its own text", () => {
    const message = rejectionMessage({
      rule: "length-over-limit",
      value: "{accepted} $& $1",
      accepted: 7,
    });
    assert.equal(message, 'Content-Length "{accepted} $& $1" is over the limit of 7 bytes');
  });
});

describe("messages that clients look for", () => {
  test("a session that is gone can be told by its text alone", () => {
    assert.match(rejectionMessage({ rule: "session-not-found" }), /Session not found \(HTTP 404\)/);
  });

  test("an unsupported version names itself and what is supported", () => {
    const message = rejectionMessage({
      rule: "unsupported-version",
      value: "1999-01-01",
      accepted: "2025-11-25, 2025-06-18",
    });
    assert.match(message, /Unsupported protocol version/);
    assert.match(message, /1999-01-01/);
    assert.match(message, /2025-11-25, 2025-06-18/);
  });
});

describe("cross-origin answers", () => {
  const preflight = (asked: string | null) => preflightReply({ get: () => asked });

  test("let the page read what it needs, and differ by origin", () => {
    assert.deepEqual(corsHeaders("http://localhost:5173"), {
      "access-control-allow-origin": "http://localhost:5173",
      "access-control-expose-headers": "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate",
      "vary": "Origin",
    });
    assert.deepEqual(corsHeaders(null), { vary: "Origin" });
  });

  test("a preflight allows the methods and the headers of the protocol", () => {
    const { status, headers, body } = preflight(null);
    assert.equal(status, 204);
    assert.equal(body, null);
    assert.equal(headers["access-control-allow-methods"], "POST, GET, DELETE");
    assert.equal(
      headers["access-control-allow-headers"],
      "Content-Type, Accept, Authorization, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, Mcp-Method, Mcp-Name",
    );
  });

  test("a preflight allows the parameter headers that are asked for, and no others", () => {
    const allowed = preflight("mcp-param-region, x-evil, Mcp-Param-A_b, mcp-param-, mcp-param-a b")
      .headers["access-control-allow-headers"]!;
    assert.match(allowed, /Mcp-Name, mcp-param-region, Mcp-Param-A_b$/);
    fc.assert(fc.property(fc.string(), (asked) => {
      const names = preflight(asked).headers["access-control-allow-headers"]!.split(", ");
      for (const name of names.slice(8)) assert.match(name, /^mcp-param-[^\s,:"]+$/i);
    }));
  });
});
