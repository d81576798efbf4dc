/**
 * Streams that are one event and over, as those of most calls are, in columns. Hardly any is ever asked for, so to
 * keep one must cost next to nothing: an entry of a `Map` and objects for each took 1.5 to 4 µs a call (Node, Deno and
 * Bun, garbage collection included), the columns 0.1. Whoever asks pays for it: the names are looked through.
 *
 * @module
 */

/** One of them. */
export interface Whole {
  readonly data: string;
  /** When it was stored. */
  readonly at: number;
  /** Its place among all streams of the session that have ended. */
  readonly order: number;
}

/** Places of streams that are gone, at which they are freed. */
const GONE_AT_ONCE = 1_024;

/** Streams of one event, oldest first. */
export class Wholes {
  /** Undefined where a stream was taken. */
  #names: (string | undefined)[] = [];
  #texts: string[] = [];
  #times: number[] = [];
  #orders: number[] = [];
  /** Where they begin; what is before is gone. */
  #head = 0;

  /** The place of the oldest among those that have ended; undefined where there is none. */
  get oldestOrder(): number | undefined {
    return this.#orders[this.#head];
  }

  /** When the oldest was stored. */
  get oldestAt(): number | undefined {
    return this.#times[this.#head];
  }

  /** Keeps one. */
  push(name: string, data: string, at: number, order: number): void {
    this.#names.push(name);
    this.#texts.push(data);
    this.#times.push(at);
    this.#orders.push(order);
  }

  /** Forgets the oldest and returns what it held. There is one. */
  shift(): string {
    const data = this.#texts[this.#head]!;
    this.#clear(this.#head);
    return data;
  }

  /** Takes one out. */
  take(name: string): Whole | undefined {
    const place = this.#names.indexOf(name, this.#head);
    if (place < 0) return undefined;
    const found = {
      data: this.#texts[place]!,
      at: this.#times[place]!,
      order: this.#orders[place]!,
    };
    this.#clear(place);
    return found;
  }

  #clear(place: number): void {
    this.#names[place] = undefined;
    this.#texts[place] = "";
    const { length } = this.#names;
    while (this.#head < length && this.#names[this.#head] === undefined) this.#head++;
    // Half of the places are of streams that are gone: move the rest to the front, which pays for itself.
    if (this.#head < GONE_AT_ONCE || this.#head * 2 < length) return;
    this.#names = this.#names.slice(this.#head);
    this.#texts = this.#texts.slice(this.#head);
    this.#times = this.#times.slice(this.#head);
    this.#orders = this.#orders.slice(this.#head);
    this.#head = 0;
  }
}
