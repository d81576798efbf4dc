import type { Clock } from "../../../core/engine/mod.ts";

/** Time that stands still until it is told to pass. */
export class HandClock implements Clock {
  #now = 1_000_000;
  readonly #timers = new Set<{ at: number; fn: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + ms, fn };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Lets time pass, and rings what is due, in order; what a timer does may take a moment. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = due.at;
      due.fn();
      await new Promise((next) => setImmediate(next));
    }
    this.#now = end;
  }

  /** Lets time pass without ringing: nothing may depend on a timer for being right. */
  jump(ms: number): void {
    this.#now += ms;
  }
}
