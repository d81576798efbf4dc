/** A session whose store removed it, and whose answer to that was lost. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Backend, memory } from "../../core/engine/mod.ts";
import { instead } from "../doubles/instead.ts";
import { turns } from "../doubles/turns.ts";
import { Endpoint, Events, refusal } from "./endpoint.ts";
import type { Scope } from "./worlds.ts";

const LOST = {
  // As where the command was sent again over a new connection.
  "it says that there was none": { answer: () => false, status: 404 },
  "it rejects": {
    answer(): never {
      throw new Error("no answer");
    },
    status: 503,
  },
};

/** A backend whose answer to a deletion is another one, and comes late. */
function answering(answer: () => boolean, deletes: boolean): Backend {
  const { sessions, logs, bus } = memory();
  return {
    ...{ logs, bus },
    sessions: instead(sessions, "delete", async (own, args) => {
      if (deletes) await own(...args);
      await turns();
      return answer();
    }),
  };
}

for (const [what, { answer, status }] of Object.entries(LOST)) {
  describe(`where a store has removed a session and ${what}`, () => {
    for (const at of ["this node", "another node"]) {
      test(`what goes on in it at ${at} ends, once`, { timeout: 30_000 }, async (t) => {
        const scope = t as unknown as Scope;
        const options = { backend: answering(answer, true) };
        const over: string[] = [];
        const application = {
          request: () => new Promise<object>(() => {}),
          ended: (_id: string, reason: string) => void over.push(reason),
        };
        const endpoint = new Endpoint(scope, application, options);
        const busy = at === "this node" ? endpoint : new Endpoint(scope, application, options);
        const session = await endpoint.open();
        const called = busy.call("tools/call", { session });
        const stream = new Events(await busy.get({ session }));
        await turns(5);
        assert.equal((await busy.handler.stats()).inFlight, 1);
        assert.equal((await refusal(await endpoint.delete({ session }))).status, status);
        assert.equal((await refusal(await called)).status, 404);
        assert.deepEqual(await stream.rest(), []);
        const { inFlight, streams } = await busy.handler.stats();
        assert.deepEqual([inFlight, streams, over], [0, 0, ["terminated"]]);
        assert.deepEqual(endpoint.endings, []);
        assert.equal((await refusal(await endpoint.delete({ session }))).status, 404);
      });
    }
  });

  test(`where a store has not removed a session and ${what}, all goes on`, async (t) => {
    const scope = t as unknown as Scope;
    const endpoint = new Endpoint(scope, {}, { backend: answering(answer, false) });
    const session = await endpoint.open();
    const stream = await endpoint.get({ session });
    assert.equal((await refusal(await endpoint.delete({ session }))).status, status);
    await turns(5);
    assert.equal((await endpoint.handler.stats()).streams, 1);
    assert.equal((await endpoint.call("tools/list", { session })).status, 200);
    await stream.body!.cancel();
  });
}
