import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createSessions, type Exchange, memory } from "../../core/engine/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { Failing, type Failure } from "../doubles/failing.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, gate, initialize, notification, refusal, request } from "./endpoint.ts";
import type { Scope, World } from "./worlds.ts";

const FAILURES: readonly Failure[] = ["throws", "rejects"];

function testBroken(
  name: string,
  run: (scope: Scope, store: Failing, world: World) => Promise<void>,
): void {
  for (const failure of FAILURES) {
    const store = new Failing(memory(), failure);
    const world = { name: failure, backend: store.backend, quiet: () => turns(5) };
    test(
      `${name}, which ${failure}`,
      { timeout: 30_000 },
      (t) => run(t as unknown as Scope, store, world),
    );
  }
}

describe("with a broken backend", () => {
  testBroken("every request that needs a session gets 503", async (scope, store, world) => {
    const endpoint = new Endpoint(scope, {}, {}, world);
    const session = await endpoint.open();
    store.break("*");
    const asked: readonly (() => Promise<Response>)[] = [
      () => endpoint.post(request(1, "tools/list"), { session }),
      () => endpoint.post(notification("notifications/x"), { session }),
      () => endpoint.post(notification("notifications/initialized"), { session }),
      () => endpoint.post(initialize(), { session }),
      () => endpoint.post(initialize()),
      () => endpoint.get({ session }),
      () => endpoint.get({ session, lastEventId: "a_1" }),
      () => endpoint.delete({ session }),
    ];
    for (const [i, ask] of asked.entries()) {
      const { status, code, retry } = await refusal(await ask());
      assert.deepEqual([status, code, retry], [503, -32000, true], `request ${i + 1}`);
    }
    const told = endpoint.told("exchange").slice(-asked.length);
    assert.deepEqual(new Set(told.map(({ outcome }) => outcome)), new Set(["store-unavailable"]));
    assert.ok(endpoint.told("backend-error").length >= asked.length);
    store.mend();
    assert.equal((await endpoint.call("tools/list", { session })).status, 200);
    assert.equal(await endpoint.handler.sessions.count(), 1);
  });

  testBroken("requests that need no session are served", async (scope, store, world) => {
    const endpoint = new Endpoint(scope, {}, { sessions: "optional", response: "json" }, world);
    store.break("*");
    assert.equal((await endpoint.call("tools/list")).status, 200);
    assert.equal((await endpoint.post(notification("notifications/x"))).status, 202);
  });

  testBroken("an initialize leaves nothing behind", async (scope, store, world) => {
    const over: string[] = [];
    const endpoint = new Endpoint(
      scope,
      {
        initialize: () => ({ protocolVersion: "2025-11-25", capabilities: {}, serverInfo: {} }),
        ended: (id) => void over.push(id),
      },
      {},
      world,
    );
    store.break("sessions.create");
    assert.equal((await refusal(await endpoint.post(initialize()))).status, 503);
    assert.equal(over.length, 1, "the application was not told");
    assert.equal(await endpoint.handler.sessions.count(), 0);
    assert.equal(endpoint.clock.timers, 0);
    assert.deepEqual(endpoint.told("session-opened"), []);
  });

  testBroken(
    "a call whose hold is not noted is served all the same",
    async (scope, store, world) => {
      const endpoint = new Endpoint(scope, {}, {}, world);
      const session = await endpoint.open();
      store.break("sessions.touch");
      const answer = await endpoint.call("tools/list", { session });
      assert.deepEqual((await answer.json()).result, { method: "tools/list" });
      await world.quiet();
      assert.equal((await endpoint.handler.stats()).inFlight, 0);
    },
  );

  testBroken("a stream whose log fails ends, and its call is over", async (scope, store, world) => {
    const endpoint = new Endpoint(
      scope,
      {
        request: (_, exchange) => {
          exchange.notify("notifications/message", { n: 1 });
          return { done: true };
        },
      },
      {},
      world,
    );
    const session = await endpoint.open();
    for (const broken of ["logs.read", "logs.append", "bus.subscribe", "logs.open"]) {
      store.break(broken);
      const answer = await endpoint.call("tools/call", { session });
      // Whatever is lost, the client is not left waiting.
      const events = new Events(answer);
      const ended = await Promise.race([
        events.rest().then(() => true),
        endpoint.pass(60_000).then(() => turns(50)).then(() => false),
      ]);
      assert.ok(ended, `${broken}: the stream goes on`);
      store.mend();
      assert.equal((await endpoint.handler.stats()).inFlight, 0, broken);
      assert.equal((await endpoint.handler.stats()).streams, 0, broken);
    }
  });

  testBroken(
    "a stream goes on although it cannot be noted how far it was read",
    async (scope, store, world) => {
      const endpoint = new Endpoint(scope, {}, {}, world);
      const session = await endpoint.open();
      const handle = (await endpoint.handler.sessions.get(session))!;
      store.break("logs.delivered");
      const events = new Events(await endpoint.get({ session }));
      for (const i of [1, 2]) {
        handle.notify("notifications/message", { i });
        assert.equal((await events.next())?.params.i, i);
        await turns(5);
        assert.equal(endpoint.told("backend-error").length, i);
      }
      await events.cut();
    },
  );

  testBroken(
    "a stream that cannot be read on ends with the id of the last event that was",
    async (scope, store, world) => {
      const [more, finish] = [gate(), gate()];
      const application = {
        async request(_: unknown, exchange: Exchange) {
          exchange.notify("notifications/message", { i: 1 });
          await more.opened;
          exchange.notify("notifications/message", { i: 2 });
          await finish.opened;
          return { done: true };
        },
      };
      const endpoint = new Endpoint(scope, application, {}, world);
      const session = await endpoint.open();
      const first = new Events(await endpoint.call("tools/call", { session }));
      await first.next();
      const lastEventId = first.lastId!;
      store.break("logs.read");
      more.open();
      assert.deepEqual(await first.rest(), []);
      assert.equal(first.lastId, lastEventId);
      store.mend();
      finish.open();
      const [told, answer] = await new Events(await endpoint.get({ session, lastEventId })).rest();
      assert.deepEqual([told.params.i, answer.result], [2, { done: true }]);
    },
  );

  testBroken(
    "a stream that cannot be followed as it begins gives no id where none would be first",
    async (scope, store, world) => {
      const application = {
        request(_: unknown, exchange: Exchange) {
          exchange.notify("notifications/message", {});
          return new Promise<undefined>(() => {});
        },
      };
      const endpoint = new Endpoint(scope, application, {}, world);
      const older = await endpoint.open({}, { version: "2025-06-18" });
      const newest = await endpoint.open();
      store.break("bus.subscribe");
      for (
        const answer of [
          await endpoint.call("tools/call", { session: older }),
          await endpoint.get({ session: newest }),
        ]
      ) {
        const events = new Events(answer);
        assert.deepEqual(await events.rest(), []);
        assert.equal(events.lastId, undefined);
      }
    },
  );

  testBroken("sessions are swept again once it is mended", async (scope, store, world) => {
    const endpoint = new Endpoint(scope, {}, { limits: { idleMs: 60_000 } }, world);
    await endpoint.open();
    store.break("sessions.sweep");
    await endpoint.pass(300_000);
    assert.equal(await endpoint.handler.sessions.count(), 1);
    store.mend();
    await endpoint.pass(300_000);
    assert.equal(await endpoint.handler.sessions.count(), 0);
    assert.deepEqual(endpoint.endings, ["idle"]);
    assert.equal(endpoint.clock.timers, 0);
  });

  testBroken(
    "the end of a session is not announced where it is not stored",
    async (scope, store, world) => {
      const endpoint = new Endpoint(scope, {}, {}, world);
      const session = await endpoint.open();
      store.break("sessions.delete");
      assert.equal((await refusal(await endpoint.delete({ session }))).status, 503);
      assert.deepEqual(endpoint.endings, []);
      store.mend();
      assert.equal((await endpoint.delete({ session })).status, 204);
      assert.deepEqual(endpoint.endings, ["terminated"]);
    },
  );

  testBroken(
    "what other nodes would be told is lost, and nothing else",
    async (scope, store, world) => {
      const endpoint = new Endpoint(scope, {}, {}, world);
      const session = await endpoint.open();
      store.break("bus.publish");
      assert.equal((await endpoint.call("tools/list", { session })).status, 200);
      assert.equal((await endpoint.delete({ session })).status, 204);
      assert.equal(await endpoint.handler.sessions.count(), 0);
      assert.deepEqual(endpoint.endings, ["terminated"]);
    },
  );

  testBroken("a node listens once, however often it had to try", async (scope, _, world) => {
    const topics: string[] = [];
    let left = 5;
    const { sessions, logs, bus } = memory();
    const endpoint = new Endpoint(scope, {}, {
      backend: {
        sessions,
        logs,
        bus: {
          publish: (topic, message) => bus.publish(topic, message),
          subscribe(topic, receiver) {
            if (topic === "changes" && left-- > 0) {
              if (world.name === "throws") throw new Error("broken");
              return Promise.reject(new Error("broken"));
            }
            topics.push(topic);
            return bus.subscribe(topic, receiver);
          },
          unsubscribe(topic, receiver) {
            const place = topics.indexOf(topic);
            if (place >= 0) topics.splice(place, 1);
            bus.unsubscribe(topic, receiver);
          },
        },
      },
    }, world);
    for (let i = 0; i < 5; i++) {
      assert.equal((await refusal(await endpoint.post(initialize()))).status, 503);
    }
    await endpoint.open();
    assert.deepEqual(topics.map((topic) => topic.replace(/\/.*/, "")), [
      "control",
      "answers",
      "changes",
    ]);
    await endpoint.handler.close({ within: 0 });
    assert.deepEqual(topics, []);
  });

  testBroken("a guarded handler gets 503 before it, and none after it", async (_, store) => {
    let served = 0;
    const clock = new FakeClock();
    const failures: string[] = [];
    const sessions = createSessions({
      opens: ({ url }) => url.endsWith("/init"),
      backend: store.backend,
      clock,
      limits: { idleMs: 1_000 },
      onEvent: (event) => event.type === "backend-error" && failures.push(String(event.error)),
    });
    const guarded = sessions.guard(() => new Response(`${++served}`));
    const ask = (path: string, session?: string) =>
      guarded(
        new Request(`http://localhost${path}`, {
          method: "POST",
          headers: session === undefined ? {} : { "mcp-session-id": session },
        }),
      );
    const session = (await ask("/init")).headers.get("mcp-session-id")!;
    for (const broken of ["*", "sessions.get", "sessions.touch"]) {
      store.break(broken);
      failures.length = 0;
      assert.equal((await refusal(await ask("/event", session))).status, 503);
      assert.match(failures.at(-1) ?? "", /is broken/);
      assert.equal(served, 1);
    }
    store.break("*");
    assert.equal((await refusal(await ask("/init"))).status, 503);
    store.mend();
    assert.equal(await (await ask("/event", session)).text(), "3");
    assert.equal(await sessions.count(), 1);
    clock.jump(1_000);
    assert.equal((await ask("/event", session)).status, 404);
  });
});
