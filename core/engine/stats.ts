/**
 * Figures of a handler.
 *
 * @module
 */

/** What a handler is doing, in numbers. */
export interface Stats {
  /** Sessions that the backend has stored, whichever node opened them; some may have expired. 0 with `sealed`. */
  readonly sessions: number;
  /** Open event streams on this node. */
  readonly streams: number;
  /** Requests in flight on this node. */
  readonly inFlight: number;
  /**
   * Requests that were stopped before their answer since the handler was made: cancelled, or their session ended, their
   * peer left, or the handler closed.
   */
  readonly aborted: number;
}
