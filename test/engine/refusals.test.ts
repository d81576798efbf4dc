import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type McpOptions, memory, type RuleId } from "../../core/engine/mod.ts";
import { META, REJECTIONS, TRANSITIONS } from "../../core/mod.ts";
import { CASES } from "../core/rule_cases.ts";
import { Failing } from "../doubles/failing.ts";
import { Endpoint, initialize, refusal, request } from "./endpoint.ts";
import type { Scope } from "./worlds.ts";

/** A refusal that the engine makes by itself: how it comes about. */
interface Made {
  readonly options?: McpOptions;
  readonly provoke: (endpoint: Endpoint) => Promise<Response>;
}

const VERSION = "2026-07-28";

function subscribe(endpoint: Endpoint, notifications: unknown): Promise<Response> {
  const meta = { [META.protocolVersion]: VERSION, [META.clientCapabilities]: {} };
  return endpoint.post(
    request(1, "subscriptions/listen", { notifications, _meta: meta }),
    { fields: { "mcp-protocol-version": VERSION, "mcp-method": "subscriptions/listen" } },
  );
}

/** Fills the only place with a session that an open stream holds. */
async function full(endpoint: Endpoint): Promise<Response> {
  const session = await endpoint.open();
  await endpoint.get({ session });
  return endpoint.post(initialize());
}

/** What no rule of the ladder and no row of the session table gives. */
const MADE: { readonly [rule in RuleId]?: Made } = {
  "unauthenticated": {
    options: {
      authenticate: () =>
        new Response('{"error":{"code":-32000}}', {
          status: 401,
          headers: { "content-type": "application/json" },
        }),
    },
    provoke: (endpoint) => endpoint.post(initialize()),
  },
  "body-over-limit": {
    options: { limits: { bodyBytes: 10 } },
    // Without a declared length: only counting tells.
    provoke: (endpoint) =>
      endpoint.handler.fetch(
        new Request("http://localhost/mcp", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: new Blob(["x".repeat(20)]).stream(),
          duplex: "half",
        } as RequestInit),
      ),
  },
  "unknown-event-id": {
    provoke: async (endpoint) =>
      endpoint.get({ session: await endpoint.open(), lastEventId: "nobody_1" }),
  },
  "capacity": { options: { limits: { sessions: 1 } }, provoke: full },
  "quota": { options: { limits: { sessionsPerPrincipal: 1 } }, provoke: full },
  "store-unavailable": {
    provoke: (endpoint) => endpoint.post(initialize()),
  },
  "stream-limit": {
    options: { limits: { streams: 1 } },
    provoke: async (endpoint) => {
      const session = await endpoint.open();
      const first = endpoint.call("tools/call", { session, accept: "text/event-stream" });
      await endpoint.pass(100);
      assert.equal((await first).status, 200);
      return endpoint.get({ session });
    },
  },
  "internal-error": {
    options: {
      authenticate: () => {
        throw new Error("broken");
      },
    },
    provoke: (endpoint) => endpoint.post(initialize()),
  },
  "listen-params": { provoke: (endpoint) => subscribe(endpoint, "everything") },
  "subscription-limit": {
    options: { limits: { subscriptions: 0 } },
    provoke: (endpoint) => subscribe(endpoint, {}),
  },
  "subscription-quota": {
    options: { limits: { subscriptionsPerPrincipal: 0 } },
    provoke: (endpoint) => subscribe(endpoint, {}),
  },
};

describe("a refusal that the engine makes", () => {
  for (const [rule, { options = {}, provoke }] of Object.entries(MADE) as [RuleId, Made][]) {
    test(`${rule} is answered as its row says`, async (t) => {
      const store = new Failing(memory(), "throws");
      if (rule === "store-unavailable") store.break("*");
      const endpoint = new Endpoint(t as unknown as Scope, {
        // Never answered, so that what it holds stays held.
        request: () => new Promise(() => {}),
      }, { backend: store.backend, keepAliveMs: 0, ...options });
      const { status, code, retry } = await refusal(await provoke(endpoint));
      const row = REJECTIONS[rule];
      assert.deepEqual([status, code, retry], [row.status, row.code, row.retry === true]);
      assert.equal(endpoint.told("rejected").at(-1)?.rule, rule);
      assert.equal(endpoint.told("exchange").at(-1)?.outcome, rule);
    });
  }
});

describe("every row of the table of refusals", () => {
  test("is given by a rule, by the session table or by the engine", () => {
    assert.deepEqual(ungiven(Object.keys(REJECTIONS)), []);
  });

  test("a further row that nobody gives would be noticed", () => {
    assert.deepEqual(ungiven([...Object.keys(REJECTIONS), "further"]), ["further"]);
  });

  test("and the engine's list names no other", () => {
    const known = Object.keys(REJECTIONS);
    assert.deepEqual(Object.keys(MADE).filter((rule) => !known.includes(rule)), []);
  });
});

/** Refusals that nothing gives. What the cases of a rule answer is proved beside them. */
function ungiven(rules: readonly string[]): string[] {
  const given = new Set<string>([
    ...CASES.flatMap(({ rule: [id], answers = [id] }) => answers),
    ...TRANSITIONS.map(({ answer }) => answer),
    ...Object.keys(MADE),
  ]);
  return rules.filter((rule) => !given.has(rule));
}
