/**
 * What each rule of the ladder looks at and where it comes from, for people: the README's table is made of it. It
 * stands apart from the rules so that it is in no bundle; nothing that runs may import it.
 *
 * @module
 */

import type { Era } from "../protocol/revisions.ts";
import type { Rule } from "./rule.ts";

/** What is written of one rule. */
interface Clause {
  /** The era it belongs to. */
  readonly era: Era | "any";
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
    era: "legacy",
    checks: "a new stream while shutting down",
    clause: "this library",
  },
  "origin-not-allowed": {
    era: "any",
    checks: "`Origin` present and not allowed, malformed, `null` or repeated",
    clause: "2025-11-25 basic/transports, Security Warning 1",
  },
  "host-not-allowed": {
    era: "any",
    checks: "`Host` not allowed",
    clause: "2025-11-25 basic/transports, Security Warning (DNS rebinding)",
  },
  "method-not-allowed": {
    era: "any",
    checks: "method not GET, POST, DELETE (with CORS on: OPTIONS is a preflight, 204)",
    clause: "RFC 9110, 15.5.6",
  },
  "length-over-limit": {
    era: "any",
    checks: "`Content-Length` over the limit",
    clause: "RFC 9110, 15.5.14",
  },
  "malformed-header, Mcp-Session-Id": {
    era: "legacy",
    checks: "`Mcp-Session-Id` repeated or malformed",
    clause: "2025-11-25 basic/transports, Session Management 1",
  },
  "malformed-header, others": {
    era: "any",
    checks:
      "`MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name` or `Last-Event-ID` repeated or malformed",
    clause: "RFC 9110, 5.3; 2026-07-28 basic/transports/streamable-http, Server Validation",
  },
  "modern-method-not-allowed": {
    era: "modern",
    checks: "GET or DELETE",
    clause: `${STREAMABLE}, Earlier Streamable HTTP Revisions`,
  },
  "content-type-not-json": {
    era: "any",
    checks: "POST whose `Content-Type` is not `application/json`",
    clause: "RFC 9110, 15.5.16",
  },
  "not-acceptable": {
    era: "any",
    checks: "`Accept` allows nothing that could be answered",
    clause: "2025-11-25 basic/transports, Sending Messages 2, Listening for Messages 2",
  },
  "parse-error": {
    era: "any",
    checks: "the body is not UTF-8 or not JSON",
    clause: "2025-11-25 basic/transports, Sending Messages 3; JSON-RPC 2.0, 5.1",
  },
  "invalid-message": {
    era: "any",
    checks: "the body is JSON but no message, or an empty batch",
    clause: "2025-11-25 basic/index, Messages",
  },
  "malformed-header, initialize": {
    era: "legacy",
    checks: "`Mcp-Session-Id` of `initialize` malformed, where the version header is a modern one",
    clause: "2025-11-25 basic/transports, Session Management 1",
  },
  "initialize-in-batch": {
    era: "legacy",
    checks: "`initialize` in a batch",
    clause: "2025-03-26 basic/lifecycle, Initialization",
  },
  "initialize-without-id": {
    era: "legacy",
    checks: "`initialize` without an id",
    clause: "2025-11-25 basic/lifecycle, Initialization",
  },
  "initialize-params": {
    era: "legacy",
    checks: "`initialize` without `params.protocolVersion`, a string",
    clause: "2025-11-25 basic/lifecycle, Initialization",
  },
  "draining, session": {
    era: "legacy",
    checks: "a new session while shutting down",
    clause: "this library",
  },
  "unsupported-version": {
    era: "legacy",
    checks: "`MCP-Protocol-Version` present and not supported (not asked of `initialize`)",
    clause: "2025-11-25 basic/transports, Protocol Version Header",
  },
  "batch-not-allowed": {
    era: "legacy",
    checks: "a batch outside a 2025-03-26 session",
    clause: "2025-03-26 basic/index, Batching; 2025-06-18 changelog 1",
  },
  "batch-over-limit": {
    era: "legacy",
    checks: "a batch of more messages than the limit",
    clause: "this library",
  },
  "duplicate-request-id": {
    era: "legacy",
    checks: "an id that is already in flight in the session",
    clause: "2025-11-25 basic/index, Requests",
  },
  "in-flight-limit": {
    era: "legacy",
    checks: "more requests in flight in the session than the limit",
    clause: "this library",
  },
  "initialize-over-limit": {
    era: "legacy",
    checks: "`params` of `initialize` longer than the limit",
    clause: "this library",
  },
  "modern-not-a-request": {
    era: "modern",
    checks: "the body is a response or a batch",
    clause: `${STREAMABLE}, Sending Messages 4`,
  },
  "initialize-on-modern": {
    era: "modern",
    checks: "`initialize` of an earlier revision on an endpoint that serves none",
    clause: "2026-07-28 basic/versioning, Backward Compatibility",
  },
  "meta-missing": {
    era: "modern",
    checks:
      "`_meta` lacks `protocolVersion` or `clientCapabilities`, or has a log level that is none",
    clause: "2026-07-28 basic/index, _meta",
  },
  "header-mismatch, MCP-Protocol-Version": {
    era: "modern",
    checks: "`MCP-Protocol-Version` absent or different from `_meta`",
    clause: `${STREAMABLE}, Protocol Version Header`,
  },
  "header-mismatch, Mcp-Method": {
    era: "modern",
    checks: "`Mcp-Method` absent or different from the body's method",
    clause: `${STREAMABLE}, Standard Request Headers`,
  },
  "header-mismatch, Mcp-Name": {
    era: "modern",
    checks: "`Mcp-Name` absent or different from the body's name or URI, or not decodable",
    clause: `${STREAMABLE}, Standard Request Headers, Value Encoding`,
  },
  "unsupported-modern-version": {
    era: "modern",
    checks: "the version is not served",
    clause: `${STREAMABLE}, Protocol Version Header`,
  },
  "modern-method-not-found": {
    era: "modern",
    checks: "a method that the revision removed",
    clause: `${STREAMABLE}, Protocol Version Header; 2026-07-28 changelog`,
  },
  "header-mismatch, Mcp-Param-*": {
    era: "modern",
    checks: "`Mcp-Param-*` absent, different from the arguments, or not decodable",
    clause: `${STREAMABLE}, Server Behavior for Custom Headers`,
  },
  "draining, subscription": {
    era: "modern",
    checks: "a new subscription while shutting down",
    clause: "this library",
  },
  "not-acceptable, subscription": {
    era: "modern",
    checks: "`Accept` allows no event stream for a subscription",
    clause: `${SUBSCRIPTIONS}; RFC 9110, 15.5.7`,
  },
  "listen-params": {
    era: "modern",
    checks: "`subscriptions/listen` without `params.notifications`, an object",
    clause: SUBSCRIPTIONS,
  },
  "subscription-limit": {
    era: "modern",
    checks: "more open subscriptions than the limit",
    clause: "this library",
  },
  "subscription-quota": {
    era: "modern",
    checks: "more open subscriptions of the principal than the limit",
    clause: "this library",
  },
  "in-flight-quota": {
    era: "any",
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
