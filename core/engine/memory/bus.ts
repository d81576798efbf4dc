/**
 * Messages between handlers that share one memory backend: plain calls.
 *
 * @module
 */

import type { Bus } from "../ports.ts";

type Receive = (message: string) => void;

/** A bus within this process. */
export function memoryBus(): Bus {
  // One receiver a topic is the rule, and a set for each would be much of what an open stream needs.
  const topics = new Map<string, Receive | Set<Receive>>();
  return {
    publish(topic, message) {
      const found = topics.get(topic);
      if (found === undefined) return 0;
      if (typeof found === "function") {
        found(message);
        return 1;
      }
      const { size } = found;
      // A receiver that leaves while it is called must not hide the next one.
      for (const receive of [...found]) receive(message);
      return size;
    },
    subscribe(topic, receive) {
      const found = topics.get(topic);
      // Its own, so that each subscription ends on its own also where two share a function.
      const own: Receive = (message) => receive(message);
      if (found === undefined) topics.set(topic, own);
      else if (typeof found === "function") topics.set(topic, new Set([found, own]));
      else found.add(own);
      return () => {
        const now = topics.get(topic);
        if (now === own) topics.delete(topic);
        else if (typeof now === "object" && now.delete(own) && now.size === 0) topics.delete(topic);
      };
    },
  };
}
