/**
 * What each principal has going on without a session on this node. Sessions bound what goes on in them; this bounds
 * the rest.
 *
 * @module
 */

/** What one principal has going on. */
export interface Usage {
  /** Requests in flight without a session. */
  calls: number;
  /** Open subscriptions. */
  subscriptions: number;
}

/** Once this many principals are remembered, those that have nothing going on are forgotten. */
const FORGET_FROM = 1_000;

/** The principals that were seen lately; anonymous callers are one. */
export class Principals {
  readonly #usage = new Map<string | undefined, Usage>();
  #forgetAt = FORGET_FROM;

  /** How many are remembered. */
  get size(): number {
    return this.#usage.size;
  }

  /** What a principal has going on, as an object to count in. It is remembered at least as long as that is anything. */
  of(principal: string | undefined): Usage {
    return this.#usage.get(principal) ?? this.#begin(principal);
  }

  // Not when the last call ends: most principals come again, and then one look is all that a call costs.
  #begin(principal: string | undefined): Usage {
    if (this.#usage.size >= this.#forgetAt) {
      for (const [one, { calls, subscriptions }] of this.#usage) {
        if (calls === 0 && subscriptions === 0) this.#usage.delete(one);
      }
      this.#forgetAt = Math.max(FORGET_FROM, 2 * this.#usage.size);
    }
    const usage: Usage = { calls: 0, subscriptions: 0 };
    this.#usage.set(principal, usage);
    return usage;
  }
}
