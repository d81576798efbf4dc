/** A handler of modern requests while its endpoint closes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeClock } from "../doubles/clock.ts";
import { turns } from "../doubles/turns.ts";
import { delegating, stream } from "./delegating.ts";
import { refusal } from "./endpoint.ts";

/** Ways of a handler to take a request that it is to give up. */
const WAYS: { readonly [name: string]: (signal: AbortSignal) => Promise<Response> } = {
  "that takes no notice": () => new Promise(() => {}),
  "that fails": (signal) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  "that has an answer of its own": (signal) =>
    new Promise((resolve) =>
      signal.addEventListener("abort", () => resolve(new Response(null, { status: 499 })))
    ),
  "that never ends its answer": () =>
    Promise.resolve(
      new Response(new ReadableStream(), { headers: { "content-type": "application/json" } }),
    ),
};

describe("a handler of modern requests", () => {
  test("is waited for on closing, its subscriptions are not", async () => {
    const steps: string[] = [];
    const [call, listen] = [stream(), stream()];
    const { ask, send, mcp } = delegating(
      (_, { parsedBody }) =>
        (parsedBody as { method: string }).method === "work/do" ? call.response : listen.response,
      {},
      {
        close: async () => {
          steps.push("application closed");
          await listen.end();
        },
      },
    );
    const answer = await ask("work/do");
    const listening = await send("subscriptions/listen", { notifications: {} }, {}, 2);
    const closing = mcp.close().then(() => steps.push("closed"));
    await call.end();
    assert.equal(await answer.text(), ":\n\n");
    await closing;
    assert.equal(await listening.text(), ":\n\n");
    assert.deepEqual(steps, ["application closed", "closed"]);
  });

  test("what does not end by itself is given up on closing", { timeout: 30_000 }, async () => {
    const source = stream();
    const { ask, mcp } = delegating(({ signal }) => {
      signal.addEventListener("abort", async () => {
        await source.write({ last: true });
        await source.end();
      });
      return source.response;
      // Told at once: no time passes.
    }, { clock: new FakeClock() });
    const answer = await ask("work/do");
    await mcp.close({ within: 0 });
    assert.equal(await answer.text(), ':\n\ndata: {"last":true}\n\n');
  });

  for (const [name, way] of Object.entries(WAYS)) {
    test(`${name}: the endpoint answers for it once it has closed`, async () => {
      let aborted = false;
      const { ask, mcp, events } = delegating(({ signal }) => {
        signal.addEventListener("abort", () => aborted = true);
        return way(signal);
      });
      const answer = ask("work/do");
      await turns();
      await mcp.close({ within: 0 });
      const { status, id, retry, message } = await refusal(await answer);
      assert.deepEqual([status, id, retry], [503, 1, true]);
      assert.match(message, /shutting down/);
      assert.equal(aborted, true);
      assert.deepEqual(events.map(({ type }) => type), ["exchange"]);
      assert.equal((await mcp.stats()).inFlight, 0);
    });
  }

  test("may end what it streams by itself, but not for ever", async () => {
    const clock = new FakeClock();
    const source = stream();
    const { ask, mcp, events } = delegating(() => source.response, { clock });
    const answer = await ask("work/do");
    await mcp.close({ within: 0 });
    await source.write({ last: true });
    await turns();
    await clock.passing(500);
    assert.equal(await answer.text(), ':\n\ndata: {"last":true}\n\n');
    assert.equal(await source.cancelled, true);
    const closed = events.find(({ type }) => type === "stream-closed");
    assert.equal((closed as { reason: string }).reason, "closed");
    assert.equal((await mcp.stats()).streams, 0);
    assert.equal(clock.timers, 0);
  });
});
