/**
 * What is begun in the backend and may fail: whoever began it goes on, and the operator is told.
 *
 * @module
 */

import type { Settings } from "./options/options.ts";
import type { Awaitable } from "./ports.ts";

/**
 * Begins it. Its failure is an event, and must not fail whoever began it.
 *
 * @returns Once it is over: true where it went well, false where it failed. Does not reject.
 */
export function attempt(settings: Settings, step: () => Awaitable<unknown>): Awaitable<boolean> {
  const failed = (error: unknown): boolean => {
    backendFailed(settings, error);
    return false;
  };
  try {
    const done = step();
    return done instanceof Promise ? done.then(() => true, failed) : true;
  } catch (error) {
    return failed(error);
  }
}

/** Tells the operator. */
export function backendFailed({ onEvent }: Settings, error: unknown): void {
  onEvent({ type: "backend-error", error });
}
