/**
 * The refusals that the session table names, filled in.
 *
 * @module
 */

import type { Rejection } from "../outbound/rejections.ts";
import type { RequestId } from "../protocol/json_rpc.ts";
import type { Answer } from "../session/machine.ts";

/** The refusal of a row. */
export function refusalOf(answer: Answer, method: string, id: RequestId | undefined): Rejection {
  switch (answer) {
    case "serve":
    case "stream":
    case "ended":
    case "none":
      throw new RangeError(`"${answer}" is no refusal`);
    case "termination-off":
      return { rule: answer, value: method, accepted: "GET, POST", id };
    case "stateless-method":
      return { rule: answer, value: method, accepted: "POST", id };
    default:
      return { rule: answer, id };
  }
}
