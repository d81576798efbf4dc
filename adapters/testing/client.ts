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

/** What a test client calls: an MCP handler, or anything else with a `fetch` of Web requests. */
export interface Fetches {
  /** Answers a request. */
  readonly fetch: (request: Request) => Promise<Response>;
}

/** Options of {@linkcode testClient}. All may be left out. */
export interface TestClientOptions {
  /**
   * Where requests seem to go; with `allowedHosts` of the handler, name one of them. Default `http://localhost/mcp`.
   */
  readonly url?: string | undefined;
  /** Header fields to add to every request, such as `authorization`. Default none. */
  readonly headers?: { readonly [name: string]: string } | undefined;
  /** The revision that `initialize` asks for, one with sessions. Default `2025-11-25`. */
  readonly version?: string | undefined;
  /** What the client says that it can do, such as `{ elicitation: {} }`. Default `{}`. */
  readonly capabilities?: JsonObject | undefined;
  /** Who the client says that it is. Default the name `test`, version `1`. */
  readonly clientInfo?: JsonObject | undefined;
  /**
   * Answers what the server asks: returns the result, or throws an {@linkcode RpcFailure}. Anything else that it
   * throws, such as a failed assertion, fails the call on whose stream the request came. A ping is answered without it.
   * Default: every method is answered with -32601.
   */
  readonly request?:
    | ((method: string, params: JsonObject) => JsonObject | Promise<JsonObject>)
    | undefined;
  /**
   * Receives the server's notifications. What it throws fails the call on whose stream one came. Default: they are
   * dropped.
   */
  readonly notification?: ((method: string, params: JsonObject) => void) | undefined;
}

/**
 * A stream that is read: what {@linkcode TestClient.listen} gives. Iterate it: events come in order, and the iteration
 * ends when the stream does. Requests and notifications in it are events too, and are not answered by themselves.
 */
export interface TestStream extends AsyncIterable<TestEvent> {
  /** The head of the answer. */
  readonly response: Response;
  /** Drops the connection, and ends the iteration. */
  close(): void;
}

/**
 * A client of the revisions with sessions. Every method may be called at any time. Nothing is retried or reconnected by
 * itself. What cannot be had rejects with an {@linkcode RpcFailure}, which has the HTTP status.
 */
export interface TestClient {
  /** The session's id, sent with every request; undefined before {@linkcode TestClient.initialize}. It may be set. */
  sessionId: string | undefined;
  /** Opens a session: sends `initialize`, then `notifications/initialized`. Gives the `InitializeResult`. */
  initialize(): Promise<JsonObject>;
  /**
   * Calls a method and gives its result. What the server asks on the call's stream is answered by the option `request`.
   */
  call(method: string, params?: JsonObject): Promise<JsonObject>;
  /** Begins a call, and gives it at once: to drop its connection, resume it or cancel it. */
  begin(method: string, params?: JsonObject): TestCall;
  /** Sends a notification, and resolves once it is acknowledged. */
  notify(method: string, params?: JsonObject): Promise<void>;
  /** Opens the standalone stream with GET; with the id of an event, resumes the stream of that event after it. */
  listen(lastEventId?: string): Promise<TestStream>;
  /** Ends the session with DELETE, and gives the HTTP status, such as 204. Does not reject for a refusal. */
  end(): Promise<number>;
  /**
   * Sends an HTTP request as it is, and gives the response, whatever its status.
   *
   * @param method The HTTP method, such as `POST`.
   * @param body A text is sent as it is, anything else as JSON. Default none.
   * @param headers Header fields beside the client's own, or in their place.
   */
  send(method: string, body?: unknown, headers?: { [name: string]: string }): Promise<Response>;
}

/**
 * Makes a client that calls a handler directly: no port, no network. It speaks the revisions with sessions, 2025-03-26
 * to 2025-11-25.
 *
 * @example
 * ```ts
 * import { createMcpHandler } from "mcp-session";
 * import { testClient } from "mcp-session/testing";
 * import { application } from "./application.ts";
 *
 * const client = testClient(createMcpHandler(application));
 * await client.initialize();
 * console.log(await client.call("tools/list"));
 * console.log(await client.end()); // 204
 * ```
 */
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
      const { code, message, data } = error;
      await this.post({ jsonrpc: "2.0", id, error: { code, message, data } });
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
