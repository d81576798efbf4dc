/**
 * `notifications/message`, where the client wants to be told.
 *
 * @module
 */

import type { JsonObject } from "../../core/engine/mod.ts";
import type { Context } from "./context.ts";
import { LEVELS } from "./params.ts";

const LEVEL = "info";

/** Sends a message on the call's own stream. */
export function log(context: Context, data: unknown): void {
  const message = logMessage(context, data);
  if (message !== undefined) context.exchange.notify("notifications/message", message);
}

/** The params of a message; undefined where the client has asked for graver ones only. */
export function logMessage({ exchange, states }: Context, data: unknown): JsonObject | undefined {
  const least = states.peek(exchange)?.level ?? "debug";
  if (LEVELS.indexOf(LEVEL) < LEVELS.indexOf(least)) return undefined;
  return { level: LEVEL, logger: "everything", data };
}
