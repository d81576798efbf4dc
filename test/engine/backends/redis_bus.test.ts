/** What a bus over Redis does where Redis is slow. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RedisBus } from "../../../adapters/backends/redis/bus.ts";
import { turns } from "../../doubles/turns.ts";

test("a subscription that was not confirmed in time is ended, for it may be carried out later", async () => {
  const told: string[] = [];
  const bus = new RedisBus({
    command: () => Promise.resolve(1),
    subscribe(channel) {
      told.push(`+${channel}`);
      return told.length === 1 ? Promise.reject(new Error("too slow")) : Promise.resolve();
    },
    unsubscribe(channel) {
      told.push(`-${channel}`);
      return Promise.resolve();
    },
    close() {},
  }, "p:");
  const receiver = { receive() {} };
  await assert.rejects(bus.subscribe("a", receiver), /too slow/);
  await turns(5);
  await bus.subscribe("a", receiver);
  bus.unsubscribe("a", receiver);
  await turns(5);
  assert.deepEqual(told, ["+p:bus:a", "-p:bus:a", "+p:bus:a", "-p:bus:a"]);
});
