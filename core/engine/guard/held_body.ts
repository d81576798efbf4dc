/**
 * An event stream of a guarded handler: it holds its session while it goes on, and ends with it.
 *
 * @module
 */

import type { Entry } from "./entry.ts";

/** The response with its body, which it has to have, watched. */
export function heldBody(response: Response, entry: Entry): Response {
  const reader = response.body!.getReader();
  let over = false;
  const leave = (): void => {
    over = true;
    entry.leave();
  };
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      entry.onEnd(() => {
        leave();
        controller.close();
        reader.cancel().catch(() => {/* the handler's stream may have failed already */});
      });
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (over) return;
        if (!done) return controller.enqueue(value);
        leave();
        controller.close();
      } catch (error) {
        leave();
        // Says nothing any more where it was closed.
        controller.error(error);
      }
    },
    async cancel(reason) {
      leave();
      await reader.cancel(reason);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
