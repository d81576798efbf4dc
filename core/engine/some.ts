/**
 * Things that mostly are one or none. A set for each place where they are kept would be 200 bytes, so one stands alone.
 *
 * @module
 */

/** None, one, or several. */
export type Some<T extends object> = T | Set<T> | undefined;

/** These, and one more. */
export function withOne<T extends object>(these: Some<T>, one: T): Some<T> {
  if (these === undefined) return one;
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
