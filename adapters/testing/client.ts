/**
 * A client of the 2025 revisions that calls a handler directly: no port, no network, no timers.
 *
 * @module
 */

import { METHOD_NOT_FOUND } from "../../core/protocol/error_codes.ts";
import type { JsonObject, RequestId } from "../../core/protocol/json_rpc.ts";
import { failureOf, Reading, RpcFailure, type TestCall, untilAborted } from "./call.ts";
import { readEvents, type TestEvent } from "./sse.ts";

export { RpcFailure, type TestCall } from "./call.ts";
export type { TestEvent } from "./sse.ts";

/** What answers requests: an MCP handler, or anything else with a `fetch`. */
export interface Fetches {
  readonly fetch: (request: Request) => Promise<Response>;
}

/** Options of {@linkcode testClient}. */
export interface TestClientOptions {
  /** Default `http://localhost/mcp`. */
  readonly url?: string | undefined;
  /** Added to every request, such as `authorization`. */
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** The revision that is asked for. Default `2025-11-25`. */
  readonly version?: string | undefined;
  /** Default `{}`. */
  readonly capabilities?: JsonObject | undefined;
  /** Default the name `test`, version `1`. */
  readonly clientInfo?: JsonObject | undefined;
  /**
   * Answers requests of the server: the result, or a throw of {@linkcode RpcFailure}; what else it throws fails the
   * call that is read. A ping is answered without it. Default: method not found.
   */
  readonly request?:
    | ((method: string, params: JsonObject) => JsonObject | Promise<JsonObject>)
    | undefined;
  /** Receives notifications of the server; what it throws fails the call that is read. */
  readonly notification?: ((method: string, params: JsonObject) => void) | undefined;
}

/** A stream being read. Events come in order; reading ends when the stream does. */
export interface TestStream extends AsyncIterable<TestEvent> {
  /** The head of the answer. */
  readonly response: Response;
  /** Drops the connection. */
  close(): void;
}

/** A client. Every method may be used at any time; nothing is retried or reconnected by itself. */
export interface TestClient {
  /** The session's id, once initialized. */
  sessionId: string | undefined;
  /** Opens the session: `initialize`, then `notifications/initialized`. Gives the `InitializeResult`. */
  initialize(): Promise<JsonObject>;
  /** Calls a method and waits for its result. Requests of the server on the way are answered. */
  call(method: string, params?: JsonObject): Promise<JsonObject>;
  /** Begins a call. */
  begin(method: string, params?: JsonObject): TestCall;
  /** Sends a notification. */
  notify(method: string, params?: JsonObject): Promise<void>;
  /** Opens the standalone stream, or resumes any stream after an event. */
  listen(lastEventId?: string): Promise<TestStream>;
  /** Ends the session with DELETE; gives the status. */
  end(): Promise<number>;
  /**
   * Sends an HTTP request: any body, or none, with the client's headers and those that are given.
   *
   * @param method Of HTTP, such as `POST`.
   */
  send(method: string, body?: unknown, headers?: { [name: string]: string }): Promise<Response>;
}

/** A client of a handler. */
export function testClient(handler: Fetches, options: TestClientOptions = {}): TestClient {
  return new Client(handler, options);
}

class Client implements TestClient {
  sessionId: string | undefined;
  readonly #handler: Fetches;
  readonly #options: TestClientOptions;
  #version: string | undefined;
  #ids = 0;

  constructor(handler: Fetches, options: TestClientOptions) {
    this.#handler = handler;
    this.#options = options;
  }

  async initialize(): Promise<JsonObject> {
    const { version = "2025-11-25", capabilities = {}, clientInfo } = this.#options;
    const call = this.begin("initialize", {
      protocolVersion: version,
      capabilities,
      clientInfo: clientInfo ?? { name: "test", version: "1" },
    });
    const result = await call.result;
    this.sessionId = (await call.response).headers.get("mcp-session-id") ?? undefined;
    this.#version = result.protocolVersion as string;
    await this.notify("notifications/initialized");
    return result;
  }

  call(method: string, params?: JsonObject): Promise<JsonObject> {
    return this.begin(method, params).result;
  }

  begin(method: string, params?: JsonObject): TestCall {
    const id = ++this.#ids;
    const abort = new AbortController();
    const message = { jsonrpc: "2.0", id, method, params };
    return new Reading(this, id, this.#fetch("POST", message, {}, abort.signal), abort, undefined);
  }

  async notify(method: string, params?: JsonObject): Promise<void> {
    await this.post({ jsonrpc: "2.0", method, params });
  }

  /** Sends a message that is only acknowledged. */
  async post(message: JsonObject): Promise<void> {
    const response = await this.#fetch("POST", message);
    if (!response.ok) throw await failureOf(response);
    await response.body?.cancel();
  }

  async listen(lastEventId?: string): Promise<TestStream> {
    const { response, abort } = await this.open(lastEventId);
    return {
      response,
      close: () => abort.abort(),
      [Symbol.asyncIterator]: () => untilAborted(readEvents(response.body!), abort.signal),
    };
  }

  /** Opens a stream with GET. */
  async open(lastEventId?: string): Promise<{ response: Response; abort: AbortController }> {
    const abort = new AbortController();
    const headers: { [name: string]: string } = lastEventId === undefined
      ? {}
      : { "last-event-id": lastEventId };
    const response = await this.#fetch("GET", undefined, headers, abort.signal);
    if (!response.ok) throw await failureOf(response);
    return { response, abort };
  }

  async end(): Promise<number> {
    const response = await this.#fetch("DELETE");
    await response.body?.cancel();
    return response.status;
  }

  send(method: string, body?: unknown, headers?: { [name: string]: string }): Promise<Response> {
    return this.#fetch(method, body, headers);
  }

  /** Takes a message of the server; answers it where it is a request. */
  async receive(message: JsonObject): Promise<void> {
    const { id, method, params = {} } = message as {
      id?: RequestId;
      method: string;
      params: never;
    };
    if (id === undefined) return this.#options.notification?.(method, params);
    const { request } = this.#options;
    try {
      let result: JsonObject = {};
      if (method !== "ping") {
        if (request === undefined) {
          throw new RpcFailure({
            code: METHOD_NOT_FOUND,
            message: `Method not found: ${method}`,
          });
        }
        result = await request(method, params);
      }
      await this.post({ jsonrpc: "2.0", id, result });
    } catch (error) {
      if (!(error instanceof RpcFailure)) throw error;
      const { code, message } = error;
      await this.post({ jsonrpc: "2.0", id, error: { code, message } });
    }
  }

  #fetch(
    method: string,
    body?: unknown,
    headers: { readonly [name: string]: string } = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    const all: { [name: string]: string } = {
      accept: method === "GET" ? "text/event-stream" : "application/json, text/event-stream",
      ...(method === "POST" ? { "content-type": "application/json" } : {}),
      ...(this.sessionId === undefined ? {} : { "mcp-session-id": this.sessionId }),
      ...(this.#version === undefined ? {} : { "mcp-protocol-version": this.#version }),
      ...this.#options.headers,
      ...headers,
    };
    return this.#handler.fetch(
      new Request(this.#options.url ?? "http://localhost/mcp", {
        method,
        headers: all,
        ...(body === undefined
          ? {}
          : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
      }),
    );
  }
}
