/**
 * Between Web-standard `Request`/`Response` and the engine's plain data.
 *
 * @module
 */

import { SYSTEM_CLOCK } from "../clock.ts";
import type { BodyError, BodyReader, Reply, Sink, StreamBody } from "../reply.ts";

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

const NO_BYTES = new Uint8Array();
const ENCODER = new TextEncoder();

// Deno aborts the signal of a request on success too, and warns whoever looks at it.
const SIGNAL_TELLS = !("Deno" in globalThis);

const TYPES_EARLY = !("Bun" in globalThis);

/**
 * Bun closes a connection that ends with its answer, such as every one of nginx by default, also while the body of the
 * request still comes. The system then resets it, and the peer may never read what refused its request.
 */
const CLOSES_EARLY = "Bun" in globalThis;

/** Bytes that are taken off such a connection before its answer, at most. */
const GRACE_BYTES = 16 << 20;

/** How long it may be silent meanwhile, in milliseconds. */
const SILENCE_MS = 500;

/** The body of a Web request. */
export function requestBody(request: Request): BodyReader {
  return SIGNAL_TELLS ? new TellingBody(request) : new WebBody(request);
}

class WebBody implements BodyReader {
  protected readonly request: Request;

  constructor(request: Request) {
    this.request = request;
  }

  text(limit: number, declared: string | null): Promise<string | BodyError> {
    return readText(this.request, limit, declared);
  }
}

class TellingBody extends WebBody {
  gone(fn: () => void): void {
    const { signal } = this.request;
    // The peer left while something else was waited for: no event will tell any more.
    if (signal.aborted) fn();
    else signal.addEventListener("abort", fn, { once: true });
  }
}

/**
 * True for a Web response, of whatever realm: a server such as `@hono/node-server` 1 puts a class of its own in the
 * place of the global one, and what `Response.json()` and `fetch()` give is no instance of that.
 */
export function isResponse(value: unknown): value is Response {
  return value instanceof Response || Object.prototype.toString.call(value) === "[object Response]";
}

/** An answer as a Web response. */
export function toResponse(reply: Reply): Response {
  const { headers, body } = reply;
  if (body === null || typeof body === "string") return new Response(body, reply);
  if (isResponse(body)) return withHeaders(body, headers);
  const sink = new WebSink(body);
  return new Response(sink.whole() ?? new ReadableStream(sink, HIGH_WATER), reply);
}

/** The same, once its peer will be able to read it. */
export function answer(request: Request, reply: Reply): Response | Promise<Response> {
  const response = toResponse(reply);
  if (reply.status < 400 || !isCut(request) || request.bodyUsed || request.body === null) {
    return response;
  }
  const settled = (): Response => response;
  return readCounted(request.body, -1, GRACE_BYTES).then(settled, settled);
}

function isCut(request: Request): boolean {
  return CLOSES_EARLY && /\bclose\b/i.test(request.headers.get("connection") ?? "");
}

type Added = { readonly [name: string]: string };

/** A response with fields added. */
function withHeaders(response: Response, added: Added): Response {
  if (TYPES_EARLY || response.headers.has("content-type")) {
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
export function fieldsWith(response: Response, added: Added): Headers {
  return add(new Headers(response.headers), added);
}

function add(headers: Headers, added: Added): Headers {
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
  if (TYPES_EARLY || response.headers.has("content-type")) return response;
  const { status, statusText } = response;
  const blob = await response.blob();
  const headers = fieldsWith(response, blob.type === "" ? {} : { "content-type": blob.type });
  return new Response(blob.size === 0 ? null : blob, { status, statusText, headers });
}

function readText(
  request: Request,
  limit: number,
  declared: string | null,
): Promise<string | BodyError> {
  if (request.bodyUsed) return Promise.resolve({ unreadable: "taken" });
  // The server has promised not to hand over more than was declared; what is small enough is read whole.
  // Deno makes a stream for whoever looks at `body`: 13 µs, as much as all the rest of a request.
  const bytes = declared !== null && Number(declared) <= limit
    ? request.arrayBuffer()
    : request.body === null
    ? Promise.resolve(NO_BYTES)
    : readCounted(request.body, limit, isCut(request) ? GRACE_BYTES : 0);
  return bytes.then(
    (found) =>
      found === undefined || found.byteLength > limit
        ? { unreadable: "over-limit" }
        : decode(found),
    () => ({ unreadable: "cut-off" }),
  );
}

// What goes beyond the limit is dropped: as much of it as `grace` says, and as long as it keeps coming.
async function readCounted(
  body: ReadableStream<Uint8Array>,
  limit: number,
  grace: number,
): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  while (size <= limit + grace) {
    const next = size > limit ? await soon(reader.read()) : await reader.read();
    if (next?.done && size <= limit) return concat(chunks, size);
    if (next === undefined || next.done) break;
    size += next.value.byteLength;
    if (size <= limit) chunks.push(next.value);
  }
  reader.cancel().catch(() => {/* the peer may be gone already */});
  return undefined;
}

/** What there is soon; undefined where it takes too long. */
async function soon<T>(promise: Promise<T>): Promise<T | undefined> {
  let stop!: () => void;
  const silence = new Promise<undefined>((resolve) => {
    stop = SYSTEM_CLOCK.after(SILENCE_MS, () => resolve(undefined));
  });
  return await Promise.race([promise, silence]).finally(stop);
}

/** Bytes in one piece. */
export function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

const DECODER = new TextDecoder("utf-8", { fatal: true });

/** Bytes as text; what is not UTF-8 is no text. */
export function decode(bytes: ArrayBuffer | Uint8Array): string | BodyError {
  try {
    return DECODER.decode(bytes);
  } catch {
    return { unreadable: "not-utf8" };
  }
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
