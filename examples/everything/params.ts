/**
 * Reading what clients send. Each function throws the -32602 that the client is to see.
 *
 * @module
 */

import { type JsonObject, RpcError } from "../../core/engine/mod.ts";

/** Levels of severity, least first (RFC 5424, as `logging/setLevel` names them). */
export const LEVELS: readonly string[] = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
];

/** A parameter that cannot be. */
export class InvalidParams extends RpcError {
  constructor(name: string, value: unknown, accepted: string) {
    const found = value === undefined ? "absent" : JSON.stringify(value);
    super(-32602, `${name}: ${found}, expected ${accepted}`);
  }
}

/** A string that has to be there. */
export function required(params: JsonObject, name: string): string {
  const value = params[name];
  if (typeof value === "string") return value;
  throw new InvalidParams(name, value, "a string");
}

/** A whole number that has to be there. */
export function whole(params: JsonObject, name: string, most: number): number {
  const value = params[name];
  if (Number.isInteger(value) && value as number >= 0 && value as number <= most) {
    return value as number;
  }
  throw new InvalidParams(name, value, `a whole number, 0 to ${most}`);
}

/** An object; an empty one where it is absent. */
export function object(params: JsonObject, name: string): JsonObject {
  const value = params[name] ?? {};
  if (typeof value === "object" && !Array.isArray(value)) return value as JsonObject;
  throw new InvalidParams(name, value, "an object");
}

/** All there is comes on one page, so that no cursor is ever given out. */
export function onePage(params: JsonObject): void {
  if (params.cursor !== undefined) throw new InvalidParams("cursor", params.cursor, "none");
}
