/**
 * The rules that a request meets, in the order in which they are asked. Each is a pure function of
 * facts that are known when its turn comes; the first that refuses answers. To change a rule, change
 * its row; to change precedence, move it.
 *
 * @module
 */

import { hostAllowed, originAllowed } from "../protocol/authority.ts";
import { isSessionId, isSingleToken } from "../protocol/header_values.ts";
import { type Body, quote, type RpcMessage } from "../protocol/json_rpc.ts";
import { isJson } from "../protocol/media.ts";
import { type Era, revisionFacts } from "../protocol/revisions.ts";
import type { Rejection, RuleId } from "../outbound/rejections.ts";
import type { HeadFacts } from "./head.ts";
import type { Policy } from "./policy.ts";

/** One row of the ladder. */
export interface Rule<Facts> {
  /** The row of the rejection table that answers. */
  readonly id: RuleId;
  /** Where it comes from. `WIRE` is this library's own decision. */
  readonly clause: string;
  /** The era it belongs to. */
  readonly era: Era | "any";
  /** What is looked at, in a few words; the README's table shows it. */
  readonly checks: string;
  /** The refusal; undefined to pass on to the next rule. */
  readonly check: (facts: Facts, policy: Policy) => Rejection | undefined;
}

/** What the rules of the head look at. */
export interface Arrival {
  readonly head: HeadFacts;
  /** The handler is shutting down. */
  readonly draining: boolean;
}

/** Rules on the head that hold for any handler, before the caller is authenticated. */
export const HEAD_RULES: readonly Rule<Arrival>[] = [
  {
    id: "draining",
    clause: "this library",
    era: "legacy",
    checks: "a new stream while shutting down",
    check: ({ head, draining }) =>
      draining && head.method === "GET" ? { rule: "draining" } : undefined,
  },
  {
    id: "origin-not-allowed",
    clause: "2025-11-25 basic/transports, Security Warning 1",
    era: "any",
    checks: "`Origin` present and not allowed, malformed, `null` or repeated",
    check: ({ head }, { allowedOrigins }) =>
      head.origin === null || originAllowed(head.origin, allowedOrigins)
        ? undefined
        : { rule: "origin-not-allowed", value: head.origin },
  },
  {
    id: "host-not-allowed",
    clause: "2025-11-25 basic/transports, Security Warning (DNS rebinding)",
    era: "any",
    checks: "`Host` not allowed",
    check: ({ head }, { allowedHosts }) =>
      hostAllowed(head.host, allowedHosts)
        ? undefined
        : { rule: "host-not-allowed", value: head.host },
  },
  {
    id: "method-not-allowed",
    clause: "RFC 9110, 15.5.6",
    era: "any",
    checks: "method not GET, POST, DELETE (with CORS on: OPTIONS is a preflight, 204)",
    check: ({ head }, { sessions, cors }) =>
      head.method === "POST" || head.method === "GET" || head.method === "DELETE" ||
        (cors && head.method === "OPTIONS")
        ? undefined
        : {
          rule: "method-not-allowed",
          value: head.method,
          accepted: sessions === "off" ? "POST" : "GET, POST, DELETE",
        },
  },
  {
    id: "length-over-limit",
    clause: "RFC 9110, 15.5.14",
    era: "any",
    checks: "`Content-Length` over the limit",
    check: ({ head }, { maxBodyBytes }) =>
      head.contentLength !== null && Number(head.contentLength) > maxBodyBytes
        ? { rule: "length-over-limit", value: head.contentLength, accepted: maxBodyBytes }
        : undefined,
  },
];

/** The rule on the session id's form, which holds for any handler. */
export const SESSION_ID_RULE: Rule<HeadFacts> = {
  id: "malformed-header",
  clause: "2025-11-25 basic/transports, Session Management 1",
  era: "legacy",
  checks: "`Mcp-Session-Id` repeated or malformed",
  check: (head, { sessions }) =>
    head.sessionId === null || head.era === "modern" || sessions === "off" ||
      isSessionId(head.sessionId)
      ? undefined
      : malformed(
        head,
        "Mcp-Session-Id",
        head.sessionId,
        "1 to 256 visible ASCII characters, once",
      ),
};

/** Rules on the headers of an MCP request, once the caller is known. */
export const HEADER_RULES: readonly Rule<HeadFacts>[] = [
  SESSION_ID_RULE,
  {
    id: "malformed-header",
    clause: "RFC 9110, 5.3; 2026-07-28 basic/transports/streamable-http, Server Validation",
    era: "any",
    checks:
      "`MCP-Protocol-Version`, `Mcp-Method`, `Mcp-Name` or `Last-Event-ID` repeated or malformed",
    check: (head) => {
      const { version, mcpMethod, mcpName, lastEventId } = head;
      if (version !== null && !isSingleToken(version)) {
        return malformed(head, "MCP-Protocol-Version", version, "one revision");
      }
      if (mcpMethod !== null && !isSingleToken(mcpMethod)) {
        return malformed(head, "Mcp-Method", mcpMethod, "one method");
      }
      if (mcpName !== null && !/^[\t\x20-\x7e]+$/.test(mcpName)) {
        return malformed(head, "Mcp-Name", mcpName, "visible ASCII, or the Base64 form");
      }
      if (lastEventId !== null && head.era === "legacy" && !isSingleToken(lastEventId)) {
        return malformed(head, "Last-Event-ID", lastEventId, "one event id");
      }
      return undefined;
    },
  },
  {
    id: "modern-method-not-allowed",
    clause: "2026-07-28 basic/transports/streamable-http, Earlier Streamable HTTP Revisions",
    era: "modern",
    checks: "GET or DELETE",
    check: ({ era, method }) =>
      era === "modern" && method !== "POST"
        ? { rule: "modern-method-not-allowed", value: method, accepted: "POST" }
        : undefined,
  },
  {
    id: "content-type-not-json",
    clause: "RFC 9110, 15.5.16",
    era: "any",
    checks: "POST whose `Content-Type` is not `application/json`",
    check: ({ method, contentType }) =>
      method !== "POST" || isJson(contentType)
        ? undefined
        : { rule: "content-type-not-json", value: contentType },
  },
  {
    id: "not-acceptable",
    clause: "2025-11-25 basic/transports, Sending Messages 2, Listening for Messages 2",
    era: "any",
    checks: "`Accept` allows nothing that could be answered",
    check: (head, { response }) => {
      if (head.method === "DELETE") return undefined;
      const { json, sse } = head.accepts;
      const shape = head.method === "GET" ? "sse" : response;
      if (shape === "json" ? json : shape === "sse" ? sse : json || sse) return undefined;
      return {
        rule: "not-acceptable",
        value: head.accept,
        accepted: shape === "json"
          ? "application/json"
          : shape === "sse"
          ? "text/event-stream"
          : "application/json or text/event-stream",
      };
    },
  },
];

/** What the rules of the body look at. */
export interface Posted {
  readonly head: HeadFacts;
  readonly body: Body;
  readonly draining: boolean;
}

/** Rules on the body of a POST. */
export const BODY_RULES: readonly Rule<Posted>[] = [
  {
    id: "parse-error",
    clause: "2025-11-25 basic/transports, Sending Messages 3; JSON-RPC 2.0, 5.1",
    era: "any",
    checks: "the body is not UTF-8 or not JSON",
    check: ({ body }) =>
      body.kind === "fault" && body.rule === "parse-error"
        ? { rule: "parse-error", detail: body.detail }
        : undefined,
  },
  {
    id: "invalid-message",
    clause: "2025-11-25 basic/index, Messages",
    era: "any",
    checks: "the body is JSON but no message, or an empty batch",
    check: ({ body }) =>
      body.kind === "fault"
        ? { rule: "invalid-message", detail: body.detail, id: body.id }
        : undefined,
  },
  {
    id: "initialize-in-batch",
    clause: "2025-03-26 basic/lifecycle, Initialization",
    era: "legacy",
    checks: "`initialize` in a batch",
    check: ({ body }) =>
      body.kind === "batch" && body.messages.some((one) => methodOf(one) === "initialize")
        ? { rule: "initialize-in-batch" }
        : undefined,
  },
  {
    id: "initialize-without-id",
    clause: "2025-11-25 basic/lifecycle, Initialization",
    era: "legacy",
    checks: "`initialize` without an id",
    check: ({ body }) =>
      body.kind === "notification" && body.message.method === "initialize"
        ? { rule: "initialize-without-id" }
        : undefined,
  },
  {
    id: "initialize-params",
    clause: "2025-11-25 basic/lifecycle, Initialization",
    era: "legacy",
    checks: "`initialize` without `params.protocolVersion`, a string",
    check: ({ body }) => {
      if (body.kind !== "request" || body.message.method !== "initialize") return undefined;
      const version = body.message.params?.protocolVersion;
      return typeof version === "string"
        ? undefined
        : { rule: "initialize-params", detail: quote(version), id: body.message.id };
    },
  },
  {
    id: "draining",
    clause: "this library",
    era: "legacy",
    checks: "a new session while shutting down",
    check: ({ body, draining }) =>
      draining && isInitialize(body) ? { rule: "draining", id: requestId(body) } : undefined,
  },
  {
    id: "unsupported-version",
    clause: "2025-11-25 basic/transports, Protocol Version Header",
    era: "legacy",
    checks: "`MCP-Protocol-Version` present and not supported (not asked of `initialize`)",
    check: ({ head, body }, policy) =>
      isInitialize(body) ? undefined : unsupportedVersion(head, policy, requestId(body)),
  },
];

/** The version rule alone, for requests without a body. */
export function unsupportedVersion(
  head: HeadFacts,
  { revisions }: Policy,
  id?: string | number,
): Rejection | undefined {
  if (head.version === null || (revisions as readonly string[]).includes(head.version)) {
    return undefined;
  }
  return { rule: "unsupported-version", value: head.version, accepted: revisions.join(", "), id };
}

/** What the rules of admission look at: a message that is about to be dispatched. */
export interface Admitted {
  readonly body: Body;
  /** The revision that the session speaks. */
  readonly version: string;
  /** The ids that the session has in flight here. */
  readonly inFlight: { readonly size: number; has(id: string | number): boolean };
}

/** Rules on a message whose session is found. */
export const ADMISSION_RULES: readonly Rule<Admitted>[] = [
  {
    id: "batch-not-allowed",
    clause: "2025-03-26 basic/index, Batching; 2025-06-18 changelog 1",
    era: "legacy",
    checks: "a batch outside a 2025-03-26 session",
    check: ({ body, version }) =>
      body.kind === "batch" && revisionFacts(version)?.batches !== true
        ? { rule: "batch-not-allowed" }
        : undefined,
  },
  {
    id: "batch-over-limit",
    clause: "this library",
    era: "legacy",
    checks: "a batch of more messages than the limit",
    check: ({ body }, { maxBatch }) =>
      body.kind === "batch" && body.messages.length > maxBatch
        ? { rule: "batch-over-limit", value: body.messages.length, accepted: maxBatch }
        : undefined,
  },
  {
    id: "duplicate-request-id",
    clause: "2025-11-25 basic/index, Requests",
    era: "legacy",
    checks: "an id that is already in flight in the session",
    check: ({ body, inFlight }) => {
      if (body.kind === "request") {
        const { id } = body.message;
        return inFlight.has(id)
          ? { rule: "duplicate-request-id", detail: quote(id), id }
          : undefined;
      }
      if (body.kind !== "batch") return undefined;
      const seen = new Set<string | number>();
      for (const one of body.messages) {
        if (one.kind !== "request") continue;
        const { id } = one.message;
        if (inFlight.has(id) || seen.has(id)) {
          return { rule: "duplicate-request-id", detail: quote(id), id };
        }
        seen.add(id);
      }
      return undefined;
    },
  },
  {
    id: "in-flight-limit",
    clause: "this library",
    era: "legacy",
    checks: "more requests in flight in the session than the limit",
    check: ({ body, inFlight }, { maxInFlight }) =>
      inFlight.size + requestCount(body) > maxInFlight && requestCount(body) > 0
        ? { rule: "in-flight-limit", accepted: maxInFlight, id: requestId(body) }
        : undefined,
  },
];

/** Asks rules in order; the first refusal ends it. */
export function firstRefusal<Facts>(
  rules: readonly Rule<Facts>[],
  facts: Facts,
  policy: Policy,
): Rejection | undefined {
  for (const rule of rules) {
    const refusal = rule.check(facts, policy);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** True for a POST that opens a session. */
export function isInitialize(body: Body): boolean {
  return body.kind === "request" && body.message.method === "initialize";
}

/** The id of a single request. */
export function requestId(body: Body): string | number | undefined {
  return body.kind === "request" ? body.message.id : undefined;
}

function requestCount(body: Body): number {
  if (body.kind === "request") return 1;
  if (body.kind !== "batch") return 0;
  return body.messages.filter((one) => one.kind === "request").length;
}

function methodOf(one: RpcMessage): string | undefined {
  return one.kind === "response" ? undefined : one.message.method;
}

function malformed(head: HeadFacts, field: string, value: string, accepted: string): Rejection {
  const rule = head.era === "modern" ? "malformed-modern-header" : "malformed-header";
  return { rule, field, value, accepted };
}
