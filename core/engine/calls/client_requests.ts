/**
 * Requests that this node sent to clients and that wait for their answers.
 *
 * @module
 */

import { type JsonObject, requestText, type RpcResponse } from "../../protocol/json_rpc.ts";
import type { Clock } from "../clock.ts";
import { ClientRequestError, type ClientRequestFailure, shown } from "../errors.ts";
import type { RequestOptions } from "../exchange.ts";
import { randomToken } from "../ids.ts";
import { eachOf, SomeByKey } from "../some.ts";

/** How long a client may take, in milliseconds, where the application does not say. */
const TIMEOUT_MS = 60_000;

/** Ends the wait of a request. */
type Settle = (answer: RpcResponse | ClientRequestError) => void;

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
  /** By whose answer it has to be, a session's or where there is none a principal's, and by id. */
  readonly #waiting = new Map<string, Map<string, Settle>>();
  /** By the call that asked: the end of one looks through nothing that others wait for. */
  readonly #asked = new SomeByKey<object, Settle>();

  constructor(node: string, clock: Clock) {
    this.#node = node;
    this.#clock = clock;
  }

  /**
   * Sends a request and waits for its answer. Rejects where it cannot be written out, and where `timeoutMs` is
   * no time or `signal` no signal.
   *
   * @param from Whose answer is accepted.
   * @param call What asks, and fails it when it is over, see {@linkcode over}; undefined for the session itself.
   */
  ask(
    from: string,
    call: object | undefined,
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
        if (!waiting.has(id)) return;
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
      const settle: Settle = (answer) => {
        waiting.delete(id);
        if (waiting.size === 0 && this.#waiting.get(from) === waiting) this.#waiting.delete(from);
        if (call !== undefined) this.#asked.delete(call, settle);
        stopTimer();
        stopWaiting?.();
        signal?.removeEventListener("abort", aborted);
        if (answer instanceof ClientRequestError) reject(answer);
        else if (answer.result !== undefined) resolve(answer.result);
        else {
          const error = answer.error!;
          reject(new ClientRequestError("refused", error.message, error));
        }
      };
      const waiting = this.#waiting.get(from) ?? new Map<string, Settle>();
      this.#waiting.set(from, waiting.set(id, settle));
      if (call !== undefined) this.#asked.add(call, settle);
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
    this.#waiting.get(from)?.get(response.id as string)?.(response);
  }

  /** The session `from` is over: what waits for its answer has none any more. */
  end(from: string, message: string): void {
    for (const settle of this.#waiting.get(from)?.values() ?? []) {
      settle(new ClientRequestError("session-ended", message));
    }
  }

  /** A call is over: what it has asked has no answer any more. */
  over(call: { readonly method: string }): void {
    // Most have asked nothing, and mostly none has.
    if (this.#asked.size === 0) return;
    for (const settle of eachOf(this.#asked.of(call))) {
      settle(new ClientRequestError("cancelled", `${call.method} is over`));
    }
  }

  /** All is over: nothing has an answer any more. */
  endAll(message: string): void {
    for (const from of this.#waiting.keys()) this.end(from, message);
  }
}
