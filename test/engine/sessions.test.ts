import assert from "node:assert/strict";
import { Endpoint, initialize, NEWEST, notification, refusal, request } from "./endpoint.ts";
import { testInWorlds } from "./worlds.ts";

testInWorlds("a session opens, serves and ends", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const session = await endpoint.open();
  const answer = await endpoint.call("tools/list", { session });
  assert.equal(answer.status, 200);
  assert.deepEqual((await answer.json()).result, { method: "tools/list" });
  assert.equal((await endpoint.delete({ session })).status, 204);
  const gone = await refusal(await endpoint.call("tools/list", { session }));
  assert.deepEqual([gone.status, gone.code], [404, -32001]);
  assert.equal(await endpoint.handler.sessions.count(), 0);
});

testInWorlds("the four kinds of nobody's id are answered alike", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, { limits: { idleMs: 1_000 } }, world);
  const expired = await endpoint.open();
  endpoint.clock.jump(1_000);
  const terminated = await endpoint.open();
  await endpoint.delete({ session: terminated });
  const foreign = await endpoint.open({ principal: "alice" });
  const never = "never-minted";
  const kinds = [expired, terminated, foreign, never];
  for (
    const ask of [
      (session: string) => endpoint.post(request(7, "tools/list"), { session }),
      (session: string) => endpoint.post(notification("notifications/initialized"), { session }),
      (session: string) => endpoint.post(initialize(), { session }),
      (session: string) => endpoint.get({ session }),
      (session: string) => endpoint.get({ session, lastEventId: "a_1" }),
      (session: string) => endpoint.delete({ session }),
    ]
  ) {
    const answers = [];
    for (const session of kinds) {
      const answer = await ask(session);
      answers.push([answer.status, [...answer.headers], await answer.text()]);
    }
    assert.equal(answers[0]![0], 404);
    for (const answer of answers) assert.deepEqual(answer, answers[0]);
  }
  assert.equal(
    (await endpoint.call("tools/list", { session: foreign, principal: "alice" })).status,
    200,
  );
});

testInWorlds("of eight DELETEs at once one ends the session", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, {}, world);
  const session = await endpoint.open();
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => endpoint.delete({ session })),
  );
  const statuses = answers.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [204, 404, 404, 404, 404, 404, 404, 404]);
  assert.deepEqual(endpoint.endings, ["terminated"]);
});

testInWorlds(
  "where sessions are optional or off, a POST is served without one",
  async (scope, world) => {
    for (const sessions of ["optional", "off"] as const) {
      const endpoint = new Endpoint(scope, {}, { sessions }, world);
      assert.equal((await endpoint.call("tools/list")).status, 200);
      for (const answer of [await endpoint.get(), await endpoint.delete()]) {
        assert.equal(answer.headers.get("allow"), "POST");
        assert.equal((await refusal(answer)).status, 405);
      }
      const opened = await endpoint.post(initialize(NEWEST));
      assert.equal(opened.status, 200);
      assert.equal(opened.headers.has("mcp-session-id"), sessions === "optional");
      assert.equal(await endpoint.handler.sessions.count(), sessions === "optional" ? 1 : 0);
      for await (const one of endpoint.handler.sessions.list()) await one.end();
    }
  },
);

testInWorlds(
  "capacity and quota hold exactly under fifty initializes at once",
  async (scope, world) => {
    const limits = { sessions: 10, sessionsPerPrincipal: 4 };
    const endpoint = new Endpoint(
      scope,
      { request: () => new Promise(() => {}) },
      { limits },
      world,
    );
    const held = await endpoint.open({ principal: "p0" });
    endpoint.call("tools/call", { session: held, principal: "p0" });
    await world.quiet();
    const answers = await Promise.all(
      Array.from(
        { length: 50 },
        (_, i) => endpoint.post(initialize(), { principal: `p${i % 5}` }),
      ),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    assert.equal(await endpoint.handler.sessions.count(), 10);
    const owners = new Map<string | undefined, number>();
    for await (const { principal } of endpoint.handler.sessions.list()) {
      owners.set(principal, (owners.get(principal) ?? 0) + 1);
    }
    for (const [owner, count] of owners) assert.ok(count <= 4, `${owner} has ${count}`);
    assert.equal(endpoint.endings.length, 51 - 10);
    assert.deepEqual(new Set(endpoint.endings), new Set(["evicted"]));
    assert.equal((await endpoint.handler.sessions.get(held))?.id, held, "the busy one gave way");
  },
);
