import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as core from "../../core/mod.ts";
import { META, rejectionReply, REJECTIONS, type RuleId } from "../../core/mod.ts";
import { clauseOf, CLAUSES } from "../../core/inbound/clauses.ts";
import { CASES, type RuleCases } from "./rule_cases.ts";
import { type AnyRule, factsOf, ladderOf, refusal, type Request } from "./situation.ts";

/** Every exported list of rules: a list that is added is found here without being named. */
const lists = Object.entries(core).filter((entry): entry is [string, readonly AnyRule[]] =>
  entry[0].endsWith("_RULES") && Array.isArray(entry[1])
);
const rules = [...new Set(lists.flatMap(([, list]) => list))];

describe("every rule of the ladder", () => {
  test("has a case that it refuses and one that it lets pass", () => {
    assert.ok(rules.length >= 30, `only ${rules.length} rules were found`);
    assert.deepEqual(withoutCases(rules, CASES), []);
  });

  test("a further rule without a case would be noticed", () => {
    // Without a clause it has not even a name.
    const further: AnyRule = { ...rules[0]!, id: "capacity" };
    assert.throws(() => withoutCases([...rules, further], CASES), /no clause for rule "capacity/);
    const [first, ...others] = CASES;
    assert.deepEqual(withoutCases(rules, others), [first!.rule.join(": ")]);
    assert.deepEqual(withoutCases(rules, [{ ...first!, passed: [] }, ...others]), [
      first!.rule.join(": "),
    ]);
  });

  test("is met: the cases belong to rules that there are, each to one", () => {
    const names = rules.map(nameOf);
    assert.deepEqual(CASES.map((one) => one.rule.join(": ")).filter((n) => !names.includes(n)), []);
    assert.equal(new Set(names).size, names.length);
    const asked = [
      ...ladderOf({}),
      ...ladderOf({ body: { jsonrpc: "2.0", id: 1, method: "initialize", params: {} } }),
      ...ladderOf({ policy: { eras: "modern" } }),
      ...ladderOf(LISTEN),
    ];
    assert.deepEqual(rules.filter((rule) => !asked.includes(rule)).map(nameOf), []);
  });

  test("says where it comes from and names a refusal that there is", () => {
    for (const rule of rules) {
      const { id } = rule;
      const { clause, checks } = clauseOf(rule);
      assert.ok(Object.hasOwn(REJECTIONS, id), id);
      assert.match(clause, /^(this library|RFC 9110, |20\d\d-\d\d-\d\d )/, `${id}: ${clause}`);
      assert.ok(checks.length > 0);
    }
    const used = new Set(rules.map(clauseOf));
    assert.equal(used.size, rules.length);
    assert.deepEqual(Object.values(CLAUSES).filter((one) => !used.has(one)), []);
  });
});

describe("the rule", () => {
  for (const { rule: [id, checks], refused, passed, answers = [id] } of CASES) {
    test(`${id} (${checks}) refuses what it names and nothing near it`, () => {
      for (const request of refused) checkRefused(request, `${id}: ${checks}`, answers);
      for (const request of passed) {
        const found = refusal(request);
        assert.equal(found && nameOf(found.rule), undefined, show(request));
      }
      const given = new Set(refused.map((request) => refusal(request)!.rejection.rule));
      assert.deepEqual([...given].sort(), [...answers].sort());
    });
  }
});

test("several versions are refused as a modern client expects only if one of them is modern", () => {
  const codes = [
    ["2025-11-25, 2025-06-18", "malformed-header"],
    ["1999-01-01,2025-11-25", "malformed-header"],
    ["2025-11-25, 2026-07-28", "malformed-modern-header"],
    ["2026-07-28,2025-11-25", "malformed-modern-header"],
  ] as const;
  for (const [version, rule] of codes) {
    const found = refusal({ fields: { "mcp-protocol-version": version } });
    assert.equal(found?.rejection.rule, rule, version);
  }
});

test("each thing that a refusal says would be accepted is accepted", () => {
  const mended: { readonly [rule: string]: (one: string) => Request } = {
    "method-not-allowed": (method) => ({ method }),
    "modern-method-not-allowed": (method) => ({ method }),
    "not-acceptable": (accept) => ({ fields: { accept } }),
    "unsupported-version": (version) => ({ fields: { "mcp-protocol-version": version } }),
  };
  for (const { rule: [id], refused } of CASES) {
    const mend = mended[id];
    if (mend === undefined) continue;
    for (const request of refused) {
      for (const one of String(refusal(request)!.rejection.accepted).split(/, | or /)) {
        const found = refusal(differing(request, mend(one)));
        assert.notEqual(found?.rejection.rule, id, `${one}: ${show(request)}`);
      }
    }
  }
});

describe("of several faults", () => {
  // Each step mends what the step before was refused for; what is asked later is wrong all along.
  const wrong: Request = {
    method: "PUT",
    draining: true,
    fields: {
      "origin": "null",
      "host": "evil.example",
      "content-length": "9999",
      "mcp-session-id": "a, b",
      "mcp-protocol-version": "x, y",
      "content-type": "text/plain",
      "accept": "text/html",
    },
    body: "{",
    inFlight: [1, 2],
    version: "2025-06-18",
  };
  const initialize = { jsonrpc: "2.0", id: 1, method: "initialize" };
  const call = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  const steps: readonly (readonly [Request, string])[] = [
    [{ method: "GET" }, "draining"],
    [{ method: "PUT" }, "origin-not-allowed"],
    [{ fields: { origin: null } }, "host-not-allowed"],
    [{ fields: { host: "localhost" } }, "method-not-allowed"],
    [{ method: "POST" }, "length-over-limit"],
    [{ fields: { "content-length": null } }, "malformed-header"],
    [{ fields: { "mcp-session-id": "a" } }, "malformed-header"],
    [{ fields: { "mcp-protocol-version": "1999-01-01" } }, "content-type-not-json"],
    [{ fields: { "content-type": "application/json" } }, "not-acceptable"],
    [{ fields: { accept: "*/*" } }, "parse-error"],
    [{ body: [] }, "invalid-message"],
    [{ body: [initialize] }, "initialize-in-batch"],
    [{ body: { ...initialize, id: undefined } }, "initialize-without-id"],
    [{ body: initialize }, "initialize-params"],
    [{ body: { ...initialize, params: { protocolVersion: "x".repeat(100) } } }, "draining"],
    [{ draining: undefined }, "initialize-over-limit"],
    [{ body: [call, call, call, call] }, "unsupported-version"],
    [{ fields: { "mcp-protocol-version": null } }, "batch-not-allowed"],
    [{ version: "2025-03-26" }, "batch-over-limit"],
    [{ body: [call, { ...call, id: 3 }] }, "duplicate-request-id"],
    [{ body: [{ ...call, id: 3 }] }, "in-flight-limit"],
  ];

  test("the one that is asked first answers, down the whole ladder", () => {
    let request = wrong;
    for (const [mend, expected] of steps) {
      request = differing(request, mend);
      assert.equal(refusal(request)?.rule.id, expected, show(request));
    }
    assert.equal(refusal({ ...request, inFlight: [] }), undefined);
  });

  test("down the modern part of it", () => {
    let request: Request = {};
    for (const [mend, expected] of MODERN_STEPS) {
      request = differing(request, mend);
      assert.equal(refusal(request)?.rule.id, expected, show(request));
    }
  });
});

const meta = (more: object) => ({ jsonrpc: "2.0", id: 1, method: "ping", params: { _meta: more } });
const listen = (params: object) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "subscriptions/listen",
  params: {
    ...params,
    _meta: { [META.protocolVersion]: "2026-07-28", [META.clientCapabilities]: {} },
  },
});
const LISTEN: Request = {
  fields: { "mcp-protocol-version": "2026-07-28", "mcp-method": "subscriptions/listen" },
  body: listen({}),
};
const MODERN_STEPS: readonly (readonly [Request, string])[] = [
  [{
    fields: { "mcp-protocol-version": "2026-07-28", "mcp-session-id": "a, b", "mcp-method": "x" },
    body: [meta({})],
  }, "modern-not-a-request"],
  [{ body: meta({}) }, "meta-missing"],
  [
    { body: meta({ [META.protocolVersion]: "2099-01-01", [META.clientCapabilities]: {} }) },
    "header-mismatch",
  ],
  [
    { fields: { "mcp-protocol-version": "2099-01-01", "mcp-session-id": null } },
    "header-mismatch",
  ],
  [{ fields: { "mcp-method": "ping" } }, "unsupported-modern-version"],
  [
    {
      fields: { "mcp-protocol-version": "2026-07-28" },
      body: meta({ [META.protocolVersion]: "2026-07-28", [META.clientCapabilities]: {} }),
    },
    "modern-method-not-found",
  ],
  [{ ...LISTEN, draining: true, open: 9, own: { subscriptions: 9 } }, "draining"],
  [{ draining: undefined, fields: { accept: "application/json" } }, "not-acceptable"],
  [{ fields: { accept: "*/*" } }, "listen-params"],
  [{ body: listen({ notifications: {} }) }, "subscription-limit"],
  [{ open: 0 }, "subscription-quota"],
];

/** Names of rules that lack a case they refuse or one they let pass. */
function withoutCases(rules: readonly AnyRule[], cases: readonly RuleCases[]): string[] {
  const covered = new Set(
    cases.filter(({ refused, passed }) => refused.length > 0 && passed.length > 0)
      .map(({ rule }) => rule.join(": ")),
  );
  return rules.map(nameOf).filter((name) => !covered.has(name));
}

function nameOf(rule: AnyRule): string {
  return `${rule.id}: ${clauseOf(rule).checks}`;
}

// Refused by that rule and by none before it, and answered as the table of rejections says.
function checkRefused(request: Request, name: string, answers: readonly RuleId[]): void {
  const found = refusal(request);
  assert.equal(found && nameOf(found.rule), name, show(request));
  const { rejection } = found!;
  assert.ok(answers.includes(rejection.rule), rejection.rule);
  const { status, headers, body } = rejectionReply(rejection, "of the request");
  const row = REJECTIONS[rejection.rule];
  assert.equal(status, row.status);
  assert.equal("retry-after" in headers, row.retry === true);
  assert.equal("allow" in headers, row.allow === true);
  assert.doesNotMatch(body!, /undefined|\{(field|value|detail|accepted)\}/);
  // What was found may be an empty text, what is said of it may not.
  for (const [place] of row.message.matchAll(/\{\w+\}/g)) {
    const part = place.slice(1, -1) as keyof typeof rejection;
    assert.ok(part in rejection, part);
    if (part !== "value") assert.notEqual(rejection[part], "", part);
  }
  const { error, id } = JSON.parse(body!);
  assert.equal(error.code, row.code);
  // Whoever answers knows the id of the request. Which one of a batch is at fault only the rule does.
  assert.equal(id, rejection.id ?? "of the request");
  if (rejection.id !== undefined) assert.equal(factsOf(request).body.kind, "batch");
}

function differing(request: Request, mend: Request): Request {
  return { ...request, ...mend, fields: { ...request.fields, ...mend.fields } };
}

function show(request: Request): string {
  return JSON.stringify(request);
}
