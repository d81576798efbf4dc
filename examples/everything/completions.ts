/**
 * Completion of the arguments of prompts and templates.
 *
 * @module
 */

import type { JsonObject } from "../../core/engine/mod.ts";
import { InvalidParams, object, required } from "./params.ts";
import { prompt } from "./prompts.ts";

const VALUES = ["testValue1", "testValue2", "test://static-text", "test://watched-resource", "123"];

/** `completion/complete` */
export function complete(params: JsonObject): object {
  const ref = object(params, "ref");
  if (ref.type === "ref/prompt") prompt(required(ref, "name"));
  else if (ref.type !== "ref/resource") {
    throw new InvalidParams("ref.type", ref.type, "ref/prompt or ref/resource");
  }
  const begun = required(object(params, "argument"), "value");
  const values = VALUES.filter((value) => value.startsWith(begun));
  return { completion: { values, total: values.length, hasMore: false } };
}
