/**
 * One server object of the official SDK and all that goes between it and its session's client. Ids never
 * pass through: the server sees ids of this link's for inbound requests, the client sees the engine's for
 * outbound ones, so that no duplicate and no id of an earlier server object can meet the wrong answer.
 *
 * @module
 */

import type { Exchange, SessionHandle } from "../../core/engine/application.ts";
import type { Awaitable } from "../../core/engine/ports.ts";
import { ClientRequestError, RpcError } from "../../core/engine/errors.ts";
import {
  INTERNAL_ERROR,
  INVALID_PARAMS,
  TRANSPORT_REFUSED,
} from "../../core/protocol/error_codes.ts";
import {
  type JsonObject,
  type RequestId,
  type RpcErrorObject,
  type RpcNotification,
  type RpcRequest,
} from "../../core/protocol/json_rpc.ts";
import type { CallContext } from "./call_context.ts";
import { ProgressTokens } from "./progress_tokens.ts";
import { metaFault } from "./sdk_meta.ts";
import type { SdkExtra, SdkMessage, SdkSendOptions, SdkServer, SdkTransport } from "./sdk_types.ts";

type Params = JsonObject | undefined;

/** One inbound request. */
export interface LinkedCall {
  readonly id: number;
  /** Undefined for the handshake, which has no stream and is not cancelled. */
  readonly exchange: Exchange | undefined;
  /** The server has answered it. */
  answered: boolean;
  readonly resolve: (result: JsonObject | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** The servers that a link is connected to. */
const CONNECTED = new WeakSet<SdkServer>();

/** The connection of one server object. */
export class Link implements SdkTransport {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  // deno-lint-ignore no-explicit-any
  onmessage?: ((message: any, extra?: any) => void) | undefined;
  readonly sessionId: string | undefined;
  /** Resources whose updates the client asked for. */
  readonly subscriptions: Set<string> = new Set();
  readonly #server: SdkServer;
  readonly #context: CallContext<LinkedCall>;
  readonly #session: SessionHandle | undefined;
  /** Is told once that the server has closed. */
  readonly #closed: (link: Link) => Awaitable<unknown>;
  readonly #calls = new Map<number, LinkedCall>();
  /** Requests to the client, by the server's ids; aborting gives one up. */
  readonly #asked = new Map<RequestId, AbortController>();
  readonly #tokens = new ProgressTokens();
  #count = 0;
  #started = false;
  #over = false;
  #initialized = false;
  /** What waits for the session to be stored. */
  #unsent: (() => void)[] | undefined = [];

  constructor(
    server: SdkServer,
    context: CallContext<LinkedCall>,
    session: SessionHandle | undefined,
    closed: (link: Link) => Awaitable<unknown>,
  ) {
    this.#server = server;
    this.#context = context;
    this.#session = session;
    this.#closed = closed;
    this.sessionId = session?.id;
  }

  /** The server has closed. */
  get over(): boolean {
    return this.#over;
  }

  /** Attaches the server. Rejects where it is attached already. */
  async connect(): Promise<void> {
    // Versions before 1.26 take another connection, and then send to it what is the first one's.
    if (CONNECTED.has(this.#server)) {
      throw new TypeError("factory: gave a server that is already connected, not a new one");
    }
    CONNECTED.add(this.#server);
    try {
      await this.#server.connect(this);
    } catch (error) {
      CONNECTED.delete(this.#server);
      // It is connected to this all the same. Otherwise it may be elsewhere, and closing it would close that connection.
      if (this.#started) await this.end();
      throw error;
    }
  }

  /** Closes the server, and through it this. */
  async end(): Promise<void> {
    if (this.#over) return;
    try {
      await this.#server.close();
    } finally {
      await this.close();
    }
  }

  /**
   * Hands a request to the server; undefined where it was cancelled. Throws what the server answers as an error.
   *
   * @param exchange Undefined for the handshake.
   */
  request(
    { method, params }: Pick<RpcRequest, "method" | "params">,
    exchange: Exchange | undefined,
    extra: SdkExtra,
  ): Promise<JsonObject | undefined> {
    if (this.#over) return Promise.reject(new RpcError(TRANSPORT_REFUSED, "Connection closed"));
    if (exchange?.signal.aborted) return Promise.resolve(undefined);
    // The SDK drops such a request without an answer.
    const fault = metaFault(params?._meta);
    if (fault !== undefined) return Promise.reject(new RpcError(INVALID_PARAMS, fault));
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      const call = { id, exchange, answered: false, resolve, reject };
      this.#calls.set(id, call);
      const signal = exchange?.signal;
      signal?.addEventListener("abort", () => this.#cancel(call, signal.reason), { once: true });
      try {
        this.#context.run(call, () => this.#deliver({ id, method, params }, extra));
      } catch (error) {
        this.#calls.delete(id);
        throw error;
      }
    });
  }

  /** Hands a notification to the server; that its client is initialized once only, for more than one may say so. */
  notify({ method, params }: RpcNotification, extra: SdkExtra): void {
    if (method === "notifications/progress") {
      const token = this.#tokens.inward(params?.progressToken);
      if (token !== undefined) {
        this.#deliver({ method, params: { ...params, progressToken: token } }, extra);
      }
      return;
    }
    if (method === "notifications/initialized") {
      if (this.#initialized) return;
      this.#initialized = true;
    }
    this.#deliver({ method, params }, extra);
  }

  /** The server knows that its client is initialized. */
  get initialized(): boolean {
    return this.#initialized;
  }

  /** Its session is known to be stored. */
  get stored(): boolean {
    return this.#unsent === undefined;
  }

  /** The session is stored: what the server has said so far can go out. */
  opened(): void {
    const unsent = this.#unsent ?? [];
    this.#unsent = undefined;
    for (const send of unsent) send();
  }

  // deno-lint-ignore require-await
  async start(): Promise<void> {
    this.#started = true;
  }

  // deno-lint-ignore require-await
  async send(message: SdkMessage, options?: SdkSendOptions): Promise<void> {
    if (message.method === undefined) return this.#answered(message);
    const related = options?.relatedRequestId;
    const call = related === undefined ? undefined : this.#calls.get(related as number);
    if (message.id !== undefined) {
      // What relates to a call that is over has nowhere to go.
      if (related !== undefined && call === undefined) {
        throw new ClientRequestError("cancelled", `${message.method}: the request is over`);
      }
      return this.#asks(message.id, message.method, message.params, call);
    }
    if (message.method === "notifications/cancelled") return this.#gaveUp(message.params);
    if (related !== undefined) call?.exchange?.notify(message.method, message.params);
    else this.#tells(message.method, message.params);
  }

  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    CONNECTED.delete(this.#server);
    for (const stop of this.#asked.values()) stop.abort("the server has closed");
    this.#asked.clear();
    try {
      this.onclose?.();
    } finally {
      for (const call of this.#calls.values()) {
        call.reject(new RpcError(TRANSPORT_REFUSED, "Connection closed"));
      }
      this.#calls.clear();
      await this.#closed(this);
    }
  }

  #deliver(message: SdkMessage, extra?: SdkExtra): void {
    this.onmessage?.({ jsonrpc: "2.0", ...message }, extra);
  }

  #answered({ id, result, error }: SdkMessage): void {
    const call = this.#calls.get(id as number);
    if (call === undefined) return;
    this.#calls.delete(call.id);
    call.answered = true;
    if (error !== undefined) call.reject(new RpcError(error.code, error.message, error.data));
    else call.resolve(result ?? {});
  }

  // Neither version answers a request that was cancelled.
  #cancel(call: LinkedCall, reason: unknown): void {
    if (!this.#calls.delete(call.id)) return;
    call.resolve(undefined);
    const params = { requestId: call.id, reason: typeof reason === "string" ? reason : undefined };
    this.#deliver({ method: "notifications/cancelled", params });
  }

  #tells(method: string, params: Params): void {
    const session = this.#session;
    if (session === undefined) return this.#only()?.exchange?.notify(method, params);
    const tell = (): void => session.notify(method, params);
    if (this.#unsent === undefined) tell();
    else this.#unsent.push(tell);
  }

  #asks(id: RequestId, method: string, params: Params, related: LinkedCall | undefined): void {
    const stop = new AbortController();
    this.#asked.set(id, stop);
    this.#ask(method, this.#tokens.outward(params), related, stop.signal).then(
      (result) => this.#replied(id, { result }),
      (error) => this.#replied(id, { error: errorOf(error) }),
    );
  }

  async #ask(
    method: string,
    params: Params,
    related: LinkedCall | undefined,
    signal: AbortSignal,
  ): Promise<JsonObject> {
    const session = this.#session;
    const call = related ?? this.#current() ?? (session === undefined ? this.#only() : undefined);
    // The server keeps the time itself, and says when it has given up.
    const options = { signal, timeoutMs: Infinity };
    if (call?.exchange !== undefined) {
      try {
        return await call.exchange.request(method, params, options);
      } catch (error) {
        // It was only guessed that the call would carry it, and last as long.
        const outlived = call.answered && !signal.aborted && isFailure(error, "cancelled");
        if (related !== undefined || !(outlived || isFailure(error, "no-stream"))) throw error;
      }
    }
    if (session === undefined || related !== undefined) {
      throw new ClientRequestError("no-stream", `${method}: there is no stream for it`);
    }
    return session.request(method, params, { ...options, queued: true });
  }

  #replied(id: RequestId, reply: SdkMessage): void {
    if (!this.#asked.delete(id)) return;
    const fault = metaFault(reply.result?._meta);
    this.#deliver(
      fault === undefined
        ? { id, ...reply }
        : { id, error: { code: INVALID_PARAMS, message: `Invalid result: ${fault}` } },
    );
  }

  #gaveUp(params: Params): void {
    const id = params?.requestId as RequestId;
    const stop = this.#asked.get(id);
    if (stop === undefined) return;
    this.#asked.delete(id);
    stop.abort(params?.reason);
  }

  /** The call that this runs in the course of, while it is in flight. */
  #current(): LinkedCall | undefined {
    const call = this.#context.getStore();
    return call !== undefined && this.#calls.get(call.id) === call ? call : undefined;
  }

  /** The one call that a server without a session serves. */
  #only(): LinkedCall | undefined {
    return this.#calls.values().next().value;
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
