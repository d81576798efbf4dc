/**
 * Who receives what, within this process.
 *
 * @module
 */

import type { Receiver } from "./ports.ts";
import { SomeByKey } from "./some.ts";

/** Receivers by topic. */
export class Topics extends SomeByKey<string, Receiver> {
  /** Hands a message to whoever receives it, and returns how many that were. */
  deliver(topic: string, message: string): number {
    const found = this.of(topic);
    if (found === undefined) return 0;
    if (!(found instanceof Set)) {
      found.receive(message);
      return 1;
    }
    const { size } = found;
    // One that comes while others are told is not told, nor is one that has left.
    for (const one of [...found]) if (found.has(one)) one.receive(message);
    return size;
  }
}
