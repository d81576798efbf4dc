/**
 * What a request says before its body: each header that a rule may ask for, read once.
 *
 * @module
 */

import {
  LAST_EVENT_ID_HEADER,
  METHOD_HEADER,
  NAME_HEADER,
  SESSION_ID_HEADER,
  VERSION_HEADER,
} from "../protocol/header_values.ts";
import { type Body, isObject } from "../protocol/json_rpc.ts";
import { type Accepts, accepts } from "../protocol/media.ts";
import { META } from "../protocol/modern.ts";
import { type Era, revisionFacts } from "../protocol/revisions.ts";

/** The part of `Headers` that is needed. */
export interface HeaderReader {
  /** The value of a field by its name in lower case, repeated ones joined by `, `; null where it is absent. */
  get(name: string): string | null;
}

/** A request without its body, as `authenticate` and `opens` get it. A Web-standard `Request` is one. */
export interface RequestHead {
  /** The HTTP method, in upper case. */
  readonly method: string;
  /** The URL, absolute. */
  readonly url: string;
  /** The header fields. */
  readonly headers: HeaderReader;
}

/** What {@linkcode readHead} reads of a head. A field that is absent is null. */
export interface HeadFacts {
  /** The HTTP method. */
  readonly method: string;
  /** The `Host` field, or the URL's authority where the runtime moved it there (HTTP/2). */
  readonly host: string;
  /** The `Origin` field. */
  readonly origin: string | null;
  /** The `Content-Length` field; null on a preflight. */
  readonly contentLength: string | null;
  /** The `Content-Type` field of a POST. */
  readonly contentType: string | null;
  /** The `Accept` field. */
  readonly accept: string | null;
  /** What that field allows. */
  readonly accepts: Accepts;
  /** The `Mcp-Session-Id` field, as it was sent. */
  readonly sessionId: string | null;
  /** The `MCP-Protocol-Version` field, as it was sent. */
  readonly version: string | null;
  /** The `Last-Event-ID` field; null on a POST, and where it is empty, as of a client that has seen no id yet. */
  readonly lastEventId: string | null;
  /** The `Mcp-Method` field. */
  readonly mcpMethod: string | null;
  /** The `Mcp-Name` field, not decoded. */
  readonly mcpName: string | null;
  /** The era that the version header names. The body has the last word: see {@linkcode eraOf}. */
  readonly era: Era;
}

/** The eras that an endpoint serves: `legacy` has `initialize` and sessions, `modern` is 2026-07-28, `both` is both. */
export type Eras = "both" | Era;

/**
 * Reads the head of an MCP request.
 *
 * @param eras What is served. Where that is one era, every head belongs to it: a legacy endpoint must not answer with
 * the codes of 2026-07-28, or clients would take it for a modern one.
 */
export function readHead(head: RequestHead, eras: Eras): HeadFacts {
  const { headers, method } = head;
  const post = method === "POST";
  const version = headers.get(VERSION_HEADER);
  const era = eras === "both" ? eraOfHeader(version) : eras;
  const accept = headers.get("accept");
  return {
    method,
    host: headers.get("host") ?? authorityOf(head.url),
    origin: headers.get("origin"),
    // A preflight is answered before it would count.
    contentLength: method === "OPTIONS" ? null : headers.get("content-length"),
    contentType: post ? headers.get("content-type") : null,
    accept,
    accepts: accepts(accept),
    sessionId: headers.get(SESSION_ID_HEADER),
    version,
    lastEventId: post ? null : headers.get(LAST_EVENT_ID_HEADER) || null,
    mcpMethod: headers.get(METHOD_HEADER),
    mcpName: headers.get(NAME_HEADER),
    era,
  };
}

// A repeated header is refused later; the era decides with which code.
function eraOfHeader(version: string | null): Era {
  if (version === null) return "legacy";
  const facts = revisionFacts(version);
  if (facts !== undefined) return facts.era;
  return version.split(",").some((one) => revisionFacts(one.trim())?.era === "modern")
    ? "modern"
    : "legacy";
}

function authorityOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(url)?.[1] ?? "";
}

/**
 * Decides the era of a POST. A protocol version in the body's `_meta` makes it modern, whatever the header says;
 * `initialize` without one is legacy; where the body says nothing, the header decides.
 */
export function eraOf(facts: HeadFacts, body: Body, eras: Eras): Era {
  if (eras === "modern") return "modern";
  const { kind } = body;
  if (kind !== "request" && kind !== "notification") return facts.era;
  const { method, params } = body.message;
  // Most legacy bodies have no `_meta`, so this look is all that the second era costs the first.
  const meta = params?._meta;
  if (isObject(meta) && meta[META.protocolVersion] !== undefined) return "modern";
  return method === "initialize" ? "legacy" : facts.era;
}
