/** Sessions with several streams at a time. */
import assert from "node:assert/strict";
import type { Exchange } from "../../core/engine/mod.ts";
import type { StreamReply } from "../../core/engine/reply.ts";
import { Endpoint, Events } from "./endpoint.ts";
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
