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
  /** The writing end, where it is in the same hands; its log is then where that one writes it. */
  readonly writer: Stream | undefined;
}

/** Is told that a connection is over. */
export type Closed = (connection: Connection, reason: StreamCloseReason) => void;

/** Who keeps connections. */
export interface Keeper {
  readonly settings: Settings;
  /**
   * A reader of a session loses its place to another. Undefined the first time: it is a dead socket then. A client that
   * has two and comes back to whichever ends would have each end the other for ever: it is asked to stay away, for so
   * many milliseconds, longer each time. On several nodes the other may be on another one, and the session idle here.
   */
  away(session: string): number | undefined;
  /** One is over. */
  readonly closed: Closed;
}
