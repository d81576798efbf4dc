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

/** The part of `Headers` that is needed: the value of a field, repeated ones joined by `, `. */
export interface HeaderReader {
  get(name: string): string | null;
}

/** A request without its body. A Web-standard `Request` is one. */
export interface RequestHead {
  /** Upper case, as HTTP has it. */
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly headers: HeaderReader;
}

/** The facts of a head. */
export interface HeadFacts {
  readonly method: string;
  /** The `Host` field, or the URL's authority where the runtime moved it there (HTTP/2). */
  readonly host: string;
  readonly origin: string | null;
  readonly contentLength: string | null;
  readonly contentType: string | null;
  readonly accept: string | null;
  readonly accepts: Accepts;
  readonly sessionId: string | null;
  readonly version: string | null;
  /** Null where it is empty: a client that has seen no id yet. */
  readonly lastEventId: string | null;
  readonly mcpMethod: string | null;
  readonly mcpName: string | null;
  /** The era that the version header names; a body may know better. */
  readonly era: Era;
}

/** The eras that an endpoint serves. */
export type Eras = "both" | Era;

/**
 * Reads the head of an MCP request. Where only one era is served, every head belongs to it: a server of the old
 * one has no codes of the new, by which clients would take it for a modern one.
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
 * The era of a POST: a protocol version in `_meta` makes it modern whatever the header says, `initialize`
 * without one is legacy, and where the body says nothing the header does.
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
