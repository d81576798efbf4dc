/**
 * The rules on `initialize` that opens a session: on what would be stored of it.
 *
 * @module
 */

import type { RequestId } from "../protocol/json_rpc.ts";
import type { Rule } from "./rule.ts";

/** What the rules on a new session look at. */
export interface Opening {
  /** The id of `initialize`. */
  readonly id: RequestId;
  /** Its `params` as they would be stored: JSON text. */
  readonly initialize: string;
}

/** Rules on `initialize` where it would open a session. */
export const OPENING_RULES: readonly Rule<Opening>[] = [
  {
    id: "initialize-over-limit",
    era: "legacy",
    check: ({ id, initialize }, { maxInitializeBytes }) =>
      initialize.length > maxInitializeBytes
        ? {
          rule: "initialize-over-limit",
          value: initialize.length,
          accepted: maxInitializeBytes,
          id,
        }
        : undefined,
  },
];
