import assert from "node:assert/strict";
import { ClientRequestError, type SessionHandle } from "../../core/engine/mod.ts";
import { standaloneStream } from "../../core/engine/ids.ts";
import { Endpoint, Events, NEWEST } from "./endpoint.ts";
import { testInWorlds } from "./worlds.ts";

async function idsOf(endpoint: Endpoint): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of endpoint.handler.sessions.list()) ids.push(id);
  return ids;
}

async function handleOf(endpoint: Endpoint, id: string): Promise<SessionHandle> {
  const handle = await endpoint.handler.sessions.get(id);
  assert.ok(handle !== undefined);
  return handle;
}

testInWorlds(
  "sessions are listed oldest first, without those that lapsed",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, {}, { limits: { idleMs: 1_000 } }, world);
    assert.deepEqual(await idsOf(endpoint), []);
    const a = await endpoint.open();
    endpoint.clock.jump(500);
    const b = await endpoint.open();
    const c = await endpoint.open();
    assert.deepEqual(await idsOf(endpoint), [a, b, c]);
    endpoint.clock.jump(500);
    assert.deepEqual(await idsOf(endpoint), [b, c]);
    await endpoint.delete({ session: b });
    assert.deepEqual(await idsOf(endpoint), [c]);
  },
);

testInWorlds(
  "a session is found with what is known of it, another is not",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, {}, { limits: { idleMs: 1_000 } }, world);
    const started = endpoint.clock.now();
    const id = await endpoint.open({ principal: "alice" }, { version: "2025-06-18" });
    const { version, principal, created, seen, ready, initialize } = await handleOf(endpoint, id);
    assert.deepEqual({ version, principal, created, seen, ready }, {
      version: "2025-06-18",
      principal: "alice",
      created: started,
      seen: started,
      ready: true,
    });
    assert.deepEqual(initialize.clientInfo, {});
    for (const other of ["nobody", "__proto__", ""]) {
      assert.equal(await endpoint.handler.sessions.get(other), undefined);
    }
    endpoint.clock.jump(1_000);
    assert.equal(await endpoint.handler.sessions.get(id), undefined);
  },
);

testInWorlds("a session is ended once, by its id or by its handle", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const { sessions } = endpoint.handler;
  const [a, b] = [await endpoint.open(), await endpoint.open()];
  const handle = await handleOf(endpoint, b);
  const events = new Events(await endpoint.get({ session: a }));
  assert.deepEqual([await sessions.end(a), await sessions.end(a)], [true, false]);
  assert.deepEqual([await handle.end(), await handle.end()], [true, false]);
  assert.equal(await events.next(), undefined);
  assert.equal(await sessions.end("nobody"), false);
  assert.equal(await sessions.count(), 0);
  assert.deepEqual(endpoint.endings, ["ended", "ended"]);
  assert.equal((await endpoint.call("tools/list", { session: a })).status, 404);
});

testInWorlds("what is said to a session waits for its reader, once", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const session = await endpoint.open();
  const handle = await handleOf(endpoint, session);
  for (let i = 1; i <= 3; i++) handle.notify("notifications/message", { i });
  const first = new Events(await endpoint.get({ session }));
  for (let i = 1; i <= 3; i++) assert.equal((await first.next()).params.i, i);
  await first.cut();
  await world.quiet();
  handle.notify("notifications/message", { i: 4 });
  const second = new Events(await endpoint.get({ session }));
  assert.equal((await second.next()).params.i, 4);
  await second.cut();
});

testInWorlds("a session's client is asked on its standalone stream", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const session = await endpoint.open();
  const handle = await handleOf(endpoint, session);
  await assert.rejects(
    handle.request("roots/list"),
    (error) => error instanceof ClientRequestError && error.code === "no-stream",
  );
  const events = new Events(await endpoint.get({ session }));
  await world.quiet();
  const roots = handle.request("roots/list");
  const { id, method } = await events.next();
  assert.equal(method, "roots/list");
  await endpoint.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
  assert.deepEqual(await roots, { roots: [] });
  const given = handle.request("roots/list", {}, { timeoutMs: 1_000 });
  const failed = assert.rejects(given, { code: "timeout" });
  await world.quiet();
  await endpoint.pass(1_000);
  await failed;
  const ended = assert.rejects(handle.request("roots/list"), { code: "session-ended" });
  await world.quiet();
  await handle.end();
  await ended;
  await endpoint.pass(60_000);
  assert.equal(endpoint.clock.timers, 0);
});

testInWorlds(
  "a session that ended is told nothing, and nothing is kept for it",
  async (scope, world) => {
    const endpoint = new Endpoint(scope, {}, {}, world);
    const session = await endpoint.open();
    const handle = await handleOf(endpoint, session);
    await handle.end();
    handle.notify("notifications/message", { secret: true });
    await world.quiet();
    assert.equal(await world.backend.logs.bounds(session, standaloneStream(session)), undefined);
    await assert.rejects(handle.request("roots/list"), { code: "no-stream" });
  },
);

testInWorlds("an exchange has its session's handle", async (scope, world) => {
  const found: (string | undefined)[] = [];
  const endpoint = new Endpoint(
    scope,
    {
      request: (_, { session, version, principal, era }) => {
        found.push(session?.id, version, principal, era, session?.version);
        return {};
      },
    },
    { sessions: "optional" },
    world,
  );
  const session = await endpoint.open({ principal: "alice" });
  await endpoint.call("tools/list", { session, principal: "alice" });
  assert.deepEqual(found, [session, NEWEST, "alice", "legacy", NEWEST]);
  found.length = 0;
  await endpoint.call("tools/list");
  assert.deepEqual(found, [undefined, "2025-03-26", undefined, "legacy", undefined]);
});

testInWorlds(
  "a client may be asked by a node that has done no more than list its session",
  async (scope, world) => {
    const [opening, listing] = [0, 1].map(() => new Endpoint(scope, {}, {}, world));
    const session = await opening!.open();
    const events = new Events(await opening!.get({ session }));
    await world.quiet();
    for await (const handle of listing!.handler.sessions.list()) {
      const roots = handle.request("roots/list", {}, { timeoutMs: 1_000 });
      const { id } = await events.next();
      await opening!.post({ jsonrpc: "2.0", id, result: { roots: [] } }, { session });
      await listing!.pass(1_000);
      assert.deepEqual(await roots, { roots: [] });
    }
    await events.cut();
  },
);
