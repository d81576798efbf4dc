/**
 * Who receives what, within this process.
 *
 * @module
 */

import type { Receiver } from "./ports.ts";

/** Receivers by topic. */
export class Topics {
  // One receiver a topic is the rule, and a list for each would be much of what an open stream needs.
  readonly #receivers = new Map<string, Receiver | Receiver[]>();

  /** The topics that somebody receives. */
  names(): Iterable<string> {
    return this.#receivers.keys();
  }

  /** True where somebody receives it. */
  has(topic: string): boolean {
    return this.#receivers.has(topic);
  }

  /** Adds a receiver, unless it is there. True where it is the topic's first. */
  add(topic: string, receiver: Receiver): boolean {
    const found = this.#receivers.get(topic);
    if (found === undefined) this.#receivers.set(topic, receiver);
    else if (Array.isArray(found)) {
      if (!found.includes(receiver)) found.push(receiver);
    } else if (found !== receiver) this.#receivers.set(topic, [found, receiver]);
    return found === undefined;
  }

  /** Takes a receiver out, if it is there. True where it was the topic's last. */
  delete(topic: string, receiver: Receiver): boolean {
    const found = this.#receivers.get(topic);
    if (Array.isArray(found)) {
      const place = found.indexOf(receiver);
      if (place >= 0) found.splice(place, 1);
      if (found.length > 0) return false;
    } else if (found !== receiver) return false;
    return this.#receivers.delete(topic);
  }

  /** Hands a message to whoever receives it, and returns how many that were. */
  deliver(topic: string, message: string): number {
    const found = this.#receivers.get(topic);
    if (found === undefined) return 0;
    if (!Array.isArray(found)) {
      found.receive(message);
      return 1;
    }
    const { length } = found;
    // One that leaves while it is told must not hide the next, and one that has left is told nothing.
    for (const one of [...found]) if (found.includes(one)) one.receive(message);
    return length;
  }
}
