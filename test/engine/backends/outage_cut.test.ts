/** What is said in an outage and is more than may wait in memory. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { testClient } from "../../../adapters/testing/mod.ts";
import { until } from "./cluster.ts";
import { answerOf, application, callThroughOutage, withNodes } from "./outage_nodes.ts";
import { clients, noRedis, type RedisServer, startRedis } from "./redis_server.ts";

let server: RedisServer;

before(async () => {
  if (!noRedis) server = await startRedis();
});
after(() => server?.stop());

for (const kind of clients) {
  test(
    `${kind.name}: a call that says too much in an outage is answered with an error`,
    {
      skip: noRedis,
      timeout: 30_000,
    },
    async () => {
      let go!: () => void;
      const gate = new Promise<void>((resolve) => go = resolve);
      await withNodes(server, kind, 1, application(gate), async ([node]) => {
        const { call, got } = await callThroughOutage(server, node!, go);
        await assert.rejects(answerOf(call), /could not store the messages/);
        assert.ok(got.length < 40, `${got.length} messages came`);
        assert.deepEqual(got, got.map((_, at) => at + 1));
      }, { limits: { logBytes: 1_000 } });
    },
  );

  test(`${kind.name}: a standalone stream that is told too much in an outage goes on afterwards`, {
    skip: noRedis,
    timeout: 30_000,
  }, async () => {
    await withNodes(server, kind, 1, application(Promise.resolve()), async ([node]) => {
      const { handler, failures } = node!;
      const client = testClient(handler);
      await client.initialize();
      const got: unknown[] = [];
      let over = false;
      const reading = (async () => {
        // It may be sent away, for what it missed.
        for (; !over; await new Promise((resolve) => setTimeout(resolve, 20))) {
          const stream = await client.listen().catch(() => []);
          for await (const { message } of stream) if (message) got.push(message.method);
        }
      })();
      const session = (await handler.sessions.get(client.sessionId!))!;
      session.notify("before");
      await until(() => got.length === 1, "an event before");
      const again = await server.kill();
      for (let i = 0; i < 40; i++) session.notify("meanwhile", { i });
      await until(() => failures() > 2, "writes fail");
      await again();
      await until(async () => {
        session.notify("after");
        await new Promise((resolve) => setTimeout(resolve, 50));
        return got.includes("after");
      }, "an event after");
      assert.ok(got.filter((one) => one === "meanwhile").length < 40);
      over = true;
      await session.end();
      await reading;
    }, { limits: { logBytes: 1_000 } });
  });
}
