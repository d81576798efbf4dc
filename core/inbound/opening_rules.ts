/**
 * The rules on `initialize` that opens a session: on what would be stored of it.
 *
 * @module
 */

import type { Rule } from "./rule.ts";

/** What {@linkcode OPENING_RULES} look at: an `initialize` that would open a session. */
export interface Opening {
  /** The `params` of `initialize` as they would be stored: JSON text. */
  readonly initialize: string;
}

/** Rules on an `initialize` that would open a session, in order. */
export const OPENING_RULES: readonly Rule<Opening>[] = [
  {
    id: "initialize-over-limit",
    check: ({ initialize }, { limits }) =>
      initialize.length > limits.initializeBytes
        ? { value: initialize.length, accepted: limits.initializeBytes }
        : undefined,
  },
];
