/**
 * Sessions about which a store is being asked. Its answer may be older than the session's end, of which this
 * node hears by itself.
 *
 * @module
 */

import type { Awaitable } from "../ports.ts";

/** What is known of a session while somebody waits for the store. */
interface Asked {
  waiting: number;
  ended: boolean;
}

/** Who waits for a store. */
export class Asking {
  readonly #sessions = new Map<string, Asked>();

  /**
   * Goes on with what a store answers about a session, and with whether the session ended meanwhile. At once: to
   * whoever waits for the answer by a promise of its own, the session could still end in between.
   */
  async during<T, R>(
    id: string,
    answer: Promise<T>,
    next: (answer: T, ended: boolean) => Awaitable<R>,
  ): Promise<R> {
    const asked = this.#sessions.get(id) ?? { waiting: 0, ended: false };
    this.#sessions.set(id, asked);
    asked.waiting++;
    let found: T;
    try {
      found = await answer;
    } finally {
      if (--asked.waiting === 0) this.#sessions.delete(id);
    }
    return next(found, asked.ended);
  }

  /** The session has ended. */
  ended(id: string): void {
    const asked = this.#sessions.get(id);
    if (asked !== undefined) asked.ended = true;
  }
}
