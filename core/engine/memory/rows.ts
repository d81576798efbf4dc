/**
 * Rows of numbers that no collector sees, and lists that run through them. A row is 64 bytes, a line of the
 * processor's caches.
 *
 * @module
 */

/** No row. */
export const NONE = -1;

/** 32-bit words of a row. */
const WORDS = 16;
/** Texts of a row: what is no number. */
const TEXTS = 2;

/** Rows are allocated, and given back, so many at a time. */
const SHIFT = 12;
const CHUNK = 1 << SHIFT;

/** The word in which a free row names the next one. */
const NEXT_FREE = 0;

class Chunk {
  readonly integers: Int32Array;
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

/**
 * Rows by number. Words 0 to 15 hold integers of 32 bits; two of them, from an even one on, can hold a number
 * instead.
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
    chunk.free = this.get(row, NEXT_FREE);
    return row;
  }

  /** Gives a row back. */
  free(row: number): void {
    const at = row >> SHIFT;
    const chunk = this.#chunks[at]!;
    for (let text = 0; text < TEXTS; text++) this.setText(row, text, undefined);
    this.set(row, NEXT_FREE, chunk.free);
    chunk.free = row;
    if (chunk.used-- === CHUNK) this.#roomy.push(at);
    if (chunk.used === 0) this.#chunks[at] = undefined;
  }

  get(row: number, word: number): number {
    return this.#of(row).integers[(row & (CHUNK - 1)) * WORDS + word]!;
  }

  set(row: number, word: number, value: number): void {
    this.#of(row).integers[(row & (CHUNK - 1)) * WORDS + word] = value;
  }

  /** The number in a word and the one after it. */
  getNumber(row: number, word: number): number {
    return this.#of(row).numbers[((row & (CHUNK - 1)) * WORDS + word) >> 1]!;
  }

  setNumber(row: number, word: number, value: number): void {
    this.#of(row).numbers[((row & (CHUNK - 1)) * WORDS + word) >> 1] = value;
  }

  getText(row: number, text: number): string | undefined {
    return this.#of(row).texts[(row & (CHUNK - 1)) * TEXTS + text];
  }

  setText(row: number, text: number, value: string | undefined): void {
    this.#of(row).texts[(row & (CHUNK - 1)) * TEXTS + text] = value;
  }

  #of(row: number): Chunk {
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
    return this.#rows.get(row, this.#after);
  }

  /** Puts a row, which is not in it, at the end. */
  append(row: number): void {
    this.#rows.set(row, this.#before, this.last);
    this.#rows.set(row, this.#after, NONE);
    if (this.last === NONE) this.first = row;
    else this.#rows.set(this.last, this.#after, row);
    this.last = row;
  }

  /** Takes a row out that is in it. */
  remove(row: number): void {
    const before = this.#rows.get(row, this.#before);
    const after = this.#rows.get(row, this.#after);
    if (before === NONE) this.first = after;
    else this.#rows.set(before, this.#after, after);
    if (after === NONE) this.last = before;
    else this.#rows.set(after, this.#before, before);
  }
}
