/**
 * The queues of streams that are open on this node. There are no records whose end would end them, so
 * they go when the ids that they belong to have expired.
 *
 * @module
 */

import { memoryLogs } from "../../../core/engine/memory/logs.ts";
import type { LogStore } from "../../../core/engine/ports.ts";

/** How many sessions are looked at for each stream that is opened. */
const LOOKS = 4;

/** Logs in memory. */
export function sealedLogs(expires: (session: string) => number): LogStore {
  const logs = memoryLogs();
  const known = new Map<string, number>();
  let looking = known.entries();
  return {
    open(session, stream, now, budget, owed) {
      if (!known.has(session)) known.set(session, expires(session));
      for (let i = 0; i < LOOKS; i++) {
        const { done, value } = looking.next();
        if (done) {
          looking = known.entries();
          break;
        }
        if (value[1] > now) continue;
        known.delete(value[0]);
        logs.drop(value[0]);
      }
      return logs.open(session, stream, now, budget, owed);
    },
    append: (...given) => logs.append(...given),
    end: (...given) => logs.end(...given),
    read: (...given) => logs.read(...given),
    bounds: (...given) => logs.bounds(...given),
    delivered: (...given) => logs.delivered(...given),
    drop(session, stream) {
      if (stream === undefined) known.delete(session);
      return logs.drop(session, stream);
    },
  };
}
