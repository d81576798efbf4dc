/** What the bus over Redis does once a lost subscriber connection is there again. */
import assert from "node:assert/strict";
import type { EventEmitter } from "node:events";
import { connect as dial, createServer, type Server, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { redis, type RedisClient, type RedisOptions } from "../../../adapters/backends/redis.ts";
import type { Bus } from "../../../core/engine/mod.ts";
import {
  clients,
  commanding,
  connectIoredis,
  connectNodeRedis,
  noRedis,
  type RedisServer,
  startRedis,
} from "./redis_server.ts";

let server: RedisServer;
let way: Server;
let port: number;
let count = 0;
/** How many subscriptions are lost on their way, each with its connection. */
let lost = 0;

before(async () => {
  if (noRedis) return;
  server = await startRedis();
  way = createServer(pass);
  await new Promise<void>((resolve) => way.listen(0, "127.0.0.1", resolve));
  port = (way.address() as { port: number }).port;
});
after(async () => {
  way?.close();
  await server?.stop();
});

function pass(near: Socket): void {
  const far = dial(server.port, "127.0.0.1");
  near.on("data", (bytes) => {
    if (lost > 0 && /\r\nsubscribe\r\n/i.test(`${bytes}`)) {
      lost--;
      near.destroy();
    } else far.write(bytes);
  });
  far.on("data", (bytes) => near.write(bytes));
  near.on("close", () => far.destroy());
  far.on("close", () => near.destroy());
  for (const one of [near, far]) one.on("error", () => {/* it closes */});
}

type Subscribe = (channel: string, ...rest: unknown[]) => Promise<unknown>;

/** Has Redis take its time for the first marker. */
function slow(client: RedisClient): void {
  const one = client as { duplicate(...args: unknown[]): { subscribe: Subscribe } };
  const duplicate = one.duplicate.bind(one);
  let left = 1;
  one.duplicate = (...args) => {
    const own = duplicate(...args);
    const subscribe = own.subscribe.bind(own);
    own.subscribe = async (channel, ...rest) => {
      if (channel.includes("bus:~") && left-- > 0) {
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      return await subscribe(channel, ...rest);
    };
    return own;
  };
}

/** Resolves once the subscriber that a client comes to have is over for good. */
function endOfSubscriber(client: RedisClient): Promise<void> {
  const one = client as unknown as { duplicate(...args: unknown[]): EventEmitter };
  const duplicate = one.duplicate.bind(one);
  return new Promise((resolve) => {
    one.duplicate = (...args) => duplicate(...args).once("end", resolve);
  });
}

/** Cuts the subscriber connections; resolves once the bus says that it may have missed something. */
async function cut(bus: Bus): Promise<void> {
  const told = new Promise<void>((resolve) => bus.missed!(resolve));
  const { client: admin, end } = await clients[0]!.connect(server.port);
  const command = commanding(admin);
  await command.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]);
  await told;
  end();
}

/** What is heard before its subscriber connection is lost has to be heard afterwards. */
async function hearsAgain(client: RedisClient, options: RedisOptions = {}): Promise<void> {
  const { bus, close } = redis(client, { prefix: `{again${count++}}:`, ...options });
  const got: string[] = [];
  await bus.subscribe("t", { receive: (text) => void got.push(text) });
  await cut(bus);
  assert.equal(await bus.publish("t", "again"), 1);
  while (got.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(got, ["again"]);
  close!();
}

for (const { name, connect } of clients) {
  test(`${name}: what was missed is told also where Redis is slow to take subscriptions again`, {
    skip: noRedis,
    timeout: 30_000,
  }, async () => {
    const { client, end } = await connect(server.port);
    slow(client);
    await hearsAgain(client, { timeoutMs: 200 });
    end();
  });
}

test("ioredis: a client that does not subscribe again by itself hears all the same", {
  skip: noRedis,
  timeout: 30_000,
}, async () => {
  const { client, end } = await connectIoredis(server.port, { autoResubscribe: false });
  await hearsAgain(client);
  end();
});

for (
  const [name, options] of [
    ["sends nothing again", { autoResendUnfulfilledCommands: false }],
    ["gives up at once what it has to send", { maxRetriesPerRequest: 0 }],
    ["keeps nothing that it cannot send", { enableOfflineQueue: false }],
  ] as const
) {
  test(`ioredis: a client that ${name} hears from the beginning, and all that it heard`, {
    skip: noRedis,
    timeout: 30_000,
  }, async () => {
    const { client, end } = await connectIoredis(port, options);
    const { bus, close } = redis(client, { prefix: `{again${count++}}:`, timeoutMs: 1_000 });
    const got: string[] = [];
    const receiver = { receive: (text: string) => void got.push(text) };
    await bus.subscribe("t", receiver);
    lost = 1;
    // One that is lost on its way; and then what was heard, which the client asks for by itself.
    await bus.subscribe("u", receiver);
    lost = 1;
    await cut(bus);
    for (const topic of ["t", "u"]) assert.equal(await bus.publish(topic, topic), 1);
    while (got.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual(got.sort(), ["t", "u"]);
    close!();
    end();
  });
}

for (
  const [name, connect] of [
    ["node-redis", () => connectNodeRedis(server.port, false)],
    ["ioredis", () => connectIoredis(server.port, { retryStrategy: () => null })],
  ] as const
) {
  test(`${name}: a client that does not connect again hears all the same`, {
    skip: noRedis,
    timeout: 30_000,
  }, async () => {
    const { client, end } = await connect();
    await hearsAgain(client);
    end();
  });
}

test("node-redis: a subscriber connection that was refused is tried again by who subscribes next", async () => {
  let tries = 0;
  const none = () => Promise.resolve();
  const own = { on() {}, removeListener() {}, subscribe: none, unsubscribe: none, destroy() {} };
  const connect = () => tries++ === 0 ? Promise.reject(new Error("refused")) : none();
  const client = {
    ...{ isReady: true, sendCommand: none, on() {}, removeListener() {} },
    duplicate: () => ({ ...own, connect }),
  };
  const { bus, close } = redis(client);
  const receiver = { receive() {} };
  await assert.rejects(async () => await bus.subscribe("t", receiver), /refused/);
  await bus.subscribe("t", receiver);
  close!();
});

for (const { name, connect } of clients) {
  test(`${name}: a backend that is closed listens to its client no more`, {
    skip: noRedis,
  }, async () => {
    const { client, end } = await connect(server.port);
    const listeners = () => ["ready", "error"].map((event) => emitter.listenerCount(event));
    const emitter = client as unknown as EventEmitter;
    const before = listeners();
    const { close } = redis(client);
    close!();
    assert.deepEqual(listeners(), before);
    end();
  });
}

test("node-redis: a backend that is closed while Redis is down goes on trying no more", {
  skip: noRedis,
  timeout: 30_000,
}, async () => {
  const down = await startRedis();
  const { client, end } = await connectNodeRedis(down.port, 50);
  const ended = endOfSubscriber(client);
  const { bus, close } = redis(client, { timeoutMs: 200 });
  await down.stop();
  await assert.rejects(Promise.resolve(bus.subscribe("t", { receive() {} })));
  close!();
  await ended;
  end();
});

for (const { name, connect } of clients) {
  test(`${name}: what waits for Redis when its backend is closed fails in its time`, {
    skip: noRedis,
    timeout: 10_000,
  }, async () => {
    const down = await startRedis();
    const { client, end } = await connect(down.port);
    const { sessions, bus, close } = redis(client, { timeoutMs: 200 });
    await bus.subscribe("t", { receive() {} });
    const lost = new Promise<void>((resolve) => {
      client.on(name === "node-redis" ? "reconnecting" : "close", resolve);
    });
    await down.stop();
    await lost;
    const waiting = [sessions.count(), bus.subscribe("u", { receive() {} })];
    const failed = waiting.map((one) => assert.rejects(Promise.resolve<unknown>(one)));
    close!();
    // No timer of a backend keeps a process alive.
    const alive = setInterval(() => {}, 1_000);
    await Promise.all(failed).finally(() => clearInterval(alive));
    end();
  });
}
