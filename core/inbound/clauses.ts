/**
 * What each rule of the ladder looks at and where it comes from, for people: the README's table is made of it. It
 * stands apart from the rules so that it is in no bundle; nothing that runs may import it.
 *
 * @module
 */

import type { Rule } from "./rule.ts";

/** What is written of one rule. */
interface Clause {
  /** What is looked at, in a few words. */
  readonly checks: string;
  /** Where it comes from: a clause of a revision or of an RFC, or this library's own decision. */
  readonly clause: string;
}

const SUBSCRIPTIONS = "2026-07-28 basic/patterns/subscriptions";
const STREAMABLE = "2026-07-28 basic/transports/streamable-http";

/** The clauses, by rule and in the order of the ladder. */
export const CLAUSES: { readonly [rule: string]: Clause } = {
  "draining, stream": {
    checks: "a new stream while shutting down",
    clause: "this library",
  },
  "origin-not-allowed": {
    checks: "`Origin` present and not allowed, malformed, `null` or repeated",
    clause: "2025-11-25 basic/transports, Security Warning 1",
  },
  "host-not-allowed": {
    checks: "`Host` not allowed",
    clause: "2025-11-25 basic/transports, Security Warning (DNS rebinding)",
  },
  "method-not-allowed": {
    checks: "method not GET, POST, DELETE (with CORS on: OPTIONS is a preflight, 204)",
    clause: "RFC 9110, 15.5.6",
  },
  "length-over-limit": {
    checks: "`Content-Length` over the limit",
    clause: "RFC 9110, 15.5.14",
  },
  "malformed-header, Mcp-Session-Id": {
    checks: "`Mcp-Session-Id` repeated or malformed",
    clause: "2025-11-25 basic/transports, Session Management 1",
  },
  "malformed-header, others": {
    checks:
      "`MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name` or `Last-Event-ID` repeated or malformed",
    clause: "RFC 9110, 5.3; 2026-07-28 basic/transports/streamable-http, Server Validation",
  },
  "modern-method-not-allowed": {
    checks: "GET or DELETE",
    clause: `${STREAMABLE}, Earlier Streamable HTTP Revisions`,
  },
  "content-type-not-json": {
    checks: "POST whose `Content-Type` is not `application/json`",
    clause: "RFC 9110, 15.5.16",
  },
  "not-acceptable": {
    checks: "`Accept` allows nothing that could be answered",
    clause: "2025-11-25 basic/transports, Sending Messages 2, Listening for Messages 2",
  },
  "parse-error": {
    checks: "the body is not UTF-8 or not JSON",
    clause: "2025-11-25 basic/transports, Sending Messages 3; JSON-RPC 2.0, 5.1",
  },
  "invalid-message": {
    checks: "the body is JSON but no message, or an empty batch",
    clause: "2025-11-25 basic/index, Messages",
  },
  "malformed-header, initialize": {
    checks: "`Mcp-Session-Id` of `initialize` malformed, where the version header is a modern one",
    clause: "2025-11-25 basic/transports, Session Management 1",
  },
  "initialize-in-batch": {
    checks: "`initialize` in a batch",
    clause: "2025-03-26 basic/lifecycle, Initialization",
  },
  "initialize-without-id": {
    checks: "`initialize` without an id",
    clause: "2025-11-25 basic/lifecycle, Initialization",
  },
  "initialize-params": {
    checks: "`initialize` without `params.protocolVersion`, a string",
    clause: "2025-11-25 basic/lifecycle, Initialization",
  },
  "draining, session": {
    checks: "a new session while shutting down",
    clause: "this library",
  },
  "unsupported-version": {
    checks: "`MCP-Protocol-Version` present and not supported (not asked of `initialize`)",
    clause: "2025-11-25 basic/transports, Protocol Version Header",
  },
  "batch-not-allowed": {
    checks: "a batch outside a 2025-03-26 session",
    clause: "2025-03-26 basic/index, Batching; 2025-06-18 changelog 1",
  },
  "batch-over-limit": {
    checks: "a batch of more messages than the limit",
    clause: "this library",
  },
  "duplicate-request-id": {
    checks: "an id that is already in flight in the session",
    clause: "2025-11-25 basic/index, Requests",
  },
  "in-flight-limit": {
    checks: "more requests in flight in the session than the limit",
    clause: "this library",
  },
  "initialize-over-limit": {
    checks: "`params` of `initialize` longer than the limit",
    clause: "this library",
  },
  "modern-not-a-request": {
    checks: "the body is a response or a batch",
    clause: `${STREAMABLE}, Sending Messages 4`,
  },
  "initialize-on-modern": {
    checks: "`initialize` of an earlier revision on an endpoint that serves none",
    clause: "2026-07-28 basic/versioning, Backward Compatibility",
  },
  "meta-missing": {
    checks:
      "`_meta` lacks `protocolVersion` or `clientCapabilities`, or has a log level that is none",
    clause: "2026-07-28 basic/index, _meta",
  },
  "header-mismatch, MCP-Protocol-Version": {
    checks: "`MCP-Protocol-Version` absent or different from `_meta`",
    clause: `${STREAMABLE}, Protocol Version Header`,
  },
  "header-mismatch, Mcp-Method": {
    checks: "`Mcp-Method` absent or different from the body's method",
    clause: `${STREAMABLE}, Standard Request Headers`,
  },
  "header-mismatch, Mcp-Name": {
    checks: "`Mcp-Name` absent or different from the body's name or URI, or not decodable",
    clause: `${STREAMABLE}, Standard Request Headers, Value Encoding`,
  },
  "unsupported-modern-version": {
    checks: "the version is not served",
    clause: `${STREAMABLE}, Protocol Version Header`,
  },
  "modern-method-not-found": {
    checks: "a method that the revision removed",
    clause: `${STREAMABLE}, Protocol Version Header; 2026-07-28 changelog`,
  },
  "header-mismatch, Mcp-Param-*": {
    checks: "`Mcp-Param-*` absent, different from the arguments, or not decodable",
    clause: `${STREAMABLE}, Server Behavior for Custom Headers`,
  },
  "draining, subscription": {
    checks: "a new subscription while shutting down",
    clause: "this library",
  },
  "not-acceptable, subscription": {
    checks: "`Accept` allows no event stream for a subscription",
    clause: `${SUBSCRIPTIONS}; RFC 9110, 15.5.7`,
  },
  "listen-params": {
    checks: "`subscriptions/listen` without `params.notifications`, an object",
    clause: SUBSCRIPTIONS,
  },
  "subscription-limit": {
    checks: "more open subscriptions than the limit",
    clause: "this library",
  },
  "subscription-quota": {
    checks: "more open subscriptions of the principal than the limit",
    clause: "this library",
  },
  "in-flight-quota": {
    checks: "more requests in flight without a session of the principal than the limit",
    clause: "this library",
  },
};

/**
 * What is written of a rule.
 *
 * @throws {RangeError} Where nothing is.
 */
export function clauseOf({ id, of }: Pick<Rule<never>, "id" | "of">): Clause {
  const name = of === undefined ? id : `${id}, ${of}`;
  if (!Object.hasOwn(CLAUSES, name)) throw new RangeError(`no clause for rule "${name}"`);
  return CLAUSES[name]!;
}
