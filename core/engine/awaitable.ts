/**
 * What may be there at once or come later. A backend's answer is a `Promise` or there at once; to go on after it costs
 * a closure: where every call passes, `instanceof Promise` is written out.
 *
 * @module
 */

import type { Awaitable } from "./ports.ts";

/** Goes on with a value. */
export function andThen<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value);
}

/**
 * A promise of what an application gives later; undefined for what is there. It need not be a `Promise`: an application
 * may have those of another realm, or of a library, which settle twice, or with one more promise, or throw.
 *
 * @throws What looking for its `then` throws.
 */
export function promiseOf<T>(value: T): Promise<Awaited<T>> | undefined {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === "function"
    ? Promise.resolve(value)
    : undefined;
}

/**
 * The same promise. If it is rejected before the application looks at it, the runtime does not end the process for that:
 * it is a client that refuses, cancels or sends what is no handle, and a process serves others too.
 */
export function spared<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {/* see above */});
  return promise;
}
