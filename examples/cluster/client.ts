/**
 * A client that keeps working: it resumes its calls' streams after lost connections, on whatever node, and
 * learns which calls died with their node.
 *
 * @module
 */

import {
  RpcFailure,
  type TestCall,
  type TestClient,
  testClient,
} from "../../adapters/testing/mod.ts";

/** What became of a call. */
export interface Outcome {
  /** The numbers that came, in the order in which they came. */
  readonly got: readonly number[];
  /** `done`; `died` where the server says that the node is gone; `lost` where no answer had begun. */
  readonly end: "done" | "died" | "lost";
  /** How often the connection was lost on the way. */
  readonly resumed: number;
  /** An event of the call's stream; undefined where none came. */
  readonly lastEventId: string | undefined;
  /** Milliseconds from the last event to the end. */
  readonly waitedMs: number;
}

/** A session that counts, behind a URL. */
export class CountingClient {
  readonly client: TestClient;
  #got: number[] = [];
  #lastAt = 0;

  constructor(url: string) {
    this.client = testClient({ fetch: (request) => fetch(request) }, {
      url,
      notification: (_method, { data }) => {
        this.#got.push((data as { i: number }).i);
        this.#lastAt = performance.now();
      },
    });
  }

  /** Opens the session. */
  async open(): Promise<void> {
    await untilTaken(() => this.client.initialize());
  }

  /** Counts; gets over any number of lost connections. */
  async count(to: number, everyMs: number): Promise<Outcome> {
    const got: number[] = this.#got = [];
    this.#lastAt = performance.now();
    let call: TestCall = this.client.begin("tools/call", {
      name: "count",
      arguments: { to, everyMs },
    });
    for (let resumed = 0;; resumed++) {
      const end = await ended(call);
      const { lastEventId } = call;
      if (end !== "cut" || lastEventId === undefined) {
        const waitedMs = performance.now() - this.#lastAt;
        return { got, end: end === "cut" ? "lost" : end, resumed, lastEventId, waitedMs };
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      call = call.resume();
    }
  }

  /** True while the server knows the session. */
  async lives(): Promise<boolean> {
    try {
      await untilTaken(() => this.client.call("ping"));
      return true;
    } catch (error) {
      if (error instanceof RpcFailure && error.status === 404) return false;
      throw error;
    }
  }
}

async function ended(call: TestCall): Promise<"done" | "died" | "cut"> {
  try {
    await call.result;
    return "done";
  } catch (error) {
    if (!(error instanceof RpcFailure)) return "cut";
    if (error.status === 200) return "died";
    if (error.status >= 500) return "cut";
    throw error;
  }
}

// A request that fails on the way may be sent again where it does nothing twice.
async function untilTaken(send: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      await send();
      return;
    } catch (error) {
      if ((error instanceof RpcFailure && error.status < 500) || attempt > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
