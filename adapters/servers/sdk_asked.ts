/**
 * What a server of the official SDK asks its client: requests on their way out, and what comes of them. No id and no
 * progress token of the server's passes through.
 *
 * @module
 */

import type { AskTerms } from "../../core/engine/calls/client_requests.ts";
import { ClientRequestError } from "../../core/engine/errors.ts";
import type { Exchange, SessionHandle } from "../../core/engine/exchange.ts";
import {
  INTERNAL_ERROR,
  INVALID_PARAMS,
  TRANSPORT_REFUSED,
} from "../../core/protocol/error_codes.ts";
import {
  isObject,
  type JsonObject,
  type RequestId,
  type RpcErrorObject,
} from "../../core/protocol/json_rpc.ts";
import { metaFault } from "./sdk_meta.ts";
import type { SdkMessage } from "./sdk_types.ts";

type Params = JsonObject | undefined;

/** The call in the course of which a server asks. */
export interface AskingCall {
  /** Undefined for the handshake, which has no stream. */
  readonly exchange: Exchange | undefined;
  /** The server has answered it. */
  readonly answered: boolean;
}

/** The requests of one server object to its client. */
export class Asked {
  readonly #session: SessionHandle | undefined;
  /** Hands an answer, or word of progress, to the server. */
  readonly #deliver: (message: SdkMessage) => void;
  /** By the server's ids; aborting gives one up. */
  readonly #waiting = new Map<RequestId, AbortController>();

  constructor(session: SessionHandle | undefined, deliver: (message: SdkMessage) => void) {
    this.#session = session;
    this.#deliver = deliver;
  }

  /**
   * Sends a request.
   *
   * @param call What it is sent in the course of.
   * @param related The server says so itself: it goes nowhere else.
   */
  ask(
    id: RequestId,
    method: string,
    params: Params,
    call: AskingCall | undefined,
    related: boolean,
  ): void {
    const stop = new AbortController();
    this.#waiting.set(id, stop);
    this.#send(method, params, call, related, stop.signal).then(
      (result) => this.#replied(id, { result }),
      (error) => this.#replied(id, { error: errorOf(error) }),
    );
  }

  /** The server waits no longer: the params of its `notifications/cancelled`. */
  gaveUp(params: Params): void {
    const id = params?.requestId as RequestId;
    const stop = this.#waiting.get(id);
    if (stop === undefined) return;
    this.#waiting.delete(id);
    stop.abort(params?.reason);
  }

  /** The server has closed: nobody waits for an answer. */
  close(): void {
    for (const stop of this.#waiting.values()) stop.abort("the server has closed");
    this.#waiting.clear();
  }

  async #send(
    method: string,
    params: Params,
    call: AskingCall | undefined,
    related: boolean,
    signal: AbortSignal,
  ): Promise<JsonObject> {
    // The server keeps the time itself, and says when it has given up.
    const options: AskTerms = {
      signal,
      timeoutMs: Infinity,
      onProgress: this.#progress(params),
      // It was only guessed that the call would last as long.
      outlives: !related && this.#session !== undefined,
    };
    if (call?.exchange !== undefined) {
      try {
        return await call.exchange.request(method, params, options);
      } catch (error) {
        // Nor was it said that the call would carry it.
        const outlived = call.answered && !signal.aborted && isFailure(error, "cancelled");
        if (related || !(outlived || isFailure(error, "no-stream"))) throw error;
      }
    }
    if (this.#session === undefined || related) {
      throw new ClientRequestError("no-stream", `${method}: there is no stream for it`);
    }
    return this.#session.request(method, params, { ...options, queued: true });
  }

  /** Takes progress in the server's name for it; undefined where it asks for none. */
  #progress(params: Params): AskTerms["onProgress"] {
    const meta = params?._meta;
    if (!isObject(meta) || meta.progressToken === undefined) return undefined;
    const { progressToken } = meta;
    return (told) => {
      this.#deliver({ method: "notifications/progress", params: { ...told, progressToken } });
    };
  }

  #replied(id: RequestId, reply: SdkMessage): void {
    if (!this.#waiting.delete(id)) return;
    const fault = metaFault(reply.result?._meta);
    this.#deliver(
      fault === undefined
        ? { id, ...reply }
        : { id, error: { code: INVALID_PARAMS, message: `Invalid result: ${fault}` } },
    );
  }
}

function isFailure(error: unknown, code: string): boolean {
  return error instanceof ClientRequestError && error.code === code;
}

function errorOf(error: unknown): RpcErrorObject {
  if (error instanceof ClientRequestError) {
    const given = error.error ?? { code: TRANSPORT_REFUSED, message: error.message };
    // The SDK drops an answer with any other code.
    return Number.isSafeInteger(given.code) ? given : { ...given, code: INTERNAL_ERROR };
  }
  return { code: INTERNAL_ERROR, message: "Internal error" };
}
