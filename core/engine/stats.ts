/**
 * Figures of a handler.
 *
 * @module
 */

/** What a handler is doing. */
export interface Stats {
  /** Sessions stored, on all nodes that share the backend. */
  readonly sessions: number;
  /** Open event streams on this node. */
  readonly streams: number;
  /** Requests in flight on this node. */
  readonly inFlight: number;
  /** Requests stopped before their answer, since the handler was made. */
  readonly aborted: number;
}
