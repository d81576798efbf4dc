/**
 * The body of a Node request as the engine's plain data.
 *
 * @module
 */

import { jsonOf } from "../../core/engine/json.ts";
import type { BodyError, BodyReader } from "../../core/engine/reply.ts";
import { concat, decode, GRACE_BYTES } from "../../core/engine/web/body.ts";
import { byteLength, type NodeRequest, type NodeResponse } from "./node_http.ts";
import { hasLeft, onClose } from "./node_peer.ts";

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
  if (first === undefined) return undefined;
  // Only Deno, which reads 64 KiB at a time, has more of them and gives one by one.
  return first.byteLength === length ? decode(first) : readPieces(request, first, length);
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
