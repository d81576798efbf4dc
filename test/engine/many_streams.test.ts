/** Sessions with several streams at a time. */
import assert from "node:assert/strict";
import type { Exchange } from "../../core/engine/mod.ts";
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
