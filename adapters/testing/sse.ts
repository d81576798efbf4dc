/**
 * Reads event streams, as a client does.
 *
 * @module
 */

import type { JsonObject } from "../../core/protocol/json_rpc.ts";

/** An event of a stream. */
export interface TestEvent {
  /** The event's id, where it has one. */
  readonly id: string | undefined;
  /** The message; undefined where the event has no data (a priming event). */
  readonly message: JsonObject | undefined;
  /** The reconnection time that came with it, in milliseconds. */
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
