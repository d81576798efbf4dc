/** What a connection may be told before it has found out where to read from. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Backend,
  createMcpHandler,
  type Exchange,
  memory,
  type ResponseShape,
} from "../../core/engine/mod.ts";
import { testClient, type TestEvent } from "../../adapters/testing/mod.ts";
import { readEvents } from "../../adapters/testing/sse.ts";

/** The memory backend, but every answer takes a moment: what a backend on a network is like. */
function slow(): Backend {
  const { sessions, logs, bus } = memory();
  const later = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        const member = target[name as keyof T];
        if (typeof member !== "function" || name === "list") return member;
        return async (...args: unknown[]) => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          return member.apply(target, args);
        };
      },
    });
  return { sessions: later(sessions), logs: later(logs), bus: later(bus) };
}

function handler(response: ResponseShape, backend: Backend) {
  let finish: (() => void) | undefined;
  const mcp = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    request: (_, exchange: Exchange) => {
      exchange.closeStream({ retryMs: 40 });
      return new Promise((resolve) => finish = () => resolve({ late: true }));
    },
  }, { response, backend });
  return { mcp, finish: () => finish!() };
}

describe("a backend that takes its time: a call that closes its stream before anything else", () => {
  for (const response of ["auto", "sse"] as const) {
    for (const [name, backend] of [["memory", memory], ["slow", slow]] as const) {
      test(`ends the connection, answer ${response}, backend ${name}`, async () => {
        const { mcp, finish } = handler(response, backend());
        const client = testClient(mcp);
        await client.initialize();
        const message = { jsonrpc: "2.0", id: "late", method: "work" };
        const text = await (await client.send("POST", message)).text();
        const [, id] = /^(?::\n\n)?id: (\S+)\ndata: \n\nretry: 40\n\n$/.exec(text)!;
        finish();
        const found: unknown[] = [];
        for await (const event of await client.listen(id)) {
          if (event.message !== undefined) found.push(event.message);
        }
        assert.deepEqual(found, [{ jsonrpc: "2.0", id: "late", result: { late: true } }]);
        await mcp.close({ within: 0 });
      });
    }
  }
});

test("a stream resumed while it grows, on a backend that takes its time, has every event once", async () => {
  const EVENTS = 60;
  const mcp = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    request: async (_, exchange) => {
      for (let n = 1; n <= EVENTS; n++) {
        exchange.notify("counted", { n });
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return {};
    },
  }, { backend: slow() });
  const client = testClient(mcp);
  await client.initialize();
  const counted: unknown[] = [];
  let last: string | undefined;
  const read = async (body: AsyncIterable<TestEvent>, events: number): Promise<boolean> => {
    for await (const { id, message } of body) {
      last = id ?? last;
      if (message?.method === undefined && message !== undefined) return true;
      if (message !== undefined) counted.push((message.params as { n: number }).n);
      if (message !== undefined && --events === 0) return false;
    }
    return true;
  };
  const posted = await client.send("POST", { jsonrpc: "2.0", id: 1, method: "count" });
  let over = await read(readEvents(posted.body!), 3);
  while (!over) {
    const stream = await client.listen(last);
    over = await read(stream, 5);
    stream.close();
  }
  assert.deepEqual(counted, Array.from({ length: EVENTS }, (_, i) => i + 1));
  await mcp.close({ within: 0 });
});
