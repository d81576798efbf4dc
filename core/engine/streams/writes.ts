/**
 * What a handler has begun to write and the backend has not accepted yet.
 *
 * @module
 */

/** The writes under way, so that closing can wait for them. */
export class Writes {
  readonly #open = new Set<Promise<unknown>>();
  /** Nothing is tried again from now on. */
  abandoned = false;

  /** Counts `done` until it settles; it must not reject. */
  add(done: Promise<unknown>): void {
    this.#open.add(done);
    done.then(() => this.#open.delete(done));
  }

  /** How many are under way. */
  get size(): number {
    return this.#open.size;
  }

  /** Resolves once none is under way. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }
}
