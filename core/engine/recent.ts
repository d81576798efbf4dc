/**
 * What is remembered for a while, of a bounded number: whoever makes it grow makes it forget.
 *
 * @module
 */

/** Notes a value as the newest one. Of more than `most` the oldest is forgotten. */
export function remember<Key, Value>(
  notes: Map<Key, Value>,
  key: Key,
  value: Value,
  most: number,
): void {
  notes.delete(key);
  notes.set(key, value);
  if (notes.size > most) notes.delete(notes.keys().next().value!);
}
