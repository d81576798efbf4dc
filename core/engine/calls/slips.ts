/**
 * What looks like a slip of the application's although it can be answered: nobody but the operator would learn of it.
 *
 * @module
 */

import { SERVER_CAPABILITY } from "../../protocol/modern.ts";
import type { Call } from "./call.ts";

/** What is wrong with a result that an application returned; undefined where nothing seems to be. */
export function slipOf({ method, post }: Call, result: unknown): string | undefined {
  if (result === undefined) {
    const capability = SERVER_CAPABILITY.get(method);
    const { capabilities } = post.dispatcher.application;
    return capability === undefined || capabilities?.[capability] === undefined
      ? undefined
      : `${method}: request gave undefined, although capabilities has ${capability}: is a return missing?`;
  }
  return post.inputs === undefined || post.inputs.unmet === 0 ? undefined : `${method}: ` +
    "request gave a result, although the client has to be asked first: " +
    "is an await missing, or was the error caught that ends such a request?";
}
