/**
 * Messages between handlers that share one memory backend: plain calls.
 *
 * @module
 */

import type { Bus } from "../ports.ts";

/** A bus within this process. */
export function memoryBus(): Bus {
  const topics = new Map<string, Set<(message: string) => void>>();
  return {
    publish(topic, message) {
      const receivers = topics.get(topic);
      if (receivers === undefined) return 0;
      const { size } = receivers;
      // A receiver that leaves while it is called must not hide the next one.
      for (const receive of size === 1 ? receivers : [...receivers]) receive(message);
      return size;
    },
    subscribe(topic, receive) {
      const receivers = topics.get(topic) ?? new Set();
      topics.set(topic, receivers.add(receive));
      return () => {
        receivers.delete(receive);
        if (receivers.size === 0 && topics.get(topic) === receivers) topics.delete(topic);
      };
    },
  };
}
