/**
 * Every way in which a request is refused, as one table: rule -> status, code, message. A rule of the
 * ladder or of the session table names its row here; the README's table is made from these rows.
 *
 * @module
 */

import {
  HEADER_MISMATCH,
  INTERNAL_ERROR,
  INVALID_PARAMS,
  INVALID_REQUEST,
  METHOD_NOT_FOUND,
  PARSE_ERROR,
  SESSION_NOT_FOUND,
  TRANSPORT_REFUSED,
  UNSUPPORTED_PROTOCOL_VERSION,
} from "../protocol/error_codes.ts";
import { quote, type RequestId } from "../protocol/json_rpc.ts";

/** What one kind of refusal looks like on the wire. */
export interface RejectionRow {
  /** HTTP status. */
  readonly status: number;
  /** JSON-RPC error code. */
  readonly code: number;
  /**
   * JSON-RPC error message. `{field}`, `{value}`, `{detail}` and `{accepted}` are filled in from the
   * {@linkcode Rejection}.
   */
  readonly message: string;
  /** The answer carries `Retry-After`. */
  readonly retry?: true;
  /** The answer carries `Allow` with what is accepted. */
  readonly allow?: true;
}

/**
 * The name of a rule that refuses, and of its row in {@linkcode REJECTIONS}. Names are stable: events and logs carry
 * them.
 */
export type RuleId =
  | "draining"
  | "origin-not-allowed"
  | "host-not-allowed"
  | "method-not-allowed"
  | "length-over-limit"
  | "unauthenticated"
  | "malformed-header"
  | "malformed-modern-header"
  | "modern-method-not-allowed"
  | "content-type-not-json"
  | "not-acceptable"
  | "body-over-limit"
  | "parse-error"
  | "invalid-message"
  | "initialize-in-batch"
  | "initialize-without-id"
  | "initialize-params"
  | "unsupported-version"
  | "session-required"
  | "session-not-found"
  | "already-initialized"
  | "termination-off"
  | "stateless-method"
  | "unknown-event-id"
  | "stream-limit"
  | "batch-not-allowed"
  | "batch-over-limit"
  | "duplicate-request-id"
  | "in-flight-limit"
  | "initialize-over-limit"
  | "capacity"
  | "quota"
  | "store-unavailable"
  | "modern-not-a-request"
  | "initialize-on-modern"
  | "meta-missing"
  | "header-mismatch"
  | "unsupported-modern-version"
  | "modern-method-not-found"
  | "listen-params"
  | "subscription-limit"
  | "subscription-quota"
  | "in-flight-quota"
  | "internal-error";

/** Every refusal as it looks on the wire, in the order in which the rules are asked. */
export const REJECTIONS: { readonly [rule in RuleId]: RejectionRow } = {
  "draining": row(503, "The server is shutting down; try again elsewhere or later"),
  "origin-not-allowed": row(
    403,
    "Origin {value} is not allowed; the option allowedOrigins names those that are",
  ),
  "host-not-allowed": row(
    403,
    "Host {value} is not allowed; the option allowedHosts names those that are",
  ),
  "method-not-allowed": row(405, "Method {value} is not allowed; accepted: {accepted}"),
  "length-over-limit": row(413, "Content-Length {value} is over the limit of {accepted} bytes"),
  "unauthenticated": row(401, "The request is not authenticated"),
  "malformed-header": row(400, "{field} is repeated or malformed: {value}; accepted: {accepted}"),
  "malformed-modern-header": row(
    400,
    "{field} is repeated or malformed: {value}; accepted: {accepted}",
    HEADER_MISMATCH,
  ),
  "modern-method-not-allowed": row(
    405,
    "Method {value} is not part of the revision; accepted: {accepted}",
  ),
  "content-type-not-json": row(415, "Content-Type is {value}; accepted: application/json"),
  "not-acceptable": row(406, "Accept is {value}; the client must accept {accepted}"),
  "body-over-limit": row(413, "The body is over the limit of {accepted} bytes"),
  "parse-error": row(400, "Parse error: the body is {detail}", PARSE_ERROR),
  "invalid-message": row(400, "Invalid request: {detail}", INVALID_REQUEST),
  "initialize-in-batch": row(
    400,
    "Invalid request: initialize stands in a batch; it must be alone in its POST",
    INVALID_REQUEST,
  ),
  "initialize-without-id": row(
    400,
    "Invalid request: initialize has no id; it is a request",
    INVALID_REQUEST,
  ),
  "initialize-params": row(
    400,
    "Invalid params: initialize needs params with protocolVersion, a string; found {detail}",
    INVALID_PARAMS,
  ),
  "unsupported-version": row(
    400,
    "Unsupported protocol version: MCP-Protocol-Version is {value}; supported: {accepted}",
  ),
  "session-required": row(
    400,
    "Mcp-Session-Id is missing; send the id that the answer to initialize carried",
  ),
  "session-not-found": row(
    404,
    "Session not found (HTTP 404); start a new one with initialize",
    SESSION_NOT_FOUND,
  ),
  "already-initialized": row(
    400,
    "Invalid request: the session is already initialized",
    INVALID_REQUEST,
  ),
  "termination-off": row(
    405,
    "Method {value} is not allowed; clients do not end sessions here; accepted: {accepted}",
  ),
  "stateless-method": row(405, "Method {value} needs a session; accepted: {accepted}"),
  "unknown-event-id": row(
    400,
    "Last-Event-ID {value} names no event that can be resumed in this session; call again, or open a stream without it",
  ),
  "stream-limit": row(503, "Too many open streams in this session; the limit is {accepted}"),
  "batch-not-allowed": row(
    400,
    "Invalid request: a batch; only revision 2025-03-26 has batches",
    INVALID_REQUEST,
  ),
  "batch-over-limit": row(
    400,
    "Invalid request: a batch of {value} messages; the limit is {accepted}",
    INVALID_REQUEST,
  ),
  "duplicate-request-id": row(
    400,
    "Invalid request: id {detail} is already in flight in this session",
    INVALID_REQUEST,
  ),
  "in-flight-limit": row(
    503,
    "Too many requests in flight in this session; the limit is {accepted}",
  ),
  "initialize-over-limit": row(
    400,
    "Invalid params: those of initialize are {value} characters of JSON; the limit is {accepted}",
    INVALID_PARAMS,
  ),
  "capacity": row(503, "Every session is in use; the limit is {accepted}"),
  "quota": row(503, "Every session of this principal is in use; the limit is {accepted}"),
  "store-unavailable": row(503, "The session store does not answer"),
  "modern-not-a-request": row(
    400,
    "Invalid request: a {detail}; a POST of 2026-07-28 holds one request or notification",
    INVALID_REQUEST,
  ),
  "initialize-on-modern": row(
    400,
    "Unsupported protocol version {value}: no revision with initialize is served; supported: {accepted}",
    UNSUPPORTED_PROTOCOL_VERSION,
  ),
  "meta-missing": row(
    400,
    "Invalid params: _meta[{field}] is {detail}; accepted: {accepted}",
    INVALID_PARAMS,
  ),
  "header-mismatch": row(
    400,
    "Header mismatch: {field} is {value}, the body says {accepted}",
    HEADER_MISMATCH,
  ),
  "unsupported-modern-version": row(
    400,
    "Unsupported protocol version {value}; supported: {accepted}",
    UNSUPPORTED_PROTOCOL_VERSION,
  ),
  "modern-method-not-found": row(404, "Method not found: {value}", METHOD_NOT_FOUND),
  "listen-params": row(
    400,
    "Invalid params: subscriptions/listen needs params.notifications, an object; found {detail}",
    INVALID_PARAMS,
  ),
  "subscription-limit": row(503, "Too many open subscriptions; the limit is {accepted}"),
  "subscription-quota": row(
    503,
    "Too many open subscriptions of this principal; the limit is {accepted}",
  ),
  "in-flight-quota": row(
    503,
    "Too many requests of this principal in flight; the limit is {accepted}",
  ),
  "internal-error": row(500, "Internal error", INTERNAL_ERROR),
};

/** A refusal: the rule that refused, and what its message names. A value, never thrown. */
export interface Rejection {
  /** The rule that refused. */
  readonly rule: RuleId;
  /** The header or field at fault. */
  readonly field?: string;
  /** What was found there, unquoted. Undefined and null are shown as `absent`. */
  readonly value?: string | number | null | undefined;
  /** A phrase of the rule's own, shown as it is. */
  readonly detail?: string;
  /** What would have been accepted. */
  readonly accepted?: string | number;
  /** The id of the request, where it is not that of the whole body: one of a batch. */
  readonly id?: RequestId | undefined;
  /** The `data` member of the error. */
  readonly data?: unknown;
}

// Most are the transport's. Whoever may try again is told when, and whoever used the wrong method which one is right.
function row(status: number, message: string, code: number = TRANSPORT_REFUSED): RejectionRow {
  if (status === 503) return { status, code, message, retry: true };
  return status === 405 ? { status, code, message, allow: true } : { status, code, message };
}

/** The row of a rule in {@linkcode REJECTIONS}. */
export function rejectionRow(rule: RuleId): RejectionRow {
  return REJECTIONS[rule];
}

/** The message of a rejection, filled in. What was found is quoted, and cut so that it cannot flood a log. */
export function rejectionMessage(rejection: Rejection): string {
  return rejectionRow(rejection.rule).message.replace(
    /\{(field|value|detail|accepted)\}/g,
    (_, name: "field" | "value" | "detail" | "accepted") =>
      // A header that is absent is null, and to the peer the same as a member that is.
      name === "value" ? quote(rejection.value ?? undefined) : String(rejection[name]),
  );
}
