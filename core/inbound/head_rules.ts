/**
 * The rules on a request's head.
 *
 * @module
 */

import type { Rejection } from "../outbound/rejections.ts";
import { hostAllowed, originAllowed } from "../protocol/authority.ts";
import { isSessionId, isSingleToken } from "../protocol/header_values.ts";
import { isJson } from "../protocol/media.ts";
import type { HeadFacts } from "./head.ts";
import type { Rule } from "./rule.ts";

/** What {@linkcode HEAD_RULES} look at. */
export interface Arrival {
  /** The facts of the head. */
  readonly head: HeadFacts;
  /** The handler is shutting down. */
  readonly draining: boolean;
}

/** Rules on the head that hold for any handler, in order. They are asked before the caller is authenticated. */
export const HEAD_RULES: readonly Rule<Arrival>[] = [
  {
    id: "draining",
    of: "stream",
    check: ({ head, draining }) => draining && head.method === "GET" ? {} : undefined,
  },
  {
    id: "origin-not-allowed",
    check: ({ head }, { allowedOrigins }) =>
      head.origin === null || originAllowed(head.origin, allowedOrigins)
        ? undefined
        : { value: head.origin },
  },
  {
    id: "host-not-allowed",
    check: ({ head }, { allowedHosts }) =>
      hostAllowed(head.host, allowedHosts) ? undefined : { value: head.host },
  },
  {
    id: "method-not-allowed",
    check: ({ head }, { sessions, cors, eras, termination }) =>
      head.method === "POST" || head.method === "GET" || head.method === "DELETE" ||
        (cors && head.method === "OPTIONS")
        ? undefined
        : {
          value: head.method,
          accepted: sessions === "off" || eras === "modern"
            ? "POST"
            : termination
            ? "GET, POST, DELETE"
            : "GET, POST",
        },
  },
  {
    id: "length-over-limit",
    check: ({ head }, { limits }) =>
      Number(head.contentLength) > limits.bodyBytes
        ? { value: head.contentLength, accepted: limits.bodyBytes }
        : undefined,
  },
];

/**
 * The rule on the form of `Mcp-Session-Id`, which holds for any handler. It is the first of {@linkcode HEADER_RULES}.
 */
export const SESSION_ID_RULE: Rule<HeadFacts> = {
  id: "malformed-header",
  of: "Mcp-Session-Id",
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

/** Rules on the headers of an MCP request, in order. They are asked once the caller is known. */
export const HEADER_RULES: readonly Rule<HeadFacts>[] = [
  SESSION_ID_RULE,
  {
    id: "malformed-header",
    of: "others",
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
    check: ({ era, method }) =>
      era === "modern" && method !== "POST" ? { value: method, accepted: "POST" } : undefined,
  },
  {
    id: "content-type-not-json",
    check: ({ method, contentType }) =>
      method !== "POST" || isJson(contentType) ? undefined : { value: contentType },
  },
  {
    id: "not-acceptable",
    check: (head, { response }) => {
      if (head.method === "DELETE") return undefined;
      const { json, sse } = head.accepts;
      const shape = head.method === "GET" ? "sse" : response;
      if (shape === "json" ? json : shape === "sse" ? sse : json || sse) return undefined;
      return {
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

function malformed(head: HeadFacts, field: string, value: string, accepted: string): Rejection {
  const rule = head.era === "modern" ? "malformed-modern-header" : "malformed-header";
  return { rule, field, value, accepted };
}
