/**
 * What the engine hands to a runtime: text, a stream to be opened, or a Response that somebody else made.
 *
 * @module
 */

import type { Rejection } from "../outbound/rejections.ts";
import type { ReplyHeaders, TextReply } from "../outbound/reply.ts";

/** Where a stream is written to: a runtime's response. A runtime's adapter implements it. */
export interface Sink {
  /**
   * Sends text. False says that much waits already: the adapter calls {@linkcode StreamBody.drained} when more may
   * come. Never throws.
   */
  write(text: string): boolean;
  /** No more will come. */
  end(): void;
  /** Breaks the connection: called some time after `end`, where the peer has not taken all there was. Never throws. */
  abort(): void;
}

/** A body that goes on: an event stream. The runtime's adapter opens it once, and says how the peer takes it. */
export interface StreamBody {
  /** Begins to write, before it returns. */
  open(sink: Sink): void;
  /** Say this when the sink takes more, after a `write` gave false. */
  drained(): void;
  /** Say this when the peer is gone. */
  cancelled(): void;
}

/** An answer whose body goes on. */
export interface StreamReply {
  /** The HTTP status. */
  readonly status: number;
  /** The header fields, by names in lower case. */
  readonly headers: ReplyHeaders;
  /** What writes the body. */
  readonly body: StreamBody;
}

/**
 * An answer that somebody else made as a `Response`: the option `authenticate`, the application's `modern`, a guarded
 * handler.
 */
export interface OwnReply {
  /** The HTTP status, that of `body`. */
  readonly status: number;
  /** Header fields to add to those of `body`, by names in lower case. */
  readonly headers: ReplyHeaders;
  /** Sent with its own status, headers and body. */
  readonly body: Response;
}

/** The header fields of an answer in JSON that has no others. */
export const JSON_HEADERS: ReplyHeaders = { "content-type": "application/json" };

/** Any answer: its body is text or null, a stream to be opened, or a `Response`. */
export type Reply = TextReply | StreamReply | OwnReply;

/** An answer with further header fields. */
export function withFields<R extends Reply>(reply: R, fields: ReplyHeaders): R {
  return { ...reply, headers: { ...reply.headers, ...fields } };
}

/** What comes of a request: its answer, or the refusal that will be that. */
export type Outcome = Reply | Rejection;

/** Reads the body of a request, once. A runtime's adapter implements it. */
export interface BodyReader {
  /**
   * The body as text, or what is wrong with it. Does not reject.
   *
   * @param limit Bytes that it may have.
   * @param declared The `Content-Length` field; null where there is none.
   */
  text(limit: number, declared: string | null): Promise<string | BodyError>;
  /**
   * Calls `fn` when the peer leaves before it has its answer; at once where it has left already. Left out where the
   * runtime cannot tell before something is sent.
   */
  gone?(fn: () => void): void;
}

/**
 * A body that cannot be read as text. `over-limit`: it has more bytes than it may. `not-utf8`: it is no text.
 * `cut-off`: the peer left in the midst of it. `taken`: something else has read it. `too-deep`: a body parser has read
 * it, and it nests too deep to be written out again.
 */
export type BodyError = {
  /** What is wrong with it. */
  readonly unreadable: "over-limit" | "not-utf8" | "cut-off" | "taken" | "too-deep";
};
