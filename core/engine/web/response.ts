/**
 * Answers as Web responses.
 *
 * @module
 */

import type { ReplyHeaders } from "../../outbound/reply.ts";
import { SSE_HEADERS } from "../../outbound/sse.ts";
import { JSON_HEADERS, type Reply, type Sink, type StreamBody } from "../reply.ts";
import { drained } from "./body.ts";

/**
 * How much may wait in a Web stream before the engine is asked to wait: 64 KiB, in KiB. Bun allocates as many bytes for
 * each stream as the number says, whatever it counts: with 65 536, an idle one cost it 4 KB more. A chunk counts as a
 * whole number of them: workerd sends nothing of one that counts as less than 1.
 */
const HIGH_WATER: QueuingStrategy<Uint8Array> = {
  highWaterMark: 64,
  size: (chunk) => Math.ceil(chunk!.byteLength / 1024),
};

/** How much of a body is taken before there is a stream that it may wait in. */
const EARLY_CHARACTERS = 64 << 10;

const ENCODER = new TextEncoder();

const BUN = "Bun" in globalThis;

/**
 * Bun makes a response fastest after another: 0.3 instead of 0.5 µs with the fields of JSON, 0.7 with those of an event
 * stream. Deno does not: it has a path of its own for a type alone.
 */
const MODELS: ReadonlyMap<ReplyHeaders, Response> = new Map(
  BUN
    ? [JSON_HEADERS, SSE_HEADERS].map((headers) => [headers, new Response(null, { headers })])
    : [],
);

/**
 * True for a Web response, of whatever realm: a server such as `@hono/node-server` 1 puts a class of its own in the
 * place of the global one, and what `Response.json()` and `fetch()` give is no instance of that.
 */
export function isResponse(value: unknown): value is Response {
  return value instanceof Response || Object.prototype.toString.call(value) === "[object Response]";
}

/** True for a body that goes on. */
export function isStream(body: Reply["body"]): body is StreamBody {
  return body !== null && typeof body === "object" && !isResponse(body);
}

/** An answer as a Web response. */
export function toResponse(reply: Reply): Response {
  const { headers, body } = reply;
  if (body === null || typeof body === "string") return made(body, reply);
  if (isResponse(body)) return withHeaders(body, headers);
  const sink = new WebSink(body);
  return made(sink.whole() ?? new ReadableStream(sink, HIGH_WATER), reply);
}

function made(body: string | ReadableStream<Uint8Array> | null, reply: Reply): Response {
  const model = reply.status === 200 ? MODELS.get(reply.headers) : undefined;
  return new Response(body, model ?? reply);
}

/** The same, once its peer will be able to read it. */
export function answer(request: Request, reply: Reply): Response | Promise<Response> {
  const response = toResponse(reply);
  const draining = reply.status < 400 ? undefined : drained(request);
  return draining === undefined ? response : draining.then(() => response);
}

/** A response with fields added. */
function withHeaders(response: Response, added: ReplyHeaders): Response {
  if (!BUN || response.headers.has("content-type")) {
    const { body, status, statusText } = response;
    return new Response(body, { status, statusText, headers: fieldsWith(response, added) });
  }
  // What is made of its body alone would have no type.
  const copy = response.clone();
  response.body?.cancel().catch(() => {/* the copy goes on */});
  add(copy.headers, added);
  return copy;
}

/** The fields of a response and others. */
export function fieldsWith(response: Response, added: ReplyHeaders): Headers {
  return add(new Headers(response.headers), added);
}

function add(headers: Headers, added: ReplyHeaders): Headers {
  for (const [name, value] of Object.entries(added)) {
    // What an answer varies by adds up.
    if (name === "vary") headers.append(name, value);
    else headers.set(name, value);
  }
  return headers;
}

/**
 * A response with its type among its fields, where it has one: Bun names that of a text no sooner than it sends the
 * text, and what is sent in its place has none.
 */
export async function typed(response: Response): Promise<Response> {
  if (!BUN || response.headers.has("content-type")) return response;
  const { status, statusText } = response;
  const blob = await response.blob();
  const headers = fieldsWith(response, blob.type === "" ? {} : { "content-type": blob.type });
  return new Response(blob.size === 0 ? null : blob, { status, statusText, headers });
}

/** Both ends of a Web stream that a body writes: one object, for of those with a function for each method it took two. */
class WebSink implements Sink, UnderlyingDefaultSource<Uint8Array> {
  readonly #body: StreamBody;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** What is written before there is a stream. */
  #early = "";
  #over = false;

  constructor(body: StreamBody) {
    this.#body = body;
  }

  /** Opens the body. What it is, where that is all of it: text needs no stream, which takes Bun and Deno 10 µs. */
  whole(): string | undefined {
    this.#body.open(this);
    return this.#over ? this.#early : undefined;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    if (this.#early !== "") this.write(this.#early);
    this.#early = "";
  }

  pull(): void {
    this.#body.drained();
  }

  cancel(): void {
    this.#over = true;
    this.#body.cancelled();
  }

  write(text: string): boolean {
    if (this.#over) return true;
    const controller = this.#controller;
    if (controller === undefined) {
      this.#early += text;
      return this.#early.length < EARLY_CHARACTERS;
    }
    controller.enqueue(ENCODER.encode(text));
    return (controller.desiredSize ?? 0) > 0;
  }

  end(): void {
    // A throw from close() after the peer has cancelled takes some runtimes down.
    if (this.#over) return;
    this.#over = true;
    this.#controller?.close();
  }

  abort(): void {
    // Does nothing once everything is taken. Deno and Bun write the reason to the standard error.
    this.#controller?.error("mcp-session: broke the connection of a peer that does not read");
  }
}
