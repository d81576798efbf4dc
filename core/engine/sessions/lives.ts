/**
 * The sessions that this node holds, because something is going on in them here.
 *
 * @module
 */

import type { SessionRecord } from "../../session/record.ts";
import { Live } from "./live.ts";

/** From how many on ids are forgotten of which nothing is held any more. */
const FORGET_FROM = 100;

/** All activity on one node, by session. */
export class Lives {
  /**
   * Undefined for some that were held and are no more. What is deleted from a `Map` stays in its way until that is made
   * anew: a busy session, deleted and added with each call, would find thousands of its own among many that are held.
   */
  readonly #lives = new Map<string, Live | undefined>();
  #unheld = 0;
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
      const { size } = this.#lives;
      this.#lives.set(record.id, live = new Live(record));
      if (this.#lives.size === size) this.#unheld--;
      this.#begun();
    }
    if (live.holds++ === 0) this.#touch(record.id, true);
    return live;
  }

  /** One reason less. Idle time counts from here. */
  release(live: Live): void {
    if (--live.holds > 0 || !this.has(live)) return;
    this.#lives.set(live.id, undefined);
    if (++this.#unheld >= FORGET_FROM && this.#unheld * 2 > this.#lives.size) this.#forget();
    this.#touch(live.id, false);
  }

  /** The session is over: the activity that there was. */
  remove(id: string): Live | undefined {
    const live = this.#lives.get(id);
    if (this.#lives.delete(id) && live === undefined) this.#unheld--;
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
  *ids(): Iterable<string> {
    for (const live of this) yield live.id;
  }

  *[Symbol.iterator](): Iterator<Live> {
    for (const live of this.#lives.values()) if (live !== undefined) yield live;
  }

  #forget(): void {
    for (const [id, live] of this.#lives) if (live === undefined) this.#lives.delete(id);
    this.#unheld = 0;
  }
}
