/**
 * Changes on their way to every node, this one too.
 *
 * @module
 */

import { backendFailed } from "../attempt.ts";
import type { Change } from "../modern/subscriptions.ts";
import type { Settings } from "../options/options.ts";
import { remember } from "../recent.ts";
import { CHANGES } from "./words.ts";

/** How soon a change that the bus did not take is told again, in milliseconds. */
const PAUSE_MS = 1_000;

/** How many such changes are remembered: what is told twice is one. */
const UNTOLD_MAX = 1_000;

/** How much later than this node others may find the backend again, in milliseconds. */
const LATER_MS = 5_000;

/** How often a change is told that the bus did not take at first. */
const TIMES = 2;

/**
 * Tells changes. Where a backend outlives its nodes, it may be away for a while and come back: a change that was told
 * meanwhile is told then, and once more for nodes that hear again later than this one. To be told of a change twice
 * does no harm.
 */
export class Changes {
  readonly #settings: Settings;
  /** Those that the bus did not take, as texts, oldest first: how often each is still to be told. */
  readonly #untold = new Map<string, number>();
  #stop: (() => void) | undefined;
  #closed = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Tells one. Neither throws nor rejects. */
  async tell(change: Change): Promise<void> {
    const text = JSON.stringify(change);
    if (await this.#publish(text)) return;
    if (this.#settings.backend.nodes === undefined) return;
    remember(this.#untold, text, TIMES, UNTOLD_MAX);
    this.#later(PAUSE_MS);
  }

  /** Nothing is told again any more. */
  close(): void {
    this.#closed = true;
    this.#stop?.();
  }

  /** False where it failed, which is an event. */
  async #publish(text: string): Promise<boolean> {
    try {
      await this.#settings.backend.bus.publish(CHANGES, text);
      return true;
    } catch (error) {
      backendFailed(this.#settings, error);
      return false;
    }
  }

  #later(ms: number): void {
    if (this.#closed || this.#untold.size === 0) return;
    this.#stop ??= this.#settings.clock.after(ms, () => void this.#again());
  }

  async #again(): Promise<void> {
    let pause = LATER_MS;
    for (const [text, times] of [...this.#untold]) {
      if (!await this.#publish(text)) {
        pause = PAUSE_MS;
        break;
      }
      if (this.#closed) return;
      // It may have been told anew meanwhile, and have failed.
      if (this.#untold.get(text) !== times) continue;
      if (times > 1) this.#untold.set(text, times - 1);
      else this.#untold.delete(text);
    }
    this.#stop = undefined;
    this.#later(pause);
  }
}
