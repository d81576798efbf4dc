/**
 * What an application returned or threw, as the answer of the request's era.
 *
 * @module
 */

import {
  HEADER_MISMATCH,
  INTERNAL_ERROR,
  INVALID_PARAMS,
  METHOD_NOT_FOUND,
  MISSING_CLIENT_CAPABILITY,
  UNSUPPORTED_PROTOCOL_VERSION,
} from "../../protocol/error_codes.ts";
import { errorText, isObject, type JsonObject, resultText } from "../../protocol/json_rpc.ts";
import { CACHEABLE_METHODS, INPUT_METHODS, META } from "../../protocol/modern.ts";
import { MODERN_REVISIONS } from "../../protocol/revisions.ts";
import type { Application } from "../application.ts";
import { RpcError, shown } from "../errors.ts";
import { InputRequired, requireCapabilities } from "../modern/inputs.ts";
import type { Call } from "./call.ts";

/** A JSON-RPC answer, and the HTTP status that it has where it is the whole answer. */
export interface Answered {
  readonly text: string;
  readonly status: number;
  /** The code of an error. */
  readonly code: number | undefined;
}

/** The answer for what an application returned. */
export function answerOf(call: Call, result: unknown): Answered {
  if (result === undefined) {
    return errorAnswer(call, METHOD_NOT_FOUND, `Method not found: ${call.method}`);
  }
  if (!isObject(result)) {
    throw new TypeError(
      `${call.method}: request gave ${shown(result)}, not an object or undefined`,
    );
  }
  const plain = inJson(result);
  checkInputRequired(call, plain);
  return resultAnswer(call, plain);
}

// Fields that are added to an object with a `toJSON` of its own would be no part of what that gives, or all there is.
function inJson(result: JsonObject): JsonObject {
  if (typeof result.toJSON !== "function") return result;
  const plain: unknown = result.toJSON("");
  if (isObject(plain)) return plain;
  throw new TypeError(`the result is ${shown(plain)} in JSON, not an object`);
}

function resultAnswer(call: Call, result: JsonObject): Answered {
  const fields = call.era === "legacy" ? withoutModern(result) : modernResult(call, result);
  return { text: resultText(call.id!, fields), status: 200, code: undefined };
}

// What a server must not send (2026-07-28 basic/patterns/mrtr, Supported Requests, Server Requirements 6, 7).
function checkInputRequired(call: Call, result: JsonObject): void {
  if (result.resultType !== "input_required") return;
  const misuse = (what: string): TypeError =>
    new TypeError(`${call.method}: an input_required result ${what}`);
  if (call.era === "legacy") throw misuse("means nothing to a legacy client");
  if (!INPUT_METHODS.has(call.method)) throw misuse("is no answer to this method");
  const { inputRequests, requestState } = result;
  if (inputRequests === undefined && requestState === undefined) {
    throw misuse("needs inputRequests or requestState");
  }
  if (isObject(inputRequests)) requireCapabilities(inputRequests, call.clientCapabilities);
}

/** The answer for what an application threw; undefined where it is no answer but a failure. */
export function thrownAnswer(call: Call, error: unknown): Answered | undefined {
  if (error instanceof RpcError) {
    const { code, message, data } = error;
    // Codes are integers in every revision (basic/index, Responses), and clients drop an answer where one is not.
    if (!Number.isInteger(code)) {
      throw new TypeError(
        `RpcError: code is ${shown(code)}, not an integer; message: ${shown(message)}`,
      );
    }
    return errorAnswer(call, code, message, data);
  }
  if (error instanceof InputRequired && call.era === "modern") {
    return resultAnswer(call, error.result);
  }
  return undefined;
}

/** The answer for a failure. What failed stays on the server. */
export function failedAnswer(call: Call): Answered {
  return errorAnswer(call, INTERNAL_ERROR, "Internal error");
}

/** The result of `server/discover` (2026-07-28 server/discover): the versions are the modern ones. */
export function discoverResult({ capabilities = {}, instructions }: Application): JsonObject {
  return { supportedVersions: MODERN_REVISIONS, capabilities, instructions };
}

// The codes that 2026-07-28 ties to an HTTP status. Legacy errors are answers like any other.
const MODERN_STATUS: ReadonlyMap<number, number> = new Map([
  [METHOD_NOT_FOUND, 404],
  [HEADER_MISMATCH, 400],
  [MISSING_CLIENT_CAPABILITY, 400],
  [UNSUPPORTED_PROTOCOL_VERSION, 400],
]);

function errorAnswer(call: Call, code: number, message: string, data?: unknown): Answered {
  const modern = call.era === "modern";
  const known = modern ? modernCode(code) : legacyCode(code);
  return {
    text: errorText(call.id, { code: known, message, data }),
    status: modern ? MODERN_STATUS.get(known) ?? 200 : 200,
    code: known,
  };
}

// To a legacy client these would say that the server is a modern one.
function legacyCode(code: number): number {
  return code <= HEADER_MISMATCH && code > HEADER_MISMATCH - 10 ? INTERNAL_ERROR : code;
}

// 2026-07-28 basic/index, Error Codes: what it forbids to send, where an application still has it from before.
function modernCode(code: number): number {
  if (code === LEGACY_RESOURCE_NOT_FOUND) return INVALID_PARAMS;
  return code <= HEADER_MISMATCH && code > HEADER_MISMATCH - 80 && !MODERN_STATUS.has(code)
    ? INTERNAL_ERROR
    : code;
}

/** 2025-11-25 and earlier; -32602 took its place. */
const LEGACY_RESOURCE_NOT_FOUND = -32002;

function withoutModern(result: JsonObject): JsonObject {
  if (
    result.resultType === undefined && result.ttlMs === undefined &&
    result.cacheScope === undefined
  ) return result;
  const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, ...rest } = result;
  return rest;
}

function modernResult({ method, post }: Call, result: JsonObject): JsonObject {
  const { resultType = "complete", _meta, ttlMs, cacheScope } = result;
  const { serverInfo, cache } = post.dispatcher.application;
  const own = { [META.serverInfo]: serverInfo };
  const whole = { ...result, resultType, _meta: isObject(_meta) ? { ...own, ..._meta } : own };
  if (resultType !== "complete" || !CACHEABLE_METHODS.has(method)) return whole;
  return {
    ...whole,
    ttlMs: ttlMs ?? cache?.ttlMs ?? 0,
    cacheScope: cacheScope ?? cache?.scope ?? "private",
  };
}
