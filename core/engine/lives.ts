/**
 * The sessions that this node holds, because something is going on in them here.
 *
 * @module
 */

import type { SessionRecord } from "../session/record.ts";
import { Live } from "./live.ts";

/** All activity on one node, by session. */
export class Lives {
  readonly #lives = new Map<string, Live>();
  readonly #touch: (id: string, held: boolean) => void;
  readonly #begun: () => void;

  /**
   * @param touch Is told of every session that is held from here on, or no more.
   * @param begun Is told that there is one more.
   */
  constructor(touch: (id: string, held: boolean) => void, begun: () => void) {
    this.#touch = touch;
    this.#begun = begun;
  }

  /** The activity of a session, and one more reason to hold it. */
  hold(record: SessionRecord): Live {
    let live = this.#lives.get(record.id);
    if (live === undefined) {
      this.#lives.set(record.id, live = new Live(record));
      this.#begun();
    }
    if (live.holds++ === 0) this.#touch(record.id, true);
    return live;
  }

  /** One reason less. Idle time counts from here. */
  release(live: Live): void {
    if (--live.holds > 0 || !this.has(live)) return;
    this.#lives.delete(live.id);
    this.#touch(live.id, false);
  }

  /** The session is over: the activity that there was. */
  remove(id: string): Live | undefined {
    const live = this.#lives.get(id);
    this.#lives.delete(id);
    return live;
  }

  /** The activity of a session, if any. */
  get(id: string): Live | undefined {
    return this.#lives.get(id);
  }

  /** Its session is held still, and by it. */
  has(live: Live): boolean {
    return this.#lives.get(live.id) === live;
  }

  /** The ids of the sessions. */
  ids(): Iterable<string> {
    return this.#lives.keys();
  }

  [Symbol.iterator](): Iterator<Live> {
    return this.#lives.values();
  }
}
