/**
 * The connections to a Redis: commands with a limit in time, and one subscriber connection.
 *
 * @module
 */

import { SYSTEM_CLOCK } from "../../../core/engine/clock.ts";
import { Deadlines } from "../../../core/engine/deadlines.ts";

/** What both clients and their subscribers have as event emitters. */
export interface RedisEmitter {
  /** Adds a listener. */
  // deno-lint-ignore no-explicit-any -- the clients' own listener types differ
  on(event: string, listener: (...args: any[]) => void): unknown;
  /** Removes a listener. */
  // deno-lint-ignore no-explicit-any -- see above
  removeListener(event: string, listener: (...args: any[]) => void): unknown;
}

/** Commands and subscriptions, whatever client is behind them. */
export interface Link {
  /** Sends a command; rejects where there is no answer in time. */
  command(args: string[]): Promise<unknown>;
  /** Hears a channel on the one subscriber connection; however late that is, it tells what came of it. */
  subscribe(channel: string): Promise<void>;
  /** The same for no longer hearing it. */
  unsubscribe(channel: string): Promise<void>;
  /** Waits for what was asked of Redis; rejects where it is not there in time. */
  inTime<T>(name: string, done: Promise<T>): Promise<T>;
  /** Ends the subscriber connection; the client itself is its user's. */
  close(): void;
}

/**
 * Redis did not answer within `timeoutMs`, or the client was not connected for as long. It is not thrown at the
 * application: the client gets 503, and a `backend-error` event carries it.
 */
export class RedisTimeout extends Error {
  /** Always `RedisTimeout`. */
  override readonly name = "RedisTimeout";
}

interface Waiting {
  readonly late: () => void;
}

/** How the client at hand is used. */
interface How {
  ready(): boolean;
  send(args: string[]): Promise<unknown>;
  subscriber(): Subscriber;
}

/** The connection that hears. */
interface Subscriber {
  /** Resolves once it can be told to hear something. */
  readonly ready: Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  unsubscribe(channel: string): Promise<unknown>;
  close(): void;
}

/** A failed connection shows in the commands that it fails. Unheard, it would end the process. */
export const IGNORED = (): void => {};

/** A link over a client. */
export class ClientLink implements Link {
  readonly #client: RedisEmitter;
  readonly #timeoutMs: number;
  readonly #how: How;
  readonly #deadlines: Deadlines<Waiting>;
  /** Commands that wait for the connection: a queue in the client would send them even when given up. */
  readonly #queue = new Set<() => void>();
  #subscriber: Subscriber | undefined;
  #closed = false;

  constructor(client: RedisEmitter, timeoutMs: number, how: How) {
    this.#client = client;
    this.#timeoutMs = timeoutMs;
    this.#how = how;
    // Timers come first where the process was busy, or stopped, for longer: an answer may be there and unread.
    this.#deadlines = new Deadlines(SYSTEM_CLOCK, timeoutMs, (one) => void setTimeout(one.late));
    client.on("ready", this.#ready);
    client.on("error", IGNORED);
  }

  command(args: string[]): Promise<unknown> {
    if (this.#closed) return CLOSED();
    if (this.#how.ready()) return this.inTime(args[0]!, this.#how.send(args));
    let go!: () => void;
    const sent = new Promise((resolve, reject) => {
      go = () => {
        this.#queue.delete(go);
        this.#how.send(args).then(resolve, reject);
      };
      this.#queue.add(go);
    });
    return this.inTime(args[0]!, sent, () => this.#queue.delete(go));
  }

  async subscribe(channel: string): Promise<void> {
    if (this.#closed) return CLOSED();
    const own = this.#own();
    await own.ready;
    await own.subscribe(channel);
  }

  async unsubscribe(channel: string): Promise<void> {
    const own = this.#subscriber;
    if (own === undefined) return;
    await own.ready;
    await own.unsubscribe(channel);
  }

  close(): void {
    this.#closed = true;
    this.#client.removeListener("ready", this.#ready);
    this.#client.removeListener("error", IGNORED);
    // The deadlines stay: who waits for an answer that never comes has only these.
    // It may still be connecting, and would go on until Redis is there.
    this.#subscriber?.close();
    this.#subscriber = undefined;
  }

  readonly #ready = (): void => {
    for (const go of [...this.#queue]) go();
  };

  #own(): Subscriber {
    if (this.#subscriber !== undefined) return this.#subscriber;
    const own = this.#how.subscriber();
    // The next one to ask tries again.
    own.ready.catch(() => {
      if (this.#subscriber === own) this.#subscriber = undefined;
    });
    return this.#subscriber = own;
  }

  inTime<T>(name: string, done: Promise<T>, givenUp?: () => void): Promise<T> {
    if (this.#closed) {
      done.catch(IGNORED);
      return CLOSED();
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        late: () => {
          givenUp?.();
          reject(
            new RedisTimeout(
              `Redis did not answer within ${this.#timeoutMs} ms (${name}${
                this.#how.ready() ? "" : "; the client is not connected"
              })`,
            ),
          );
        },
      };
      this.#deadlines.add(waiting);
      done.then(resolve, reject).finally(() => this.#deadlines.delete(waiting));
    });
  }
}

const CLOSED = (): Promise<never> => Promise.reject(new TypeError("the backend is closed"));
