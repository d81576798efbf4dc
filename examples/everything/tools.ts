/**
 * `tools/list` and `tools/call`.
 *
 * @module
 */

import { ClientRequestError, type JsonObject } from "../../core/engine/mod.ts";
import { CHANGE_TOOLS } from "./change_tools.ts";
import { CLIENT_TOOLS } from "./client_tools.ts";
import { CONTENT_TOOLS } from "./content_tools.ts";
import type { Context } from "./context.ts";
import { INPUT_TOOLS } from "./input_tools.ts";
import { InvalidParams, object, onePage, required } from "./params.ts";
import { STREAM_TOOLS } from "./stream_tools.ts";
import { TASK_TOOLS } from "./task_tools.ts";
import { failure, type Tool } from "./tool.ts";
import { WIRE_TOOLS } from "./wire_tools.ts";

// The first can be called without arguments: the suite tries its headers on the first it is shown.
const TOOLS: readonly Tool[] = [
  ...CONTENT_TOOLS,
  ...STREAM_TOOLS,
  ...CLIENT_TOOLS,
  ...INPUT_TOOLS,
  ...CHANGE_TOOLS,
  ...TASK_TOOLS,
  ...WIRE_TOOLS,
];

const BY_NAME: ReadonlyMap<string, Tool> = new Map(TOOLS.map((tool) => [tool.name, tool]));

/** Tools as clients see them. */
export const LISTED: readonly Omit<Tool, "run">[] = TOOLS.map(({ run: _, ...listed }) => listed);

/** `tools/list` */
export function listTools(params: JsonObject): object {
  onePage(params);
  return { tools: LISTED };
}

/** `tools/call` */
export async function callTool(params: JsonObject, context: Context): Promise<object> {
  const name = required(params, "name");
  const tool = BY_NAME.get(name);
  if (tool === undefined) throw new InvalidParams("name", name, "the name of a tool");
  const args = object(params, "arguments");
  try {
    const done = await tool.run(args, context);
    if (Array.isArray(done)) return { content: done };
    return "type" in done ? { content: [done] } : done;
  } catch (error) {
    // Wrong arguments and a client that does not answer are the model's to see, not the protocol's.
    if (error instanceof InvalidParams || error instanceof ClientRequestError) {
      return failure(error.message);
    }
    throw error;
  }
}
