/**
 * The writing end of a stream: messages go into its log, in order, and whoever reads it is woken.
 *
 * @module
 */

import type { Awaitable } from "./ports.ts";
import type { Settings } from "./options.ts";

/** What wakes the readers of a stream: the bus topic, and the words on it. */
export const WAKE = {
  topic: (session: string, stream: string): string => `stream/${session}/${stream}`,
  /** `bytes` more are in the log. */
  appended: (bytes: number): string => `a${bytes}`,
  /** The connection shall end so that the client polls. */
  poll: (retryMs: number | undefined): string => `p${retryMs ?? ""}`,
  /** Another connection reads from here on. */
  replaced: (by: string): string => `r${by}`,
  /** The session, or the handler, is over. */
  over: (reason: "session-ended" | "closed"): string => `o${reason}`,
  /** Asks only whether anybody reads. */
  probe: "?",
} as const;

/** One stream's writing end. */
export class Stream {
  readonly session: string;
  readonly id: string;
  readonly #settings: Settings;
  readonly #topic: string;
  /** Set while a backend that takes its time has work: what follows must not overtake it. */
  #tail: Promise<void> | undefined;
  #over = false;

  constructor(session: string, id: string, settings: Settings) {
    this.session = session;
    this.id = id;
    this.#settings = settings;
    this.#topic = WAKE.topic(session, id);
  }

  /** Makes the stream known to the log, so that it can be read before its first event. */
  open(): void {
    const { backend, clock, budget } = this.#settings;
    this.#inOrder(() => backend.logs.open(this.session, this.id, clock.now(), budget));
  }

  /** Appends a message; `last` ends the stream. */
  append(text: string, last: boolean): void {
    if (this.#over) return;
    if (last) this.#over = true;
    const { backend, clock, budget } = this.#settings;
    this.#inOrder(() => {
      const done = backend.logs.append(this.session, this.id, text, last, clock.now(), budget);
      return done instanceof Promise ? done.then(() => this.#wake(text)) : this.#wake(text);
    });
  }

  /** Ends the stream without a further message. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    const { backend, clock } = this.#settings;
    this.#inOrder(() => {
      const done = backend.logs.end(this.session, this.id, clock.now());
      return done instanceof Promise ? done.then(() => this.#wake("")) : this.#wake("");
    });
  }

  /** Nobody can read it any more: what is appended from here on goes nowhere. */
  abandon(): void {
    this.#over = true;
    const { logs } = this.#settings.backend;
    this.#inOrder(() => logs.drop(this.session, this.id));
  }

  /** Tells the readers something. */
  tell(word: string): void {
    this.#inOrder(() => this.#settings.backend.bus.publish(this.#topic, word));
  }

  #wake(text: string): Awaitable<unknown> {
    return this.#settings.backend.bus.publish(this.#topic, WAKE.appended(text.length));
  }

  #inOrder(step: () => Awaitable<unknown>): void {
    if (this.#tail === undefined) {
      let done: Awaitable<unknown>;
      try {
        done = step();
      } catch (error) {
        return this.#failed(error);
      }
      if (done instanceof Promise) this.#wait(done);
    } else {
      this.#wait(this.#tail.then(step));
    }
  }

  #wait(done: Promise<unknown>): void {
    const tail: Promise<void> = done.then(() => {}, (error) => this.#failed(error)).then(() => {
      if (this.#tail === tail) this.#tail = undefined;
    });
    this.#tail = tail;
  }

  #failed(error: unknown): void {
    this.#settings.onEvent?.({ type: "backend-error", error });
  }
}
