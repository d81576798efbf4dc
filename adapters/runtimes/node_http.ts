/**
 * Node's request and response, and how an answer is sent. The types are structural: what is published needs no types
 * of Node.
 *
 * @module
 */

import type { Reply, Sink, StreamBody } from "../../core/engine/reply.ts";
import type { ReplyHeaders } from "../../core/outbound/reply.ts";
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

/** Sends an answer. Whether the peer of one that goes on has left, its request may tell. */
export function sendReply(response: NodeResponse, reply: Reply, request: NodeRequest): void {
  try {
    send(response, reply, request);
  } catch (error) {
    // Middleware may have hooks of its own where the head is sent: what they throw would end the process.
    console.error("mcp-session: the head of an answer could not be sent", error);
    if (isStream(reply.body)) reply.body.cancelled();
    response.destroy();
  }
}

function send(response: NodeResponse, reply: Reply, request: NodeRequest): void {
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

function pipe(request: NodeRequest, response: NodeResponse, body: StreamBody): void {
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
  added: ReplyHeaders,
  request: NodeRequest,
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

/** How many bytes a text is. */
export function byteLength(text: string): number {
  return BUFFER.byteLength(text);
}
