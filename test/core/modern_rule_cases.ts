import { encodeHeaderValue, META, type ParamHeader } from "../../core/mod.ts";
import type { RuleCases } from "./rule_cases.ts";
import type { Request } from "./situation.ts";

const VERSION = "2026-07-28";
const META_FULL = { [META.protocolVersion]: VERSION, [META.clientCapabilities]: {} };

interface Modern {
  readonly method?: string;
  readonly params?: { readonly [name: string]: unknown };
  readonly meta?: { readonly [key: string]: unknown };
  readonly fields?: Request["fields"];
  readonly mirrored?: readonly ParamHeader[];
}

/** A request of the modern era, as far as it differs from one that nothing refuses. */
function modern(
  { method = "tools/list", params, meta = META_FULL, fields, mirrored }: Modern = {},
) {
  return {
    fields: { "mcp-protocol-version": VERSION, "mcp-method": method, ...fields },
    body: { jsonrpc: "2.0", id: 1, method, params: { ...params, _meta: meta } },
    ...(mirrored === undefined ? {} : { mirrored }),
  } satisfies Request;
}

function listen(differing: Modern = {}): Request {
  return modern({ method: "subscriptions/listen", params: { notifications: {} }, ...differing });
}

function calling(name: unknown, header: string | null): Request {
  return modern({ method: "tools/call", params: { name }, fields: { "mcp-name": header } });
}

const region: ParamHeader = {
  header: "Mcp-Param-Region",
  path: ["where", "region"],
  type: "string",
};
const count: ParamHeader = { header: "Mcp-Param-Count", path: ["count"], type: "integer" };
const exact: ParamHeader = { header: "Mcp-Param-Exact", path: ["exact"], type: "boolean" };

function mirroring(args: unknown, fields: Request["fields"]): Request {
  return modern({
    method: "tools/call",
    params: { name: "route", arguments: args },
    fields: { "mcp-name": "route", ...fields },
    mirrored: [region, count, exact],
  });
}

const TASKS = ["tasks/get", "tasks/update", "tasks/cancel"];

const legacyInitialize: Request = {
  body: {
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-11-25" },
  },
};

export const MODERN_CASES: readonly RuleCases[] = [
  {
    rule: ["modern-method-not-allowed", "GET or DELETE"],
    refused: [
      { method: "GET", fields: { "mcp-protocol-version": VERSION } },
      { method: "DELETE", fields: { "mcp-protocol-version": VERSION } },
      {
        method: "GET",
        fields: {
          "mcp-protocol-version": VERSION,
          "mcp-session-id": "a b",
          "last-event-id": "a b",
        },
      },
      { method: "GET", policy: { eras: "modern" } },
    ],
    passed: [
      { method: "GET", fields: { "mcp-protocol-version": "2025-11-25" } },
      modern(),
    ],
  },
  {
    rule: ["modern-not-a-request", "the body is a response or a batch"],
    refused: [
      { fields: { "mcp-protocol-version": VERSION }, body: { jsonrpc: "2.0", id: 1, result: {} } },
      { fields: { "mcp-protocol-version": VERSION }, body: [modern().body] },
    ],
    passed: [modern()],
  },
  {
    rule: [
      "initialize-on-modern",
      "`initialize` of an earlier revision on an endpoint that serves none",
    ],
    refused: [
      { ...legacyInitialize, policy: { eras: "modern" } },
      {
        body: { jsonrpc: "2.0", id: 1, method: "initialize" },
        policy: { eras: "modern" },
      },
    ],
    passed: [legacyInitialize, { ...modern(), policy: { eras: "modern" } }],
  },
  {
    rule: [
      "meta-missing",
      "`_meta` lacks `protocolVersion` or `clientCapabilities`, or has a log level that is none",
    ],
    refused: [
      modern({ meta: {} }),
      modern({ meta: { [META.protocolVersion]: VERSION } }),
      modern({ meta: { [META.clientCapabilities]: {} } }),
      modern({ meta: { ...META_FULL, [META.protocolVersion]: 20260728 } }),
      modern({ meta: { ...META_FULL, [META.clientCapabilities]: [] } }),
      modern({ meta: { ...META_FULL, [META.clientCapabilities]: null } }),
      modern({ meta: { ...META_FULL, [META.logLevel]: "loud" } }),
      modern({ meta: { ...META_FULL, [META.logLevel]: 3 } }),
      { ...modern(), body: { jsonrpc: "2.0", id: 1, method: "tools/list" } },
    ],
    passed: [
      ...["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"].map((
        level,
      ) => modern({ meta: { ...META_FULL, [META.logLevel]: level } })),
      modern({ meta: { ...META_FULL, "example.com/other": 1 } }),
    ],
  },
  {
    rule: ["header-mismatch", "`MCP-Protocol-Version` absent or different from `_meta`"],
    refused: [
      modern({ fields: { "mcp-protocol-version": null } }),
      modern({ fields: { "mcp-protocol-version": "2025-11-25" } }),
      modern({ meta: { ...META_FULL, [META.protocolVersion]: "2099-01-01" } }),
    ],
    passed: [modern()],
  },
  {
    rule: ["header-mismatch", "`Mcp-Method` absent or different from the body's method"],
    refused: [
      modern({ fields: { "mcp-method": null } }),
      modern({ fields: { "mcp-method": "tools/call" } }),
      modern({ fields: { "mcp-method": "Tools/List" } }),
    ],
    passed: [modern({ method: "x/anything" }), modern({ method: "x".repeat(300) })],
  },
  {
    rule: [
      "header-mismatch",
      "`Mcp-Name` absent or different from the body's name or URI, or not decodable",
    ],
    refused: [
      calling("echo", null),
      calling("echo", "Echo"),
      calling("echo", "=?base64?!!!?="),
      calling("echo", "=?base64?ZWNobw?="),
      calling(undefined, "echo"),
      calling(undefined, null),
      calling(undefined, "=?base64?!!!?="),
      calling("ünï", "unu"),
      modern({ method: "resources/read", params: { uri: "a:b" }, fields: { "mcp-name": "a:c" } }),
      ...TASKS.map((method) =>
        modern({ method, params: { taskId: "1" }, fields: { "mcp-name": "2" } })
      ),
    ],
    passed: [
      calling("echo", "echo"),
      calling("echo", "=?base64?ZWNobw==?="),
      calling("ünï", encodeHeaderValue("ünï")),
      modern({ method: "resources/read", params: { uri: "a:b" }, fields: { "mcp-name": "a:b" } }),
      modern({ method: "prompts/get", params: { name: "p" }, fields: { "mcp-name": "p" } }),
      ...TASKS.flatMap((method) => [
        modern({ method, params: { taskId: "1" } }),
        modern({ method, params: { taskId: "1" }, fields: { "mcp-name": "1" } }),
      ]),
      modern({ fields: { "mcp-name": "whatever" } }),
    ],
  },
  {
    rule: ["unsupported-modern-version", "the version is not served"],
    refused: [
      modern({
        meta: { ...META_FULL, [META.protocolVersion]: "2099-01-01" },
        fields: { "mcp-protocol-version": "2099-01-01" },
      }),
      modern({
        meta: { ...META_FULL, [META.protocolVersion]: "2025-11-25" },
        fields: { "mcp-protocol-version": "2025-11-25" },
      }),
    ],
    passed: [modern()],
  },
  {
    rule: ["modern-method-not-found", "a method that the revision removed"],
    refused: [
      modern({ method: "ping" }),
      modern({ method: "initialize" }),
      modern({ method: "logging/setLevel" }),
      modern({ method: "resources/subscribe" }),
      modern({ method: "resources/unsubscribe" }),
    ],
    passed: [modern({ method: "server/discover" }), modern({ method: "tools/list" })],
  },
  {
    rule: [
      "header-mismatch",
      "`Mcp-Param-*` absent, different from the arguments, or not decodable",
    ],
    refused: [
      mirroring({ where: { region: "eu" } }, {}),
      mirroring({ where: { region: "eu" } }, { "mcp-param-region": "us" }),
      mirroring({ where: { region: "eu" } }, { "mcp-param-region": "EU" }),
      mirroring({ where: { region: "eu" } }, { "mcp-param-region": "=?base64?%%%%?=" }),
      mirroring({}, { "mcp-param-region": "eu" }),
      mirroring({ where: { region: null } }, { "mcp-param-region": "null" }),
      mirroring({ where: { region: {} } }, {}),
      mirroring({ where: { region: 42 } }, { "mcp-param-region": "42.0" }),
      // As they are, headers carry no such characters.
      mirroring({ where: { region: "éa" } }, { "mcp-param-region": "éa" }),
      mirroring({ where: { region: "aé" } }, { "mcp-param-region": "aé" }),
      mirroring({ count: 0 }, { "mcp-param-count": "" }),
      mirroring({ count: 42 }, { "mcp-param-count": "43" }),
      mirroring({ count: 42 }, { "mcp-param-count": "0x2a" }),
      mirroring({ count: 42 }, { "mcp-param-count": "" }),
      mirroring({ exact: true }, { "mcp-param-exact": "True" }),
    ],
    passed: [
      mirroring({ where: { region: "eu" } }, { "mcp-param-region": "eu" }),
      mirroring({ where: { region: "日本" } }, { "mcp-param-region": encodeHeaderValue("日本") }),
      mirroring({ count: 42 }, { "mcp-param-count": "42" }),
      mirroring({ count: 42 }, { "mcp-param-count": "42.0" }),
      // Whether its type is right is the tool's business.
      mirroring({ count: "many" }, { "mcp-param-count": "many" }),
      mirroring({ where: { region: "" } }, { "mcp-param-region": "" }),
      mirroring({ exact: false }, { "mcp-param-exact": "false" }),
      mirroring({}, {}),
      mirroring({ where: { region: null } }, {}),
      mirroring(undefined, {}),
    ],
  },
  {
    rule: ["draining", "a new subscription while shutting down"],
    refused: [{ ...listen(), draining: true }],
    passed: [listen(), { ...modern(), draining: true }],
  },
  {
    rule: ["not-acceptable", "`Accept` allows no event stream for a subscription"],
    refused: [listen({ fields: { accept: "application/json" } })],
    passed: [listen({ fields: { accept: "text/*" } })],
  },
  {
    rule: ["listen-params", "`subscriptions/listen` without `params.notifications`, an object"],
    refused: [
      listen({ params: {} }),
      listen({ params: { notifications: [] } }),
      listen({ params: { notifications: "all" } }),
    ],
    passed: [listen({ params: { notifications: { toolsListChanged: true } } })],
  },
  {
    rule: ["subscription-limit", "more open subscriptions than the limit"],
    refused: [{ ...listen(), open: 4 }, { ...listen(), limits: { subscriptions: 0 } }],
    passed: [{ ...listen(), open: 3 }, { ...modern(), open: 4 }],
  },
  {
    rule: ["subscription-quota", "more open subscriptions of the principal than the limit"],
    refused: [{ ...listen(), own: { subscriptions: 2 } }],
    passed: [
      { ...listen(), own: { subscriptions: 1, calls: 9 } },
      { ...listen(), own: { subscriptions: 2 }, limits: { subscriptionsPerPrincipal: Infinity } },
    ],
  },
  {
    rule: [
      "in-flight-quota",
      "more requests in flight without a session of the principal than the limit",
    ],
    refused: [
      { ...modern(), own: { calls: 3 } },
      { own: { calls: 3 }, policy: { sessions: "off" } },
    ],
    passed: [
      { ...modern(), own: { calls: 2, subscriptions: 9 } },
      { own: { calls: 2 }, policy: { sessions: "off" } },
      // In a session its own limit counts.
      { own: { calls: 3 } },
    ],
  },
];
