/**
 * The body of a Web request.
 *
 * @module
 */

import { soon, SYSTEM_CLOCK } from "../clock.ts";
import type { BodyError, BodyReader } from "../reply.ts";

const NO_BYTES = new Uint8Array();

// Deno aborts the signal of a request on success too, and warns whoever looks at it.
const SIGNAL_TELLS = !("Deno" in globalThis);

/**
 * Bun closes a connection that ends with its answer, such as every one of nginx by default, also while the body of the
 * request still comes. The system then resets it, and the peer may never read what refused its request.
 */
const CLOSES_EARLY = "Bun" in globalThis;

/** Bytes over the limit that are still taken off a connection, so that its peer can read the refusal. */
export const GRACE_BYTES: number = 16 << 20;

/** How long a peer may be silent in the midst of a body that nobody wants, in milliseconds. */
export const SILENCE_MS = 500;

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
 * What is left of the body of a refused request is taken off a connection that would end too early. Undefined where
 * nothing has to be.
 */
export function drained(request: Request): Promise<unknown> | undefined {
  if (!isCut(request) || request.bodyUsed || request.body === null) return undefined;
  return readCounted(request.body, -1, GRACE_BYTES).catch(
    () => {/* the peer may be gone already */},
  );
}

function isCut(request: Request): boolean {
  return CLOSES_EARLY && saysClose(request.headers.get("connection"));
}

/** The `Connection` field of a request asks for the end of the connection. */
export function saysClose(connection: string | null | undefined): boolean {
  return /\bclose\b/i.test(connection ?? "");
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
    const next = size > limit
      ? await soon(SYSTEM_CLOCK, SILENCE_MS, reader.read())
      : await reader.read();
    if (next?.done && size <= limit) return concat(chunks, size);
    if (next === undefined || next.done) break;
    size += next.value.byteLength;
    if (size <= limit) chunks.push(next.value);
  }
  reader.cancel().catch(() => {/* the peer may be gone already */});
  return undefined;
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
