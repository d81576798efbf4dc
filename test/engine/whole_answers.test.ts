/** Answers that are event streams with nothing before the answer, over a backend that several nodes share. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Backend, type Exchange, type LogStore, memory } from "../../core/engine/mod.ts";
import { Failing } from "../doubles/failing.ts";
import { turns } from "../doubles/turns.ts";
import { KEY } from "../wire/harness/modern.ts";
import { Endpoint, Events, gate } from "./endpoint.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";

type Changed = { readonly [name in keyof LogStore]?: LogStore[name] | undefined };

/** A backend that other nodes share, and what it was asked about logs and told on the bus about streams. */
function shared(change: (logs: LogStore) => Changed = () => ({})) {
  const asked: string[] = [];
  const { sessions, logs, bus, handles } = memory();
  const own = {
    open: (...args) => logs.open(...args),
    whole: (...args) => logs.whole!(...args),
    append: (...args) => logs.append(...args),
    end: (...args) => logs.end(...args),
    read: (...args) => logs.read(...args),
    bounds: (...args) => logs.bounds(...args),
    delivered: (...args) => logs.delivered(...args),
    drop: (...args) => logs.drop(...args),
    ...change(logs),
  } as LogStore;
  const backend: Backend = {
    sessions,
    ...(handles && { handles }),
    logs: new Proxy(own, {
      get(target, name: keyof LogStore) {
        const member = target[name];
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          asked.push(name);
          return (member as (...args: unknown[]) => unknown)(...args);
        };
      },
    }),
    bus: {
      publish(topic, message) {
        if (topic.startsWith("stream/")) asked.push("publish");
        return bus.publish(topic, message);
      },
      subscribe(topic, receiver) {
        if (topic.startsWith("stream/")) asked.push("subscribe");
        return bus.subscribe(topic, receiver);
      },
      unsubscribe: (topic, receiver) => bus.unsubscribe(topic, receiver),
    },
    nodes: { leaseMs: 15_000, renew: () => true, alive: () => true, leave() {} },
  };
  return { backend, asked };
}

const tool = ({ method }: { method: string }, exchange: Exchange): object => {
  if (method === "talk") exchange.notify("notifications/message", { level: "info", data: "said" });
  return { done: true };
};

describe("an answer that is all of its stream", () => {
  test("is stored in one go, and can be come back to on another node", async (t) => {
    const { backend, asked } = shared();
    const endpoint = new Endpoint(t, { request: tool }, { backend, response: "sse" });
    const other = new Endpoint(t, { request: tool }, { backend, response: "sse" });
    const session = await endpoint.open();
    asked.length = 0;
    const events = new Events(await endpoint.call("tools/call", { session }));
    const priming = await events.event();
    assert.equal(priming?.data, "");
    assert.deepEqual((await events.next()).result, { done: true });
    assert.equal(await events.next(), undefined);
    assert.deepEqual(asked, ["whole"]);
    const again = new Events(await other.get({ session, lastEventId: priming!.id! }));
    assert.deepEqual((await again.next()).result, { done: true });
    assert.equal(again.lastId, events.lastId);
    assert.equal(await again.next(), undefined);
    const streams = endpoint.events.filter(({ type }) => type.startsWith("stream-"));
    assert.deepEqual(streams.map(({ type }) => type), ["stream-opened", "stream-closed"]);
  });

  test("waits for the store, and begins no stream however long that takes", async (t) => {
    const stored = gate();
    const { backend, asked } = shared((logs) => ({
      async whole(...args) {
        await stored.opened;
        await logs.whole!(...args);
      },
    }));
    const endpoint = new Endpoint(t, { request: tool }, { backend, response: "sse" });
    const session = await endpoint.open();
    asked.length = 0;
    let answered = false;
    const call = endpoint.call("tools/call", { session });
    call.then(() => answered = true);
    await endpoint.pass(5_000);
    assert.deepEqual([answered, asked], [false, ["whole"]]);
    stored.open();
    assert.deepEqual((await new Events(await call).rest()).map(({ result }) => result), [{
      done: true,
    }]);
    assert.deepEqual(asked, ["whole"]);
  });

  for (const [name, stores] of [["fails", false], ["is done, but seems to fail", true]] as const) {
    test(`comes by a stream where the store ${name}`, async (t) => {
      const { backend, asked } = shared((logs) => ({
        whole(...args) {
          if (stores) logs.whole!(...args);
          return Promise.reject(new Error("no answer in time"));
        },
      }));
      const endpoint = new Endpoint(t, { request: tool }, { backend, response: "sse" });
      const session = await endpoint.open();
      asked.length = 0;
      const events = new Events(await endpoint.call("tools/call", { session }));
      assert.deepEqual((await events.rest()).map(({ result }) => result), [{ done: true }]);
      assert.ok(asked.includes("append"), asked.join(" "));
      assert.equal(endpoint.told("backend-error").length, 1);
      const again = new Events(await endpoint.get({ session, lastEventId: events.lastId! }));
      assert.deepEqual(await again.rest(), []);
    });
  }

  test("comes by a stream where the store cannot store it in one go", async (t) => {
    const { backend, asked } = shared(() => ({ whole: undefined }));
    const endpoint = new Endpoint(t, { request: tool }, { backend, response: "sse" });
    const session = await endpoint.open();
    const events = new Events(await endpoint.call("tools/call", { session }));
    assert.deepEqual((await events.rest()).map(({ result }) => result), [{ done: true }]);
    assert.ok(asked.includes("append"), asked.join(" "));
  });

  for (const failure of ["throws", "rejects"] as const) {
    test(`reaches its client although a store that no other node shares ${failure}`, async (t) => {
      const failing = new Failing(memory(), failure);
      const options = { backend: failing.backend, response: "sse" } as const;
      const endpoint = new Endpoint(t, { request: tool }, options);
      const session = await endpoint.open();
      failing.break("logs.whole", "logs.open", "logs.append");
      const events = new Events(await endpoint.call("tools/call", { session }));
      assert.deepEqual((await events.next()).result, { done: true });
      assert.equal(endpoint.told("backend-error").length, 1);
    });
  }

  test("reaches its client although the handler closes meanwhile", async (t) => {
    const stored = gate();
    const { backend } = shared((logs) => ({
      async whole(...args) {
        await stored.opened;
        await logs.whole!(...args);
      },
    }));
    const endpoint = new Endpoint(t, { request: tool }, { backend, response: "sse" });
    const session = await endpoint.open();
    const call = endpoint.call("tools/call", { session });
    await turns(3);
    let closed = false;
    const closing = endpoint.handler.close({ within: 1_000 }).then(() => closed = true);
    await turns(3);
    assert.equal(closed, false);
    stored.open();
    assert.deepEqual((await new Events(await call).rest()).map(({ result }) => result), [{
      done: true,
    }]);
    await closing;
  });

  test("reaches its client although the store fails once the handler is closed", async (t) => {
    const failed = gate();
    const { backend } = shared(() => ({
      async whole() {
        await failed.opened;
        throw new Error("no answer in time");
      },
    }));
    const endpoint = new Endpoint(t, { request: tool }, { backend, response: "sse" });
    const session = await endpoint.open();
    const call = endpoint.call("tools/call", { session });
    await turns(3);
    const closing = endpoint.handler.close({ within: 0 });
    await endpoint.pass(60_000);
    await closing;
    failed.open();
    assert.deepEqual((await new Events(await call).rest()).map(({ result }) => result), [{
      done: true,
    }]);
    assert.equal((await endpoint.handler.stats()).streams, 0);
    assert.equal(endpoint.clock.timers, 0);
  });
});

describe("a stream that only its own connection can read stays on its node", () => {
  for (const method of ["hush", "talk"]) {
    test(`where streams are not resumed, ${method}`, async (t) => {
      const { backend, asked } = shared();
      const options = { backend, response: "sse", resumable: false } as const;
      const endpoint = new Endpoint(t, { request: tool }, options);
      const session = await endpoint.open();
      asked.length = 0;
      const events = new Events(await endpoint.call(method, { session }));
      const all = await events.rest();
      assert.equal(all.length, method === "talk" ? 2 : 1);
      assert.deepEqual(all.at(-1).result, { done: true });
      assert.equal(events.lastId, undefined);
      assert.deepEqual(asked, []);
    });

    test(`where there is no session, ${method}`, async (t) => {
      const { backend, asked } = shared();
      const endpoint = new ModernEndpoint(t, { request: tool }, { backend, response: "sse" });
      const answer = await endpoint.post(method, {}, { meta: { [KEY.logLevel]: "debug" } });
      const all = await new Events(answer).rest();
      assert.equal(all.length, method === "talk" ? 2 : 1);
      assert.equal(all.at(-1).result.done, true);
      assert.deepEqual(asked, []);
    });
  }

  test("but a session's own stream may be written by any node, and does not", async (t) => {
    const { backend } = shared();
    const options = { backend, resumable: false } as const;
    const [one, other] = [new Endpoint(t, {}, options), new Endpoint(t, {}, options)];
    const session = await one.open();
    const events = new Events(await one.get({ session }));
    await turns(3);
    (await other.handler.sessions.get(session))!.notify("notifications/message", { data: "hello" });
    assert.equal((await events.next()).params.data, "hello");
    await events.cut();
  });
});
