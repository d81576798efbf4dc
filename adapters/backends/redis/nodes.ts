/**
 * Leases of nodes in Redis.
 *
 * @module
 */

import type { Nodes } from "../../../core/engine/ports.ts";
import { type Store, whole } from "./store.ts";

/** The nodes that share a Redis. */
export function redisNodes(store: Store, leaseMs: number): Nodes {
  return {
    leaseMs,
    renew: async (node, now) => await store.run("renew", node, whole(now), whole(leaseMs)) === 1,
    alive: async (node, now) => await store.run("alive", node, whole(now)) === 1,
    async leave(node) {
      await store.run("leave", node);
    },
  };
}
