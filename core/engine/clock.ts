/**
 * Time, passed in so that a test can hold it in its hand.
 *
 * @module
 */

/** The time, and a way to be called later. A test passes one of its own in the option `clock`. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Calls `fn` once, after `ms` milliseconds; the function that it returns prevents that. `ms` may be infinite. A timer
   * that waits must not keep the process alive.
   */
  after(ms: number, fn: () => void): () => void;
}

/** What comes within `ms` milliseconds; undefined where it takes longer. */
export async function soon<T>(
  clock: Clock,
  ms: number,
  promise: Promise<T>,
): Promise<T | undefined> {
  let stop!: () => void;
  const late = new Promise<undefined>((resolve) => {
    stop = clock.after(ms, () => resolve(undefined));
  });
  return await Promise.race([promise, late]).finally(stop);
}

/**
 * The machine's own time, the default of every option `clock`. It waits for at most 2^31 - 1 milliseconds, about 24
 * days.
 */
export const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    // Timers wrap around past 2^31 - 1 ms: whoever waits longer is called after those 24 days.
    const timer: unknown = setTimeout(fn, Math.min(ms, 0x7fffffff));
    // Node and Bun return an object, Deno a number.
    if (typeof timer === "object") (timer as { unref?(): void }).unref?.();
    else DENO?.unrefTimer?.(timer as number);
    return () => clearTimeout(timer as number);
  },
};

const DENO = (globalThis as { Deno?: { unrefTimer?(id: number): void } }).Deno;
