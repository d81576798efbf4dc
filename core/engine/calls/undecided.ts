/**
 * The POSTs whose answers are not there yet and may still turn to streams.
 *
 * @module
 */

import { Deadlines } from "../deadlines.ts";
import type { Settings } from "../options/options.ts";
import type { Post } from "./post.ts";

/** Turns answers to streams that take long: proxies end silent requests, and nobody sees whether their peers left. */
export class Undecided {
  readonly #slow: Deadlines<Post>;
  readonly #soon: Deadlines<Post>;

  constructor({ clock, autoSseMs, soonSseMs }: Settings) {
    this.#slow = new Deadlines(clock, autoSseMs, (post) => post.stream());
    this.#soon = new Deadlines(clock, soonSseMs, (post) => post.stream());
  }

  /**
   * Has a POST that has no answer yet turn to a stream after a while, if it may.
   *
   * @param unwatched Only on a stream would one see that the peer has left, so it turns to one soon.
   */
  add(post: Post, unwatched: boolean = false): void {
    if (post.undecided) (unwatched || post.streams ? this.#soon : this.#slow).add(post);
  }

  /** It has been answered. */
  delete(post: Post): void {
    this.#slow.delete(post);
    this.#soon.delete(post);
  }

  /** None turns to a stream any more. */
  clear(): void {
    this.#slow.clear();
    this.#soon.clear();
  }
}
