/** What may come between a GET and its stream. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Bus, createSessions, type Exchange, memory } from "../../core/engine/mod.ts";
import { standaloneStream } from "../../core/engine/ids.ts";
import { Failing, type Failure } from "../doubles/failing.ts";
import { instead } from "../doubles/instead.ts";
import { missing } from "../doubles/missing.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, gate, refusal } from "./endpoint.ts";
import { type Scope, testInWorlds } from "./worlds.ts";

for (const failure of ["throws", "rejects"] satisfies Failure[]) {
  test(`a stream whose session cannot be looked up again is not left open, backend ${failure}`, async (t) => {
    const { sessions, logs, bus } = memory();
    const store = new Failing({ sessions, logs, bus }, failure);
    const backend = {
      ...store.backend,
      logs: instead(logs, "open", (open, args) => {
        store.break("sessions.get");
        return open(...args);
      }),
    };
    const world = { name: failure, backend, quiet: () => turns(5) };
    const endpoint = new Endpoint(t as unknown as Scope, {}, { limits: { streams: 1 } }, world);
    const session = await endpoint.open();
    assert.equal((await refusal(await endpoint.get({ session }))).status, 503);
    store.mend();
    assert.equal((await endpoint.handler.stats()).streams, 0);
    assert.deepEqual(endpoint.told("stream-closed").map(({ reason }) => reason), ["lost"]);
    assert.equal((await endpoint.handler.sessions.get(session))?.id, session);
    for (const one of sessions.list() as Iterable<{ held: boolean }>) assert.equal(one.held, false);
  });
}

for (const failure of ["throws", "rejects"] satisfies Failure[]) {
  test(`a call whose stream cannot be followed as it begins can be come back to, backend ${failure}`, async (t) => {
    const finish = gate();
    const store = new Failing(memory(), failure);
    const world = { name: failure, backend: store.backend, quiet: () => turns(5) };
    const application = {
      async request(_: unknown, exchange: Exchange) {
        exchange.notify("notifications/message", { i: 1 });
        await finish.opened;
        return { done: true };
      },
    };
    const endpoint = new Endpoint(t as unknown as Scope, application, {}, world);
    const session = await endpoint.open();
    store.break("bus.subscribe");
    const first = new Events(await endpoint.call("tools/call", { session }));
    assert.deepEqual(await first.rest(), []);
    assert.deepEqual(endpoint.told("stream-closed").map(({ reason }) => reason), ["lost"]);
    store.mend();
    finish.open();
    const lastEventId = first.lastId!;
    assert.match(lastEventId, /_0$/);
    const [told, answer] = await new Events(await endpoint.get({ session, lastEventId })).rest();
    assert.deepEqual([told.params.i, answer.result], [1, { done: true }]);
  });
}

testInWorlds(
  "a stream is refused whose caller is known only once the handler closes",
  async (scope, world) => {
    let known = gate<string>();
    known.open("alice");
    const endpoint = new Endpoint(scope, {}, { authenticate: () => known.opened }, world);
    const session = await endpoint.open();
    known = gate();
    const listening = endpoint.get({ session });
    await world.quiet();
    await endpoint.handler.close({ within: 0 });
    known.open("alice");
    const { status, retry } = await refusal(await listening);
    assert.deepEqual([status, retry], [503, true]);
    assert.equal((await endpoint.handler.stats()).streams, 0);
    await world.quiet();
    assert.equal(endpoint.clock.timers, 0);
  },
);

test("a stream is refused whose log is there only once the handler closes", async (t) => {
  const { sessions, logs, bus } = memory();
  const opened = gate();
  let asked = gate();
  const backend = {
    sessions,
    bus,
    logs: instead(logs, "open", async (open, args) => {
      asked.open();
      await opened.opened;
      return open(...args);
    }),
  };
  const world = { name: "slow to open", backend, quiet: () => turns(5) };
  const endpoint = new Endpoint(t as unknown as Scope, {}, {}, world);
  const session = await endpoint.open();
  asked = gate();
  const listening = endpoint.get({ session });
  await asked.opened;
  await endpoint.handler.close({ within: 0 });
  opened.open();
  assert.equal((await refusal(await listening)).status, 503);
  assert.equal((await endpoint.handler.stats()).streams, 0);
});

test("a stream is refused whose session ends while its log is opened, and leaves no log", async (t) => {
  const own = memory();
  const opened = gate();
  const asked = gate();
  const logs = instead(own.logs, "open", async (open, args) => {
    asked.open();
    await opened.opened;
    return open(...args);
  });
  const endpoint = new Endpoint(t as unknown as Scope, {}, { backend: { ...own, logs } });
  const session = await endpoint.open();
  const listening = endpoint.get({ session });
  await asked.opened;
  assert.equal((await endpoint.delete({ session })).status, 204);
  await turns(5);
  opened.open();
  assert.equal((await refusal(await listening)).status, 404);
  assert.equal((await endpoint.handler.stats()).streams, 0);
  assert.equal(own.logs.bounds(session, standaloneStream(session)), undefined);
});

testInWorlds("a stream that is refused leaves no log", async (scope, world) => {
  const request = (_: unknown, exchange: Exchange) => {
    exchange.notify("notifications/message", {});
    return new Promise<undefined>(() => {});
  };
  const endpoint = new Endpoint(scope, { request }, { limits: { streams: 1 } }, world);
  const session = await endpoint.open();
  const events = new Events(await endpoint.call("tools/call", { session }));
  await events.next();
  assert.equal((await refusal(await endpoint.get({ session }))).status, 503);
  assert.equal(await world.backend.logs.bounds(session, standaloneStream(session)), undefined);
  await events.cut();
});

for (const operation of ["read", "bounds"] as const) {
  test(`a stream is not resumed whose session ends before its log is asked for, ${operation}`, async (t) => {
    const { sessions, logs, bus } = memory();
    let meanwhile = (): Promise<unknown> => Promise.resolve();
    const backend = {
      sessions,
      bus,
      logs: instead(logs, operation, async (own, args) => {
        await meanwhile();
        return own(...args);
      }),
    };
    const endpoint = new Endpoint(t as unknown as Scope, {}, { backend, response: "sse" });
    const session = await endpoint.open();
    const events = new Events(await endpoint.call("tools/call", { session }));
    await events.rest();
    meanwhile = () => endpoint.delete({ session });
    const resumed = endpoint.get({ session, lastEventId: events.lastId! });
    const { status, code } = await refusal(await resumed);
    assert.deepEqual([status, code], [404, -32001]);
    assert.equal((await endpoint.handler.stats()).streams, 0);
  });
}

test("a reader that may have missed its own word gives way to the next all the same", {
  timeout: 30_000,
}, async (t) => {
  const own = memory();
  let lost = true;
  const { bus: whole, miss } = missing(own.bus);
  const bus: Bus = {
    ...whole,
    // Only the word of the first reader is lost.
    publish(topic, word) {
      if (!topic.startsWith("stream/") || !word.startsWith("r") || !lost) {
        return own.bus.publish(topic, word);
      }
      lost = false;
      return 0;
    },
  };
  const endpoint = new Endpoint(t, {}, { backend: { ...own, bus }, keepAliveMs: 0 });
  const session = await endpoint.open();
  const first = new Events(await endpoint.get({ session }));
  await turns(3);
  assert.equal(lost, false);
  miss();
  const second = new Events(await endpoint.get({ session }));
  assert.deepEqual(await first.rest(), []);
  assert.deepEqual(endpoint.told("stream-closed").map(({ reason }) => reason), ["replaced"]);
  await second.cut();
});

testInWorlds("what changed while nobody listened is not told later", async (scope, world) => {
  const endpoint = new Endpoint(scope, { request: () => new Promise(() => {}) }, {}, world);
  const session = await endpoint.open();
  // The session has something going on, but its stream was left.
  const call = endpoint.call("tools/call", { session });
  call.catch(() => {});
  const left = new Events(await endpoint.get({ session }));
  await left.event();
  await left.cut();
  await world.quiet();
  endpoint.handler.notify.toolsListChanged();
  await world.quiet();
  const events = new Events(await endpoint.get({ session }));
  await world.quiet();
  endpoint.handler.notify.promptsListChanged();
  assert.equal((await events.next()).method, "notifications/prompts/list_changed");
  await events.cut();
});

testInWorlds(
  "of streams that are resumed at once no more are opened than there may be",
  async (scope, world) => {
    const endpoint = new Endpoint(
      scope,
      {
        request: (_, exchange) => {
          exchange.notify("notifications/message", {});
          return new Promise(() => {});
        },
      },
      { limits: { streams: 2 } },
      world,
    );
    const session = await endpoint.open();
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) {
      const events = new Events(await endpoint.call("tools/call", { session }));
      await events.next();
      ids.push(events.lastId!);
      await events.cut();
      await world.quiet();
    }
    const answers = await Promise.all(
      ids.map((lastEventId) => endpoint.get({ session, lastEventId })),
    );
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, 200, 503, 503, 503, 503]);
    for (const answer of answers) await answer.body?.cancel();
  },
);

describe("an event stream of a guarded handler", () => {
  test("ends at once where its caller is known only once the sessions close", {
    timeout: 30_000,
  }, async () => {
    let known = gate<string>();
    known.open("alice");
    const sessions = createSessions({
      opens: ({ url }) => url.endsWith("/init"),
      authenticate: () => known.opened,
    });
    const endless = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode(": begun\n\n")),
    });
    const guarded = sessions.guard(({ url }) =>
      url.endsWith("/init") ? Response.json({}) : new Response(endless, {
        headers: { "content-type": "text/event-stream" },
      })
    );
    const opened = await guarded(new Request("http://localhost/init", { method: "POST" }));
    const headers = { "mcp-session-id": opened.headers.get("mcp-session-id")! };
    known = gate();
    const listening = guarded(new Request("http://localhost/events", { headers }));
    await turns();
    await sessions.close();
    known.open("alice");
    const answer = await listening;
    assert.equal(answer.status, 200);
    await answer.text();
  });
});
