/**
 * The end of a handler: its calls may finish for a while, then everything stops.
 *
 * @module
 */

import { rejectionReply } from "../outbound/reply.ts";
import { soon } from "./clock.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { atLeast, type Reader } from "./options/readers.ts";

/** How long closing waits for what is on its way through the backend, in milliseconds. */
const FLUSH_MS = 2_000;

/** Reads how long calls may take to finish, in milliseconds. */
export const WITHIN: Reader<number, number> = atLeast(0, 10_000);

/** Ends a handler. */
export class Closing {
  readonly #dispatcher: Dispatcher;
  /** Wakes those who wait for the last call to end. */
  readonly #waiting = new Set<() => void>();
  #stopped: Promise<void> | undefined;

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher;
  }

  /**
   * Lets calls finish for `within` milliseconds, then stops everything. Who closes again shares the end, and
   * may hurry it.
   */
  async close(within: number): Promise<void> {
    const { streams, subscriptions, lifecycle, settings: { clock } } = this.#dispatcher;
    streams.connections.sendAway(lifecycle.node);
    subscriptions.close();
    // A timer says when it is late: what the clock says may be set back.
    let late = within === 0;
    const stop = clock.after(within, () => {
      late = true;
      this.idle();
    });
    // One that began while the last one ended is waited for as well.
    while (this.#dispatcher.working > 0 && !late) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
    stop();
    await (this.#stopped ??= this.#stop());
  }

  /** No call is in flight any more, or somebody waits no longer: all who wait look again. */
  idle(): void {
    for (const look of this.#waiting) look();
    this.#waiting.clear();
  }

  async #stop(): Promise<void> {
    const { requests, streams, lifecycle, application, delegate, settings } = this.#dispatcher;
    requests.endAll("the handler has closed");
    for (const call of this.#dispatcher.last()) {
      const reply = rejectionReply({ rule: "draining" }, call.id);
      // Where the event stream has begun, its reader, or who resumes it elsewhere, finds the refusal there.
      this.#dispatcher.stop(call, reply, undefined, reply.body ?? undefined);
    }
    delegate?.refuse();
    await this.#flush();
    streams.connections.close();
    await lifecycle.close();
    try {
      await application.close?.();
    } catch (error) {
      settings.onEvent({ type: "application-error", method: "close", error });
    }
    // It has had the time to end them well.
    delegate?.close();
  }

  // What was just settled is on its way through the backend to its readers.
  async #flush(): Promise<void> {
    const { streams, settings: { writes, clock } } = this.#dispatcher;
    if (writes.size > 0) await soon(clock, FLUSH_MS, writes.settled());
    writes.abandoned = true;
    await streams.connections.emptied(FLUSH_MS);
  }
}
