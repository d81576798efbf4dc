/** What is left of requests that a handler of the application's own has answered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMcpHandler } from "../../core/engine/mod.ts";
import { heapInUse } from "../doubles/heap.ts";
import { modern } from "../wire/harness/modern.ts";

const COUNT = 1_000;
/** Bytes of the heap. Node took 7 500 while each was kept. */
const LEFT = 500;

test("nothing is left of a request that was handed over", async () => {
  const handler = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    request: () => undefined,
    modern: { fetch: () => Promise.resolve(Response.json({ jsonrpc: "2.0", id: 1, result: {} })) },
  });
  const { fields, body } = modern("tools/list");
  const requests = async (): Promise<number> => {
    for (let i = 0; i < COUNT; i++) {
      const headers = new Headers(fields.map(([name, value]): [string, string] => [name, value]));
      const head = { method: "POST", url: "http://127.0.0.1/mcp", headers };
      const { status } = await handler.handle(head, { text: () => Promise.resolve(body) });
      assert.equal(status, 200);
    }
    heapInUse();
    // Node lets go of what a request was for once it is told that the request is collected.
    await new Promise((next) => setTimeout(next));
    return heapInUse();
  };
  await requests();
  const before = await requests();
  const left = (await requests() - before) / COUNT;
  assert.ok(left < LEFT, `${left} bytes are left of each`);
  await handler.close();
});
