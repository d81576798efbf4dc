import assert from "node:assert/strict";
import process from "node:process";
import { after, before, test } from "node:test";
import { type RpcFailure, testClient } from "../../../adapters/testing/mod.ts";
import { turns } from "../../doubles/turns.ts";
import { modern } from "../../wire/harness/modern.ts";
import { Events } from "../endpoint.ts";
import { until } from "./cluster.ts";
import { answerOf, application, callThroughOutage, withNodes } from "./outage_nodes.ts";
import { clients, commanding, noRedis, type RedisServer, startRedis } from "./redis_server.ts";

let server: RedisServer;

before(async () => {
  if (!noRedis) server = await startRedis();
});
after(() => server?.stop());

const status = (error: unknown): number => (error as RpcFailure).status;

for (const kind of clients) {
  for (const [name, pause] of [["down", "kill"], ["stalled", "SIGSTOP"]] as const) {
    test(`${kind.name}: while Redis is ${name}: 503 soon, never 404; then all is well again`, {
      skip: noRedis,
      timeout: 30_000,
    }, async () => {
      await withNodes(server, kind, 1, application(Promise.resolve()), async ([node]) => {
        const { handler, failures } = node!;
        const client = testClient(handler);
        await client.initialize();
        const again = pause === "kill" ? await server.kill() : stall(server);
        const began = performance.now();
        const outcomes = await Promise.all([
          client.call("anything").catch(status),
          client.listen().catch(status),
          client.end(),
          testClient(handler).initialize().catch(status),
        ]);
        assert.deepEqual(outcomes, [503, 503, 503, 503]);
        assert.ok(performance.now() - began < 10_000, "soon");
        const refused = await client.send("POST", { jsonrpc: "2.0", id: 1, method: "x" });
        assert.equal(refused.status, 503);
        assert.ok(Number(refused.headers.get("retry-after")) > 0);
        await refused.body?.cancel();
        assert.ok(failures() >= 5, `${failures()} backend-error events`);
        await again();
        await until(
          () =>
            client.call("anything").then(() => true, (error) => {
              assert.equal(status(error), 503);
              return false;
            }),
          "served again",
        );
        assert.equal(await client.end(), 204);
      });
    });
  }

  test(`${kind.name}: while Redis is full: 503, nobody gives way; then all is well again`, {
    skip: noRedis,
    timeout: 30_000,
  }, async () => {
    await withNodes(server, kind, 1, application(Promise.resolve()), async ([node]) => {
      const { handler, failures } = node!;
      const client = testClient(handler);
      await client.initialize();
      const { client: admin, end } = await clients[0]!.connect(server.port);
      const command = commanding(admin);
      await command.sendCommand(["CONFIG", "SET", "maxmemory", "1"]);
      for (let i = 0; i < 3; i++) {
        assert.equal(await testClient(handler).initialize().catch(status), 503);
      }
      assert.ok(failures() > 0);
      await command.sendCommand(["CONFIG", "SET", "maxmemory", "0"]);
      assert.deepEqual(await client.call("anything"), {});
      await testClient(handler).initialize();
      assert.equal(await handler.sessions.count(), 2);
      end();
    }, { limits: { sessions: 2 } });
  });

  test(`${kind.name}: what Redis has lost ends where it goes on`, {
    skip: noRedis,
    timeout: 30_000,
  }, async () => {
    await withNodes(server, kind, 1, application(new Promise(() => {})), async ([node]) => {
      const { handler } = node!;
      const client = testClient(handler);
      await client.initialize();
      const stream = await client.listen();
      const call = client.begin("emit");
      await until(() => call.lastEventId !== undefined, "the first events");
      const { client: admin, end } = await clients[0]!.connect(server.port);
      await commanding(admin).sendCommand(["FLUSHALL"]);
      end();
      for await (const { message } of stream) assert.equal(message, undefined);
      await assert.rejects(call.result);
      // A stream that had hardly begun may have ended by itself.
      await until(async () => {
        const { inFlight, sessions, streams } = await handler.stats();
        return inFlight + sessions + streams === 0;
      }, "everything is over");
      assert.equal(await client.call("anything").catch(status), 404);
      const next = testClient(handler);
      await next.initialize();
      assert.deepEqual(await next.call("anything"), {});
    });
  });

  test(`${kind.name}: what a call says during an outage is there afterwards, once, in order`, {
    skip: noRedis,
    timeout: 30_000,
  }, async () => {
    let go!: () => void;
    const gate = new Promise<void>((resolve) => go = resolve);
    await withNodes(server, kind, 2, application(gate), async (nodes) => {
      const { call, got } = await callThroughOutage(server, nodes[0]!, go);
      // The connection may have been given up; the log is whole all the same.
      const done = await answerOf(call);
      assert.deepEqual(done, { done: true });
      assert.deepEqual(got, Array.from({ length: 40 }, (_, i) => i + 1));
    });
  });

  test(`${kind.name}: a change told while Redis is down reaches the clients of every node`, {
    skip: noRedis,
    timeout: 30_000,
  }, async () => {
    const changing = {
      ...application(Promise.resolve()),
      capabilities: { tools: { listChanged: true } },
    };
    await withNodes(server, kind, 2, changing, async (nodes) => {
      const { fields, body } = modern("subscriptions/listen", {
        notifications: { toolsListChanged: true },
      });
      const headers = new Headers(fields.map(([name, value]): [string, string] => [name, value]));
      const listening = await Promise.all(nodes.map(async ({ handler }) => {
        const request = new Request("http://localhost/mcp", { method: "POST", headers, body });
        const events = new Events(await handler.fetch(request));
        assert.equal((await events.next()).method, "notifications/subscriptions/acknowledged");
        return events;
      }));
      const again = await server.kill();
      const { handler, failures } = nodes[0]!;
      const before = failures();
      handler.notify.toolsListChanged();
      await until(() => failures() > before + 2, "it is told in vain");
      await again();
      for (const events of listening) {
        assert.equal((await events.next()).method, "notifications/tools/list_changed");
      }
    });
  });

  test(`${kind.name}: a lost subscriber connection loses no event, and no end`, {
    skip: noRedis,
    timeout: 30_000,
  }, async () => {
    await withNodes(server, kind, 2, application(Promise.resolve()), async (nodes) => {
      const client = testClient(nodes[0]!.handler);
      await client.initialize();
      const stream = await client.listen();
      const got: unknown[] = [];
      let over = false;
      (async () => {
        for await (const { message } of stream) if (message) got.push(message.method);
        over = true;
      })();
      const session = (await nodes[1]!.handler.sessions.get(client.sessionId!))!;
      session.notify("before");
      await until(() => got.length === 1, "an event before");
      const { client: admin, end } = await clients[0]!.connect(server.port);
      const command = commanding(admin);
      await command.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]);
      session.notify("meanwhile");
      await until(() => got.length === 2, "an event sent while nobody heard");
      await command.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]);
      await session.end();
      await until(() => over, "the end that nobody heard");
      assert.deepEqual(got, ["before", "meanwhile"]);
      end();
    });
  });

  test(`${kind.name}: a node that comes back too late can't write into what was given up`, {
    skip: noRedis,
    timeout: 30_000,
  }, async () => {
    let go!: () => void;
    const gate = new Promise<void>((resolve) => go = resolve);
    await withNodes(server, kind, 2, application(gate), async (nodes, prefix) => {
      let at = 0;
      const got: number[] = [];
      const client = testClient(
        { fetch: (request) => nodes[at]!.handler.fetch(request) },
        { notification: (_method, { i }) => got.push(i as number) },
      );
      await client.initialize();
      const call = client.begin("emit");
      await until(() => got.length === 3, "the first events");
      // What the others see of a node that hangs: its lease runs out.
      const { client: admin, end } = await clients[0]!.connect(server.port);
      const command = commanding(admin);
      const first = `${prefix}nodes`;
      const writer = call.lastEventId!.slice(0, 12);
      at = 1;
      let over = false;
      const hangs = (async () => {
        // It says that it lives twice a second: it must not have, whenever the other looks.
        for (; !over; await turns()) await command.sendCommand(["ZREM", first, writer]);
      })();
      const resumed = call.resume();
      await assert.rejects(resumed.result, (error) => {
        assert.equal((error as RpcFailure).code, -32000);
        assert.match((error as Error).message, /is gone/);
        return true;
      }).finally(() => over = true);
      await hangs;
      go();
      await until(async () => (await nodes[0]!.handler.stats()).inFlight === 0, "the call is over");
      await new Promise((resolve) => setTimeout(resolve, 100));
      const stream = await client.listen(`${call.lastEventId!.split("_")[0]}_0`);
      const log: unknown[] = [];
      for await (const { message } of stream) if (message) log.push(message.method ?? "answer");
      assert.deepEqual(log, ["emitted", "emitted", "emitted", "answer"]);
      end();
    });
  });
}

function stall({ child }: RedisServer): () => Promise<void> {
  process.kill(child.pid!, "SIGSTOP");
  return () => {
    process.kill(child.pid!, "SIGCONT");
    return Promise.resolve();
  };
}
