/**
 * The rules of 2026-07-28: every request carries its own metadata, headers mirror it, and the two have to
 * agree.
 *
 * @module
 */

import type { Rejection } from "../outbound/rejections.ts";
import { decodeHeaderValue } from "../protocol/base64.ts";
import { type Body, isObject, type JsonObject, quote } from "../protocol/json_rpc.ts";
import { LOG_LEVELS, META, NAME_SOURCES, REMOVED_METHODS } from "../protocol/modern.ts";
import { type ParamHeader, paramMismatch } from "../protocol/param_headers.ts";
import { MODERN_REVISIONS } from "../protocol/revisions.ts";
import type { HeaderReader, HeadFacts } from "./head.ts";
import type { Policy } from "./policy.ts";
import type { Refusal, Rule } from "./rule.ts";

const SUPPORTED: readonly string[] = MODERN_REVISIONS;

/** What {@linkcode MODERN_RULES} look at. */
export interface ModernPosted {
  /** The facts of the head. */
  readonly head: HeadFacts;
  /** The body, as `parseBody` read it. */
  readonly body: Body;
}

/** Rules on a POST of 2026-07-28, in order. A notification is not asked about them. */
export const MODERN_RULES: readonly Rule<ModernPosted>[] = [
  {
    id: "modern-not-a-request",
    check: ({ body }) => body.kind === "request" ? undefined : { detail: body.kind },
  },
  {
    id: "initialize-on-modern",
    check: ({ body }) => {
      if (metaOf(body)[META.protocolVersion] !== undefined) return undefined;
      if (body.kind !== "request" || body.message.method !== "initialize") return undefined;
      const version = body.message.params?.protocolVersion;
      return unsupported(typeof version === "string" ? version : "");
    },
  },
  {
    id: "meta-missing",
    check: ({ body }) => {
      const meta = metaOf(body);
      if (typeof meta[META.protocolVersion] !== "string") {
        return missing(meta, META.protocolVersion, "a string");
      }
      if (!isObject(meta[META.clientCapabilities])) {
        return missing(meta, META.clientCapabilities, "an object");
      }
      const level = meta[META.logLevel];
      return level === undefined || LOG_LEVELS.includes(level as string)
        ? undefined
        : missing(meta, META.logLevel, LOG_LEVELS.join(", "));
    },
  },
  {
    id: "header-mismatch",
    of: "MCP-Protocol-Version",
    check: ({ head, body }) => {
      const said = metaOf(body)[META.protocolVersion] as string;
      return head.version === said
        ? undefined
        : mismatch("MCP-Protocol-Version", head.version, said);
    },
  },
  {
    id: "header-mismatch",
    of: "Mcp-Method",
    check: ({ head, body }) => {
      const method = methodOf(body);
      return head.mcpMethod === method ? undefined : mismatch("Mcp-Method", head.mcpMethod, method);
    },
  },
  {
    id: "header-mismatch",
    of: "Mcp-Name",
    check: ({ head, body }) => {
      const source = NAME_SOURCES.get(methodOf(body));
      if (source === undefined || (head.mcpName === null && !source.required)) return undefined;
      const expected = paramsOf(body)?.[source.param];
      const found = head.mcpName === null ? undefined : decodeHeaderValue(head.mcpName);
      return found !== undefined && found === expected
        ? undefined
        : mismatch("Mcp-Name", head.mcpName, expected);
    },
  },
  {
    id: "unsupported-modern-version",
    check: ({ body }) => {
      const requested = metaOf(body)[META.protocolVersion] as string;
      return SUPPORTED.includes(requested) ? undefined : unsupported(requested);
    },
  },
  {
    id: "modern-method-not-found",
    check: ({ body }) =>
      REMOVED_METHODS.has(methodOf(body)) ? { value: methodOf(body) } : undefined,
  },
];

/** What {@linkcode MIRROR_RULES} look at. */
export interface Mirrored {
  /** The body: a `tools/call`. */
  readonly body: Body;
  /** The headers of the request. */
  readonly headers: HeaderReader;
  /** The mirrored parameters of the tool that is called, from {@linkcode paramHeaders}. */
  readonly params: readonly ParamHeader[];
}

/** Rules on a `tools/call` of 2026-07-28 of a tool whose schema is known. */
export const MIRROR_RULES: readonly Rule<Mirrored>[] = [
  {
    id: "header-mismatch",
    of: "Mcp-Param-*",
    check: ({ body, headers, params }) =>
      paramMismatch(params, paramsOf(body)?.arguments, (name) => headers.get(name)),
  },
];

/** The refusal of a modern request by an endpoint that serves none: what any legacy server would answer. */
export function unsupportedEra(body: Body, head: HeadFacts, { revisions }: Policy): Rejection {
  const said = metaOf(body)[META.protocolVersion];
  return {
    rule: "unsupported-version",
    value: typeof said === "string" ? said : head.version,
    accepted: revisions.join(", "),
  };
}

/** The `_meta` of a body that is a single request; `{}` where there is none. */
export function metaOf(body: Body): JsonObject {
  const meta = paramsOf(body)?._meta;
  return isObject(meta) ? meta : NOTHING;
}

const NOTHING: JsonObject = {};

function paramsOf(body: Body): JsonObject | undefined {
  return body.kind === "request" ? body.message.params : undefined;
}

function methodOf(body: Body): string {
  return body.kind === "request" ? body.message.method : "";
}

function unsupported(requested: string): Refusal {
  const accepted = SUPPORTED.join(", ");
  return { value: requested, accepted, data: { supported: SUPPORTED, requested } };
}

function missing(meta: JsonObject, key: string, accepted: string): Refusal {
  return { field: JSON.stringify(key), detail: quote(meta[key]), accepted };
}

function mismatch(field: string, value: string | null, expected: unknown): Refusal {
  return { field, value, accepted: quote(expected) };
}
