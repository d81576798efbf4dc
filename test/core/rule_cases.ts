import type { RuleId } from "../../core/mod.ts";
import { MODERN_CASES } from "./modern_rule_cases.ts";
import type { Request } from "./situation.ts";

/** Requests that one rule of the ladder refuses, and requests near to them that it lets pass. */
export interface RuleCases {
  /** The row, by its id and what it checks. */
  readonly rule: readonly [RuleId, string];
  /** Each is refused by this rule and by none before it. */
  readonly refused: readonly Request[];
  /** Each is refused by no rule at all. */
  readonly passed: readonly Request[];
  /** The rejections that the rule gives, where it is not the one it is named after. */
  readonly answers?: readonly RuleId[];
}

const call = { jsonrpc: "2.0", id: 1, method: "tools/list" };
const notification = { jsonrpc: "2.0", method: "notifications/initialized" };
const response = { jsonrpc: "2.0", id: 1, result: {} };
const initialize = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25" },
};
/** `initialize` whose params are so many characters of JSON. */
function opening(characters: number): Request {
  const params = { protocolVersion: "2025-11-25", padding: "" };
  const padding = "é".repeat(characters - JSON.stringify(params).length);
  return { body: { ...initialize, params: { ...params, padding } } };
}
const modern = { "mcp-protocol-version": "2026-07-28" };
const batches = { version: "2025-03-26" };

export const CASES: readonly RuleCases[] = [
  {
    rule: ["draining", "a new stream while shutting down"],
    refused: [
      { method: "GET", draining: true },
      { method: "GET", draining: true, fields: { host: "evil.example" } },
    ],
    passed: [{ method: "GET" }, { draining: true }, { method: "DELETE", draining: true }],
  },
  {
    rule: [
      "origin-not-allowed",
      "`Origin` present and not allowed, malformed, `null` or repeated",
    ],
    refused: [
      { fields: { origin: "http://evil.example" } },
      { fields: { origin: "http://localhost.evil.example" } },
      { fields: { origin: "http://localhost:80@evil.example" } },
      { fields: { origin: "null" } },
      { fields: { origin: "" } },
      { fields: { origin: "localhost" } },
      { fields: { origin: "http://localhost, http://localhost" } },
      { method: "GET", fields: { origin: "http://evil.example" } },
      { method: "DELETE", fields: { origin: "http://evil.example" } },
      { method: "OPTIONS", fields: { origin: "http://evil.example" }, policy: { cors: true } },
      { fields: { origin: "null" }, policy: { allowedOrigins: "*" } },
    ],
    passed: [
      {},
      { fields: { origin: "http://localhost:5173" } },
      { fields: { origin: "https://anything.example" }, policy: { allowedOrigins: "*" } },
    ],
  },
  {
    rule: ["host-not-allowed", "`Host` not allowed"],
    refused: [
      { fields: { host: "evil.example" } },
      { fields: { host: "localhost.evil.example" } },
      { fields: { host: "localhost@evil.example" } },
      { fields: { host: "" } },
      { method: "DELETE", fields: { host: "evil.example" } },
    ],
    passed: [
      { fields: { host: "LOCALHOST" } },
      // HTTP/2 has no Host; the runtime puts the authority into the URL.
      { fields: { host: null } },
      { fields: { host: "evil.example" }, policy: { allowedHosts: "*" } },
    ],
  },
  {
    rule: [
      "method-not-allowed",
      "method not GET, POST, DELETE (with CORS on: OPTIONS is a preflight, 204)",
    ],
    refused: [
      { method: "PUT" },
      { method: "PATCH" },
      { method: "HEAD" },
      { method: "OPTIONS" },
      { method: "post" },
      { method: "PUT", policy: { sessions: "off" } },
    ],
    passed: [
      {},
      { method: "GET" },
      { method: "DELETE" },
      { method: "OPTIONS", policy: { cors: true } },
    ],
  },
  {
    rule: ["length-over-limit", "`Content-Length` over the limit"],
    refused: [
      { fields: { "content-length": "1001" } },
      { fields: { "content-length": "99999999999999999999" } },
      { method: "GET", fields: { "content-length": "1001" } },
      { method: "DELETE", fields: { "content-length": "1001" } },
    ],
    passed: [
      { fields: { "content-length": "1000" } },
      { fields: { "content-length": "0" } },
      { method: "GET", fields: { "content-length": "1000" } },
      { method: "OPTIONS", policy: { cors: true }, fields: { "content-length": "1001" } },
    ],
  },
  {
    rule: ["malformed-header", "`Mcp-Session-Id` repeated or malformed"],
    refused: [
      { fields: { "mcp-session-id": "" } },
      { fields: { "mcp-session-id": "a, b" } },
      { fields: { "mcp-session-id": "a b" } },
      { fields: { "mcp-session-id": "é" } },
      { fields: { "mcp-session-id": "a".repeat(257) } },
      { method: "GET", fields: { "mcp-session-id": "a, b" } },
      { method: "DELETE", fields: { "mcp-session-id": "a, b" } },
    ],
    passed: [
      { fields: { "mcp-session-id": "a".repeat(256) } },
      { fields: { "mcp-session-id": "__proto__" } },
      { fields: { "mcp-session-id": "a, b" }, policy: { sessions: "off" } },
    ],
  },
  {
    rule: [
      "malformed-header",
      "`MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name` or `Last-Event-ID` repeated or malformed",
    ],
    refused: [
      { fields: { "mcp-protocol-version": "2025-11-25, 2025-06-18" } },
      { fields: { "mcp-protocol-version": "" } },
      { fields: { "mcp-method": "tools/list, tools/call" } },
      { fields: { "mcp-name": "éa" } },
      { fields: { "mcp-name": "aé" } },
      { fields: { "mcp-name": "" } },
      { method: "GET", fields: { "last-event-id": "a_1, a_2" } },
      { method: "GET", fields: { "last-event-id": "a b" } },
      { fields: { "mcp-protocol-version": "2026-07-28, 2026-07-28" } },
      { fields: { "mcp-protocol-version": "2026-07-28", "mcp-method": "a,b" } },
    ],
    answers: ["malformed-header", "malformed-modern-header"],
    passed: [
      { fields: { "mcp-protocol-version": "2025-11-25", "mcp-method": "tools/list" } },
      { fields: { "mcp-name": "a, b" } },
      { method: "GET", fields: { "last-event-id": "" } },
      { method: "GET", fields: { "last-event-id": "a_1" } },
      { fields: { "last-event-id": "a b, c" } },
    ],
  },
  {
    rule: ["content-type-not-json", "POST whose `Content-Type` is not `application/json`"],
    refused: [
      { fields: { "content-type": null } },
      { fields: { "content-type": "text/plain" } },
      { fields: { "content-type": "application/jsonx" } },
    ],
    passed: [
      { fields: { "content-type": "Application/JSON; charset=utf-8" } },
      { method: "GET", fields: { "content-type": null } },
      { method: "DELETE", fields: { "content-type": "text/plain" } },
    ],
  },
  {
    rule: ["not-acceptable", "`Accept` allows nothing that could be answered"],
    refused: [
      { fields: { accept: "text/html" } },
      { fields: { accept: "application/json;q=0, text/event-stream;q=0" } },
      { fields: { accept: "text/event-stream" }, policy: { response: "json" } },
      { fields: { accept: "application/json" }, policy: { response: "sse" } },
      { method: "GET", fields: { accept: "application/json" } },
    ],
    passed: [
      { fields: { accept: null } },
      { fields: { accept: "*/*" } },
      { fields: { accept: "application/json" } },
      { fields: { accept: "text/event-stream" } },
      { method: "GET", fields: { accept: "text/*" } },
      { method: "GET", fields: { accept: "text/event-stream" }, policy: { response: "json" } },
      { method: "DELETE", fields: { accept: "text/html" } },
    ],
  },
  {
    rule: ["parse-error", "the body is not UTF-8 or not JSON"],
    refused: [{ body: "" }, { body: "{" }, { body: "hello" }],
    passed: [{}],
  },
  {
    rule: ["invalid-message", "the body is JSON but no message, or an empty batch"],
    refused: [
      { body: [] },
      { body: {} },
      { body: null },
      { body: 5 },
      { body: { ...call, jsonrpc: "1.0" } },
      { body: { ...call, id: null } },
      { body: { ...call, params: [] } },
      { body: [call, { jsonrpc: "2.0" }] },
    ],
    passed: [{ body: notification }, { body: response }, { body: [call], ...batches }],
  },
  {
    rule: [
      "malformed-header",
      "`Mcp-Session-Id` of `initialize` malformed, where the version header is a modern one",
    ],
    refused: [
      { body: initialize, fields: { ...modern, "mcp-session-id": "a b" } },
      { body: initialize, fields: { ...modern, "mcp-session-id": "a".repeat(257) } },
    ],
    passed: [
      { body: initialize, fields: { ...modern, "mcp-session-id": "a" } },
      { body: initialize, fields: modern },
    ],
  },
  {
    rule: ["initialize-in-batch", "`initialize` in a batch"],
    refused: [
      { body: [initialize], ...batches },
      { body: [call, { ...initialize, id: undefined }], ...batches },
    ],
    passed: [{ body: initialize }, { body: [call], ...batches }],
  },
  {
    rule: ["initialize-without-id", "`initialize` without an id"],
    refused: [{ body: { ...initialize, id: undefined } }],
    passed: [{ body: initialize }, { body: notification }],
  },
  {
    rule: ["initialize-params", "`initialize` without `params.protocolVersion`, a string"],
    refused: [
      { body: { ...initialize, params: undefined } },
      { body: { ...initialize, params: {} } },
      { body: { ...initialize, params: { protocolVersion: 20251125 } } },
      { body: { ...initialize, params: { protocolVersion: [[]] } } },
    ],
    passed: [{ body: { ...initialize, params: { protocolVersion: "1999-01-01" } } }],
  },
  {
    rule: ["draining", "a new session while shutting down"],
    refused: [{ body: initialize, draining: true }],
    passed: [{ body: call, draining: true }, { body: initialize }],
  },
  {
    rule: [
      "unsupported-version",
      "`MCP-Protocol-Version` present and not supported (not asked of `initialize`)",
    ],
    refused: [
      { fields: { "mcp-protocol-version": "1999-01-01" } },
      { fields: { "mcp-protocol-version": "__proto__" }, body: notification },
    ],
    passed: [
      { fields: { "mcp-protocol-version": "2025-03-26" } },
      { fields: { "mcp-protocol-version": "1999-01-01" }, body: initialize },
    ],
  },
  {
    rule: ["batch-not-allowed", "a batch outside a 2025-03-26 session"],
    refused: [{ body: [call] }, { body: [notification], version: "2025-06-18" }],
    passed: [{ body: [call], ...batches }, { body: call, version: "2025-06-18" }],
  },
  {
    rule: ["batch-over-limit", "a batch of more messages than the limit"],
    refused: [{ body: [call, notification, notification, notification], ...batches }],
    passed: [{ body: [call, notification, notification], ...batches }],
  },
  {
    rule: ["duplicate-request-id", "an id that is already in flight in the session"],
    refused: [
      { inFlight: [1] },
      { body: { ...call, id: "1" }, inFlight: [2, "1"] },
      { body: [notification, call], inFlight: [1], ...batches },
      { body: [call, { ...call, method: "other" }], ...batches },
    ],
    passed: [
      { inFlight: ["1"] },
      { body: { ...call, id: "1" }, inFlight: [1] },
      { body: [call, { ...call, id: "1" }], ...batches },
      { body: response, inFlight: [1] },
    ],
  },
  {
    rule: ["in-flight-limit", "more requests in flight in the session than the limit"],
    refused: [
      { inFlight: [8, 9] },
      { body: [call, { ...call, id: 2 }], inFlight: [9], ...batches },
    ],
    passed: [
      { inFlight: [9] },
      { body: notification, inFlight: [8, 9] },
      { body: [notification, response], inFlight: [8, 9], ...batches },
      { body: [call, { ...call, id: 2 }], ...batches },
    ],
  },
  {
    rule: ["initialize-over-limit", "`params` of `initialize` longer than the limit"],
    refused: [opening(101), opening(1_000)],
    passed: [
      opening(100),
      { ...opening(101), limits: { initializeBytes: 101 } },
      { body: { ...call, params: { text: "x".repeat(200) } } },
    ],
  },
  ...MODERN_CASES,
];
