/**
 * Messages between handlers that share one memory backend: plain calls.
 *
 * @module
 */

import type { Bus } from "../ports.ts";

type Receive = (message: string) => void;

/** A bus within this process. */
export function memoryBus(): Bus {
  // One receiver a topic is the rule, and a list for each would be much of what an open stream needs.
  const topics = new Map<string, Receive | Receive[]>();
  return {
    publish(topic, message) {
      const found = topics.get(topic);
      if (found === undefined) return 0;
      if (typeof found === "function") {
        found(message);
        return 1;
      }
      const { length } = found;
      // A receiver that leaves while it is called must not hide the next one.
      for (const receive of [...found]) receive(message);
      return length;
    },
    subscribe(topic, receive) {
      const found = topics.get(topic);
      if (found === undefined) topics.set(topic, receive);
      else if (typeof found === "function") topics.set(topic, [found, receive]);
      else found.push(receive);
      return () => {
        const now = topics.get(topic);
        if (now === receive) topics.delete(topic);
        else if (typeof now === "object") {
          now.splice(now.indexOf(receive), 1);
          if (now.length === 0) topics.delete(topic);
        }
        // Called again, it must not end another that shares the function. A flag for it would take Bun 50 bytes.
        topic = "";
      };
    },
  };
}
