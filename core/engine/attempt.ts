/**
 * What is begun in the backend and not waited for.
 *
 * @module
 */

import type { Settings } from "./options/options.ts";
import type { Awaitable } from "./ports.ts";

/** Begins it. Its failure is an event, and must not fail whoever began it. */
export function attempt(settings: Settings, step: () => Awaitable<unknown>): void {
  const failed = (error: unknown): void => settings.onEvent({ type: "backend-error", error });
  try {
    const done = step();
    if (done instanceof Promise) done.catch(failed);
  } catch (error) {
    failed(error);
  }
}
