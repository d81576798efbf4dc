/**
 * The housekeeping of sessions that nobody looks up.
 *
 * @module
 */

import type { Settings } from "../options/options.ts";
import type { Lapsed } from "../ports.ts";

/** What is swept. */
export interface Swept {
  /** The store has removed them. */
  gone(lapsed: readonly Lapsed[]): void;
  /** Ends sessions that are in use and too old at `now`. */
  endOld(now: number): Promise<void>;
  /** Tells the application of sessions that are over. True where it keeps something for others. */
  forget(): Promise<boolean>;
}

/** One timer for all sessions, and only while there are some. */
export class Sweeper {
  readonly #settings: Settings;
  readonly #swept: Swept;
  #stop: (() => void) | undefined;
  #closed = false;

  constructor(settings: Settings, swept: Swept) {
    this.#settings = settings;
    this.#swept = swept;
  }

  /** There is something that will have to be swept. */
  later(): void {
    if (this.#stop !== undefined || this.#closed) return;
    const { clock, lifetime, onEvent } = this.#settings;
    const period = Math.min(Math.max(Math.min(lifetime.idleMs, lifetime.maxAgeMs), 50), 30_000);
    this.#stop = clock.after(period, () => {
      this.#stop = undefined;
      this.#sweep().catch((error) => {
        onEvent({ type: "backend-error", error });
        this.later();
      });
    });
  }

  /** Sweeps no more. */
  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#closed = true;
  }

  async #sweep(): Promise<void> {
    const { backend: { sessions }, clock, lifetime } = this.#settings;
    const now = clock.now();
    this.#swept.gone(await sessions.sweep(now, lifetime));
    await this.#swept.endOld(now);
    const keeps = await this.#swept.forget();
    if (keeps || await sessions.count() > 0) this.later();
  }
}
