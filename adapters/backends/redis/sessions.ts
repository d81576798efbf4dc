/**
 * Sessions in Redis.
 *
 * @module
 */

import type { Lapsed, SessionStore } from "../../../core/engine/ports.ts";
import type { SessionRecord } from "../../../core/session/record.ts";
import { ownerOf, ownerText } from "../owner.ts";
import { whole } from "../whole.ts";
import { type Answer, span, type Store } from "./store.ts";

/** How many sessions a list reads at once. */
const PAGE = 100;

/** A session store in Redis. */
export function redisSessions(store: Store): SessionStore {
  const get = async (id: string): Promise<SessionRecord | undefined> =>
    recordOf(id, await store.run("get", id));
  // It may be stored all the same, or come to be later; nobody has its id. Where this fails too, it grows idle.
  const undo = (id: string): void => {
    store.run("delete", id).catch(() => {/* what made it necessary is known */});
  };
  return {
    async create(record, capacity, lifetime) {
      const { id, version = "", owner, initialize, created, seen, ready } = record;
      const stored = store.run(
        "create",
        id,
        version,
        owner === undefined ? "-" : `=${ownerText(owner)}`,
        initialize,
        whole(created),
        whole(seen),
        ready ? 1 : 0,
        whole(capacity.sessions),
        capacity.perPrincipal === Infinity ? -1 : whole(capacity.perPrincipal),
        span(lifetime.maxAgeMs),
      );
      stored.catch(() => undo(id));
      const [outcome, ...evicted] = await stored as readonly string[];
      return outcome === "created"
        ? { created: true, evicted }
        : { created: false, full: outcome as "capacity" | "quota" };
    },
    get,
    async touch(id, { at, ready, held, by = "" }) {
      const hold = held === undefined ? "" : held ? 1 : 0;
      await store.run("touch", id, whole(at), ready ? 1 : 0, hold, by);
    },
    delete: (id) => store.says("delete", id),
    async *list() {
      for (let [created, last] = ["", ""];;) {
        const found = await store.run("list", created, last, PAGE) as readonly string[];
        const ids = found.filter((_, i) => i % 2 === 0);
        for (const record of await Promise.all(ids.map(get))) {
          if (record !== undefined) yield record;
        }
        if (ids.length < PAGE) return;
        [last = "", created = ""] = found.slice(-2);
      }
    },
    count: async () => Number(await store.run("count")),
    async sweep(now, { idleMs, maxAgeMs }) {
      const found = await store.run(
        "sweep",
        whole(now),
        whole(idleMs),
        span(maxAgeMs),
      ) as readonly string[];
      const gone: Lapsed[] = [];
      for (let i = 0; i < found.length; i += 2) {
        gone.push({ id: found[i]!, reason: found[i + 1] as Lapsed["reason"] });
      }
      return gone;
    },
  };
}

function recordOf(id: string, found: Answer): SessionRecord | undefined {
  if (!Array.isArray(found)) return undefined;
  const [version, owner, initialize, created, seen, ready, holders] = found as readonly string[];
  return {
    id,
    version: (version || undefined) as SessionRecord["version"],
    owner: owner === "-" ? undefined : ownerOf(owner!.slice(1)),
    initialize: initialize!,
    created: Number(created),
    seen: Number(seen),
    ready: ready === "1",
    held: Number(holders) > 0,
  };
}
