import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, test } from "node:test";
import { Cluster } from "ioredis";
import { createClient, createCluster, createSentinel, RESP_TYPES } from "redis";
import { redis, type RedisClient } from "../../../adapters/backends/redis.ts";
import { backendKit, testClient } from "../../../adapters/testing/mod.ts";
import { type Backend, createMcpHandler } from "../../../core/engine/mod.ts";
import { heapInUse } from "../../doubles/heap.ts";
import { multiNode } from "./multi_node.ts";
import { clients, commanding, noRedis, type RedisServer, startRedis } from "./redis_server.ts";

/** Answers whatever it is asked. */
const DONE = {
  serverInfo: { name: "server", version: "1" },
  request: () => Promise.resolve({ done: true }),
};

let server: RedisServer;
const made = new Map<Backend, { prefix: string; name: string }>();
let count = 0;

before(async () => {
  if (!noRedis) server = await startRedis();
});
after(() => server?.stop());

async function open(name: string, prefix: string): Promise<Backend> {
  const { client, end } = await clients.find((one) => one.name === name)!.connect(server.port);
  const backend = redis(client, { prefix });
  made.set(backend, { prefix, name });
  return {
    ...backend,
    close() {
      backend.close!();
      end();
    },
  };
}

for (const { name } of clients) {
  const fresh = async () => {
    const prefix = `{test${count++}}:`;
    const backend = await open(name, prefix);
    made.set(backend, { prefix, name });
    return backend;
  };
  const other = name === "ioredis" ? "node-redis" : "ioredis";
  const kit = backendKit(fresh, {
    // All clients work on the same keys.
    peer: (backend) => open(other, made.get(backend)!.prefix),
    async interrupt() {
      const { client, end } = await clients[0]!.connect(server.port);
      const killed = commanding(client)
        .sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]);
      assert.ok(Number(await killed) > 0, "there was no connection to cut");
      end();
    },
  });
  for (const check of kit) {
    test(`${name}: ${check.name}`, { skip: noRedis, timeout: 20_000 }, check.run);
  }
  const nodes = multiNode(() => {
    const prefix = `{test${count++}}:`;
    return Promise.all([0, 1, 2].map(() => open(name, prefix)));
  });
  for (const check of nodes) {
    test(`${name}: ${check.name}`, { skip: noRedis, timeout: 20_000 }, check.run);
  }
}

for (
  const [shape, expected] of [
    ["json", ["get", "touch", "touch"]],
    ["sse", ["get", "touch", "whole", "touch"]],
  ] as const
) {
  test(
    `a call answered as ${shape} takes ${expected.length} commands`,
    { skip: noRedis },
    async () => {
      const { client, end } = await clients[0]!.connect(server.port);
      const plain = commanding(client);
      const send = plain.sendCommand.bind(plain);
      const sent: string[] = [];
      // Everything is one script; its operation comes after digest, number of keys and prefix.
      plain.sendCommand = (args) => {
        sent.push(/^EVAL/.test(args[0]!) ? args[4]! : args[0]!);
        return send(args);
      };
      const subscribed = async (): Promise<string> =>
        /cmdstat_subscribe:calls=\d+/.exec(String(await send(["INFO", "commandstats"])))?.[0] ?? "";
      const backend = redis(client, { prefix: "{commands}:" });
      const handler = createMcpHandler(DONE, { backend, response: shape });
      const caller = testClient(handler);
      await caller.initialize();
      await caller.call("tools/list");
      const before = await subscribed();
      sent.length = 0;
      assert.deepEqual(await caller.call("tools/list"), { done: true });
      // The second touch is not waited for.
      await send(["PING"]);
      // So is that the node lives, every few seconds.
      assert.deepEqual(sent.filter((one) => one !== "renew"), expected);
      assert.equal(await subscribed(), before);
      await handler.close({ within: 0 });
      backend.close!();
      end();
    },
  );
}

test("every key expires", { skip: noRedis }, async () => {
  const { client, end } = await clients[0]!.connect(server.port);
  const plain = commanding(client);
  await plain.sendCommand(["FLUSHALL"]);
  const backend = redis(client, { prefix: "{keys}:" });
  const keys = async (): Promise<string[]> => {
    const found = await plain.sendCommand(["KEYS", "*"]) as string[];
    for (const key of found) {
      assert.ok(key.startsWith("{keys}:"), key);
      assert.ok(Number(await plain.sendCommand(["PTTL", key])) > 0, `${key} never expires`);
    }
    return found;
  };
  const now = Date.now();
  const record = {
    ...{ id: "a", version: "2025-11-25" as const, owner: "o", initialize: "{}", created: now },
    ...{ seen: now, ready: false, held: false },
  };
  const budget = { events: 10, bytes: 1_000, sessionBytes: 2_000, ageMs: 60_000 };
  const room = { sessions: 10, perPrincipal: 2 };
  const lifetime = { idleMs: 1_000, maxAgeMs: 5_000 };
  await backend.logs.open("gone", "s", now, budget);
  assert.ok((await keys()).includes("{keys}:seq"));
  await backend.sessions.create(record, room, lifetime);
  await backend.sessions.create({ ...record, id: "b" }, room, lifetime);
  await backend.nodes!.renew("n", now);
  for (const id of ["a", "b"]) await backend.sessions.touch(id, { at: now, held: true, by: "n" });
  await backend.sessions.touch("b", { at: now, held: false, by: "n" });
  await backend.logs.open("a", "s", now, budget, "[1]");
  await backend.logs.append("a", "s", "1", false, now, budget, "x");
  await backend.handles!.put("h", "1", now + 60_000, now);
  const there = (await keys()).map((key) => key.slice("{keys}:".length).split(":")[0]).sort();
  const kinds = ["a", "all", "c", "e", "h", "idle0", "l", "n", "nodes", "o", "s", "seq", "t"];
  assert.deepEqual([...new Set(there)], kinds);
  backend.close!();
  end();
});

test("a log that nobody ends lives as long as its session may", { skip: noRedis }, async () => {
  const { client, end } = await clients[0]!.connect(server.port);
  const plain = commanding(client);
  const backend = redis(client, { prefix: "{long}:" });
  const month = 30 * 86_400_000;
  const handler = createMcpHandler(DONE, { backend, limits: { idleMs: month, maxAgeMs: month } });
  const caller = testClient(handler);
  await caller.initialize();
  const stream = await caller.listen();
  (await handler.sessions.get(caller.sessionId!))!.notify("a");
  for await (const { message } of stream) if (message) break;
  for (const kind of "letc") {
    const keys = await plain.sendCommand(["KEYS", `{long}:${kind}:*`]) as string[];
    assert.equal(keys.length, 1, kind);
    const left = Number(await plain.sendCommand(["PTTL", keys[0]!]));
    assert.ok(left > month, `${keys[0]} expires in ${left} ms`);
  }
  await handler.close({ within: 0 });
  backend.close!();
  end();
});

test("a log goes its age after its end, whatever ended it", { skip: noRedis }, async () => {
  const { client, end } = await clients[0]!.connect(server.port);
  const plain = commanding(client);
  const backend = redis(client, { prefix: "{ended}:" });
  const { logs } = backend;
  const budget = { events: 10, bytes: 1_000, sessionBytes: 9_000, ageMs: 60_000 };
  const now = Date.now();
  for (const stream of ["appended", "ended"]) {
    await logs.open("s", stream, now, budget);
    await logs.append("s", stream, "1", stream === "appended", now, budget);
  }
  await logs.end("s", "ended", now);
  await logs.whole!("s", "whole", "1", now, budget);
  const left: number[] = [];
  for (const stream of ["appended", "ended", "whole"]) {
    for (const kind of "le") {
      left.push(Number(await plain.sendCommand(["PTTL", `{ended}:${kind}:s:${stream}`])));
    }
  }
  backend.close!();
  end();
  assert.ok(left.every((ms) => ms > 0 && ms <= budget.ageMs), `they go in ${left} ms`);
});

test(
  "the order of logs lives as long as they do, without a session too",
  { skip: noRedis },
  async () => {
    const { client, end } = await clients[0]!.connect(server.port);
    const plain = commanding(client);
    const backend = redis(client, { prefix: "{lasting}:" });
    const budget = { events: 1, bytes: 100, sessionBytes: Infinity, ageMs: 60_000 };
    const open = (stream: string) => backend.logs.open("s", stream, Date.now(), budget);
    await open("first");
    // As it is when the first has been there for long.
    await plain.sendCommand(["PEXPIRE", "{lasting}:seq", "1000"]);
    await open("second");
    const left = (key: string) => plain.sendCommand(["PTTL", `{lasting}:${key}`]).then(Number);
    const [places, logs] = [await left("seq"), await left("t:s")];
    backend.close!();
    end();
    assert.ok(places > logs - 1_000, `${places} ms, and the logs ${logs}`);
  },
);

test("logs that expired take no room from those that live", { skip: noRedis }, async () => {
  const { client, end } = await clients[0]!.connect(server.port);
  const backend = redis(client, { prefix: "{expired}:" });
  const { logs } = backend;
  const budget = { events: 10, bytes: 1_000, sessionBytes: 2 * 1_024 + 2_000, ageMs: 30 };
  const lasting = { ...budget, ageMs: 60_000 };
  await logs.open("a", "live", 0, lasting);
  await logs.append("a", "live", "1", false, 0, lasting);
  for (const stream of "bcdefghi") {
    await logs.open("a", stream, 0, budget);
    await logs.append("a", stream, "x".repeat(800), true, 0, budget);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await logs.append("a", "live", "x".repeat(800), false, 0, lasting);
  assert.equal((await logs.bounds("a", "live"))?.first, 1);
  backend.close!();
  end();
});

test("a client of node-redis that gives buffers is asked for text", { skip: noRedis }, async () => {
  const client = createClient({
    url: server.url,
    commandOptions: { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } },
  });
  await client.connect();
  const backend = redis(client, { prefix: "{buffers}:" });
  const handler = createMcpHandler(DONE, { backend, response: "sse" });
  const caller = testClient(handler);
  await caller.initialize();
  assert.deepEqual(await caller.call("tools/list"), { done: true });
  await handler.close({ within: 0 });
  backend.close!();
  client.destroy();
});

test(
  "commands go in their order, however a client of node-redis is set up",
  { skip: noRedis },
  async () => {
    const client = createClient({ url: server.url, commandOptions: { asap: true } });
    await client.connect();
    const backend = redis(client, { prefix: "{order}:" });
    const now = Date.now();
    const put = (text: string) => backend.handles!.put("h", text, now + 60_000, now);
    await Promise.all(["1", "2", "3"].map(put));
    const last = await backend.handles!.get("h", now);
    backend.close!();
    client.destroy();
    assert.equal(last, "3");
  },
);

test("a client of several servers is refused", () => {
  const servers = [{ host: "127.0.0.1", port: 1 }];
  const several = [
    createCluster({ rootNodes: [] }),
    createSentinel({ name: "a", sentinelRootNodes: servers }),
    new Cluster(servers, { lazyConnect: true }),
  ];
  for (const client of several) {
    const refused = { name: "OptionError", option: "client", message: /client of several servers/ };
    assert.throws(() => redis(client as unknown as RedisClient), refused);
  }
});

test("what was given up while there is no connection is kept no longer, and not sent", async () => {
  const listeners: (() => void)[] = [];
  const client = {
    isReady: false,
    sent: 0,
    sendCommand() {
      this.sent++;
      return Promise.resolve(null);
    },
    on: (event: string, listener: () => void) =>
      void (event === "ready" && listeners.push(listener)),
    removeListener() {},
  };
  const backend = redis(client as unknown as RedisClient, { timeoutMs: 20 });
  const empty = heapInUse();
  for (let i = 0; i < 40; i++) {
    const text = new TextDecoder().decode(new Uint8Array(1_000_000).fill(65 + i));
    const given = backend.handles!.put("h", text, Date.now() + 1_000, Date.now()) as Promise<void>;
    await assert.rejects(given, /not connected/);
  }
  const grown = heapInUse() - empty;
  assert.ok(grown < 5_000_000, `${grown} bytes are kept`);
  client.isReady = true;
  for (const ready of listeners) ready();
  assert.equal(client.sent, 0);
  backend.close!();
});
