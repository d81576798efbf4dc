/**
 * The refusals that are found outside the ladder, filled in: by the session table, and by whoever reads a body.
 *
 * @module
 */

import type { Rejection } from "../outbound/rejections.ts";
import type { Answer } from "../session/machine.ts";
import type { BodyError } from "./reply.ts";

/** The refusal of a row of the session table. */
export function refusalOf(answer: Answer, method: string): Rejection {
  switch (answer) {
    case "serve":
    case "stream":
    case "ended":
    case "none":
      throw new RangeError(`"${answer}" is no refusal`);
    case "termination-off":
      return { rule: answer, value: method, accepted: "GET, POST" };
    case "stateless-method":
      return { rule: answer, value: method, accepted: "POST" };
    default:
      return { rule: answer };
  }
}

/** The refusal of a body that is no text; `limit` is how many bytes it may have. */
export function refusalOfBody({ unreadable }: BodyError, limit: number): Rejection {
  return unreadable === "over-limit"
    ? { rule: "body-over-limit", accepted: limit }
    : { rule: "parse-error", detail: UNREADABLE[unreadable] };
}

const UNREADABLE = {
  "not-utf8": "not UTF-8",
  "cut-off": "cut off by the client",
  "taken": "gone: something before this handler has read it",
  "too-deep": "nested too deep",
};
