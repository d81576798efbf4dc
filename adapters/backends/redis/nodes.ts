/**
 * Leases of nodes in Redis.
 *
 * @module
 */

import type { Nodes } from "../../../core/engine/ports.ts";
import { whole } from "../whole.ts";
import type { Store } from "./store.ts";

/** The nodes that share a Redis. */
export function redisNodes(store: Store, leaseMs: number): Nodes {
  return {
    leaseMs,
    renew: (node, now) => store.says("renew", node, whole(now), whole(leaseMs)),
    alive: (node, now) => store.says("alive", node, whole(now)),
    async leave(node, now) {
      await store.run("leave", node, whole(now));
    },
  };
}
