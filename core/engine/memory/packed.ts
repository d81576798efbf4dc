/**
 * Streams that are over, packed: all events of one in one text, and the texts in columns. Hardly any is ever asked for,
 * so to keep one must cost next to nothing, and above all give the collector nothing to walk through. Whoever asks
 * pays for it: the names are looked through.
 *
 * @module
 */

/** One of them. */
export interface Packed {
  /** Its events, with a line break between two: each is JSON in one line. */
  readonly text: string;
  /** When it ended. */
  readonly at: number;
  /** When each event was appended; undefined where all were when it ended. */
  readonly times: readonly number[] | undefined;
  /** Its place among all streams of the session that have ended. */
  readonly order: number;
  /** What it costs of the session's budget. */
  readonly cost: number;
}

/** Places of streams that are gone, at which they are freed. */
const GONE_AT_ONCE = 1_024;

/** Packed streams, in the order in which they ended. */
export class PackedStreams {
  /** Undefined where a stream was taken. */
  #names: (string | undefined)[] = [];
  #texts: string[] = [];
  #ends: number[] = [];
  #times: (readonly number[] | undefined)[] = [];
  #orders: number[] = [];
  #costs: number[] = [];
  /** Where they begin; what is before is gone. */
  #head = 0;

  /** The oldest one's place among those that have ended; undefined where there is none. */
  get oldestOrder(): number | undefined {
    return this.#orders[this.#head];
  }

  /** When the oldest ended. */
  get oldestEnd(): number | undefined {
    return this.#ends[this.#head];
  }

  /** Keeps one that ended after all the others. */
  push(name: string, { text, at, times, order, cost }: Packed): void {
    this.#names.push(name);
    this.#texts.push(text);
    this.#ends.push(at);
    this.#times.push(times);
    this.#orders.push(order);
    this.#costs.push(cost);
  }

  /** Forgets the oldest and returns what it cost. There is one. */
  shift(): number {
    const cost = this.#costs[this.#head]!;
    this.#clear(this.#head);
    return cost;
  }

  /** Takes one out. */
  take(name: string): Packed | undefined {
    const place = this.#names.indexOf(name, this.#head);
    if (place < 0) return undefined;
    const found = {
      text: this.#texts[place]!,
      at: this.#ends[place]!,
      times: this.#times[place],
      order: this.#orders[place]!,
      cost: this.#costs[place]!,
    };
    this.#clear(place);
    return found;
  }

  #clear(place: number): void {
    this.#names[place] = undefined;
    this.#texts[place] = "";
    this.#times[place] = undefined;
    const { length } = this.#names;
    while (this.#head < length && this.#names[this.#head] === undefined) this.#head++;
    // Half of the places are of streams that are gone: move the rest to the front, which pays for itself.
    if (this.#head < GONE_AT_ONCE || this.#head * 2 < length) return;
    this.#names = this.#names.slice(this.#head);
    this.#texts = this.#texts.slice(this.#head);
    this.#ends = this.#ends.slice(this.#head);
    this.#times = this.#times.slice(this.#head);
    this.#orders = this.#orders.slice(this.#head);
    this.#costs = this.#costs.slice(this.#head);
    this.#head = 0;
  }
}
