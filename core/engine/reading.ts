/**
 * What a connection is given: what it reads, and whom it tells of its end.
 *
 * @module
 */

import type { Connection } from "./connection.ts";
import type { StreamCloseReason } from "./events.ts";
import type { Live } from "./live.ts";
import type { Post } from "./post.ts";
import type { Stream } from "./stream.ts";

/** What a connection reads, and from where. */
export interface Reading {
  readonly session: string;
  readonly stream: string;
  /** The position after which to begin; undefined for where the last reader got to. */
  readonly after: number | undefined;
  /** The client named that position: every event after it has to be there. */
  readonly named: boolean;
  /** It is the session's own stream, not that of a call. */
  readonly standalone: boolean;
  /** Events carry ids, and the log outlives the connection. */
  readonly resumable: boolean;
  /** The first event has an id and empty data (2025-11-25). */
  readonly priming: boolean;
  /** What the session has going on here; undefined for a stream without a session. */
  readonly live: Live | undefined;
  /** The POST whose answer it is, if any. */
  readonly post: Post | undefined;
  /** The writing end, where it is in the same hands. */
  readonly writer: Stream | undefined;
}

/** Is told that a connection is over. */
export type Closed = (connection: Connection, reason: StreamCloseReason) => void;
