/**
 * Node's request and response as the engine's plain data. The types are structural: what is published
 * needs no types of Node.
 *
 * @module
 */

import { jsonOf } from "../../core/engine/json.ts";
import type { BodyError, BodyReader, Reply, Sink, StreamBody } from "../../core/engine/reply.ts";
import { concat, decode, GRACE_BYTES } from "../../core/engine/web/body.ts";
import { fieldsWith, isResponse, isStream } from "../../core/engine/web/response.ts";
import { endAnswer, hasLeft, onClose } from "./node_peer.ts";

/** The part of `http.IncomingMessage` that is used: an `http2.Http2ServerRequest` has it too. */
export interface NodeRequest {
  /** The HTTP method. */
  readonly method?: string | undefined;
  /** The request's target: a path with a query. */
  readonly url?: string | undefined;
  /** The header fields, by names in lower case. */
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  /** The whole request has come. */
  readonly complete: boolean;
  /** It is over, whole or not. */
  readonly destroyed?: boolean;
  /** Its connection, or what HTTP/2 has for one. */
  readonly socket?: NodeSocket | null;
  /** Its body has been read to its end. */
  readonly readableEnded?: boolean;
  /** Some of its body has been read. */
  readonly readableDidRead?: boolean;
  /** How much of its body has come and was not read yet. */
  readonly readableLength?: number;
  /** Takes what has come of its body. */
  read?(): unknown;
  /** What a body parser has made of it. */
  readonly body?: unknown;
  /** Adds a listener. */
  // deno-lint-ignore no-explicit-any
  on(event: string, listener: (...args: any[]) => void): unknown;
  /** The listeners of an event. */
  rawListeners?(event: string): unknown[];
  /** Breaks its connection. */
  destroy(): unknown;
}

/** The part of a request's connection, a `net.Socket`, that is used. */
export interface NodeSocket {
  /** It is over. */
  readonly destroyed?: boolean;
  /** It is TLS. */
  readonly encrypted?: boolean;
  /** Adds a listener. */
  // deno-lint-ignore no-explicit-any
  on(event: string, listener: (...args: any[]) => void): unknown;
}

/** The part of `http.ServerResponse` that is used: an `http2.Http2ServerResponse` has it too. */
export interface NodeResponse {
  /** Its head is sent. */
  readonly headersSent: boolean;
  /** It is over, sent or not. */
  readonly destroyed?: boolean;
  /** Null while it waits for the answers before it. */
  readonly socket?: unknown;
  /** `end` has been called. */
  readonly writableEnded: boolean;
  /** All of it is handed to the system. */
  readonly writableFinished: boolean;
  /** False where the connection ends with the answer. HTTP/2 has none. */
  readonly shouldKeepAlive?: boolean;
  /** Sends the head. */
  writeHead(status: number, headers?: { [name: string]: string | number | string[] }): unknown;
  /** Sends the head before there is a body. */
  flushHeaders?(): void;
  /** Sends a part of the body; false where much waits already. */
  // deno-lint-ignore no-explicit-any
  write(chunk: string | Uint8Array, encoding?: any): boolean;
  /** Sends the last part of the body. */
  // deno-lint-ignore no-explicit-any
  end(chunk?: any, encoding?: any): unknown;
  /** Adds a listener. */
  // deno-lint-ignore no-explicit-any
  on(event: string, listener: (...args: any[]) => void): unknown;
  /** The listeners of an event. */
  rawListeners?(event: string): unknown[];
  /** Breaks its connection. */
  destroy(): unknown;
}

/** The body of a Node request. */
export class NodeBody implements BodyReader {
  readonly #request: NodeRequest;
  readonly #response: NodeResponse;

  constructor(request: NodeRequest, response: NodeResponse) {
    this.#request = request;
    this.#response = response;
  }

  text(limit: number, declared: string | null): Promise<string | BodyError> {
    return TURN.then(() =>
      textAtHand(this.#request, limit, declared) ?? readText(this.#request, limit)
    );
  }

  gone(fn: () => void): void {
    const response = this.#response;
    if (hasLeft(this.#request, response)) return fn();
    onClose(this.#request, response, () => {
      // Not whether it is finished: HTTP/2 says that of one whose peer has left.
      if (!response.writableEnded) fn();
    });
  }
}

/** Sends an answer. Whether the peer of one that goes on has left, its request may tell. */
export function sendReply(response: NodeResponse, reply: Reply, request?: NodeRequest): void {
  try {
    send(response, reply, request);
  } catch (error) {
    // Middleware may have hooks of its own where the head is sent: what they throw would end the process.
    console.error("mcp-session: the head of an answer could not be sent", error);
    if (isStream(reply.body)) reply.body.cancelled();
    response.destroy();
  }
}

function send(response: NodeResponse, reply: Reply, request: NodeRequest | undefined): void {
  const { status, headers, body } = reply;
  if (response.headersSent) {
    // By something else, such as a framework that answers late requests itself. What is sent stays as it is.
    if (isStream(body)) body.cancelled();
  } else if (body === null) {
    response.writeHead(status, headers);
    response.end();
  } else if (typeof body === "string") {
    const length = byteLength(body);
    response.writeHead(status, { ...headers, "content-length": length });
    // What is ASCII needs no conversion: 0.3 µs of a call.
    endAnswer(request, response, body, length === body.length ? "latin1" : "utf8");
  } else if (isResponse(body)) {
    sendResponse(response, body, headers, request).catch(() => response.destroy());
  } else {
    response.writeHead(status, headers);
    pipe(request, response, body);
  }
}

// A body parser came first, as `express.json()` does: no event will tell any more.
function parsedText(body: unknown, limit: number): string | BodyError {
  if (body === undefined) return { unreadable: "taken" };
  const text = body instanceof Uint8Array
    ? decode(body)
    : typeof body === "string"
    ? body
    : jsonOf(body) ?? TOO_DEEP;
  return typeof text === "string" && byteLength(text) > limit ? { unreadable: "over-limit" } : text;
}

const TOO_DEEP: BodyError = { unreadable: "too-deep" };

const TURN = Promise.resolve();

/**
 * A body that has come with its head, as most do: Node has it once the turn is over in which it told of the head.
 * Taken as it stands it needs no listeners and no events, which are 2 of the 26 µs of a call.
 */
function textAtHand(
  request: NodeRequest,
  limit: number,
  declared: string | null,
): string | BodyError | undefined {
  const length = Number(declared ?? NaN);
  if (request.readableLength !== length || length > limit) return undefined;
  const first = pieceOf(request);
  // Only Deno, which reads 64 KiB at a time, has more of them and gives one by one.
  return first === undefined || first.byteLength === length
    ? first && decode(first)
    : readPieces(request, first, length);
}

function readPieces(request: NodeRequest, first: Uint8Array, length: number): string | BodyError {
  const pieces = [first];
  let size = first.byteLength;
  while (size < length) {
    const piece = pieceOf(request);
    if (piece === undefined) break;
    pieces.push(piece);
    size += piece.byteLength;
  }
  return decode(concat(pieces, size));
}

function pieceOf(request: NodeRequest): Uint8Array | undefined {
  const piece = request.read?.();
  // Something before this handler has set an encoding.
  if (typeof piece === "string") return ENCODER.encode(piece);
  return piece instanceof Uint8Array ? piece : undefined;
}

const ENCODER = new TextEncoder();

const CUT_OFF: BodyError = { unreadable: "cut-off" };

function readText(request: NodeRequest, limit: number): Promise<string | BodyError> {
  return new Promise((resolve) => {
    // The peer left while it was authenticated: no event will tell any more.
    if (request.destroyed && !request.complete) return resolve(CUT_OFF);
    if (request.readableEnded || request.readableDidRead) {
      return resolve(parsedText(request.body, limit));
    }
    let chunks: Uint8Array[] = [];
    let size = 0;
    request.on("data", (some: Uint8Array | string) => {
      const chunk = typeof some === "string" ? ENCODER.encode(some) : some;
      size += chunk.byteLength;
      if (size <= limit) {
        if (size === chunk.byteLength) chunks = [chunk];
        else chunks.push(chunk);
        return;
      }
      chunks = [];
      resolve({ unreadable: "over-limit" });
      if (size > limit + GRACE_BYTES) request.destroy();
    });
    request.on("end", () => resolve(decode(concat(chunks, size))));
    // After its end, as mostly, this changes nothing.
    const closed = (): void => resolve(CUT_OFF);
    request.on("close", closed);
    request.on("error", closed);
  });
}

function pipe(request: NodeRequest | undefined, response: NodeResponse, body: StreamBody): void {
  if (hasLeft(request, response)) return body.cancelled();
  const sink = new NodeSink(response);
  response.on("drain", () => body.drained());
  onClose(request, response, () => {
    sink.gone();
    if (!response.writableEnded) body.cancelled();
  });
  response.on("error", ignored);
  body.open(sink);
}

/** A response as what a stream is written to. A class: three functions for each stream take 170 bytes more. */
class NodeSink implements Sink {
  #response: NodeResponse | undefined;

  constructor(response: NodeResponse) {
    this.#response = response;
  }

  write(text: string): boolean {
    return this.#response === undefined || this.#response.write(text);
  }

  end(): void {
    this.#response?.end();
  }

  abort(): void {
    if (this.#response?.writableFinished === false) this.#response.destroy();
  }

  /** The peer has left. A response that waited for those before it holds all that was written, and somebody may hold this. */
  gone(): void {
    this.#response = undefined;
  }
}

function ignored(): void {
  // The close that follows an error tells.
}

async function sendResponse(
  response: NodeResponse,
  own: Response,
  added: { readonly [name: string]: string },
  request: NodeRequest | undefined,
): Promise<void> {
  const bytes = new Uint8Array(await own.arrayBuffer());
  const headers = fieldsWith(own, added);
  const cookies = headers.getSetCookie();
  response.writeHead(own.status, {
    ...Object.fromEntries(headers),
    // By name there is one value of each, but every cookie is a field of its own.
    ...(cookies.length > 1 ? { "set-cookie": cookies } : {}),
  });
  endAnswer(request, response, bytes);
}

const BUFFER = (globalThis as unknown as {
  Buffer: { byteLength(text: string): number };
}).Buffer;

function byteLength(text: string): number {
  return BUFFER.byteLength(text);
}
