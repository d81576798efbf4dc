/**
 * What comes after a backend's answer, at once where that is there at once. It costs a closure: where every call
 * passes, `instanceof Promise` is written out.
 *
 * @module
 */

import type { Awaitable } from "./ports.ts";

/** Goes on with a value. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}
