/**
 * The wait for `notifications/initialized`, before which a client is asked nothing but pings.
 *
 * @module
 */

import { attempt } from "../attempt.ts";
import { andThen } from "../awaitable.ts";
import type { Settings } from "../options/options.ts";

/** What is known of a session: that it was ready, or that it was not yet. */
interface Known {
  readonly id: string;
  readonly ready: boolean;
}

/** What waits on this node until clients may be asked. */
export class Readiness {
  readonly #settings: Settings;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * Calls `go` once the client may be asked: pings at once, all else after `notifications/initialized`. Where it has to
   * wait, what is returned gives up.
   */
  when(session: Known | undefined, method: string, go: () => void): (() => void) | undefined {
    if (session === undefined || session.ready || method === "ping") {
      go();
      return undefined;
    }
    const { id } = session;
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(go));
    // What is known may be old.
    this.#look(id);
    return () => {
      waiting.delete(go);
      if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id);
    };
  }

  /** A client is ready: what waited for it goes on. */
  came(id: string): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    for (const go of waiting ?? []) go();
  }

  /** Clients may have become ready without a word of it coming here: looks up the sessions for which `look` is true. */
  missed(look: (id: string) => boolean): void {
    for (const id of this.#waiting.keys()) if (look(id)) this.#look(id);
  }

  #look(id: string): void {
    attempt(this.#settings, () =>
      andThen(this.#settings.backend.sessions.get(id), (record) => {
        if (record?.ready) this.came(id);
      }));
  }
}
