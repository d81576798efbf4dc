/**
 * What a rule is. The rules stand in files by what they look at, in the order in which they are asked:
 * `head_rules`, `body_rules`, then (once the session is looked up) `ADMISSION_RULES` and
 * `opening_rules`, or `modern_rules`; last `quota_rules`. Each is a pure
 * function of facts that are known when its turn comes; the first that refuses answers. To change a rule,
 * change its row; to change precedence, move it. What a rule is for is written down in `clauses.ts`.
 *
 * @module
 */

import type { Rejection, RuleId } from "../outbound/rejections.ts";
import type { Policy } from "./policy.ts";

/** What the message of a refusal names, which may be nothing; `rule` only where another row answers than the rule's own. */
export type Refusal = Partial<Rejection>;

/** One row of the ladder: a rule that a request may be refused by. */
export interface Rule<Facts> {
  /** The row of the rejection table that answers. */
  readonly id: RuleId;
  /** Which of the rules with that id this is, where there are several. */
  readonly of?: string;
  /** Looks at a request: gives the refusal, or undefined to go on to the next rule. */
  readonly check: (facts: Facts, policy: Policy) => Refusal | undefined;
}

/**
 * Asks rules in order and gives the first refusal; undefined where none refuses. The id of the request is no part of it:
 * whoever answers knows that, see {@linkcode Rejection.id}.
 */
export function firstRefusal<Facts>(
  rules: readonly Rule<Facts>[],
  facts: Facts,
  policy: Policy,
): Rejection | undefined {
  for (const rule of rules) {
    const refusal = rule.check(facts, policy);
    if (refusal !== undefined) return { rule: rule.id, ...refusal };
  }
  return undefined;
}
