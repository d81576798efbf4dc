/**
 * What a connection is given: what it reads, and who is told of its end. And what it begins with.
 *
 * @module
 */

import { COMMENT, eventId, primingText } from "../../outbound/sse.ts";
import type { Post } from "../calls/post.ts";
import type { StreamCloseReason } from "../events.ts";
import type { Live } from "../sessions/live.ts";
import type { Connection } from "./connection.ts";
import type { Stream } from "./stream.ts";

/** What a connection reads, and from where. */
export interface Reading {
  readonly session: string;
  readonly stream: string;
  /**
   * The position after which to begin: one that the client named, after which every event has to be there; or 0 for
   * the answer to a POST; or undefined for where the last reader got to.
   */
  readonly after: number | undefined;
  /** Events carry ids, and the log outlives the connection. */
  readonly resumable: boolean;
  /** The first event has an id and empty data (2025-11-25). */
  readonly priming: boolean;
  /** What the session has going on here; undefined for a stream without a session. */
  readonly live: Live | undefined;
  /** The POST whose answer it is, if any. */
  readonly post: Post | undefined;
  /** The stream's writing end, where the connection was made with it; its settings say where the log is. */
  readonly writer: Stream | undefined;
}

/** Is told that a connection is over. */
export type Closed = (connection: Connection, reason: StreamCloseReason) => void;

/** What a stream begins with for who reads it after a position: an id to come back with, or a comment. */
export function firstText(stream: string, after: number, priming: boolean): string {
  return priming ? primingText(eventId(stream, after)) : COMMENT;
}
