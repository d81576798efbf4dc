/**
 * Where the row of an id is: open addressing over one typed array. A place holds the hash of an id and its row, so
 * that a look touches a row only where the hashes agree.
 *
 * @module
 */

import { NONE } from "./rows.ts";

const SMALLEST = 16;

/** Rows by the hash of their id. */
export class IdIndex {
  #count = 0;
  /** For each place a hash and a row. */
  #places: Int32Array = places(SMALLEST);
  #mask: number = SMALLEST - 1;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** The place at which to begin to look for a hash. */
  first(hash: number): number {
    return hash & this.#mask;
  }

  /** The place to look at after this one. */
  next(place: number): number {
    return (place + 1) & this.#mask;
  }

  /** The row at a place: `NONE` where the look is over, undefined where it is of another hash. */
  at(place: number, hash: number): number | undefined {
    const row = this.#places[2 * place + 1]!;
    return row === NONE || this.#places[2 * place] === hash ? row : undefined;
  }

  /** Adds a row that is not there yet. */
  add(hash: number, row: number): void {
    // Beyond three quarters the way to a free place grows long.
    if (++this.#count * 4 > this.#mask * 3) this.#resize((this.#mask + 1) * 2);
    this.#put(hash, row);
  }

  /** Takes out a row that is there. */
  remove(hash: number, row: number): void {
    let gap = this.first(hash);
    while (this.#places[2 * gap + 1] !== row) gap = this.next(gap);
    // What follows moves up into the gap, but not past the place where a look for it begins.
    for (let place = this.next(gap);; place = this.next(place)) {
      const moved = this.#places[2 * place + 1]!;
      if (moved === NONE) break;
      const own = this.#places[2 * place]!;
      if (this.#way(this.first(own), place) < this.#way(gap, place)) continue;
      this.#places[2 * gap] = own;
      this.#places[2 * gap + 1] = moved;
      gap = place;
    }
    this.#places[2 * gap + 1] = NONE;
    const half = (this.#mask + 1) / 2;
    if (--this.#count * 4 < half && half >= SMALLEST) this.#resize(half);
  }

  #way(from: number, to: number): number {
    return (to - from) & this.#mask;
  }

  #put(hash: number, row: number): void {
    let place = this.first(hash);
    while (this.#places[2 * place + 1] !== NONE) place = this.next(place);
    this.#places[2 * place] = hash;
    this.#places[2 * place + 1] = row;
  }

  #resize(size: number): void {
    const before = this.#places;
    this.#places = places(size);
    this.#mask = size - 1;
    for (let i = 0; i < before.length; i += 2) {
      if (before[i + 1] !== NONE) this.#put(before[i]!, before[i + 1]!);
    }
  }
}

function places(size: number): Int32Array {
  return new Int32Array(2 * size).fill(NONE);
}
