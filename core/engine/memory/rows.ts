/**
 * Rows of numbers that no collector sees, and lists that run through them. A row is 64 bytes, a line of the
 * processor's caches.
 *
 * @module
 */

/** No row. */
export const NONE = -1;

/** 32-bit words of a row: integers, or two together, from an even one on, a number. */
const WORDS = 16;
/** Texts of a row: what is no number. */
const TEXTS = 2;

/** Rows are allocated, and given back, so many at a time. */
const SHIFT = 12;
const CHUNK = 1 << SHIFT;

/** The word in which a free row names the next one. */
const NEXT_FREE = 0;

/** Rows that lie side by side. */
class Chunk {
  readonly integers: Int32Array;
  /** The same, as numbers of two words each. */
  readonly numbers: Float64Array;
  readonly texts: (string | undefined)[] = new Array(CHUNK * TEXTS).fill(undefined);
  /** The first free row of those that were in use once. */
  free: number = NONE;
  /** How many rows were ever in use, from the first on. */
  touched = 0;
  used = 0;

  constructor() {
    const buffer = new ArrayBuffer(CHUNK * WORDS * Int32Array.BYTES_PER_ELEMENT);
    this.integers = new Int32Array(buffer);
    this.numbers = new Float64Array(buffer);
  }
}

/** Where the words of a row begin in its chunk's `integers`. Its numbers begin at half of it. */
export function wordsOf(row: number): number {
  return (row & (CHUNK - 1)) * WORDS;
}

/** Where the texts of a row begin in its chunk's `texts`. */
export function textsOf(row: number): number {
  return (row & (CHUNK - 1)) * TEXTS;
}

/**
 * Rows by number. Whoever reads or writes one takes its chunk once: with a method for each word, which the compilers
 * do not inline on so long a way, a call took 1.5 µs more on Node.
 */
export class Rows {
  readonly #chunks: (Chunk | undefined)[] = [];
  /** Chunks that have room. One of which nothing is used is given back; its number stays here. */
  readonly #roomy: number[] = [];

  /** A row that nothing uses. Its words hold anything. */
  allocate(): number {
    if (this.#roomy.length === 0) this.#roomy.push(this.#chunks.length);
    const at = this.#roomy[this.#roomy.length - 1]!;
    const chunk = this.#chunks[at] ??= new Chunk();
    if (++chunk.used === CHUNK) this.#roomy.pop();
    if (chunk.free === NONE) return (at << SHIFT) + chunk.touched++;
    const row = chunk.free;
    chunk.free = chunk.integers[wordsOf(row) + NEXT_FREE]!;
    return row;
  }

  /** Gives a row back. */
  free(row: number): void {
    const chunk = this.chunk(row);
    chunk.texts.fill(undefined, textsOf(row), textsOf(row) + TEXTS);
    chunk.integers[wordsOf(row) + NEXT_FREE] = chunk.free;
    chunk.free = row;
    if (chunk.used-- === CHUNK) this.#roomy.push(row >> SHIFT);
    if (chunk.used === 0) this.#chunks[row >> SHIFT] = undefined;
  }

  /** Where a row is. It has been allocated. */
  chunk(row: number): Chunk {
    return this.#chunks[row >> SHIFT]!;
  }
}

/** A list that runs through rows. A row has two words for it: the one before, and the one after. */
export class RowList {
  readonly #rows: Rows;
  readonly #before: number;
  readonly #after: number;
  first: number = NONE;
  last: number = NONE;

  /** @param before The word for the row before; `after` the one for the row after. */
  constructor(rows: Rows, before: number, after: number) {
    this.#rows = rows;
    this.#before = before;
    this.#after = after;
  }

  /** The row after one of the list; `NONE` at its end. */
  after(row: number): number {
    return this.#rows.chunk(row).integers[wordsOf(row) + this.#after]!;
  }

  /** Puts a row, which is not in it, at the end. */
  append(row: number): void {
    const { integers } = this.#rows.chunk(row);
    const { last } = this;
    integers[wordsOf(row) + this.#before] = last;
    integers[wordsOf(row) + this.#after] = NONE;
    this.last = row;
    if (last === NONE) this.first = row;
    else this.#rows.chunk(last).integers[wordsOf(last) + this.#after] = row;
  }

  /** Takes a row out that is in it. */
  remove(row: number): void {
    const { integers } = this.#rows.chunk(row);
    const before = integers[wordsOf(row) + this.#before]!;
    const after = integers[wordsOf(row) + this.#after]!;
    if (before === NONE) this.first = after;
    else this.#rows.chunk(before).integers[wordsOf(before) + this.#after] = after;
    if (after === NONE) this.last = before;
    else this.#rows.chunk(after).integers[wordsOf(after) + this.#before] = before;
  }
}
