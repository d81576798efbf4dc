/** What a bus over Redis does where Redis is slow, or the connection to it is lost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RedisBus } from "../../../adapters/backends/redis/bus.ts";
import { turns } from "../../doubles/turns.ts";

/** A Redis that answers when it is told to; how it answers a wait that is too long as well. */
function slowRedis() {
  const asked: string[] = [];
  const answers: { readonly now: () => void; readonly lost: () => void }[] = [];
  const ask = (what: string): Promise<void> => {
    asked.push(what);
    return new Promise((resolve, reject) => {
      answers.push({ now: resolve, lost: () => reject(new Error("connection lost")) });
    });
  };
  let late!: () => void;
  const link = {
    command: () => Promise.resolve(1),
    subscribe: (channel: string) => ask(`+${channel}`),
    unsubscribe: (channel: string) => ask(`-${channel}`),
    inTime: <T>(_name: string, done: Promise<T>) =>
      Promise.race([
        done,
        new Promise<never>((_, reject) => late = () => reject(new Error("too slow"))),
      ]),
    close() {},
  };
  const bus = new RedisBus(link, "");
  bus.connected();
  return {
    bus,
    asked,
    late: () => late(),
    /** Answers what was asked first and has no answer. */
    async answer(how: "now" | "lost" = "now") {
      answers.shift()![how]();
      await turns(5);
    },
  };
}

const receiver = { receive() {} };

test("a subscription that was not confirmed in time is ended once it is carried out", async () => {
  const { bus, asked, late, answer } = slowRedis();
  const subscribed = bus.subscribe("a", receiver);
  await turns(5);
  late();
  await assert.rejects(subscribed, /too slow/);
  await turns(5);
  assert.deepEqual(asked, ["+bus:a"]);
  await answer();
  assert.deepEqual(asked, ["+bus:a", "-bus:a"]);
});

test("who tries again takes over what is under way, and Redis is asked once", async () => {
  const { bus, asked, late, answer } = slowRedis();
  for (let i = 0; i < 3; i++) {
    const subscribed = bus.subscribe("a", receiver);
    await turns(5);
    late();
    await assert.rejects(subscribed, /too slow/);
  }
  const subscribed = bus.subscribe("a", receiver);
  await answer();
  await subscribed;
  assert.deepEqual(asked, ["+bus:a"]);
  bus.unsubscribe("a", receiver);
  await turns(5);
  assert.deepEqual(asked, ["+bus:a", "-bus:a"]);
});

test("a subscription waits until the one before it has ended, however long that takes", async () => {
  const { bus, asked, late, answer } = slowRedis();
  const first = bus.subscribe("a", receiver);
  await turns(5);
  await answer();
  await first;
  bus.unsubscribe("a", receiver);
  await turns(5);
  const second = bus.subscribe("a", receiver);
  await turns(5);
  late();
  await assert.rejects(second, /too slow/);
  const third = bus.subscribe("a", receiver);
  await turns(5);
  assert.deepEqual(asked, ["+bus:a", "-bus:a"]);
  await answer();
  assert.deepEqual(asked, ["+bus:a", "-bus:a", "+bus:a"]);
  await answer();
  await third;
});

test("one that failed is ended, for it may be there all the same, and the next one asks anew", async () => {
  const { bus, asked, answer } = slowRedis();
  const failed = [bus.subscribe("a", receiver), bus.subscribe("a", { receive() {} })];
  const seen = failed.map((one) => assert.rejects(one, /connection lost/));
  await turns(5);
  await answer("lost");
  await Promise.all(seen);
  assert.deepEqual(asked, ["+bus:a", "-bus:a"]);
  const again = bus.subscribe("a", receiver);
  await answer();
  await answer();
  await again;
  assert.deepEqual(asked, ["+bus:a", "-bus:a", "+bus:a"]);
});

test("what the client goes on hearing, for its end was lost, is ended on the next connection", async () => {
  const { bus, asked, answer } = slowRedis();
  for (const topic of ["a", "b"]) {
    const subscribed = bus.subscribe(topic, receiver);
    await turns(5);
    await answer();
    await subscribed;
    bus.unsubscribe(topic, receiver);
    await turns(5);
    await answer("lost");
  }
  // This one is wanted again by then.
  const again = bus.subscribe("b", receiver);
  await turns(5);
  asked.length = 0;
  bus.connected();
  assert.deepEqual(asked, ["-bus:a", "+bus:~2"]);
  for (let i = 0; i < 3; i++) await answer();
  await again;
  assert.deepEqual(asked, ["-bus:a", "+bus:~2", "-bus:~2"]);
});

test("a marker of what was missed is not heard for ever, though its end is lost", async () => {
  const { bus, asked, answer } = slowRedis();
  bus.connected();
  await answer();
  assert.deepEqual(asked, ["+bus:~2", "-bus:~2"]);
  await answer("lost");
  bus.connected();
  assert.deepEqual(asked.slice(2), ["-bus:~2", "+bus:~3"]);
});
