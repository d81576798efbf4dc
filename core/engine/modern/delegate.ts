/**
 * Modern requests that an application answers by a handler of its own. The rules are still the library's: what
 * is handed over has passed them.
 *
 * @module
 */

import type { RequestHead } from "../../inbound/head.ts";
import { rejectionReply, type TextReply } from "../../outbound/reply.ts";
import { SSE_HEADERS } from "../../outbound/sse.ts";
import { INTERNAL_ERROR } from "../../protocol/error_codes.ts";
import { errorText, type RpcNotification, type RpcRequest } from "../../protocol/json_rpc.ts";
import { type Accepts, isEventStream } from "../../protocol/media.ts";
import { shapeFor } from "../calls/post.ts";
import { soon } from "../clock.ts";
import type { Dispatcher } from "../dispatcher.ts";
import { shown } from "../errors.ts";
import { messageShown, type StreamCloseReason } from "../events.ts";
import type { Caller } from "../exchange.ts";
import { type BodyReader, JSON_HEADERS, type Reply } from "../reply.ts";
import { webRequest } from "../web/web_request.ts";
import { Relay } from "./relay.ts";

/** A handler that answers requests of 2026-07-28, such as the official SDK's. */
export interface ModernHandler {
  /**
   * Answers a POST of 2026-07-28, `server/discover` and `subscriptions/listen` included. It gets only what has passed
   * the rules. An event stream is passed on as it comes. Where more than `limits.queuedBytes` of it wait for the
   * client, and half a second later still do, it is cancelled and the client's connection is closed.
   *
   * @param request The request without its body. Its signal aborts when the client leaves, which cancels the request.
   * @param options `parsedBody` is the JSON-RPC message, `authInfo` what the option `authenticate` gave.
   */
  fetch(
    request: Request,
    options?: { readonly authInfo?: unknown; readonly parsedBody?: unknown },
  ): Promise<Response>;
}

/** A request that is with the handler. */
interface Handed {
  readonly message: RpcRequest;
  /** Held here because on Node the signal of a request that is collected never aborts. */
  request: Request | undefined;
  /** The stream that is its answer, once there is one. */
  relay: Relay | undefined;
  /** Gives it up. This is its answer where it has none yet. */
  stop(instead: TextReply): void;
}

/** For a peer that has left, or has its stream: only the operator sees it. */
const LEFT: TextReply = { status: 499, headers: {}, body: null };

/** Hands modern requests over. */
export class Delegate {
  readonly #handler: ModernHandler;
  readonly #dispatcher: Dispatcher;
  readonly #open = new Set<Handed>();
  #streams = 0;
  #subscriptions = 0;

  constructor(handler: ModernHandler, dispatcher: Dispatcher) {
    this.#handler = handler;
    this.#dispatcher = dispatcher;
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
    const { clock, policy, autoSseMs, soonSseMs } = this.#dispatcher.settings;
    const listens = request.method === "subscriptions/listen";
    const abort = new AbortController();
    // Not by a listener of the signal: Node keeps that, and all that it refers to, for as long as it keeps the request.
    const { promise: stopping, resolve: stopped } = Promise.withResolvers<undefined>();
    let instead = LEFT;
    const handed: Handed = {
      message: request,
      request: undefined,
      relay: undefined,
      stop(reply) {
        instead = reply;
        abort.abort();
        stopped(undefined);
        over(true);
      },
    };
    this.#open.add(handed);
    const idle = this.#dispatcher.busy(caller.principal, listens);
    if (listens) this.#subscriptions++;
    const over = (stopped = false): void => {
      if (!this.#open.delete(handed)) return;
      if (listens) this.#subscriptions--;
      idle(stopped);
    };
    reader.gone?.(() => {
      handed.relay?.cancelled();
      handed.stop(LEFT);
    });
    const failed = (error: unknown): Response => {
      // What was given up is expected to fail, and has its answer.
      if (abort.signal.aborted) return new Response();
      this.#failed(request, error);
      return failure(request);
    };
    const asked = (): Request => handed.request = webRequest(head, abort.signal);
    const response = this.#ask(request, caller, asked).catch(failed);
    const answered = Promise.race([response, stopping]);
    const shape = shapeFor(accepts, policy.response);
    // A long silent call has to outlive proxies, and where a peer that leaves is noticed only on a stream, there has to be one.
    const streamMs = reader.gone === undefined || shape === "sse" ? soonSseMs : autoSseMs;
    const first = await (shape === "json" ? answered : soon(clock, streamMs, answered));
    if (abort.signal.aborted) return instead;
    // An error with an HTTP status of its own is JSON in any case.
    const streams = first === undefined || (shape === "sse" && first.status === 200) ||
      isEventStream(first.headers.get("content-type"));
    if (streams) {
      const body = handed.relay = this.#relay(response, (reason, error) => {
        if (error !== undefined) failed(error);
        // A source that fails was not stopped.
        if (reason === "finished" || reason === "lost") over();
        if (reason !== "finished") handed.stop(LEFT);
      });
      return { status: first?.status ?? 200, headers: SSE_HEADERS, body };
    }
    let whole = first;
    const read = first.text().catch((error) => (whole = failed(error)).text());
    const text = await Promise.race([read, stopping]);
    if (text === undefined) return instead;
    over();
    return replyOf(whole, text === "" ? null : text);
  }

  /** Hands a notification over. Whatever becomes of it, it is accepted. */
  notify(notification: RpcNotification, caller: Caller, head: RequestHead): void {
    this.#ask(notification, caller, () => webRequest(head)).then(
      (response) => response.body?.cancel(),
    ).catch((error) => {
      this.#failed(notification, error);
    });
  }

  /** Gives up what has no answer yet; another node can serve it. */
  refuse(): void {
    for (const { message: { id }, relay, stop } of [...this.#open]) {
      if (relay === undefined) stop(rejectionReply({ rule: "draining" }, id));
    }
  }

  /** Gives up what is left. */
  close(): void {
    for (const { relay, stop } of [...this.#open]) {
      stop(LEFT);
      relay?.close();
    }
  }

  #failed(message: RpcRequest | RpcNotification, error: unknown): void {
    const { onEvent } = this.#dispatcher.settings;
    onEvent({ type: "application-error", ...messageShown(message), error });
  }

  #relay(
    response: Promise<Response>,
    ended: (reason: StreamCloseReason, error: unknown) => void,
  ): Relay {
    const { settings, streams } = this.#dispatcher;
    const { onEvent } = settings;
    const stream = streams.mint();
    this.#streams++;
    onEvent({ type: "stream-opened", session: undefined, stream });
    return new Relay(response, settings, (reason, error) => {
      this.#streams--;
      onEvent({ type: "stream-closed", session: undefined, stream, reason });
      ended(reason, error);
    });
  }

  // Async, so that what the handler throws, or a URL that is none, is a rejection like any other.
  async #ask(
    message: RpcRequest | RpcNotification,
    { authInfo }: Caller,
    asked: () => Request,
  ): Promise<Response> {
    const response = await this.#handler.fetch(asked(), {
      parsedBody: message,
      ...(authInfo === undefined ? {} : { authInfo }),
    });
    // One of another realm or a library will do, but none that is an error.
    if (typeof response?.headers?.get === "function" && response.status !== 0) return response;
    throw new TypeError(`modern: fetch gave ${shown(response)}, not a Response to send`);
  }
}

function failure({ id }: RpcRequest): Response {
  const error = { code: INTERNAL_ERROR, message: "Internal error" };
  return new Response(errorText(id, error), { headers: JSON_HEADERS });
}

// What is said of a body and its connection is for who sends it to say.
const OF_THE_CONNECTION = ["connection", "content-length", "transfer-encoding"] as const;

function replyOf({ status, headers }: Response, body: string | null): Reply {
  const fields = new Headers(headers);
  for (const name of OF_THE_CONNECTION) fields.delete(name);
  // By name there is one value of each, but every cookie is a field of its own.
  return fields.getSetCookie().length > 1
    ? { status, headers: {}, body: new Response(body, { status, headers: fields }) }
    : { status, headers: Object.fromEntries(fields), body };
}
