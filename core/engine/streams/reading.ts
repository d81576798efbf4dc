/**
 * What a connection is given: what it reads, and who keeps it.
 *
 * @module
 */

import type { Post } from "../calls/post.ts";
import type { StreamCloseReason } from "../events.ts";
import type { Settings } from "../options/options.ts";
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

/** Who keeps connections. */
export interface Keeper {
  readonly settings: Settings;
  /**
   * Says for how many milliseconds a client shall stay away whose connection has lost its place to a newer one.
   * Undefined the first time, for then the old connection is mostly a dead socket. But a client that holds two
   * connections, and comes back to whichever ends, would have each end the other for ever: so where it happens again
   * soon, it is a time, and a longer one each time. It is counted by session, and also where the session is idle on
   * this node: the other connection may be on another one.
   */
  away(session: string): number | undefined;
  /** One is over. */
  readonly closed: Closed;
}
