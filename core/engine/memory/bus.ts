/**
 * Messages between handlers that share one memory backend: plain calls.
 *
 * @module
 */

import type { Bus } from "../ports.ts";
import { Topics } from "../topics.ts";

/** A bus within this process. */
export function memoryBus(): Bus {
  const topics = new Topics();
  return {
    publish: (topic, message) => topics.deliver(topic, message),
    subscribe: (topic, receiver) => void topics.add(topic, receiver),
    unsubscribe: (topic, receiver) => void topics.delete(topic, receiver),
  };
}
