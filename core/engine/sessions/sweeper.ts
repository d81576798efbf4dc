/**
 * The housekeeping of sessions that nobody looks up.
 *
 * @module
 */

import { backendFailed } from "../attempt.ts";
import type { Settings } from "../options/options.ts";
import type { Ending } from "./ending.ts";

/** One timer for all sessions, and only while there are some. */
export class Sweeper {
  readonly #settings: Settings;
  readonly #ending: Ending;
  #stop: (() => void) | undefined;
  #closed = false;

  constructor(settings: Settings, ending: Ending) {
    this.#settings = settings;
    this.#ending = ending;
  }

  /** There is something that will have to be swept. */
  later(): void {
    if (this.#stop !== undefined || this.#closed) return;
    const { clock, lifetime } = this.#settings;
    const period = Math.min(Math.max(Math.min(lifetime.idleMs, lifetime.maxAgeMs), 50), 30_000);
    this.#stop = clock.after(period, () => {
      this.#stop = undefined;
      this.#sweep().catch((error) => {
        backendFailed(this.#settings, error);
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
    this.#ending.gone(await sessions.sweep(now, lifetime));
    await this.#ending.endOld(now);
    const keeps = await this.#ending.forget();
    if (keeps || await sessions.count() > 0) this.later();
  }
}
