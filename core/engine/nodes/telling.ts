/**
 * Words on their way to every node, this one too.
 *
 * @module
 */

import { attempt } from "../attempt.ts";
import { andThen } from "../awaitable.ts";
import type { Settings } from "../options/options.ts";
import type { Awaitable, Backend } from "../ports.ts";
import { remember } from "../recent.ts";

/** How soon a word that the bus did not take is told again, in milliseconds. */
const PAUSE_MS = 1_000;

/** How many words are remembered: what is told twice is one. */
const WORDS_MAX = 1_000;

/** How much later than this node others may find the backend again, in milliseconds. */
const LATER_MS = 5_000;

/** How often a word is told that the bus did not take at first. */
const TIMES = 2;

/** How long ago a word may have been told that a node asks for which has missed some, in milliseconds. */
const RECENT_MS = 10_000;

/** True where others may hear later what they do not hear now. Sealed sessions have no leases, but may share a bus. */
export function heardLater({ nodes, bus }: Backend): boolean {
  return nodes !== undefined || bus.missed !== undefined;
}

/** A word that is to be told again, and how often. */
interface Untold {
  readonly topic: string;
  readonly times: number;
}

/**
 * Tells words. Where a backend outlives its nodes, it may be away for a while and come back: what was told meanwhile is
 * told then, and once more for nodes that hear again later than this one. A node may also be deaf for a while that says
 * so afterwards: what can be looked up nowhere is told again for it. To be told twice does no harm.
 */
export class Telling {
  readonly #settings: Settings;
  /** By their texts, oldest first. */
  readonly #untold = new Map<string, Untold>();
  /** What was told lately and can be looked up nowhere, and when. */
  readonly #told = new Map<string, { readonly topic: string; readonly at: number }>();
  #stop: (() => void) | undefined;
  #closed = false;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Tells one; `known` where it can be looked up as well. Neither throws nor rejects. */
  tell(topic: string, text: string, known = false): void {
    andThen(this.#publish(topic, text), (taken) => {
      if (taken) {
        if (!known) this.keep(topic, text);
      } else if (heardLater(this.#settings.backend)) {
        remember(this.#untold, text, { topic, times: TIMES }, WORDS_MAX);
        this.#later(PAUSE_MS);
      }
    });
  }

  /** Keeps for a while what was told and can be looked up nowhere. */
  keep(topic: string, text: string): void {
    const { backend, clock } = this.#settings;
    if (!heardLater(backend)) return;
    this.#forget();
    remember(this.#told, text, { topic, at: clock.now() }, WORDS_MAX);
  }

  /** A node has missed words. Others may have too: what all of them have missed is told again once. */
  repeat(): void {
    this.#forget();
    for (const [text, { topic }] of this.#told) {
      if (!this.#untold.has(text)) remember(this.#untold, text, { topic, times: 1 }, WORDS_MAX);
    }
    this.#later(PAUSE_MS);
  }

  /** Nothing is told again any more. */
  close(): void {
    this.#closed = true;
    this.#stop?.();
  }

  #publish(topic: string, text: string): Awaitable<boolean> {
    return attempt(this.#settings, () => this.#settings.backend.bus.publish(topic, text));
  }

  // Answers of clients are long, and theirs.
  #forget(): void {
    const since = this.#settings.clock.now() - RECENT_MS;
    for (const [text, { at }] of this.#told) {
      if (at >= since) return;
      this.#told.delete(text);
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
