/**
 * Modern requests that an application answers by a handler of its own. The rules are still the library's: what
 * is handed over has passed them.
 *
 * @module
 */

import type { RequestHead } from "../inbound/head.ts";
import { SSE_HEADERS } from "../outbound/sse.ts";
import type { ReplyHeaders } from "../outbound/reply.ts";
import { INTERNAL_ERROR } from "../protocol/error_codes.ts";
import { errorText, type RpcNotification, type RpcRequest } from "../protocol/json_rpc.ts";
import { type Accepts, isEventStream } from "../protocol/media.ts";
import type { Caller } from "./application.ts";
import type { StreamCloseReason } from "./events.ts";
import type { Settings } from "./options.ts";
import { shapeFor } from "./post.ts";
import { Relay } from "./relay.ts";
import type { BodyReader, Reply } from "./reply.ts";
import { webRequest } from "./web_request.ts";

/** A handler of modern requests, such as the official SDK's. */
export interface ModernHandler {
  /**
   * Answers a POST of 2026-07-28, `server/discover` and `subscriptions/listen` included. An event stream is read as
   * it comes: where more than `limits.queuedBytes` of it wait for the peer, it is cancelled and the peer's is ended.
   *
   * @param request Without its body. Its signal aborts when the peer leaves, which cancels the request.
   * @param options `parsedBody` is the message, `authInfo` what `authenticate` added.
   */
  fetch(
    request: Request,
    options?: { readonly authInfo?: unknown; readonly parsedBody?: unknown },
  ): Promise<Response>;
}

/** Hands modern requests over. */
export class Delegate {
  readonly #handler: ModernHandler;
  readonly #settings: Settings;
  /** Counts a request as its principal's; what it returns says that it is over. */
  readonly #busy: (principal: string | undefined, listens: boolean) => () => void;
  /** Names a stream. */
  readonly #mint: () => string;
  readonly #open = new Set<AbortController>();
  #streams = 0;
  #subscriptions = 0;

  constructor(
    handler: ModernHandler,
    settings: Settings,
    busy: (principal: string | undefined, listens: boolean) => () => void,
    mint: () => string,
  ) {
    this.#handler = handler;
    this.#settings = settings;
    this.#busy = busy;
    this.#mint = mint;
  }

  /** How many event streams are open. */
  get streams(): number {
    return this.#streams;
  }

  /** How many `subscriptions/listen` requests are open. */
  get subscriptions(): number {
    return this.#subscriptions;
  }

  /** Answers a request. */
  async answer(
    request: RpcRequest,
    caller: Caller,
    head: RequestHead,
    accepts: Accepts,
    reader: BodyReader,
  ): Promise<Reply> {
    const { clock, policy, autoSseMs, soonSseMs } = this.#settings;
    const listens = request.method === "subscriptions/listen";
    const abort = new AbortController();
    this.#open.add(abort);
    const idle = this.#busy(caller.principal, listens);
    if (listens) this.#subscriptions++;
    const over = (): void => {
      if (!this.#open.delete(abort)) return;
      if (listens) this.#subscriptions--;
      idle();
    };
    const ended = (whole: boolean): void => {
      if (!whole) abort.abort();
      over();
    };
    reader.gone?.(() => ended(false));
    const failed = (error: unknown): Response => {
      if (abort.signal.aborted) return new Response(null, { status: 499 });
      this.#settings.onEvent({ type: "application-error", method: request.method, error });
      return failure(request);
    };
    const response = this.#ask(request, caller, head, abort.signal).catch(failed);
    let stop = (): void => {};
    // A long silent call has to outlive proxies, and where a peer that leaves is noticed only on a stream, there has to be one.
    const late = new Promise<undefined>((resolve) => {
      const shape = shapeFor(accepts, policy.response);
      if (shape === "json") return;
      const soon = reader.gone === undefined || shape === "sse";
      stop = clock.after(soon ? soonSseMs : autoSseMs, () => resolve(undefined));
    });
    const first = await Promise.race([response, late]);
    stop();
    if (first === undefined || isEventStream(first.headers.get("content-type"))) {
      const body = this.#relay(response, (reason, error) => {
        if (error !== undefined) failed(error);
        ended(reason === "finished");
      });
      return { status: first?.status ?? 200, headers: SSE_HEADERS, body };
    }
    let whole = first;
    const text = await first.text().catch((error) => (whole = failed(error)).text());
    over();
    return { status: whole.status, headers: fieldsOf(whole), body: text === "" ? null : text };
  }

  /** Hands a notification over. Whatever becomes of it, it is accepted. */
  notify(notification: RpcNotification, caller: Caller, head: RequestHead): void {
    this.#ask(notification, caller, head, new AbortController().signal).then(
      (response) => response.body?.cancel(),
    ).catch((error) => {
      this.#settings.onEvent?.({ type: "application-error", method: notification.method, error });
    });
  }

  /** Gives up what is left. */
  close(): void {
    for (const abort of this.#open) abort.abort();
  }

  #relay(
    response: Promise<Response>,
    ended: (reason: StreamCloseReason, error: unknown) => void,
  ): Relay {
    const { onEvent } = this.#settings;
    const stream = this.#mint();
    // As of any stream without a session.
    const session = `~${stream}`;
    this.#streams++;
    onEvent({ type: "stream-opened", session, stream });
    return new Relay(response, this.#settings, (reason, error) => {
      this.#streams--;
      onEvent({ type: "stream-closed", session, stream, reason });
      ended(reason, error);
    });
  }

  // Async, so that what the handler throws is a rejection like any other.
  async #ask(
    message: RpcRequest | RpcNotification,
    { authInfo }: Caller,
    head: RequestHead,
    signal: AbortSignal,
  ): Promise<Response> {
    return await this.#handler.fetch(webRequest(head, signal), {
      parsedBody: message,
      ...(authInfo === undefined ? {} : { authInfo }),
    });
  }
}

function failure({ id }: RpcRequest): Response {
  const error = { code: INTERNAL_ERROR, message: "Internal error" };
  return new Response(errorText(id, error), { headers: { "content-type": "application/json" } });
}

// What is said of a body and its connection is for who sends it to say.
const OF_THE_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "transfer-encoding",
]);

function fieldsOf(response: Response): ReplyHeaders {
  const fields: { [name: string]: string } = {};
  response.headers.forEach((value, name) => {
    if (!OF_THE_CONNECTION.has(name)) fields[name] = value;
  });
  return fields;
}
