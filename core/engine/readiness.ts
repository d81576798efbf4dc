/**
 * The wait for `notifications/initialized`, before which a client is asked nothing but pings.
 *
 * @module
 */

import { andThen } from "./awaitable.ts";
import type { Live } from "./live.ts";
import type { Settings } from "./options.ts";
import { attempt } from "./words.ts";

/** Calls `go` once the client may be asked: pings at once, all else after `notifications/initialized`. */
export function whenReady(
  live: Live | undefined,
  method: string,
  settings: Settings,
  go: () => void,
): void {
  if (live === undefined || live.ready || method === "ping") return go();
  live.waiting.add(go);
  recheck(live, settings);
}

// What a node that came late may not have heard: that the client is ready.
function recheck(live: Live, settings: Settings): void {
  const { backend } = settings;
  if (backend.nodes === undefined) return;
  attempt(settings, () =>
    andThen(backend.sessions.get(live.id), (record) => {
      if (record?.ready) live.markReady();
    }));
}
