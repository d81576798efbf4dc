/** Streams that hold more than is read, or may wait, at a time, and what comes meanwhile. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Exchange, type LogStore, memory } from "../../core/engine/mod.ts";
import type { StreamReply } from "../../core/engine/reply.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, gate } from "./endpoint.ts";
import { type Scope, testInWorlds, type World } from "./worlds.ts";

const say = (exchange: Exchange, i: number, length: number): void =>
  exchange.notify("notifications/message", { i, data: "x".repeat(length) });

const counted = (messages: { params?: { i: number } }[]): (number | undefined)[] =>
  messages.map(({ params }) => params?.i);

testInWorlds("what is more than is read at once is read to its end", async (scope, world) => {
  const request = (_: unknown, exchange: Exchange) => {
    for (let i = 0; i < 4; i++) say(exchange, i, 50_000);
    return {};
  };
  const endpoint = new Endpoint(scope, { request }, {}, world);
  const session = await endpoint.open();
  const events = new Events(await endpoint.call("tools/call", { session }));
  await events.event();
  await events.cut();
  await world.quiet();
  const headers = new Headers({
    accept: "text/event-stream",
    "mcp-session-id": session,
    "last-event-id": events.lastId!,
  });
  const head = { method: "GET", url: "http://localhost/mcp", headers };
  const reply = await endpoint.handler.handle(head, { text: () => Promise.resolve("") });
  let text = "";
  const ended = gate();
  // Says nothing of its own accord: a Web stream asks for more all the time.
  (reply as StreamReply).body.open({
    write: (more) => (text += more) !== "",
    end: () => ended.open(),
    abort() {},
  });
  await ended.opened;
  assert.deepEqual(text.match(/"i":\d|"result"/g), [
    '"i":0',
    '"i":1',
    '"i":2',
    '"i":3',
    '"result"',
  ]);
});

testInWorlds(
  "a stream may be longer than its log, where less waits for the backend at a time",
  async (scope, world) => {
    const request = async (_: unknown, exchange: Exchange) => {
      for (let i = 0; i < 30; i++) {
        say(exchange, i, 1_000);
        if (i % 3 === 2) await world.quiet();
      }
      return {};
    };
    const endpoint = new Endpoint(scope, { request }, { limits: { logBytes: 10_000 } }, world);
    const session = await endpoint.open();
    const events = new Events(await endpoint.call("tools/call", { session }));
    const told = await events.rest();
    assert.deepEqual(told.pop().result, {});
    assert.deepEqual(counted(told), Array.from({ length: 30 }, (_, i) => i));
  },
);

/** A call that says two things, and the body of an answer of its log of two events that nobody has opened yet. */
async function unopened(scope: Scope, world: World, method: "POST" | "GET") {
  let exchange!: Exchange;
  const request = (_: unknown, own: Exchange) => {
    exchange = own;
    for (let i = 0; i < 2; i++) say(own, i, 1);
    return new Promise<object>(() => {});
  };
  const options = { limits: { logEvents: 2 }, keepAliveMs: 0 };
  const endpoint = new Endpoint(scope, { request }, options, world);
  const session = await endpoint.open();
  const fields: { [name: string]: string } = {
    accept: "text/event-stream, application/json",
    "content-type": "application/json",
    "mcp-session-id": session,
  };
  if (method === "GET") {
    const events = new Events(await endpoint.call("tools/call", { session }));
    for (let i = 0; i < 2; i++) await events.event();
    await events.cut();
    await world.quiet();
    fields["last-event-id"] = events.lastId!;
  }
  const head = { method, url: "http://localhost/mcp", headers: new Headers(fields) };
  const message = JSON.stringify({ jsonrpc: "2.0", id: "x", method: "tools/call" });
  const reply = await endpoint.handler.handle(head, { text: () => Promise.resolve(message) });
  await world.quiet();
  for (let i = 2; i < 5; i++) say(exchange, i, 1);
  await world.quiet();
  let text = "";
  (reply as StreamReply).body.open({
    write: (more) => (text += more) !== "",
    end: () => void (text += "end"),
    abort() {},
  });
  await world.quiet();
  return text.match(/"i":\d|end/g);
}

testInWorlds(
  "an answer whose first events went before anybody read has what is left, and waits for no more",
  async (scope, world) => {
    assert.deepEqual(await unopened(scope, world, "POST"), ['"i":3', '"i":4']);
  },
);

testInWorlds(
  "a stream that is resumed ends where what comes next went before anybody read",
  async (scope, world) => {
    assert.deepEqual(await unopened(scope, world, "GET"), ["end"]);
  },
);

testInWorlds("a reader that lost what it had not read yet ends", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, { limits: { logBytes: 100_000 } }, world);
  const session = await endpoint.open();
  const events = new Events(await endpoint.get({ session }));
  const handle = (await endpoint.handler.sessions.get(session))!;
  for (let i = 0; i < 8; i++) {
    handle.notify("notifications/message", { i, data: "x".repeat(40_000) });
    await world.quiet();
  }
  const read = counted(await events.rest());
  assert.deepEqual(read, Array.from(read, (_, i) => i));
  assert.ok(read.length < 8);
  assert.deepEqual(endpoint.told("stream-closed").map(({ reason }) => reason), ["lost"]);
});

testInWorlds(
  "an answer can be come back to where the backend stores no stream in one go",
  async (scope, world) => {
    const { backend } = world;
    const logs: LogStore = {
      open: (...args) => backend.logs.open(...args),
      append: (...args) => backend.logs.append(...args),
      end: (...args) => backend.logs.end(...args),
      read: (...args) => backend.logs.read(...args),
      bounds: (...args) => backend.logs.bounds(...args),
      delivered: (...args) => backend.logs.delivered(...args),
      drop: (...args) => backend.logs.drop(...args),
    };
    const endpoint = new Endpoint(scope, {}, { backend: { ...backend, logs } }, world);
    const session = await endpoint.open();
    const sent = { session, accept: "text/event-stream" };
    const events = new Events(await endpoint.call("tools/call", sent));
    const { id } = (await events.event())!;
    await events.cut();
    await world.quiet();
    const again = new Events(await endpoint.get({ session, lastEventId: id! }));
    assert.deepEqual((await again.next())?.result, { method: "tools/call" });
  },
);

test("what is said while a reader looks is not missed", { timeout: 30_000 }, async (t) => {
  const own = memory();
  const look = gate();
  const logs = instead(own.logs, "read", async (read, args) => {
    const page = read(...args);
    await look.opened;
    return page;
  });
  const endpoint = new Endpoint(t, {}, { backend: { ...own, logs } });
  const session = await endpoint.open();
  // Asked for now, for whoever asks for more has the reader look again.
  const said = new Events(await endpoint.get({ session })).next();
  await turns(3);
  (await endpoint.handler.sessions.get(session))!.notify("notifications/message", { i: 1 });
  await turns(3);
  look.open();
  assert.equal((await said).params.i, 1);
});

test("what the backend refuses once comes in its order all the same", {
  timeout: 30_000,
}, async (t) => {
  const own = memory();
  let refuses: boolean[] = [];
  // deno-lint-ignore require-await
  const logs = instead(own.logs, "append", async (append, args) => {
    if (refuses.shift()) throw new Error("the backend is away");
    return append(...args);
  });
  const nodes = { leaseMs: 60_000, renew: () => true, alive: () => true, leave() {} };
  const go = gate();
  const request = async (_: unknown, exchange: Exchange) => {
    say(exchange, 0, 1);
    await go.opened;
    // The one that waits behind another fails as well.
    refuses = [true, false, true, false];
    say(exchange, 1, 1);
    say(exchange, 2, 1);
    return {};
  };
  const endpoint = new Endpoint(t, { request }, { backend: { ...own, logs, nodes } });
  const session = await endpoint.open();
  const events = new Events(await endpoint.call("tools/call", { session }));
  const told = events.rest();
  go.open();
  for (let i = 0; i < 4; i++) {
    await turns(5);
    await endpoint.clock.passing(50);
  }
  assert.deepEqual(counted(await told), [0, 1, 2, undefined]);
});

test("what the backend does not take is tried again later, and not once the handler has closed", {
  timeout: 30_000,
}, async (t) => {
  const own = memory();
  let tries: number | undefined;
  const logs = instead(own.logs, "append", (append, args) => {
    if (tries === undefined) return append(...args);
    tries++;
    throw new Error("the backend is away");
  });
  const nodes = { leaseMs: 60_000, renew: () => true, alive: () => true, leave() {} };
  const request = (_: unknown, exchange: Exchange) => {
    say(exchange, 0, 1);
    return new Promise<object>(() => {});
  };
  const endpoint = new Endpoint(t, { request }, {
    backend: { ...own, logs, nodes },
    keepAliveMs: 0,
  });
  const session = await endpoint.open();
  const events = new Events(await endpoint.call("tools/call", { session }));
  await events.next();
  tries = 0;
  const closing = endpoint.handler.close({ within: 0 });
  await turns(5);
  assert.equal(tries, 1);
  await endpoint.clock.passing(50);
  assert.equal(tries, 2);
  await endpoint.clock.passing(10_000);
  await closing;
  const then = tries;
  await endpoint.clock.passing(10_000);
  assert.equal(tries, then);
  assert.equal(endpoint.clock.timers, 0);
});
