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
import type { RequestId } from "../protocol/json_rpc.ts";

/** What one kind of refusal looks like on the wire. */
export interface RejectionRow {
  /** HTTP status. */
  readonly status: number;
  /** JSON-RPC error code. */
  readonly code: number;
  /** JSON-RPC error message; `{field}`, `{value}`, `{detail}` and `{accepted}` are filled in. */
  readonly message: string;
  /** The answer carries `Retry-After`. */
  readonly retry?: true;
  /** The answer carries `Allow` with what is accepted. */
  readonly allow?: true;
}

/** The name of a row: the rule that refused. Stable; events and logs carry it. */
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
  | "unsupported-version"
  | "initialize-in-batch"
  | "initialize-without-id"
  | "initialize-params"
  | "initialize-over-limit"
  | "batch-not-allowed"
  | "batch-over-limit"
  | "session-required"
  | "session-not-found"
  | "already-initialized"
  | "termination-off"
  | "stateless-method"
  | "unknown-event-id"
  | "capacity"
  | "quota"
  | "store-unavailable"
  | "duplicate-request-id"
  | "in-flight-limit"
  | "in-flight-quota"
  | "stream-limit"
  | "modern-not-a-request"
  | "initialize-on-modern"
  | "subscription-limit"
  | "subscription-quota"
  | "meta-missing"
  | "header-mismatch"
  | "unsupported-modern-version"
  | "modern-method-not-found"
  | "listen-params"
  | "internal-error";

/** The table, in the order in which the ladder asks. */
export const REJECTIONS: { readonly [rule in RuleId]: RejectionRow } = {
  "draining": {
    status: 503,
    code: TRANSPORT_REFUSED,
    message: "The server is shutting down; try again elsewhere or later",
    retry: true,
  },
  "origin-not-allowed": {
    status: 403,
    code: TRANSPORT_REFUSED,
    message: "Origin {value} is not allowed; the option allowedOrigins names those that are",
  },
  "host-not-allowed": {
    status: 403,
    code: TRANSPORT_REFUSED,
    message: "Host {value} is not allowed; the option allowedHosts names those that are",
  },
  "method-not-allowed": {
    status: 405,
    code: TRANSPORT_REFUSED,
    message: "Method {value} is not allowed; accepted: {accepted}",
    allow: true,
  },
  "length-over-limit": {
    status: 413,
    code: TRANSPORT_REFUSED,
    message: "Content-Length {value} is over the limit of {accepted} bytes",
  },
  "unauthenticated": {
    status: 401,
    code: TRANSPORT_REFUSED,
    message: "The request is not authenticated",
  },
  "malformed-header": {
    status: 400,
    code: TRANSPORT_REFUSED,
    message: "{field} is repeated or malformed: {value}; accepted: {accepted}",
  },
  "malformed-modern-header": {
    status: 400,
    code: HEADER_MISMATCH,
    message: "{field} is repeated or malformed: {value}; accepted: {accepted}",
  },
  "modern-method-not-allowed": {
    status: 405,
    code: TRANSPORT_REFUSED,
    message: "Method {value} is not part of the revision; accepted: {accepted}",
    allow: true,
  },
  "content-type-not-json": {
    status: 415,
    code: TRANSPORT_REFUSED,
    message: "Content-Type is {value}; accepted: application/json",
  },
  "not-acceptable": {
    status: 406,
    code: TRANSPORT_REFUSED,
    message: "Accept is {value}; the client must accept {accepted}",
  },
  "body-over-limit": {
    status: 413,
    code: TRANSPORT_REFUSED,
    message: "The body is over the limit of {accepted} bytes",
  },
  "parse-error": {
    status: 400,
    code: PARSE_ERROR,
    message: "Parse error: the body is {detail}",
  },
  "invalid-message": {
    status: 400,
    code: INVALID_REQUEST,
    message: "Invalid request: {detail}",
  },
  "unsupported-version": {
    status: 400,
    code: TRANSPORT_REFUSED,
    message: "Unsupported protocol version: MCP-Protocol-Version is {value}; supported: {accepted}",
  },
  "initialize-in-batch": {
    status: 400,
    code: INVALID_REQUEST,
    message: "Invalid request: initialize stands in a batch; it must be alone in its POST",
  },
  "initialize-without-id": {
    status: 400,
    code: INVALID_REQUEST,
    message: "Invalid request: initialize has no id; it is a request",
  },
  "initialize-params": {
    status: 400,
    code: INVALID_PARAMS,
    message:
      "Invalid params: initialize needs params with protocolVersion, a string; found {detail}",
  },
  "initialize-over-limit": {
    status: 400,
    code: INVALID_PARAMS,
    message:
      "Invalid params: those of initialize are {value} characters of JSON; the limit is {accepted}",
  },
  "batch-not-allowed": {
    status: 400,
    code: INVALID_REQUEST,
    message: "Invalid request: a batch; only revision 2025-03-26 has batches",
  },
  "batch-over-limit": {
    status: 400,
    code: INVALID_REQUEST,
    message: "Invalid request: a batch of {value} messages; the limit is {accepted}",
  },
  "session-required": {
    status: 400,
    code: TRANSPORT_REFUSED,
    message: "Mcp-Session-Id is missing; send the id that the answer to initialize carried",
  },
  "session-not-found": {
    status: 404,
    code: SESSION_NOT_FOUND,
    message: "Session not found (HTTP 404); start a new one with initialize",
  },
  "already-initialized": {
    status: 400,
    code: INVALID_REQUEST,
    message: "Invalid request: the session is already initialized",
  },
  "termination-off": {
    status: 405,
    code: TRANSPORT_REFUSED,
    message:
      "Method {value} is not allowed; clients do not end sessions here; accepted: {accepted}",
    allow: true,
  },
  "stateless-method": {
    status: 405,
    code: TRANSPORT_REFUSED,
    message: "Method {value} needs a session; accepted: {accepted}",
    allow: true,
  },
  "unknown-event-id": {
    status: 400,
    code: TRANSPORT_REFUSED,
    message:
      "Last-Event-ID {value} names no event that can be resumed in this session; call again, or open a stream without it",
  },
  "capacity": {
    status: 503,
    code: TRANSPORT_REFUSED,
    message: "Every session is in use; the limit is {accepted}",
    retry: true,
  },
  "quota": {
    status: 503,
    code: TRANSPORT_REFUSED,
    message: "Every session of this principal is in use; the limit is {accepted}",
    retry: true,
  },
  "store-unavailable": {
    status: 503,
    code: TRANSPORT_REFUSED,
    message: "The session store does not answer",
    retry: true,
  },
  "duplicate-request-id": {
    status: 400,
    code: INVALID_REQUEST,
    message: "Invalid request: id {detail} is already in flight in this session",
  },
  "in-flight-limit": {
    status: 503,
    code: TRANSPORT_REFUSED,
    message: "Too many requests in flight in this session; the limit is {accepted}",
    retry: true,
  },
  "in-flight-quota": {
    status: 503,
    code: TRANSPORT_REFUSED,
    message: "Too many requests of this principal in flight; the limit is {accepted}",
    retry: true,
  },
  "stream-limit": {
    status: 503,
    code: TRANSPORT_REFUSED,
    message: "Too many open streams in this session; the limit is {accepted}",
    retry: true,
  },
  "modern-not-a-request": {
    status: 400,
    code: INVALID_REQUEST,
    message: "Invalid request: a {detail}; a POST of 2026-07-28 holds one request or notification",
  },
  "initialize-on-modern": {
    status: 400,
    code: UNSUPPORTED_PROTOCOL_VERSION,
    message:
      "Unsupported protocol version {value}: no revision with initialize is served; supported: {accepted}",
  },
  "meta-missing": {
    status: 400,
    code: INVALID_PARAMS,
    message: "Invalid params: _meta[{field}] is {detail}; accepted: {accepted}",
  },
  "header-mismatch": {
    status: 400,
    code: HEADER_MISMATCH,
    message: "Header mismatch: {field} is {value}, the body says {accepted}",
  },
  "unsupported-modern-version": {
    status: 400,
    code: UNSUPPORTED_PROTOCOL_VERSION,
    message: "Unsupported protocol version {value}; supported: {accepted}",
  },
  "modern-method-not-found": {
    status: 404,
    code: METHOD_NOT_FOUND,
    message: "Method not found: {value}",
  },
  "subscription-limit": {
    status: 503,
    code: TRANSPORT_REFUSED,
    message: "Too many open subscriptions; the limit is {accepted}",
    retry: true,
  },
  "subscription-quota": {
    status: 503,
    code: TRANSPORT_REFUSED,
    message: "Too many open subscriptions of this principal; the limit is {accepted}",
    retry: true,
  },
  "listen-params": {
    status: 400,
    code: INVALID_PARAMS,
    message:
      "Invalid params: subscriptions/listen needs params.notifications, an object; found {detail}",
  },
  "internal-error": {
    status: 500,
    code: INTERNAL_ERROR,
    message: "Internal error",
  },
};

/** A refusal: the rule that refused, and what its message names. A value, never thrown. */
export interface Rejection {
  readonly rule: RuleId;
  /** The header or field at fault. */
  readonly field?: string;
  /** What was found there, unquoted. Undefined reads as absent. */
  readonly value?: string | number | null | undefined;
  /** A phrase made here, shown as it is. */
  readonly detail?: string;
  /** What would have been accepted. */
  readonly accepted?: string | number;
  /** The id of the request, where one could be read. */
  readonly id?: RequestId | undefined;
  /** The `data` member of the error. */
  readonly data?: unknown;
}

/** The row of a rule. */
export function rejectionRow(rule: RuleId): RejectionRow {
  return REJECTIONS[rule];
}

/** The message of a rejection, filled in. Values are quoted, and cut so that they cannot flood a log. */
export function rejectionMessage(rejection: Rejection): string {
  return rejectionRow(rejection.rule).message.replace(
    /\{(field|value|detail|accepted)\}/g,
    (_, name: "field" | "value" | "detail" | "accepted") =>
      name === "value" ? quoted(rejection.value) : String(rejection[name]),
  );
}

// What the peer sent is quoted.
function quoted(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return "absent";
  if (typeof value === "number") return String(value);
  const cut = value.length > 80 ? `${value.slice(0, 79)}…` : value;
  return JSON.stringify(cut);
}
