/**
 * The wait for `notifications/initialized`, before which a client is asked nothing but pings.
 *
 * @module
 */

import { attempt } from "../attempt.ts";
import { andThen } from "../awaitable.ts";
import type { Settings } from "../options/options.ts";
import { eachOf, SomeByKey } from "../some.ts";

/** What is known of a session: that it was ready, or that it was not yet. */
interface Known {
  readonly id: string;
  readonly ready: boolean;
}

/** What waits on this node until clients may be asked. */
export class Readiness {
  readonly #settings: Settings;
  readonly #waiting = new SomeByKey<string, () => void>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /**
   * Calls `go` once the client may be asked: pings at once, all else after `notifications/initialized`. Where it has to
   * wait, what is returned gives up: not any more once those that waited are called.
   */
  when(session: Known | undefined, method: string, go: () => void): (() => void) | undefined {
    if (session === undefined || session.ready || method === "ping") {
      go();
      return undefined;
    }
    const { id } = session;
    this.#waiting.add(id, go);
    // What is known may be old.
    this.#look(id);
    return () => void this.#waiting.delete(id, go);
  }

  /** A client is ready: what waited for it goes on. */
  came(id: string): void {
    const waiting = this.#waiting.of(id);
    // First: what one of them does may have the session looked up, and come back here.
    this.#waiting.forget(id);
    for (const go of eachOf(waiting)) go();
  }

  /** Clients may have become ready without a word of it coming here. */
  missed(): void {
    for (const id of this.#waiting.keys()) this.#look(id);
  }

  #look(id: string): void {
    attempt(this.#settings, () =>
      andThen(this.#settings.backend.sessions.get(id), (record) => {
        if (record?.ready) this.came(id);
      }));
  }
}
