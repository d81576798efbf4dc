/**
 * What peers sent, written out again.
 *
 * @module
 */

/** A value as JSON text; undefined where it nests too deep: what was read can be deeper than what can be written. */
export function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
