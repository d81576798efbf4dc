/**
 * One server object of the official SDK and all that goes between it and its session's client. Ids never
 * pass through: the server sees ids of this link's for inbound requests, the client sees the engine's for
 * outbound ones, so that no duplicate and no id of an earlier server object can meet the wrong answer.
 *
 * @module
 */

import { ClientRequestError, RpcError } from "../../core/engine/errors.ts";
import type { Exchange, SessionHandle } from "../../core/engine/exchange.ts";
import type { Awaitable } from "../../core/engine/ports.ts";
import { INVALID_PARAMS, TRANSPORT_REFUSED } from "../../core/protocol/error_codes.ts";
import type { JsonObject, RpcNotification, RpcRequest } from "../../core/protocol/json_rpc.ts";
import type { CallContext } from "./call_context.ts";
import { Asked, type AskingCall } from "./sdk_asked.ts";
import { metaFault } from "./sdk_meta.ts";
import type { SdkExtra, SdkMessage, SdkSendOptions, SdkServer, SdkTransport } from "./sdk_types.ts";

type Params = JsonObject | undefined;

/** One inbound request. The handshake, which has no exchange, is not cancelled. */
export interface LinkedCall extends AskingCall {
  readonly id: number;
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
  readonly #asked: Asked;
  #count = 0;
  #started = false;
  #over = false;
  #initialized = false;

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
    this.#asked = new Asked(session, (message) => this.#hand(message));
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
      const { id, method, params } = message;
      return this.#asked.ask(id, method, params, call ?? this.#current(), call !== undefined);
    }
    if (message.method === "notifications/cancelled") return this.#asked.gaveUp(message.params);
    if (related !== undefined) call?.exchange?.notify(message.method, message.params);
    else this.#tells(message.method, message.params);
  }

  async close(): Promise<void> {
    if (this.#over) return;
    this.#over = true;
    CONNECTED.delete(this.#server);
    this.#asked.close();
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

  // Nobody waits for what becomes of it: what the server throws would end the process.
  #hand(message: SdkMessage): void {
    try {
      this.#deliver(message);
    } catch (error) {
      console.error("mcp-session: the SDK's server threw at a message", error);
    }
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
    this.#hand({ method: "notifications/cancelled", params });
  }

  #tells(method: string, params: Params): void {
    const session = this.#session;
    if (session === undefined) this.#only()?.exchange?.notify(method, params);
    else session.notify(method, params);
  }

  /** The call that this runs in the course of, while it is in flight; without a session, the only one. */
  #current(): LinkedCall | undefined {
    const call = this.#context.getStore();
    if (call !== undefined && this.#calls.get(call.id) === call) return call;
    return this.#session === undefined ? this.#only() : undefined;
  }

  /** The one call that a server without a session serves. */
  #only(): LinkedCall | undefined {
    return this.#calls.values().next().value;
  }
}
