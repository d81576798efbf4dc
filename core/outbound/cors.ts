/**
 * Cross-origin answers, by one function for every answer: a header that stands only on the preflight
 * or only on success leaves a browser client blind to the rest.
 *
 * @module
 */

import type { HeaderReader } from "../inbound/head.ts";
import type { ReplyHeaders, TextReply } from "./reply.ts";

const EXPOSED = "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate";
const METHODS = "POST, GET, DELETE";
const ALLOWED =
  "Content-Type, Accept, Authorization, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, Mcp-Method, Mcp-Name";

/** How long a browser may keep a preflight, in seconds. */
const PREFLIGHT_SECONDS = "600";

/**
 * The header fields that let the page at `origin` read an answer, errors included.
 *
 * @param origin The `Origin` field, where it is allowed; null where there is none: then only `Vary` is added.
 */
export function corsHeaders(origin: string | null): ReplyHeaders {
  return origin === null ? { "vary": "Origin" } : {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": EXPOSED,
    "vary": "Origin",
  };
}

/**
 * The answer to a preflight, `OPTIONS`, which a browser sends without credentials. It allows the headers of MCP,
 * `Authorization`, `Content-Type`, `Accept`, and `Mcp-Param-*` as they are asked for.
 */
export function preflightReply(headers: HeaderReader): TextReply {
  return {
    status: 204,
    headers: {
      "access-control-allow-methods": METHODS,
      "access-control-allow-headers": allowedHeaders(
        headers.get("access-control-request-headers"),
      ),
      "access-control-max-age": PREFLIGHT_SECONDS,
    },
    body: null,
  };
}

// `Mcp-Param-*` names come from the tools, so they are allowed as they are asked for.
function allowedHeaders(asked: string | null): string {
  if (asked === null) return ALLOWED;
  const params = asked.split(",").map((name) => name.trim()).filter((name) =>
    /^mcp-param-[!#$%&'*+\-.^_`|~0-9a-z]+$/i.test(name)
  );
  return [ALLOWED, ...params].join(", ");
}
