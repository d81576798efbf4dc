/**
 * A client of the 2025 revisions that calls a handler directly: no port, no network, no timers.
 *
 * @module
 */

import type { JsonObject, RequestId, RpcErrorObject } from "../../core/protocol/json_rpc.ts";
import { readEvents, type TestEvent } from "./sse.ts";

export type { TestEvent } from "./sse.ts";

/** What answers requests: an MCP handler, or anything else with a `fetch`. */
export interface Fetches {
  readonly fetch: (request: Request) => Promise<Response>;
}

/** Options of {@linkcode testClient}. */
export interface TestClientOptions {
  /** Default `http://localhost/mcp`. */
  readonly url?: string;
  /** Added to every request, such as `authorization`. */
  readonly headers?: { readonly [name: string]: string };
  /** The revision that is asked for. Default `2025-11-25`. */
  readonly version?: string;
  /** Default `{}`. */
  readonly capabilities?: JsonObject;
  /** Default the name `test`, version `1`. */
  readonly clientInfo?: JsonObject;
  /** Answers requests of the server: the result, or a throw of {@linkcode RpcFailure}. Default: method not found. */
  readonly request?: (method: string, params: JsonObject) => JsonObject | Promise<JsonObject>;
  /** Receives notifications of the server. */
  readonly notification?: (method: string, params: JsonObject) => void;
}

/** A JSON-RPC error that came back, or one to answer with. */
export class RpcFailure extends Error {
  override readonly name = "RpcFailure";
  /** JSON-RPC error code. */
  readonly code: number;
  /** The `data` member. */
  readonly data: unknown;
  /** The HTTP status it came with. */
  readonly status: number;

  constructor(error: RpcErrorObject, status = 200) {
    super(error.message);
    this.code = error.code;
    this.data = error.data;
    this.status = status;
  }
}

/** A call under way. */
export interface TestCall {
  readonly id: RequestId;
  /** The result; rejects with an {@linkcode RpcFailure}, or a TypeError where the stream ended without an answer. */
  readonly result: Promise<JsonObject>;
  /** Resolves with the head of the answer. */
  readonly response: Promise<Response>;
  /** The id of the last event that came, to resume after. */
  readonly lastEventId: string | undefined;
  /** Drops the connection; the call goes on at the server. `result` does not settle any more. */
  disconnect(): void;
  /** Sends `notifications/cancelled`. */
  cancel(reason?: string): Promise<void>;
  /** Reads on after a lost connection; `result` of what it returns is that of the call. */
  resume(after?: string): TestCall;
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
  /** Sends any body, or none, with the client's headers. */
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
      if (request === undefined) {
        throw new RpcFailure({ code: -32601, message: `Method not found: ${method}` });
      }
      const result = method === "ping" ? {} : await request(method, params);
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

/** One connection that carries, or goes on with, the answer to a call. */
class Reading implements TestCall {
  readonly id: RequestId;
  readonly result: Promise<JsonObject>;
  readonly response: Promise<Response>;
  lastEventId: string | undefined;
  readonly #client: Client;
  readonly #abort: AbortController;

  constructor(
    client: Client,
    id: RequestId,
    response: Promise<Response>,
    abort: AbortController,
    lastEventId: string | undefined,
  ) {
    this.id = id;
    this.lastEventId = lastEventId;
    this.#client = client;
    this.#abort = abort;
    this.response = response;
    this.result = this.#read(response);
    // Whoever is interested looks at it; a disconnected call has nobody who is.
    this.result.catch(() => {/* see above */});
  }

  disconnect(): void {
    this.#abort.abort();
  }

  cancel(reason?: string): Promise<void> {
    return this.#client.notify("notifications/cancelled", { requestId: this.id, reason });
  }

  resume(after: string | undefined = this.lastEventId): TestCall {
    if (after === undefined) throw new TypeError("no event came, so there is nothing to resume");
    const opened = this.#client.open(after);
    const abort = new AbortController();
    abort.signal.addEventListener("abort", () => {
      opened.then(
        (one) => one.abort.abort(),
        () => {/* it has failed; there is nothing to drop */},
      );
    });
    return new Reading(this.#client, this.id, opened.then((one) => one.response), abort, after);
  }

  async #read(pending: Promise<Response>): Promise<JsonObject> {
    const response = await pending;
    if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
      for await (const event of untilAborted(readEvents(response.body!), this.#abort.signal)) {
        if (event.id !== undefined) this.lastEventId = event.id;
        if (event.message === undefined) continue;
        if (typeof event.message.method === "string") {
          // Not waited for: the answer to it may have to pass what comes next on this stream.
          this.#client.receive(event.message).catch((error) => this.#abort.abort(error));
        } else if (event.message.id === this.id) return resultOf(event.message, response.status);
      }
      if (this.#abort.signal.aborted) return new Promise(() => {});
      throw new TypeError("the stream ended without an answer");
    }
    if (!response.ok) throw await failureOf(response);
    return resultOf(await response.json() as JsonObject, response.status);
  }
}

async function* untilAborted(
  events: AsyncGenerator<TestEvent>,
  signal: AbortSignal,
): AsyncGenerator<TestEvent> {
  const aborted = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined));
  });
  try {
    for (;;) {
      const next = events.next();
      // The read that is left behind fails with the connection.
      next.catch(() => {/* see above */});
      const found = await Promise.race([next, aborted]);
      if (found === undefined || found.done) return;
      yield found.value;
    }
  } finally {
    // Not waited for: a generator that waits for bytes ends only when they come.
    events.return(undefined).catch(() => {/* the connection is gone */});
  }
}

function resultOf(message: JsonObject, status: number): JsonObject {
  if (message.error !== undefined) throw new RpcFailure(message.error as RpcErrorObject, status);
  return message.result as JsonObject;
}

async function failureOf(response: Response): Promise<Error> {
  const text = await response.text();
  try {
    return new RpcFailure((JSON.parse(text) as { error: RpcErrorObject }).error, response.status);
  } catch {
    // Not from this library: a proxy's page, for example.
    return new TypeError(`HTTP ${response.status}: ${text.slice(0, 200)}`);
  }
}
