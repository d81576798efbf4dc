/**
 * The writing end of a stream: messages go into its log, in order, and whoever reads it is woken.
 *
 * @module
 */

import { backendFailed } from "../attempt.ts";
import { andThen } from "../awaitable.ts";
import { shown } from "../errors.ts";
import { randomToken } from "../ids.ts";
import type { Settings } from "../options/options.ts";
import type { Awaitable } from "../ports.ts";
import { settleOwed } from "./owed.ts";

/** The longest pause between two attempts to write, in milliseconds. */
const PAUSE_MS = 1_000;

/** What wakes the readers of a stream: the bus topic, and the words on it. */
export const WAKE = {
  topic: (session: string, stream: string): string => `stream/${session}/${stream}`,
  /** `bytes` more are in the log. */
  appended: (bytes: number): string => `a${bytes}`,
  /** The connection shall end so that the client polls. */
  poll: (retryMs: number): string => `p${retryMs}`,
  /** Another connection reads from here on. */
  replaced: (by: string): string => `r${by}`,
  /** A message was lost. */
  lost: "l",
  /** Asks only whether anybody reads. */
  probe: "?",
} as const;

/** After how many milliseconds a client polls where nobody says: what official clients choose by themselves. */
const POLL_MS = 1_000;

/**
 * After how many milliseconds a client shall poll, as a method was given it. A client is always told, as it should be
 * (2025-11-25, basic/transports, Sending Messages 6).
 *
 * @throws {TypeError} It is no such number.
 */
export function retryOf(
  { retryMs = POLL_MS }: { readonly retryMs?: number | undefined },
): number {
  if (Number.isFinite(retryMs) && retryMs >= 0) return retryMs;
  throw new TypeError(`retryMs: ${shown(retryMs)} is not a finite time of at least 0 milliseconds`);
}

/** One stream's writing end. */
export class Stream {
  readonly session: string;
  readonly id: string;
  /** The handler's settings; their backend may be another where the stream's log stays in this process. */
  readonly settings: Settings;
  #named: string | undefined;
  /** Only of a standalone stream. Asked before every append: false, where the session is over, drops the message. */
  readonly #wanted: (() => Awaitable<boolean>) | undefined;
  /** Set while a backend that takes its time has work: what follows must not overtake it. */
  #tail: Promise<void> | undefined;
  #over = false;
  #opening = false;
  /** Characters that wait in memory for a backend that does not take them. */
  #waiting = 0;
  /** More waited than may: it is dropped, and the stream is ended with an error, see `#cutOff`. */
  #cut = false;
  /** Begins the names of events, by which a write that is repeated is known. Only where there are other nodes. */
  #name: string | undefined;
  #count = 0;

  constructor(
    session: string,
    id: string,
    settings: Settings,
    wanted?: () => Awaitable<boolean>,
  ) {
    this.session = session;
    this.id = id;
    this.settings = settings;
    this.#wanted = wanted;
  }

  /** Nothing that is appended gets anywhere any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Its log is not there yet, and may still come to be. */
  get opening(): boolean {
    return this.#opening;
  }

  /** Makes the stream known to the log, so that it can be read before its first event. */
  open(owed?: string): void {
    const { backend, clock, budget } = this.settings;
    this.#opening = true;
    this.#inOrder(() =>
      andThen(
        backend.logs.open(this.session, this.id, clock.now(), budget, owed),
        () => void (this.#opening = false),
      )
    );
  }

  /** Appends a message; `last` ends the stream. */
  append(text: string, last: boolean): void {
    if (this.#over) return;
    if (last) this.#over = true;
    const once = this.#nextName();
    this.#inOrder(() => {
      const wanted = this.#wanted === undefined || this.#wanted();
      if (wanted instanceof Promise) {
        return wanted.then((yes) => yes && this.#put(text, last, once));
      }
      return wanted && this.#put(text, last, once);
    }, text.length);
  }

  /** Ends the stream without a further message. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    const { backend, clock } = this.settings;
    this.#inOrder(() =>
      andThen(backend.logs.end(this.session, this.id, clock.now()), () => this.#wake(""))
    );
  }

  /** Nobody can read it any more: what is appended from here on goes nowhere. */
  abandon(): void {
    this.#over = true;
    const { logs } = this.settings.backend;
    this.#inOrder(() => logs.drop(this.session, this.id));
  }

  /** Tells the readers something. */
  tell(word: string): void {
    this.#inOrder(() => this.settings.backend.bus.publish(this.#topic, word));
  }

  get #topic(): string {
    return this.#named ??= WAKE.topic(this.session, this.id);
  }

  #put(text: string, last: boolean, once: string | undefined): Awaitable<unknown> {
    const { backend: { logs }, clock, budget } = this.settings;
    const { session, id } = this;
    const now = clock.now();
    if (this.#wanted !== undefined) {
      // The standalone stream has no beginning: whoever writes to it first makes it.
      const opened = logs.open(session, id, now, budget);
      if (opened instanceof Promise) {
        return opened.then(() => logs.append(session, id, text, last, now, budget, once))
          .then((at) => this.#stored(at, text));
      }
    }
    const at = logs.append(session, id, text, last, now, budget, once);
    return at instanceof Promise
      ? at.then((one) => this.#stored(one, text))
      : this.#stored(at, text);
  }

  #stored(position: number, text: string): Awaitable<unknown> {
    if (position > 0) return this.#wake(text);
    // The log has ended, or was dropped, by another node. Whatever comes now would be dropped as well. Its readers may
    // not know yet, so they are woken.
    if (this.#wanted !== undefined) return undefined;
    this.#over = true;
    return this.#wake("");
  }

  #wake(text: string): Awaitable<unknown> {
    return this.settings.backend.bus.publish(this.#topic, WAKE.appended(text.length));
  }

  // Where the log is in this process, an attempt either fails or succeeds and none is repeated.
  #nextName(): string | undefined {
    if (this.settings.backend.nodes === undefined) return undefined;
    this.#name ??= randomToken(6);
    return this.#name + (++this.#count).toString(36);
  }

  #inOrder(step: () => Awaitable<unknown>, weight = 0): void {
    if (this.#tail === undefined) {
      let done: Awaitable<unknown>;
      try {
        done = step();
      } catch (error) {
        done = this.#again(step, error);
      }
      if (done instanceof Promise) this.#wait(done.catch((error) => this.#again(step, error)));
    } else {
      this.#waiting += weight;
      if (this.#waiting > this.settings.budget.bytes && !this.#cut) this.#cutOff();
      this.#wait(this.#tail.then(async () => {
        this.#waiting -= weight;
        if (this.#cut) return;
        try {
          await step();
        } catch (error) {
          await this.#again(step, error);
        }
      }));
    }
  }

  // A log without a hole or no log: what was written half is ended with an error. The standalone stream has nothing
  // to answer and lives as long as its session: it goes on, and who reads it now is sent away.
  #cutOff(): void {
    this.#over = this.#cut = true;
    const message = "The server could not store the messages of this request";
    this.#wait(this.#tail!.then(async () => {
      this.#opening = false;
      const settle = async (): Promise<void> => {
        if (this.#wanted !== undefined) {
          return void await this.settings.backend.bus.publish(this.#topic, WAKE.lost);
        }
        await settleOwed(this.settings, this.session, this.id, message);
        await this.#wake("");
      };
      await settle().catch((error) => this.#again(settle, error, true));
      if (this.#wanted !== undefined) this.#over = this.#cut = false;
    }));
  }

  // A backend that outlives this node may come back: nothing is lost by waiting, and what was stored
  // although it seemed to fail is recognised by its name.
  async #again(step: () => Awaitable<unknown>, first: unknown, settles = false): Promise<void> {
    const { backend, clock, writes } = this.settings;
    let error = first;
    for (let pause = 50;; pause = Math.min(pause * 2, PAUSE_MS)) {
      backendFailed(this.settings, error);
      if (backend.nodes === undefined) return this.#lost();
      if (writes.abandoned || (this.#cut && !settles)) return;
      await new Promise<void>((resolve) => clock.after(pause, resolve));
      try {
        await step();
        return;
      } catch (next) {
        error = next;
      }
    }
  }

  // A stream with a hole in it does not go on: its readers get what there is, and its end.
  async #lost(): Promise<void> {
    this.#over = true;
    this.#opening = false;
    const { backend: { bus, logs }, clock } = this.settings;
    let word: string = WAKE.lost;
    try {
      await logs.end(this.session, this.id, clock.now());
      word = WAKE.appended(0);
    } finally {
      await bus.publish(this.#topic, word);
    }
  }

  #wait(done: Promise<unknown>): void {
    const tail: Promise<void> = done.then(() => {}, (error) => backendFailed(this.settings, error))
      .then(() => {
        if (this.#tail === tail) this.#tail = undefined;
      });
    this.#tail = tail;
    this.settings.writes.add(tail);
  }
}
