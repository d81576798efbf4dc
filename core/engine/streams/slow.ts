/**
 * How long a peer that reads slowly, or not at all, is waited for.
 *
 * @module
 */

import type { StreamCloseReason } from "../events.ts";
import type { Settings } from "../options/options.ts";
import type { Sink } from "../reply.ts";

/** How long a peer may take for what waits for it, once that is more than may wait, in milliseconds. */
export const SLOW_MS = 500;

/** How long a connection may be unread after its end, in milliseconds. */
const UNREAD_MS = 60_000;

/**
 * Breaks a connection that has ended, after a while: what waits for a peer that reads nothing would wait for ever. Not
 * where the stream was read to its end, for a last answer may take its time, nor where the peer has left already.
 */
export function abortLater(
  sink: Sink | undefined,
  { clock }: Settings,
  reason: StreamCloseReason,
): void {
  if (reason === "finished" || reason === "disconnected") return;
  clock.after(UNREAD_MS, () => sink?.abort());
}
