/**
 * Words on their way to every node, this one too.
 *
 * @module
 */

import { backendFailed } from "../attempt.ts";
import type { Settings } from "../options/options.ts";
import { remember } from "../recent.ts";

/** How soon a word that the bus did not take is told again, in milliseconds. */
const PAUSE_MS = 1_000;

/** How many such words are remembered: what is told twice is one. */
const UNTOLD_MAX = 1_000;

/** How much later than this node others may find the backend again, in milliseconds. */
const LATER_MS = 5_000;

/** How often a word is told that the bus did not take at first. */
const TIMES = 2;

/** A word that the bus did not take, and how often it is still to be told. */
interface Untold {
  readonly topic: string;
  readonly times: number;
}

/**
 * Tells words. Where a backend outlives its nodes, it may be away for a while and come back: what was told meanwhile is
 * told then, and once more for nodes that hear again later than this one. To be told twice does no harm.
 */
export class Telling {
  readonly #settings: Settings;
  /** By their texts, oldest first. */
  readonly #untold = new Map<string, Untold>();
  #stop: (() => void) | undefined;
  #closed = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Tells one. Neither throws nor rejects. */
  async tell(topic: string, text: string): Promise<void> {
    if (await this.#publish(topic, text)) return;
    if (this.#settings.backend.nodes === undefined) return;
    remember(this.#untold, text, { topic, times: TIMES }, UNTOLD_MAX);
    this.#later(PAUSE_MS);
  }

  /** Nothing is told again any more. */
  close(): void {
    this.#closed = true;
    this.#stop?.();
  }

  /** False where it failed, which is an event. */
  async #publish(topic: string, text: string): Promise<boolean> {
    try {
      await this.#settings.backend.bus.publish(topic, text);
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
    for (const [text, one] of [...this.#untold]) {
      const { topic, times } = one;
      if (!await this.#publish(topic, text)) {
        pause = PAUSE_MS;
        break;
      }
      if (this.#closed) return;
      // It may have been told anew meanwhile, and have failed.
      if (this.#untold.get(text) !== one) continue;
      if (times > 1) this.#untold.set(text, { topic, times: times - 1 });
      else this.#untold.delete(text);
    }
    this.#stop = undefined;
    this.#later(pause);
  }
}
