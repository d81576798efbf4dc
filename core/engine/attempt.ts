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
 * @returns When it is over, one way or the other; undefined where it is already. Does not reject.
 */
export function attempt(
  settings: Settings,
  step: () => Awaitable<unknown>,
): Promise<unknown> | undefined {
  try {
    const done = step();
    return done instanceof Promise
      ? done.catch((error) => backendFailed(settings, error))
      : undefined;
  } catch (error) {
    backendFailed(settings, error);
    return undefined;
  }
}

/** Tells the operator. */
export function backendFailed({ onEvent }: Settings, error: unknown): void {
  onEvent({ type: "backend-error", error });
}
