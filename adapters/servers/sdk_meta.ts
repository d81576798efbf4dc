/**
 * What the official SDK's schemas demand of `_meta`. A message that breaks them is dropped there without an
 * answer, which would leave its sender waiting.
 *
 * @module
 */

import { isObject, isRequestId, quote } from "../../core/protocol/json_rpc.ts";

const RELATED_TASK = "io.modelcontextprotocol/related-task";

/** What is wrong with a `_meta`; undefined where nothing is. */
export function metaFault(meta: unknown): string | undefined {
  if (meta === undefined) return undefined;
  if (!isObject(meta)) return `_meta is ${quote(meta)}, expected an object`;
  const { progressToken, [RELATED_TASK]: task } = meta;
  if (progressToken !== undefined && !isRequestId(progressToken)) {
    return `_meta.progressToken is ${quote(progressToken)}, expected a string or an integer`;
  }
  if (task !== undefined && (!isObject(task) || typeof task.taskId !== "string")) {
    return `_meta["${RELATED_TASK}"] is ${quote(task)}, expected an object with a taskId`;
  }
  return undefined;
}
