import type { Clock } from "../../core/engine/mod.ts";
import { turns } from "./turns.ts";

/** Time that stands still until it is told to pass. */
export class FakeClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #timers = new Set<{ at: number; readonly ring: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, ring: () => void): () => void {
    const timer = { at: this.#now + ms, ring };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How many timers wait to ring. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass and rings what is due, in order. What rings is not waited for. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (let due = this.#due(end); due !== undefined; due = this.#due(end)) this.#ring(due);
    this.#now = end;
  }

  /** Lets time pass and rings what is due, in order; waits each time until `settled`. */
  async passing(ms: number, settled: () => Promise<void> = turns): Promise<void> {
    const end = this.#now + ms;
    for (let due = this.#due(end); due !== undefined; due = this.#due(end)) {
      this.#ring(due);
      await settled();
    }
    this.#now = end;
  }

  /** Lets time pass without ringing: nothing may depend on a timer for being right. */
  jump(ms: number): void {
    this.#now += ms;
  }

  /** Sets the clock back, as somebody does whose clock was wrong. Timers ring when they would have. */
  setBack(ms: number): void {
    this.#now -= ms;
    for (const timer of this.#timers) timer.at -= ms;
  }

  #due(end: number): { readonly at: number; readonly ring: () => void } | undefined {
    let first;
    for (const timer of this.#timers) {
      if (timer.at <= end && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  }

  #ring(timer: { readonly at: number; readonly ring: () => void }): void {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.at);
    timer.ring();
  }
}
