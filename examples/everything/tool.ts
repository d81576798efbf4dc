/**
 * What a tool is.
 *
 * @module
 */

import type { Awaitable, JsonObject } from "../../core/engine/mod.ts";
import { type Content, text } from "./content.ts";
import type { Context } from "./context.ts";

/** One tool. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  /** The content, or a whole result. */
  run(args: JsonObject, context: Context): Awaitable<Content | readonly Content[] | ToolResult>;
}

/** The result of `tools/call`. */
export type ToolResult =
  | {
    readonly content: readonly Content[];
    readonly structuredContent?: JsonObject;
    readonly isError?: boolean;
  }
  | {
    readonly resultType: "input_required";
    readonly inputRequests: JsonObject;
    readonly requestState: string;
  }
  | { readonly resultType: "task"; readonly [field: string]: unknown };

/** The schema of arguments that all have to be there. */
export function schema(properties: JsonObject = {}): JsonObject {
  const names = Object.keys(properties);
  return names.length === 0
    ? { type: "object", properties }
    : { type: "object", properties, required: names };
}

/** What a tool answers that could not do its work: the model is to see it (server/tools, Error Handling). */
export function failure(message: string): ToolResult {
  return { isError: true, content: [text(message)] };
}
