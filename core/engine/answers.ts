/**
 * What an application returned or threw, as the answer of the request's era.
 *
 * @module
 */

import {
  HEADER_MISMATCH,
  INTERNAL_ERROR,
  METHOD_NOT_FOUND,
  MISSING_CLIENT_CAPABILITY,
  UNSUPPORTED_PROTOCOL_VERSION,
} from "../protocol/error_codes.ts";
import { errorText, isObject, type JsonObject, resultText } from "../protocol/json_rpc.ts";
import { CACHEABLE_METHODS, META } from "../protocol/modern.ts";
import { MODERN_REVISIONS } from "../protocol/revisions.ts";
import type { Application } from "./application.ts";
import type { Call } from "./call.ts";
import { RpcError } from "./errors.ts";
import { InputRequired } from "./inputs.ts";

/** A JSON-RPC answer, and the HTTP status that it has where it is the whole answer. */
export interface Answered {
  readonly text: string;
  readonly status: number;
}

/** The answer for what an application returned. */
export function answerOf(application: Application, call: Call, result: unknown): Answered {
  if (result === undefined) {
    return errorAnswer(call, METHOD_NOT_FOUND, `Method not found: ${call.method}`, undefined);
  }
  const id = call.id!;
  if (call.era === "legacy") return { text: resultText(id, withoutModern(result)), status: 200 };
  return {
    text: resultText(id, modernResult(application, call.method, result as JsonObject)),
    status: 200,
  };
}

/** The answer for what an application threw; undefined where it is no answer but a failure. */
export function thrownAnswer(
  application: Application,
  call: Call,
  error: unknown,
): Answered | undefined {
  if (error instanceof RpcError) {
    return errorAnswer(call, error.code, error.message, error.data);
  }
  if (error instanceof InputRequired && call.era === "modern") {
    return answerOf(application, call, error.result);
  }
  return undefined;
}

/** The answer for a failure. What failed stays on the server. */
export function failedAnswer(call: Call): Answered {
  return errorAnswer(call, INTERNAL_ERROR, "Internal error", undefined);
}

/** The result of `server/discover` (2026-07-28 server/discover): the versions are the modern ones. */
export function discoverResult({ capabilities = {}, instructions }: Application): JsonObject {
  return {
    supportedVersions: MODERN_REVISIONS,
    capabilities,
    ...(instructions === undefined ? {} : { instructions }),
  };
}

// The codes that 2026-07-28 ties to an HTTP status. Legacy errors are answers like any other.
const MODERN_STATUS: ReadonlyMap<number, number> = new Map([
  [METHOD_NOT_FOUND, 404],
  [HEADER_MISMATCH, 400],
  [MISSING_CLIENT_CAPABILITY, 400],
  [UNSUPPORTED_PROTOCOL_VERSION, 400],
]);

function errorAnswer(call: Call, code: number, message: string, data: unknown): Answered {
  const modern = call.era === "modern";
  // The range that a modern revision defines means nothing to a legacy client.
  const known = !modern && code <= -32020 && code >= -32099 ? INTERNAL_ERROR : code;
  const error = data === undefined ? { code: known, message } : { code: known, message, data };
  return {
    text: errorText(call.id, error),
    status: modern ? MODERN_STATUS.get(code) ?? 200 : 200,
  };
}

function withoutModern(result: unknown): unknown {
  const fields = result as JsonObject;
  if (
    fields.resultType === undefined && fields.ttlMs === undefined &&
    fields.cacheScope === undefined
  ) return result;
  const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, ...rest } = fields;
  return rest;
}

function modernResult(application: Application, method: string, result: JsonObject): JsonObject {
  const { resultType = "complete", _meta } = result;
  const { ttlMs = 0, scope = "private" } = application.cache ?? {};
  return {
    ...(resultType === "complete" && CACHEABLE_METHODS.has(method)
      ? { ttlMs, cacheScope: scope }
      : {}),
    ...result,
    resultType,
    _meta: {
      ...(application.serverInfo && { [META.serverInfo]: application.serverInfo }),
      ...(isObject(_meta) ? _meta : {}),
    },
  };
}
