/**
 * Session records as rows. As objects in a `Map`, a million of them cost every call 4 to 8 µs on Node and Deno, 16 on
 * Bun: each look missed the processor's caches some ten times, and the collectors went over all of them.
 *
 * @module
 */

import type { SessionRecord } from "../../session/record.ts";
import type { Touch } from "../ports.ts";
import { IdIndex } from "./id_index.ts";
import { NONE, RowList, Rows, textsOf, wordsOf } from "./rows.ts";

// The words of a row: two numbers, two times two neighbours, and integers.
const CREATED = 0;
const SEEN = 2;
const OLDER = 4;
const NEWER = 5;
const BEFORE = 6;
const AFTER = 7;
const HOLDERS = 8;
const STATE = 9;
const ID = 10;

const OWNER = 0;
const INITIALIZE = 1;

/** Words of an id that has room in its row: 24 characters, as those that are minted here. */
const ID_WORDS = 6;
/** Stands for the length of an id that has not. */
const ELSEWHERE = 4 * ID_WORDS + 1;

// What the word STATE is made of: a flag, the number of the version, the length of the id.
const READY = 1;
const VERSION_SHIFT = 1;
const VERSION_MASK = 0xff;
const LENGTH_SHIFT = 16;

/** Records by id and by row, and the order in which they were created and used. */
export class SessionRows {
  readonly #rows = new Rows();
  readonly #index = new IdIndex();
  /** All, oldest first. */
  readonly created: RowList = new RowList(this.#rows, BEFORE, AFTER);
  /** Those that nothing holds, least recently used first. */
  readonly opened: RowList = new RowList(this.#rows, OLDER, NEWER);
  readonly ready: RowList = new RowList(this.#rows, OLDER, NEWER);
  readonly #versions: SessionRecord["version"][] = [];
  readonly #longIds = new Map<number, string>();
  /** Who walks along the list, and goes where next. */
  readonly #walkers = new Set<{ next: number }>();
  /** What `#read` has read: the words of an id, and its length. */
  readonly #words = new Int32Array(ID_WORDS);
  #length = 0;
  #lastId = "";
  #lastRow: number = NONE;

  /** How many there are. */
  get count(): number {
    return this.#index.count;
  }

  /** The row of an id; `NONE` where there is none. */
  find(id: string): number {
    // A call looks three times for the same id; to read its characters takes 40 ns.
    if (id === this.#lastId && this.#lastRow !== NONE) return this.#lastRow;
    const hash = this.#read(id);
    const index = this.#index;
    for (let place = index.first(hash);; place = index.next(place)) {
      const row = index.at(place, hash);
      if (row === NONE) return NONE;
      if (row === undefined || !this.#isOf(row, id)) continue;
      this.#lastId = id;
      return this.#lastRow = row;
    }
  }

  /** Stores a record whose id is new, and which nothing holds; `initialize` is a copy that others may share. */
  add(record: SessionRecord, initialize: string): number {
    const row = this.#rows.allocate();
    const { integers, numbers, texts } = this.#rows.chunk(row);
    const at = wordsOf(row);
    numbers[(at + CREATED) >> 1] = record.created;
    numbers[(at + SEEN) >> 1] = record.seen;
    texts[textsOf(row) + OWNER] = record.owner;
    texts[textsOf(row) + INITIALIZE] = initialize;
    const hash = this.#read(record.id);
    for (let i = 0; i < ID_WORDS; i++) integers[at + ID + i] = this.#words[i]!;
    if (this.#length === ELSEWHERE) this.#longIds.set(row, record.id);
    integers[at + HOLDERS] = 0;
    integers[at + STATE] = (record.ready ? READY : 0) |
      this.#versionNumber(record.version) << VERSION_SHIFT | this.#length << LENGTH_SHIFT;
    this.#index.add(hash, row);
    this.created.append(row);
    this.#queueOf(record.ready).append(row);
    return row;
  }

  /** Forgets a row. */
  remove(row: number): void {
    const { ready, held } = this.record(row);
    if (!held) this.#queueOf(ready).remove(row);
    for (const walker of this.#walkers) {
      if (walker.next === row) walker.next = this.created.after(row);
    }
    this.created.remove(row);
    this.#index.remove(this.#read(this.id(row)), row);
    this.#longIds.delete(row);
    if (row === this.#lastRow) this.#lastRow = NONE;
    this.#rows.free(row);
  }

  /** The record of a row. */
  record(row: number, id: string = this.id(row)): SessionRecord {
    const { integers, numbers, texts } = this.#rows.chunk(row);
    const at = wordsOf(row);
    const state = integers[at + STATE]!;
    return {
      id,
      version: this.#versions[state >> VERSION_SHIFT & VERSION_MASK],
      owner: texts[textsOf(row) + OWNER],
      initialize: texts[textsOf(row) + INITIALIZE]!,
      created: numbers[(at + CREATED) >> 1]!,
      seen: numbers[(at + SEEN) >> 1]!,
      ready: (state & READY) !== 0,
      held: integers[at + HOLDERS]! > 0,
    };
  }

  /** The records, oldest first. What is removed or added meanwhile disturbs nobody. */
  *records(): Iterable<SessionRecord> {
    const walker = { next: this.created.first };
    this.#walkers.add(walker);
    try {
      while (walker.next !== NONE) {
        const row = walker.next;
        walker.next = this.created.after(row);
        yield this.record(row);
      }
    } finally {
      this.#walkers.delete(walker);
    }
  }

  id(row: number): string {
    const { integers } = this.#rows.chunk(row);
    const at = wordsOf(row);
    const length = integers[at + STATE]! >> LENGTH_SHIFT;
    if (length === ELSEWHERE) return this.#longIds.get(row)!;
    let id = "";
    for (let i = 0; i < length; i++) {
      id += String.fromCharCode(integers[at + ID + (i >> 2)]! >>> 8 * (i & 3) & 0xff);
    }
    return id;
  }

  /** Changes a record as {@linkcode SessionStore.touch} says. What nothing holds stands last in its queue. */
  touch(row: number, { at: now, held, ready }: Touch): void {
    const { integers, numbers } = this.#rows.chunk(row);
    const at = wordsOf(row);
    const state = integers[at + STATE]!;
    let holders = integers[at + HOLDERS]!;
    if (holders === 0) this.#queueOf((state & READY) !== 0).remove(row);
    if (held) holders++;
    else if (held === false && holders > 0) holders--;
    integers[at + HOLDERS] = holders;
    // Whoever holds it has begun something: it was seen when that ends.
    if (!held) numbers[(at + SEEN) >> 1] = now;
    if (ready) integers[at + STATE] = state | READY;
    if (holders === 0) this.#queueOf(ready || (state & READY) !== 0).append(row);
  }

  #queueOf(ready: boolean): RowList {
    return ready ? this.ready : this.opened;
  }

  #versionNumber(version: SessionRecord["version"]): number {
    const known = this.#versions.indexOf(version);
    return known < 0 ? this.#versions.push(version) - 1 : known;
  }

  /** Reads the words of an id, and returns their hash. */
  #read(id: string): number {
    const { length } = id;
    const words = this.#words;
    words.fill(0);
    let hash = length;
    let all = 0;
    for (let i = 0; i < length; i += 4) {
      // What is beyond the end is NaN, which becomes 0.
      const a = id.charCodeAt(i);
      const b = id.charCodeAt(i + 1);
      const c = id.charCodeAt(i + 2);
      const d = id.charCodeAt(i + 3);
      const word = a | b << 8 | c << 16 | d << 24;
      all |= a | b | c | d;
      words[i >> 2] = word;
      hash = Math.imul(hash ^ word, 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    this.#length = length < ELSEWHERE && all <= 0xff ? length : ELSEWHERE;
    return hash;
  }

  /** The row is that of the id that was read last. */
  #isOf(row: number, id: string): boolean {
    const { integers } = this.#rows.chunk(row);
    const at = wordsOf(row);
    if (integers[at + STATE]! >> LENGTH_SHIFT !== this.#length) return false;
    if (this.#length === ELSEWHERE) return this.#longIds.get(row) === id;
    for (let i = 0; i < ID_WORDS; i++) {
      if (integers[at + ID + i] !== this.#words[i]) return false;
    }
    return true;
  }
}
