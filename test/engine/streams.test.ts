import assert from "node:assert/strict";
import { test } from "node:test";
import { type Exchange, memory } from "../../core/engine/mod.ts";
import { standaloneStream } from "../../core/engine/ids.ts";
import type { StreamReply } from "../../core/engine/reply.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, gate, initialize, refusal, request } from "./endpoint.ts";
import { testInWorlds } from "./worlds.ts";

/** An application whose every call says `count` things, then waits to be told to end. */
function talking(count: number) {
  const finish = gate();
  return {
    finish: finish.open,
    request: async (
      _: unknown,
      exchange: { notify(method: string, params: { readonly i: number }): void },
    ) => {
      for (let i = 1; i <= count; i++) exchange.notify("notifications/message", { i });
      await finish.opened;
      return {};
    },
  };
}

testInWorlds(
  "an event id whose successors are too old is refused, not half replayed",
  async (scope, world) => {
    const application = talking(3);
    const limits = { logAgeMs: 60_000, idleMs: Infinity };
    const endpoint = new Endpoint(scope, application, { limits }, world);
    const session = await endpoint.open();
    const first = new Events(await endpoint.call("tools/call", { session }));
    await first.next();
    const lastEventId = first.lastId!;
    await first.cut();
    endpoint.clock.jump(59_999);
    const inTime = new Events(await endpoint.get({ session, lastEventId }));
    assert.equal((await inTime.next()).params.i, 2);
    await inTime.cut();
    endpoint.clock.jump(1);
    const { status, message } = await refusal(await endpoint.get({ session, lastEventId }));
    assert.equal(status, 400);
    assert.match(message, /Last-Event-ID/);
    application.finish();
  },
);

test("a stream that is resumed is whole although another ended meanwhile", async (t) => {
  const finish = gate();
  const backend = memory();
  let meanwhile: (() => Promise<void>) | undefined;
  const logs = instead(backend.logs, "bounds", async (own, args) => {
    const bounds = own(...args);
    await meanwhile?.();
    return bounds;
  });
  const application = {
    request: async ({ params }: { params?: { other?: boolean } }, exchange: Exchange) => {
      exchange.notify("notifications/message", { i: 1 });
      if (params?.other) await finish.opened;
      return {};
    },
  };
  const endpoint = new Endpoint(t, application, {}, {
    name: "bounds take their time",
    backend: { ...backend, logs },
    quiet: () => turns(3),
  });
  const session = await endpoint.open();
  const other = new Events(
    await endpoint.post(request(1, "tools/call", { other: true }), { session }),
  );
  await other.next();
  const events = new Events(await endpoint.post(request(2, "tools/call"), { session }));
  await events.next();
  const { lastId: lastEventId } = events;
  await events.cut();
  await turns(3);
  meanwhile = async () => {
    meanwhile = undefined;
    finish.open();
    while (await other.next() !== undefined);
  };
  const resumed = new Events(await endpoint.get({ session, lastEventId: lastEventId! }));
  assert.deepEqual((await resumed.next()).result, {});
});

testInWorlds(
  "the standalone stream goes on although what nobody read is too old",
  async (scope, world) => {
    const endpoint = new Endpoint(
      scope,
      {},
      { limits: { logAgeMs: 60_000, idleMs: Infinity } },
      world,
    );
    const session = await endpoint.open();
    const handle = (await endpoint.handler.sessions.get(session))!;
    handle.notify("notifications/message", { i: 1 });
    await world.quiet();
    endpoint.clock.jump(60_000);
    const events = new Events(await endpoint.get({ session }));
    await world.quiet();
    handle.notify("notifications/message", { i: 2 });
    assert.equal((await events.next())?.params.i, 2);
    await events.cut();
  },
);

testInWorlds("a stream whose log the backend has lost ends", async (scope, world) => {
  const application = talking(1);
  const endpoint = new Endpoint(scope, application, {}, world);
  const session = await endpoint.open();
  const events = new Events(await endpoint.call("tools/call", { session }));
  await events.next();
  const last = events.next();
  await world.quiet();
  await world.backend.logs.drop(session);
  application.finish();
  assert.equal(await last, undefined);
  assert.deepEqual(endpoint.told("stream-closed").map(({ reason }) => reason), ["lost"]);
});

testInWorlds(
  "an event id that was evicted, is foreign or is none of ours is refused",
  async (scope, world) => {
    const application = talking(5);
    const endpoint = new Endpoint(scope, application, { limits: { logEvents: 2 } }, world);
    const session = await endpoint.open();
    const stranger = await endpoint.open();
    const first = new Events(await endpoint.call("tools/call", { session }));
    const ids: string[] = [];
    for (let i = 0; i < 2; i++) ids.push((await first.event())!.id!);
    await first.cut();
    await world.quiet();
    const [, known] = ids;
    const stream = known!.slice(0, known!.lastIndexOf("_"));
    for (
      const [lastEventId, by] of [
        [`${stream}_0`, session],
        [`${stream}_9`, session],
        [`${stream}_5`, stranger],
        [`${stream}x_0`, session],
        [`${standaloneStream(stranger)}_0`, session],
        ["nonsense", session],
        ["__proto___0", session],
      ] as const
    ) {
      const { status } = await refusal(await endpoint.get({ session: by, lastEventId }));
      assert.equal(status, 400, lastEventId);
    }
    const last = new Events(await endpoint.get({ session, lastEventId: `${stream}_3` }));
    assert.equal((await last.next()).params.i, 4);
    await last.cut();
    application.finish();
  },
);

testInWorlds(
  "an event id is refused where streams are not resumed, whoever gave it",
  async (scope, world) => {
    const [endpoint, other] = [true, false].map((resumable) =>
      new Endpoint(scope, {}, { resumable }, world)
    );
    const session = await endpoint!.open();
    const events = new Events(await endpoint!.get({ session }));
    const lastEventId = (await events.event())!.id!;
    await events.cut();
    await world.quiet();
    assert.equal((await refusal(await other!.get({ session, lastEventId }))).status, 400);
    const again = new Events(await endpoint!.get({ session, lastEventId }));
    await again.cut();
  },
);

testInWorlds(
  "a call that says more at once than its log keeps is answered",
  async (scope, world) => {
    const endpoint = new Endpoint(
      scope,
      {
        request: (_, exchange) => {
          for (let i = 1; i <= 100; i++) exchange.notify("notifications/message", { i });
          return { done: true };
        },
      },
      { limits: { logEvents: 10 } },
      world,
    );
    const session = await endpoint.open();
    const all = await new Events(await endpoint.call("tools/call", { session })).rest();
    assert.deepEqual(all.at(-1).result, { done: true });
    const seen = all.slice(0, -1).map(({ params }) => params.i);
    assert.deepEqual(seen, [...seen].sort((a, b) => a - b));
    assert.equal(seen.at(-1), 100);
  },
);

testInWorlds(
  "a GET that meets a DELETE gets its 404 or its end, and leaves nothing",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, {}, {}, world);
    for (let between = 0; between < 32; between++) {
      const session = await endpoint.open();
      await new Events(await endpoint.get({ session })).cut();
      const lastEventId = between % 2 === 0 ? "" : `${standaloneStream(session)}_0`;
      const get = endpoint.get({ session, lastEventId });
      await turns(between >> 1);
      assert.equal((await endpoint.delete({ session })).status, 204);
      const answer = await get;
      if (answer.status === 200) assert.deepEqual(await new Events(answer).rest(), []);
      else assert.equal((await refusal(answer)).status, 404);
      await world.quiet();
      const { streams } = await endpoint.handler.stats();
      assert.equal(streams, 0, `a stream goes on after ${between} turns`);
      const left = await world.backend.logs.bounds(session, standaloneStream(session));
      assert.equal(left, undefined, `a log is left after ${between} turns`);
    }
  },
);

testInWorlds("a POST that meets a DELETE is settled, and leaves nothing", async (scope, world) => {
  const names: string[] = [];
  const { logs } = world.backend;
  const watched = {
    ...world.backend,
    logs: instead(logs, "open", (open, args) => {
      names.push(args[1] as string);
      return open(...args);
    }),
  };
  const endpoint = new Endpoint(
    scope,
    {
      request: async (_, exchange) => {
        for (let i = 0; i < 20 && !exchange.signal.aborted; i++) {
          exchange.notify("notifications/message", { i });
          await turns();
        }
        return {};
      },
    },
    {},
    { ...world, backend: watched },
  );
  for (let between = 0; between < 24; between += 2) {
    const session = await endpoint.open();
    const post = endpoint.call("tools/call", { session });
    await turns(between);
    assert.equal((await endpoint.delete({ session })).status, 204);
    const answer = await post;
    if (answer.headers.get("content-type") === "text/event-stream") await new Events(answer).rest();
    else assert.equal(answer.status, 404);
    await turns(25);
    await world.quiet();
    const { streams, inFlight } = await endpoint.handler.stats();
    assert.deepEqual([streams, inFlight], [0, 0], `after ${between} turns`);
    // With a backend that takes its time the call may have begun after the end, as if it had come before.
    for (const name of world.name === "at once" ? names.splice(0) : []) {
      assert.equal(await logs.bounds(session, name), undefined, `a log after ${between} turns`);
    }
  }
});

testInWorlds(
  "a session whose initialize took long begins to grow idle afterwards",
  async (scope, world) => {
    const result = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: {} };
    const answered = gate<typeof result>();
    const endpoint = new Endpoint(scope, { initialize: () => answered.opened }, {
      limits: { idleMs: 1_000 },
    }, world);
    const opening = endpoint.post(initialize());
    await world.quiet();
    endpoint.clock.jump(5_000);
    answered.open(result);
    const session = (await opening).headers.get("mcp-session-id")!;
    endpoint.clock.jump(999);
    assert.equal((await endpoint.call("tools/list", { session })).status, 200);
  },
);

testInWorlds(
  "params that nest without end open no session and break nothing",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, {}, {}, world);
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    const params = `{"protocolVersion":"2025-11-25","capabilities":{"x":${deep}}}`;
    const message = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":${params}}`;
    // Some engines write out any depth, then it is a session like any other.
    const { status } = await endpoint.post(message);
    assert.ok(status === 400 || status === 200, `${status}`);
    assert.equal(await endpoint.handler.sessions.count(), status === 200 ? 1 : 0);
    assert.deepEqual(endpoint.told("backend-error"), []);
    const session = await endpoint.open();
    const call = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":${deep}}}`;
    assert.ok((await endpoint.post(call, { session })).status < 500);
    assert.equal((await endpoint.post(request(2, "tools/list"), { session })).status, 200);
  },
);

test("a peer that takes its time gets the end of its answer", async (t) => {
  const request = (_: unknown, exchange: Exchange) => {
    exchange.notify("notifications/message", { level: "info", data: "begun" });
    return {};
  };
  const endpoint = new Endpoint(t, { request }, { keepAliveMs: 0 });
  const session = await endpoint.open();
  const headers = new Headers({
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-session-id": session,
  });
  const message = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call" });
  const reply = await endpoint.handler.handle(
    { method: "POST", url: "http://localhost/mcp", headers },
    { text: () => Promise.resolve(message) },
  );
  const told: string[] = [];
  const { body } = reply as StreamReply;
  body.open({ write: () => false, end: () => told.push("end"), abort: () => told.push("abort") });
  while (told.length === 0) {
    await endpoint.pass(1);
    body.drained();
  }
  await endpoint.pass(120_000);
  assert.deepEqual(told, ["end"]);
});
