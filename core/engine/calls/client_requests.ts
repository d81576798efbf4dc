/**
 * Requests that this node sent to clients and that wait for their answers.
 *
 * @module
 */

import {
  isObject,
  type JsonObject,
  requestText,
  type RpcNotification,
  type RpcResponse,
} from "../../protocol/json_rpc.ts";
import { ClientRequestError, type ClientRequestFailure, shown } from "../errors.ts";
import type { RequestOptions } from "../exchange.ts";
import { randomToken } from "../ids.ts";
import type { Settings } from "../options/options.ts";
import { eachOf, SomeByKey } from "../some.ts";
import { inform } from "./running.ts";

/** How long a client may take, in milliseconds, where the application does not say. */
const TIMEOUT_MS = 60_000;

/** What a client says to a request: its answer, or before that how far it has got. */
export type Said = RpcResponse | RpcNotification;

/** On what terms a request waits. What goes beyond {@linkcode RequestOptions} is for `sdkServer`. */
export interface AskTerms extends RequestOptions {
  /** A client that was asked in a call may answer after that has been answered. */
  readonly outlives?: boolean | undefined;
}

/** Is told what comes of a request; all but progress ends its wait. */
type Settle = (said: Said | ClientRequestError) => void;

/** Is told that the call which asked is over. */
type Over = (call: OverCall) => void;

interface OverCall {
  readonly method: string;
  /** Has aborted where the call was stopped. */
  readonly signal: AbortSignal;
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
  readonly #settings: Pick<Settings, "clock" | "onEvent">;
  /** By whose answer it has to be, a session's or where there is none a principal's, and by id. */
  readonly #waiting = new Map<string, Map<string, Settle>>();
  /** By the call that asked: the end of one looks through nothing that others wait for. */
  readonly #asked = new SomeByKey<object, Over>();

  constructor(node: string, settings: Pick<Settings, "clock" | "onEvent">) {
    this.#node = node;
    this.#settings = settings;
  }

  /**
   * Sends a request and waits for its answer. Rejects where it cannot be written out, and where `timeoutMs` is
   * no time, `signal` no signal or `onProgress` no function.
   *
   * @param from Whose answer is accepted.
   * @param call What asks, and fails it when it is over, see {@linkcode over}; undefined for the session itself.
   */
  ask(
    from: string,
    call: object | undefined,
    method: string,
    params: JsonObject | undefined,
    options: AskTerms,
    way: Way,
  ): Promise<JsonObject> {
    const { timeoutMs = TIMEOUT_MS, signal, onProgress, outlives } = options;
    if (typeof timeoutMs !== "number" || !(timeoutMs >= 0)) {
      const message = `timeoutMs: ${shown(timeoutMs)} is not a time of at least 0 milliseconds`;
      return Promise.reject(new TypeError(message));
    }
    if (onProgress !== undefined && typeof onProgress !== "function") {
      return Promise.reject(new TypeError(`onProgress: ${shown(onProgress)} is not a function`));
    }
    // The id carries the node that waits, so that any node can pass the answer on without a table.
    const id = `${this.#node}.${randomToken(9)}`;
    return new Promise((resolve, reject) => {
      const text = requestText(id, method, onProgress ? withToken(params, id) : params);
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
      const stopTimer = this.#settings.clock.after(
        timeoutMs,
        () => giveUp("timeout", `the client did not answer within ${timeoutMs} ms`),
      );
      const settle: Settle = (said) => {
        if ("method" in said) {
          if (!onProgress) return;
          return inform(said.method, this.#settings, () => onProgress(said.params!));
        }
        waiting.delete(id);
        if (waiting.size === 0 && this.#waiting.get(from) === waiting) this.#waiting.delete(from);
        if (call !== undefined) this.#asked.delete(call, over);
        stopTimer();
        stopWaiting?.();
        signal?.removeEventListener("abort", aborted);
        if (said instanceof ClientRequestError) reject(said);
        else if (said.result !== undefined) resolve(said.result);
        else {
          const error = said.error!;
          reject(new ClientRequestError("refused", error.message, error));
        }
      };
      const over: Over = ({ method, signal }) => {
        if (sent && outlives && !signal.aborted) return;
        settle(new ClientRequestError("cancelled", `${method} is over`));
      };
      const waiting = this.#waiting.get(from) ?? new Map<string, Settle>();
      this.#waiting.set(from, waiting.set(id, settle));
      if (call !== undefined) this.#asked.add(call, over);
      // Nothing was sent that could be cancelled.
      if (signal?.aborted) settle(new ClientRequestError("cancelled", "the caller gave up"));
      else stopWaiting = way.when(go);
    });
  }

  /** The node that waits for what was said; undefined where no node of ours does. */
  static nodeOf(said: Said): string | undefined {
    const id = idOf(said);
    return typeof id === "string" ? /^([0-9A-Za-z]+)\.[\w-]+$/.exec(id)?.[1] : undefined;
  }

  /** A client has said something. What nobody waits for, or is somebody else's, is dropped. */
  said(from: string, said: Said): void {
    this.#waiting.get(from)?.get(idOf(said) as string)?.(said);
  }

  /** The session `from` is over: what waits for its answer has none any more. */
  end(from: string, message: string): void {
    for (const settle of this.#waiting.get(from)?.values() ?? []) {
      settle(new ClientRequestError("session-ended", message));
    }
  }

  /** A call is over: what it has asked has no answer any more. */
  over(call: OverCall): void {
    // Most have asked nothing, and mostly none has.
    if (this.#asked.size === 0) return;
    for (const over of eachOf(this.#asked.of(call))) over(call);
    // Some outlive it.
    this.#asked.forget(call);
  }

  /** All is over: nothing has an answer any more. */
  endAll(message: string): void {
    for (const from of this.#waiting.keys()) this.end(from, message);
  }
}

// The token of a request's progress is its id: what is said of the one finds its node as the other does.
function withToken(params: JsonObject | undefined, id: string): JsonObject {
  const meta = params?._meta;
  return { ...params, _meta: { ...(isObject(meta) && meta), progressToken: id } };
}

function idOf(said: Said): unknown {
  return "method" in said ? said.params?.progressToken : said.id;
}
