/** What becomes of a session, or of a message, where Redis has stored it and the answer is lost. */
import assert from "node:assert/strict";
import { connect as dial, createServer, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { redis } from "../../../adapters/backends/redis.ts";
import { type RpcFailure, testClient } from "../../../adapters/testing/mod.ts";
import { createMcpHandler, type McpHandler } from "../../../core/engine/mod.ts";
import { standaloneStream } from "../../../core/engine/ids.ts";
import { until } from "./cluster.ts";
import { clients, noRedis, type RedisServer, startRedis } from "./redis_server.ts";

let server: RedisServer;
let proxy: Server;
let count = 0;
/** What happens to the answer to the next thing that is stored: its connection is cut, or it waits. */
let lost: "cut" | "late" | undefined;
/** What is stored. */
let stored: "create" | "append" = "create";
let release = (): void => {};

before(async () => {
  if (noRedis) return;
  server = await startRedis();
  proxy = createServer(pass);
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  proxy?.close();
  await server?.stop();
});

function pass(near: Socket): void {
  const far = dial(server.port, "127.0.0.1");
  let answer: typeof lost;
  near.on("data", (bytes) => {
    if (`${bytes}`.includes(`\r\n${stored}\r\n`)) [answer, lost] = [lost, undefined];
    far.write(bytes);
  });
  far.on("data", (bytes) => {
    if (answer === "cut") return near.destroy();
    if (answer !== "late") return void near.write(bytes);
    answer = undefined;
    far.pause();
    release = () => {
      near.write(bytes);
      far.resume();
    };
  });
  near.on("close", () => far.destroy());
  far.on("close", () => near.destroy());
  for (const one of [near, far]) one.on("error", () => {/* it closes */});
}

async function served(
  client: typeof clients[number],
  run: (handler: McpHandler) => Promise<void>,
  timeoutMs: number,
): Promise<void> {
  const { client: connected, end } = await client.connect(
    (proxy.address() as { port: number }).port,
  );
  const backend = redis(connected, { prefix: `{unanswered${count++}}:`, timeoutMs });
  const handler = createMcpHandler({
    serverInfo: { name: "server", version: "1" },
    request: () => Promise.resolve({}),
  }, { backend, limits: { sessions: 1 }, onEvent: () => {} });
  try {
    await run(handler);
  } finally {
    await handler.close({ within: 0 });
    backend.close!();
    end();
  }
}

const status = (error: unknown): number => (error as RpcFailure).status;

for (const client of clients) {
  test(
    `${client.name}: a session whose connection is cut before it is told is opened once or not at all`,
    {
      skip: noRedis,
      timeout: 30_000,
    },
    async () => {
      await served(client, async (handler) => {
        lost = "cut";
        const caller = testClient(handler);
        const failed = await caller.initialize().then(() => undefined, status);
        // One client gives it up, the other sends it again.
        assert.equal(failed, client.name === "node-redis" ? 503 : undefined);
        assert.equal(await handler.sessions.count(), failed ? 0 : 1);
        if (!failed) assert.deepEqual(await caller.call("anything"), {});
      }, 5_000);
    },
  );

  test(
    `${client.name}: a session that is stored when its client was told that it is not is removed`,
    {
      skip: noRedis,
      timeout: 30_000,
    },
    async () => {
      await served(client, async (handler) => {
        lost = "late";
        assert.equal(await testClient(handler).initialize().catch(status), 503);
        release();
        assert.equal(await handler.sessions.count(), 0);
        await testClient(handler).initialize();
        assert.equal(await handler.sessions.count(), 1);
      }, 1_000);
    },
  );
}

test("a message whose answer comes late is stored once, whatever others wrote meanwhile", {
  skip: noRedis,
  timeout: 10_000,
}, async () => {
  const prefix = `{unanswered${count++}}:`;
  const ports = [(proxy.address() as { port: number }).port, server.port];
  const ends: (() => unknown)[] = [];
  let failed = false;
  const nodes = await Promise.all(ports.map(async (port, at) => {
    const { client, end } = await clients[0]!.connect(port);
    const backend = redis(client, { prefix, ...(at === 0 ? { timeoutMs: 300 } : {}) });
    const handler = createMcpHandler({
      serverInfo: { name: "server", version: "1" },
      request: () => ({}),
    }, { backend, onEvent: ({ type }) => failed ||= type === "backend-error" });
    ends.unshift(() => handler.close({ within: 0 }), () => backend.close!(), end);
    return { backend, handler };
  }));
  try {
    const { backend: { logs } } = nodes[1]!;
    const caller = testClient(nodes[1]!.handler);
    await caller.initialize();
    const id = caller.sessionId!;
    const written = (events: number) =>
      until(
        async () => (await logs.bounds(id, standaloneStream(id)))?.last === events,
        `${events} events`,
      );
    const [slow, other] = await Promise.all(
      nodes.map(({ handler }) => handler.sessions.get(id)),
    );
    [stored, lost] = ["append", "late"];
    slow!.notify("first");
    await written(1);
    const expected = ["first"];
    for (let i = 1; i <= 30; i++) {
      other!.notify(`m${i}`);
      expected.push(`m${i}`);
    }
    await written(31);
    await until(() => failed, "the first attempt is given up");
    release();
    slow!.notify("last");
    const stream = await caller.listen();
    const got: unknown[] = [];
    for await (const { message } of stream) {
      if (message !== undefined && got.push(message.method) && message.method === "last") break;
    }
    stream.close();
    assert.deepEqual(got, [...expected, "last"]);
  } finally {
    stored = "create";
    for (const end of ends) await end();
  }
});
