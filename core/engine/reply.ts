/**
 * What the engine hands to a runtime: text, a stream to be opened, or a Response that somebody else made.
 *
 * @module
 */

import type { Rejection } from "../outbound/rejections.ts";
import type { ReplyHeaders, TextReply } from "../outbound/reply.ts";

/** Where a connection writes to; a runtime's response. */
export interface Sink {
  /** Sends text. False asks to wait for {@linkcode StreamBody.drained} before more. Never throws. */
  write(text: string): boolean;
  /** No more will come. */
  end(): void;
  /** Breaks the connection of a peer that has not taken all there was before the end. Never throws. */
  abort(): void;
}

/** A body that goes on. The runtime opens it once, and says how its peer takes it. */
export interface StreamBody {
  /** Begins to write, at once. */
  open(sink: Sink): void;
  /** The sink takes more. */
  drained(): void;
  /** The peer is gone. */
  cancelled(): void;
}

/** An answer whose body goes on. */
export interface StreamReply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  readonly body: StreamBody;
}

/** An answer that is somebody else's: of `authenticate`, of `modern` of an application, of a guarded handler. */
export interface OwnReply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  /** Sent with its own status, headers and body, and `headers` added. */
  readonly body: Response;
}

/** Any answer. */
export type Reply = TextReply | StreamReply | OwnReply;

/** What comes of a request: its answer, or the refusal that will be that. */
export type Outcome = Reply | Rejection;

/** Reads the body of a request, once. */
export interface BodyReader {
  /**
   * The text; or what is wrong with it: more bytes than `limit`, not UTF-8, cut off by the peer, or read
   * before, and then perhaps nested too deep to be written out again.
   * `declared` is the `Content-Length`, if any.
   */
  text(limit: number, declared: string | null): Promise<string | BodyError>;
  /**
   * Calls `fn` when the peer leaves before it has its answer; at once where it has left. Left out where the runtime
   * cannot tell before something is sent.
   */
  gone?(fn: () => void): void;
}

/** A body that cannot be read as text. */
export type BodyError = {
  readonly unreadable: "over-limit" | "not-utf8" | "cut-off" | "taken" | "too-deep";
};
