/** A call whose stream the store does not take for a while, although it answers what is asked of it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMcpHandler, memory } from "../../core/engine/mod.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import { FakeClock } from "../doubles/clock.ts";
import { Failing, type Failure } from "../doubles/failing.ts";
import { turns } from "../doubles/turns.ts";

const LEASES = { leaseMs: 600_000, renew: () => true, alive: () => true, leave() {} };

describe("a call whose stream is refused at first is answered on the connection that it has", () => {
  for (const failure of ["throws", "rejects"] satisfies Failure[]) {
    for (const silent of [false, true]) {
      test(`where the store ${failure}, and the call says ${silent ? "nothing" : "something"}`, {
        timeout: 30_000,
      }, async (t) => {
        const failing = new Failing(memory(), failure);
        const clock = new FakeClock();
        const handler = createMcpHandler({
          serverInfo: { name: "server", version: "1" },
          request(_request, exchange) {
            if (!silent) { for (const i of [1, 2, 3]) exchange.notify("said", { i }); }
            return { done: true };
          },
        }, {
          backend: { ...failing.backend, nodes: LEASES },
          clock,
          keepAliveMs: 0,
          response: "sse",
          onEvent() {},
        });
        t.after(() => handler.close({ within: 0 }));
        const got: unknown[] = [];
        const client = testClient(handler, { notification: (_method, { i }) => got.push(i) });
        await client.initialize();
        failing.break("logs.open", "logs.append", "logs.whole");
        const call = client.begin("call");
        await turns();
        await clock.passing(5_000);
        failing.mend();
        await clock.passing(2_000);
        assert.deepEqual(await call.result, { done: true });
        assert.deepEqual(got, silent ? [] : [1, 2, 3]);
      });
    }
  }
});
