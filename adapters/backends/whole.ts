/**
 * Numbers as a store keeps them.
 *
 * @module
 */

/** A time or a size, whole and finite: not before it was meant, and no larger than a number can be exact. */
export function whole(value: number): number {
  return Math.min(Math.ceil(value), Number.MAX_SAFE_INTEGER);
}
