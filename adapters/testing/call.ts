/**
 * A call of the test client: its answer, whatever carries it.
 *
 * @module
 */

import { TRANSPORT_REFUSED } from "../../core/protocol/error_codes.ts";
import {
  isObject,
  type JsonObject,
  type RequestId,
  type RpcErrorObject,
} from "../../core/protocol/json_rpc.ts";
import { readEvents, type TestEvent } from "./sse.ts";

/**
 * A JSON-RPC error: one that the server answered with, which a call of the test client rejects with; or one that the
 * option `request` throws to answer the server with. A refusal that is no JSON-RPC, such as a `Response` of
 * `authenticate`, has the code -32000 and its body as the message.
 */
export class RpcFailure extends Error {
  /** Always `RpcFailure`. */
  override readonly name = "RpcFailure";
  /** JSON-RPC error code. */
  readonly code: number;
  /** The `data` member; undefined where there is none. */
  readonly data: unknown;
  /** The HTTP status that it came with. */
  readonly status: number;

  /** A failure with the code, message and data of a JSON-RPC error. */
  constructor(error: RpcErrorObject, status = 200) {
    super(error.message);
    this.code = error.code;
    this.data = error.data;
    this.status = status;
  }
}

/** A call under way: what {@linkcode TestClient.begin} gives. */
export interface TestCall {
  /** The JSON-RPC id of the request. */
  readonly id: RequestId;
  /**
   * The result. Rejects with an {@linkcode RpcFailure} where the answer is an error, with a `TypeError` where it is
   * neither that nor a result or the stream ended without it, and with what the options `request` or `notification`
   * threw meanwhile. It may be left alone: a rejection that nobody looks at is no failure.
   */
  readonly result: Promise<JsonObject>;
  /**
   * Resolves once the head of the answer is there; its body is read by the client. A call that says nothing has a head
   * once its stream begins: after 100 ms where the answer is a stream anyway, else after the handler's `autoSseMs`. No
   * timer of a handler keeps a process alive, so a test that waits for nothing else may end before.
   */
  readonly response: Promise<Response>;
  /**
   * The id of the last event that came, from which {@linkcode TestCall.resume} goes on; undefined where none had one.
   */
  readonly lastEventId: string | undefined;
  /** Drops the connection; the call goes on at the server. `result` does not settle any more. */
  disconnect(): void;
  /**
   * Sends `notifications/cancelled` for the call. The server then sends no answer: `result` rejects with a `TypeError`.
   */
  cancel(reason?: string): Promise<void>;
  /**
   * Reads on after a lost connection, with GET and `Last-Event-ID`. `result` of what it returns is that of the call.
   *
   * @param after The id of an event; default the last one that came.
   * @throws {TypeError} No event came that has an id.
   */
  resume(after?: string): TestCall;
}

/** What a call needs of its client. */
interface CallClient {
  /** Sends a notification. */
  notify(method: string, params?: JsonObject): Promise<void>;
  /** Opens a stream with GET. */
  open(lastEventId: string): Promise<{ response: Response; abort: AbortController }>;
  /** Takes a message of the server; answers it where it is a request. */
  receive(message: JsonObject): Promise<void>;
}

/** One connection that carries, or goes on with, the answer to a call. */
export class Reading implements TestCall {
  readonly id: RequestId;
  readonly result: Promise<JsonObject>;
  readonly response: Promise<Response>;
  lastEventId: string | undefined;
  readonly #client: CallClient;
  readonly #abort: AbortController;
  #failure: { readonly error: unknown } | undefined = undefined;

  constructor(
    client: CallClient,
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

  /** Reads no further: the client could not answer, and whatever comes next would not be what it is to a client. */
  #fail(error: unknown): void {
    this.#failure = { error };
    this.#abort.abort();
  }

  async #read(pending: Promise<Response>): Promise<JsonObject> {
    const response = await pending;
    if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
      for await (const event of untilAborted(readEvents(response.body!), this.#abort.signal)) {
        if (event.id !== undefined) this.lastEventId = event.id;
        if (event.message === undefined) continue;
        if (typeof event.message.method === "string") {
          const received = this.#client.receive(event.message);
          if (event.message.id === undefined) await received;
          // Not waited for: the answer to it may have to pass what comes next on this stream.
          else received.catch((error) => this.#fail(error));
        } else if (event.message.id === this.id) return resultOf(event.message, response.status);
      }
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#abort.signal.aborted) return new Promise(() => {});
      throw new TypeError("the stream ended without an answer");
    }
    if (!response.ok) throw await failureOf(response);
    return resultOf(await messageOf(response), response.status);
  }
}

/** Events as they come, until the connection is dropped. */
export async function* untilAborted(
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

function resultOf({ error, result }: JsonObject, status: number): JsonObject {
  if (error !== undefined) throw new RpcFailure(error as RpcErrorObject, status);
  if (isObject(result)) return result;
  throw new TypeError("the answer has neither a result nor an error");
}

// A call that was cancelled has no answer at all.
async function messageOf(response: Response): Promise<JsonObject> {
  const text = await response.text();
  try {
    const message: unknown = JSON.parse(text);
    if (isObject(message)) return message;
  } catch {
    // No JSON.
  }
  throw new TypeError(said(response.status, text));
}

/** What an answer that is no success says. */
export async function failureOf(response: Response): Promise<RpcFailure> {
  const { status } = response;
  const text = await response.text();
  try {
    const { error } = JSON.parse(text) as { readonly error: unknown };
    if (isObject(error)) return new RpcFailure(error as unknown as RpcErrorObject, status);
  } catch {
    // Not from this library: the answer of an `authenticate`, or a proxy's page.
  }
  return new RpcFailure({ code: TRANSPORT_REFUSED, message: said(status, text) }, status);
}

function said(status: number, text: string): string {
  return `HTTP ${status}: ${text.slice(0, 200)}`;
}
