/** A reader is slow that does not take what it could: not one that had no turn to, because all was said at once. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Application, ModernHandler } from "../../core/engine/mod.ts";
import { type Answer, open } from "./harness/http.ts";
import { join, type Peer } from "./harness/mcp.ts";
import { modern } from "./harness/modern.ts";
import { app, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

/** Together more than may wait for a slow reader (1 MiB), and less than the log keeps (4 MiB). */
const COUNT = 150;
const data = "x".repeat(10_000);

/** As a tool does that awaits each notification: it waits for promises, and never for the event loop. */
async function burst(say: (message: object) => void): Promise<object> {
  for (let i = 0; i < COUNT; i++) {
    say({ i, data });
    await null;
  }
  return {};
}

const plain = app((_request, exchange) =>
  burst((params) => exchange.notify("notifications/progress", { ...params }))
);

const handler: ModernHandler = {
  // deno-lint-ignore require-await
  async fetch() {
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const say = (message: object): void =>
          controller.enqueue(encoder.encode(`data: ${JSON.stringify(message)}\n\n`));
        burst((params) => say({ params })).then((result) => {
          say({ result });
          controller.close();
        });
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
};

const ways: {
  readonly [name: string]: [Application, (peer: Peer) => Promise<Answer>];
} = {
  "a call in a session": [plain, (peer) => peer.call("burst")],
  "a modern call": [plain, (peer) => open(peer.port, modern("burst"))],
  "a modern call of a handler of its own": [
    { ...plain, modern: handler },
    (peer) => open(peer.port, modern("burst")),
  ],
};

describe("what is said all at once reaches a reader that takes it", () => {
  for (const [name, [application, call]] of Object.entries(ways)) {
    test(name, { timeout: 30_000 }, async (t) => {
      const reasons: string[] = [];
      const server = await up(t, application, {
        onEvent: (event) => event.type === "stream-closed" && reasons.push(event.reason),
      });
      const events = new Events(await call(await join(server)));
      const messages = await events.rest();
      assert.ok(messages.pop().result, "the answer is the last");
      assert.deepEqual(
        messages.map(({ params }) => params.i),
        Array.from({ length: COUNT }, (_, i) => i),
      );
      assert.deepEqual(reasons, ["finished"]);
    });
  }
});
