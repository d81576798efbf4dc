/**
 * Things that mostly are one or none. A set for each place where they are kept would be 200 bytes, so one stands alone.
 *
 * @module
 */

/** None, one, or several. */
export type Some<T extends object> = T | Set<T> | undefined;

/** These, and one more. */
export function withOne<T extends object>(these: Some<T>, one: T): Some<T> {
  if (these === undefined || these === one) return one;
  return these instanceof Set ? these.add(one) : new Set([these, one]);
}

/** These without one that may be among them. A set that somebody goes through loses it at once. */
export function withoutOne<T extends object>(these: Some<T>, one: T): Some<T> {
  if (these === one) return undefined;
  if (these instanceof Set && these.delete(one) && these.size === 0) return undefined;
  return these;
}

/** Each of these. */
export function eachOf<T extends object>(these: Some<T>): Iterable<T> {
  if (these === undefined) return [];
  return these instanceof Set ? these : [these];
}

/** Some of a kind for each key. */
export class SomeByKey<Key, T extends object> {
  readonly #some = new Map<Key, Some<T>>();

  /** How many keys have any. */
  get size(): number {
    return this.#some.size;
  }

  /** The keys that have any. */
  keys(): Iterable<Key> {
    return this.#some.keys();
  }

  /** True where a key has any. */
  has(key: Key): boolean {
    return this.#some.has(key);
  }

  /** Those of a key. */
  of(key: Key): Some<T> {
    return this.#some.get(key);
  }

  /** Adds one to those of a key, unless it is there. True where it is the first. */
  add(key: Key, one: T): boolean {
    const these = this.#some.get(key);
    this.#some.set(key, withOne(these, one));
    return these === undefined;
  }

  /** Takes one out of those of a key, if it is there. True where it was the last. */
  delete(key: Key, one: T): boolean {
    return withoutOne(this.#some.get(key), one) === undefined && this.#some.delete(key);
  }

  /** Takes out all of a key. */
  forget(key: Key): void {
    this.#some.delete(key);
  }
}
