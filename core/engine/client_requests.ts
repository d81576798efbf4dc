/**
 * Requests that this node sent to clients and that wait for their answers.
 *
 * @module
 */

import { type JsonObject, requestText, type RpcResponse } from "../protocol/json_rpc.ts";
import type { RequestOptions } from "./application.ts";
import type { Clock } from "./clock.ts";
import { ClientRequestError, type ClientRequestFailure, shown } from "./errors.ts";
import { randomToken } from "./ids.ts";

/** How long a client may take, in milliseconds, where the application does not say. */
const TIMEOUT_MS = 60_000;

/** A request that waits for its answer. */
export interface Waiting {
  /** Whose answer it has to be: a session, or a principal where there is none. */
  readonly from: string;
  /** What it was asked for: a call, or nothing for the session itself. */
  readonly owner: object;
  settle(answer: RpcResponse | ClientRequestError): void;
}

/** The way of a request to its client. */
export interface Way {
  /** Calls what it is given once the request may go out; what is returned gives up. */
  when(go: () => void): (() => void) | undefined;
  /** Puts the request on its stream. */
  send(text: string): void;
  /** Tells the client that nobody waits any more. */
  cancel(id: string, reason: string): void;
}

/** The requests that wait on one node. */
export class ClientRequests {
  readonly #node: string;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Waiting>();

  constructor(node: string, clock: Clock) {
    this.#node = node;
    this.#clock = clock;
  }

  /**
   * Sends a request and waits for its answer. Rejects where it cannot be written out, and where `timeoutMs` is
   * no time or `signal` no signal.
   *
   * @param from Whose answer is accepted.
   * @param owner What fails it when it is over, see {@linkcode fail}.
   */
  ask(
    from: string,
    owner: object,
    method: string,
    params: JsonObject | undefined,
    options: RequestOptions,
    way: Way,
  ): Promise<JsonObject> {
    const { timeoutMs = TIMEOUT_MS, signal } = options;
    if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
      const message = `timeoutMs: ${shown(timeoutMs)} is not a time of at least 0 milliseconds`;
      return Promise.reject(new TypeError(message));
    }
    // The id carries the node that waits, so that any node can pass the answer on without a table.
    const id = `${this.#node}.${randomToken(9)}`;
    return new Promise((resolve, reject) => {
      const text = requestText(id, method, params);
      let sent = false;
      let stopWaiting: (() => void) | undefined;
      const go = (): void => {
        if (!this.#waiting.has(id)) return;
        sent = true;
        way.send(text);
      };
      const giveUp = (code: ClientRequestFailure, message: string): void => {
        if (sent) way.cancel(id, message);
        settle(new ClientRequestError(code, message));
      };
      const aborted = (): void => {
        const { reason } = signal!;
        giveUp("cancelled", typeof reason === "string" ? reason : "the caller gave up");
      };
      // First, for what is no signal throws here.
      signal?.addEventListener("abort", aborted);
      const stopTimer = this.#clock.after(
        timeoutMs,
        () => giveUp("timeout", `the client did not answer within ${timeoutMs} ms`),
      );
      const settle = (answer: RpcResponse | ClientRequestError): void => {
        this.#waiting.delete(id);
        stopTimer();
        stopWaiting?.();
        signal?.removeEventListener("abort", aborted);
        if (answer instanceof ClientRequestError) reject(answer);
        else if (answer.result !== undefined) resolve(answer.result);
        else {
          const { error } = answer;
          reject(new ClientRequestError("refused", error?.message ?? "refused", error));
        }
      };
      this.#waiting.set(id, { from, owner, settle });
      // Nothing was sent that could be cancelled.
      if (signal?.aborted) settle(new ClientRequestError("cancelled", "the caller gave up"));
      else stopWaiting = way.when(go);
    });
  }

  /** The node that waits for an answer; undefined where no node of ours does. */
  static nodeOf(id: unknown): string | undefined {
    return typeof id === "string" ? /^([0-9A-Za-z]+)\.[\w-]+$/.exec(id)?.[1] : undefined;
  }

  /** An answer has come. One that nobody waits for, or that is somebody else's, is dropped. */
  answer(from: string, response: RpcResponse): void {
    const waiting = this.#waiting.get(response.id as string);
    if (waiting?.from === from) waiting.settle(response);
  }

  /** What `concerns` it has no answer any more. */
  fail(
    concerns: (waiting: Waiting) => boolean,
    code: ClientRequestFailure,
    message: string,
  ): void {
    for (const waiting of this.#waiting.values()) {
      if (concerns(waiting)) waiting.settle(new ClientRequestError(code, message));
    }
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }
}
