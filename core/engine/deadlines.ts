/**
 * Things that wait for the same span of time: first in, first due, so one timer serves them all.
 *
 * @module
 */

import type { Clock } from "./clock.ts";

/** A queue of items that are each due a fixed time after they were added. */
export class Deadlines<T> {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #due: (item: T) => void;
  readonly #items = new Map<T, number>();
  #stop: (() => void) | undefined;

  constructor(clock: Clock, ms: number, due: (item: T) => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#due = due;
  }

  /** The item is due after the span, unless it is deleted before. */
  add(item: T): void {
    this.#items.set(item, this.#clock.now() + this.#ms);
    // A timer that runs already is kept: it asks again when it finds nothing due.
    this.#stop ??= this.#clock.after(this.#ms, () => this.#look());
  }

  /** The item is not due any more. */
  delete(item: T): void {
    this.#items.delete(item);
  }

  /** Nothing is due any more. */
  clear(): void {
    this.#items.clear();
    this.#stop?.();
    this.#stop = undefined;
  }

  #look(): void {
    this.#stop = undefined;
    const now = this.#clock.now();
    for (const [item, at] of this.#items) {
      const left = at - now;
      // More than the whole span is left only where the clock was set back. To wait for that would hold up all others.
      if (left > 0 && left <= this.#ms) {
        this.#stop = this.#clock.after(left, () => this.#look());
        return;
      }
      this.#items.delete(item);
      this.#due(item);
    }
  }
}
