/** Sessions with several streams at a time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { standaloneStream } from "../../core/engine/ids.ts";
import { type Exchange, memory } from "../../core/engine/mod.ts";
import type { StreamReply } from "../../core/engine/reply.ts";
import { instead } from "../doubles/instead.ts";
import { Endpoint, Events, refusal } from "./endpoint.ts";
import { testInWorlds } from "./worlds.ts";

/** Calls that say something and go on. */
const TALKING = {
  request: (_: unknown, exchange: Exchange) => {
    exchange.notify("notifications/message", { level: "info", data: "begun" });
    return new Promise<object>(() => {});
  },
};

testInWorlds("each holds a place until it is over, whichever goes first", async (scope, world) => {
  const endpoint = new Endpoint(scope, TALKING, { limits: { streams: 4 } }, world);
  const session = await endpoint.open();
  const calls: Events[] = [];
  for (let i = 0; i < 4; i++) {
    calls.push(new Events(await endpoint.call("tools/call", { session })));
    await calls[i]!.next();
  }
  const listen = async (): Promise<number> => {
    const answer = await endpoint.get({ session });
    await answer.body!.cancel();
    await world.quiet();
    return answer.status;
  };
  assert.equal(await listen(), 503);
  // What is refused leaves nothing.
  assert.equal(await world.backend.logs.bounds(session, standaloneStream(session)), undefined);
  for (const call of calls) {
    await call.cut();
    await world.quiet();
    assert.equal(await listen(), 200);
  }
});

testInWorlds("one that ended ends no second time when its peer leaves", async (scope, world) => {
  const endpoint = new Endpoint(scope, {}, { limits: { idleMs: 1_000 } }, world);
  const session = await endpoint.open();
  const headers = new Headers({ accept: "text/event-stream", "mcp-session-id": session });
  const head = { method: "GET", url: "http://localhost/mcp", headers };
  const reply = await endpoint.handler.handle(head, { text: () => Promise.resolve("") });
  const { body } = reply as StreamReply;
  body.open({ write: () => true, end() {}, abort() {} });
  await world.quiet();
  const newer = await endpoint.get({ session });
  await world.quiet();
  body.cancelled();
  assert.equal((await endpoint.handler.stats()).streams, 1);
  assert.deepEqual(endpoint.told("stream-closed").map(({ reason }) => reason), ["replaced"]);
  endpoint.clock.jump(1_000);
  assert.equal((await endpoint.call("tools/list", { session })).status, 200);
  await newer.body!.cancel();
});

test("one whose session ends before its log is there leaves none", {
  timeout: 30_000,
}, async (t) => {
  const own = memory();
  let meanwhile = (): unknown => undefined;
  const logs = instead(own.logs, "open", async (open, args) => {
    await meanwhile();
    return open(...args);
  });
  const endpoint = new Endpoint(t, {}, { backend: { ...own, logs } });
  const session = await endpoint.open();
  meanwhile = () => endpoint.delete({ session });
  assert.equal((await refusal(await endpoint.get({ session }))).status, 404);
  assert.equal(await own.logs.bounds(session, standaloneStream(session)), undefined);
});
