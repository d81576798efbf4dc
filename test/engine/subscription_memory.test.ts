/** What an open subscription keeps of the request that opened it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMcpHandler } from "../../core/engine/mod.ts";
import type { StreamReply } from "../../core/engine/reply.ts";
import { heapInUse } from "../doubles/heap.ts";
import { modern } from "../wire/harness/modern.ts";

const COUNT = 5;
const MEGABYTE = 1 << 20;

test("a subscription keeps nothing of its request that it does not need", async () => {
  const handler = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    capabilities: { tools: { listChanged: true } },
    request: () => undefined,
  }, { keepAliveMs: 0 });
  const listen = async (): Promise<StreamReply> => {
    const notifications = {
      toolsListChanged: true,
      other: Array.from({ length: 100_000 }, Object),
    };
    const params = { notifications, more: Array.from({ length: 100_000 }, Object) };
    const { fields, body } = modern("subscriptions/listen", params);
    const headers = new Headers(fields.map(([name, value]): [string, string] => [name, value]));
    const head = { method: "POST", url: "http://127.0.0.1/mcp", headers };
    const reply = await handler.handle(head, { text: () => Promise.resolve(body) }) as StreamReply;
    assert.equal(reply.status, 200);
    reply.body.open({ write: () => true, end() {}, abort() {} });
    return reply;
  };
  const open = [await listen()];
  const before = heapInUse();
  while (open.length <= COUNT) open.push(await listen());
  const each = (heapInUse() - before) / COUNT;
  for (const { body } of open) body.cancelled();
  assert.ok(each < MEGABYTE, `${each} bytes are kept of each`);
  await handler.close();
});
