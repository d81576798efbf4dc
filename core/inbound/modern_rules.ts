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
import { requestId } from "./body_rules.ts";
import type { HeaderReader, HeadFacts } from "./head.ts";
import type { Policy } from "./policy.ts";
import type { Rule } from "./rule.ts";

const SUPPORTED: readonly string[] = MODERN_REVISIONS;

/** What the modern rules look at. */
export interface ModernPosted {
  readonly head: HeadFacts;
  readonly body: Body;
}

/** Rules on a modern POST, in order; a notification meets none. */
export const MODERN_RULES: readonly Rule<ModernPosted>[] = [
  {
    id: "modern-not-a-request",
    era: "modern",
    check: ({ body }) =>
      body.kind === "request" ? undefined : { rule: "modern-not-a-request", detail: body.kind },
  },
  {
    id: "initialize-on-modern",
    era: "modern",
    check: ({ body }) => {
      if (metaOf(body)[META.protocolVersion] !== undefined) return undefined;
      if (body.kind !== "request" || body.message.method !== "initialize") return undefined;
      const version = body.message.params?.protocolVersion;
      const requested = typeof version === "string" ? version : "";
      return {
        rule: "initialize-on-modern",
        value: requested,
        accepted: SUPPORTED.join(", "),
        id: body.message.id,
        data: { supported: SUPPORTED, requested },
      };
    },
  },
  {
    id: "meta-missing",
    era: "modern",
    check: ({ body }) => {
      const meta = metaOf(body);
      if (typeof meta[META.protocolVersion] !== "string") {
        return missing(META.protocolVersion, "a string", body);
      }
      if (!isObject(meta[META.clientCapabilities])) {
        return missing(META.clientCapabilities, "an object", body);
      }
      const level = meta[META.logLevel];
      return level === undefined || LOG_LEVELS.includes(level as string)
        ? undefined
        : missing(META.logLevel, LOG_LEVELS.join(", "), body);
    },
  },
  {
    id: "header-mismatch",
    of: "MCP-Protocol-Version",
    era: "modern",
    check: ({ head, body }) => {
      const said = metaOf(body)[META.protocolVersion] as string;
      return head.version === said
        ? undefined
        : mismatch("MCP-Protocol-Version", head.version, said, body);
    },
  },
  {
    id: "header-mismatch",
    of: "Mcp-Method",
    era: "modern",
    check: ({ head, body }) => {
      const method = methodOf(body);
      return head.mcpMethod === method
        ? undefined
        : mismatch("Mcp-Method", head.mcpMethod, method, body);
    },
  },
  {
    id: "header-mismatch",
    of: "Mcp-Name",
    era: "modern",
    check: ({ head, body }) => {
      const source = NAME_SOURCES.get(methodOf(body));
      if (source === undefined || (head.mcpName === null && !source.required)) return undefined;
      const expected = paramsOf(body)?.[source.param];
      const found = head.mcpName === null ? undefined : decodeHeaderValue(head.mcpName);
      return found !== undefined && found === expected
        ? undefined
        : mismatch("Mcp-Name", head.mcpName, expected, body);
    },
  },
  {
    id: "unsupported-modern-version",
    era: "modern",
    check: ({ body }) => {
      const requested = metaOf(body)[META.protocolVersion] as string;
      return SUPPORTED.includes(requested) ? undefined : {
        rule: "unsupported-modern-version",
        value: requested,
        accepted: SUPPORTED.join(", "),
        id: requestId(body),
        data: { supported: SUPPORTED, requested },
      };
    },
  },
  {
    id: "modern-method-not-found",
    era: "modern",
    check: ({ body }) =>
      REMOVED_METHODS.has(methodOf(body))
        ? { rule: "modern-method-not-found", value: methodOf(body), id: requestId(body) }
        : undefined,
  },
];

/** What the rule on mirrored parameters looks at. */
export interface Mirrored {
  readonly body: Body;
  readonly headers: HeaderReader;
  /** The mirrored parameters of the tool that is called. */
  readonly params: readonly ParamHeader[];
}

/** Rules on a modern tool call whose schema is known. */
export const MIRROR_RULES: readonly Rule<Mirrored>[] = [
  {
    id: "header-mismatch",
    of: "Mcp-Param-*",
    era: "modern",
    check: ({ body, headers, params }) => {
      const found = paramMismatch(
        params,
        paramsOf(body)?.arguments,
        (name) => headers.get(name),
      );
      return found && {
        rule: "header-mismatch",
        field: found.header,
        value: found.found,
        accepted: found.expected,
        id: requestId(body),
      };
    },
  },
];

/** A modern request on an endpoint that serves none: answered like any legacy server would. */
export function unsupportedEra(body: Body, head: HeadFacts, { revisions }: Policy): Rejection {
  const said = metaOf(body)[META.protocolVersion];
  return {
    rule: "unsupported-version",
    value: typeof said === "string" ? said : head.version,
    accepted: revisions.join(", "),
    id: requestId(body),
  };
}

/** The `_meta` of a request; empty where there is none. */
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

function missing(key: string, accepted: string, body: Body): Rejection {
  const detail = quote(metaOf(body)[key]);
  return {
    rule: "meta-missing",
    field: JSON.stringify(key),
    detail,
    accepted,
    id: requestId(body),
  };
}

function mismatch(field: string, value: string | null, expected: unknown, body: Body): Rejection {
  return { rule: "header-mismatch", field, value, accepted: quote(expected), id: requestId(body) };
}
