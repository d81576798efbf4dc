/**
 * Reads event streams, as a client does.
 *
 * @module
 */

import type { JsonObject } from "../../core/protocol/json_rpc.ts";

/** An event of a stream, as a client gets it. */
export interface TestEvent {
  /** The event's id, to resume after; undefined where it has none. */
  readonly id: string | undefined;
  /** The JSON-RPC message; undefined where the event has no data, such as the priming event of 2025-11-25. */
  readonly message: JsonObject | undefined;
  /** The milliseconds after which the client shall come back, as `retry` says; undefined where it says nothing. */
  readonly retryMs: number | undefined;
}

/** The events of a body. Comments are left out; events that carry nothing are too. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<TestEvent> {
  const decoder = new TextDecoder();
  let text = "";
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop()!;
      for (const block of blocks) {
        const event = parseBlock(block);
        if (event !== undefined) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {/* the peer may be gone already */});
  }
}

function parseBlock(block: string): TestEvent | undefined {
  let id: string | undefined;
  let retryMs: number | undefined;
  let data: string | undefined;
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).replace(/^ /, "");
    switch (line.slice(0, colon)) {
      case "id":
        id = value;
        break;
      case "retry":
        retryMs = Number(value);
        break;
      case "data":
        data = data === undefined ? value : `${data}\n${value}`;
    }
  }
  if (id === undefined && retryMs === undefined && data === undefined) return undefined;
  return { id, message: data ? JSON.parse(data) as JsonObject : undefined, retryMs };
}
