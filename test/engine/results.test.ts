/** What an application gives and tells, in shapes that are not what its types say. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runInNewContext } from "node:vm";
import { testClient } from "../../adapters/testing/mod.ts";
import { Endpoint, Events } from "./endpoint.ts";
import { ModernEndpoint } from "./modern_endpoint.ts";
import { testInWorlds } from "./worlds.ts";

const foreign = (): Promise<never> =>
  runInNewContext("Promise.reject(new TypeError('foreign'))") as Promise<never>;

testInWorlds("a promise of another realm is waited for", async (scope, world) => {
  const request = ({ method }: { method: string }) =>
    method === "fails" ? foreign() : runInNewContext("Promise.resolve({ a: 1 })");
  const endpoint = new Endpoint(scope, { request, notification: foreign }, {}, world);
  const session = await endpoint.open();
  const answer = await endpoint.call("tools/call", { session });
  assert.deepEqual((await answer.json()).result, { a: 1 });
  const failed = await endpoint.call("fails", { session });
  assert.equal((await failed.json()).error.code, -32603);
  await world.quiet();
  const told = endpoint.told("application-error").map(({ method }) => method);
  assert.deepEqual(told, ["notifications/initialized", "fails"]);
});

testInWorlds("a result that is no object in JSON is a failure", async (scope, world) => {
  let result: object = {};
  const endpoint = new Endpoint(scope, { request: () => result as never }, {}, world);
  const session = await endpoint.open();
  for (const json of ["text", [1], 5, null, undefined, () => 1]) {
    result = { toJSON: () => json };
    const answer = await endpoint.call("tools/call", { session });
    assert.equal((await answer.json()).error?.code, -32603, String(json));
  }
  result = { toJSON: () => ({ a: 1 }) };
  const answer = await endpoint.call("tools/call", { session });
  assert.deepEqual((await answer.json()).result, { a: 1 });
  assert.equal(endpoint.told("application-error").length, 6);
});

test("what a result is in JSON is what clients of either era get", async (t) => {
  class Result {
    readonly #a = 1;
    toJSON(): object {
      return { a: this.#a, ttlMs: 5 };
    }
  }
  const own = { b: 1, toJSON: () => ({ a: 1, ttlMs: 5 }) };
  for (const result of [new Result(), own]) {
    const endpoint = new ModernEndpoint(t, { request: () => result });
    const { json } = await endpoint.ask("tools/list");
    const { _meta, ...fields } = json.result;
    assert.deepEqual(fields, { a: 1, resultType: "complete", ttlMs: 5, cacheScope: "private" });
    const client = testClient(endpoint.handler);
    await client.initialize();
    assert.deepEqual(await client.call("tools/list"), { a: 1 });
  }
  const asking = { toJSON: () => ({ resultType: "input_required" }) };
  const endpoint = new ModernEndpoint(t, { request: () => asking });
  assert.equal((await endpoint.ask("tools/list")).json.error?.code, -32603);
  for (const json of ["text", [1], undefined]) {
    const odd = new ModernEndpoint(t, { request: () => ({ toJSON: () => json }) });
    assert.equal((await odd.ask("tools/list")).json.error?.code, -32603, String(json));
  }
});

test("a legacy client gets no field that only modern results have", async (t) => {
  for (const field of [{ resultType: "complete" }, { ttlMs: 5 }, { cacheScope: "public" }]) {
    const endpoint = new ModernEndpoint(t, { request: () => ({ a: 1, ...field }) });
    const client = testClient(endpoint.handler);
    await client.initialize();
    assert.deepEqual(await client.call("tools/list"), { a: 1 });
  }
});

testInWorlds("an application that fails at a change keeps it from nobody", async (scope, world) => {
  const sessions: string[] = [];
  const endpoint = new Endpoint(
    scope,
    {
      changed: () => Promise.reject(new Error("changed")) as never,
      subscribed: (id) => {
        if (id === sessions[0]) throw new Error("subscribed");
        return true;
      },
    },
    {},
    world,
  );
  sessions.push(await endpoint.open(), await endpoint.open());
  const [, second] = await Promise.all(
    sessions.map(async (session) => new Events(await endpoint.get({ session }))),
  );
  await world.quiet();
  endpoint.handler.notify.resourceUpdated("a:b");
  assert.deepEqual((await second!.next()).params, { uri: "a:b" });
  await world.quiet();
  const told = endpoint.told("application-error").map(({ method }) => method);
  assert.deepEqual(told.sort(), ["changed", "subscribed"]);
  assert.deepEqual(endpoint.told("backend-error"), []);
});

testInWorlds("who subscribed may be said later, as after a look-up", async (scope, world) => {
  const sessions: string[] = [];
  const endpoint = new Endpoint(
    scope,
    {
      subscribed: (id, uri) => {
        if (id === sessions[0]) return Promise.reject(new Error("subscribed"));
        // What is no boolean is no yes.
        return Promise.resolve(id === sessions[1] ? "yes" as never : uri === "a:b");
      },
    },
    {},
    world,
  );
  for (let i = 0; i < 3; i++) sessions.push(await endpoint.open());
  const events = await Promise.all(
    sessions.map(async (session) => new Events(await endpoint.get({ session }))),
  );
  await world.quiet();
  const { notify } = endpoint.handler;
  for (const uri of ["x:y", "a:b"]) notify.resourceUpdated(uri);
  assert.deepEqual((await events[2]!.next()).params, { uri: "a:b" });
  await world.quiet();
  notify.toolsListChanged();
  for (const one of events) {
    assert.equal((await one.next()).method, "notifications/tools/list_changed");
  }
  const told = endpoint.told("application-error").map(({ method }) => method);
  assert.deepEqual(told, ["subscribed", "subscribed"]);
});

testInWorlds(
  "what only looks like a promise, and is none that works, is a failure and leaves nothing in flight",
  async (scope, world) => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const results: readonly (readonly [what: string, result: unknown])[] = [
      ["a getter that throws", Object.defineProperty({}, "then", { get: fails })],
      ["a method that throws", { then: fails }],
      ["one that is fulfilled with one that fails", {
        then: (done: (value: unknown) => void) => done(Promise.reject(new Error("later"))),
      }],
      ["nothing that can be looked at", proxy],
    ];
    for (const [what, result] of results) {
      const request = () => result as never;
      const endpoint = new Endpoint(scope, { request, notification: request }, {}, world);
      const session = await endpoint.open();
      const answer = await endpoint.call("tools/call", { session });
      assert.equal(answer.status, 200, what);
      assert.equal((await answer.json()).error?.code, -32603, what);
      await world.quiet();
      assert.equal((await endpoint.handler.stats()).inFlight, 0, what);
      const told = endpoint.told("application-error").map(({ method }) => method);
      assert.deepEqual(told, ["notifications/initialized", "tools/call"], what);
      assert.deepEqual(endpoint.told("backend-error"), [], what);
      await endpoint.handler.sessions.end(session);
    }
  },
);

testInWorlds("a promise of a library may give one more, and settle twice", async (scope, world) => {
  const request = () => ({
    then(done: (value: unknown) => void, failed: (error: unknown) => void) {
      done(Promise.resolve({ a: 1 }));
      failed(new Error("too late"));
    },
  });
  const endpoint = new Endpoint(scope, { request }, {}, world);
  const session = await endpoint.open();
  const answer = await endpoint.call("tools/call", { session });
  assert.deepEqual((await answer.json()).result, { a: 1 });
  assert.deepEqual(endpoint.told("application-error"), []);
});

function fails(): never {
  throw new Error("fails");
}
