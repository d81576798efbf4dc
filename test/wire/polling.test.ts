/** WIRE.md, section 3: `exchange.closeStream()` ends the connection, not the stream. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ask } from "./harness/http.ts";
import { join, posting, request } from "./harness/mcp.ts";
import { app, type Scope, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";

const text = (message: { id?: unknown; params?: { data: string } }): unknown =>
  message.id ?? message.params!.data;

describe("closeStream", () => {
  async function polled(scope: Scope, options: object, retryMs?: number) {
    let go = (): void => {};
    const server = await up(
      scope,
      app((_, exchange) => {
        exchange.notify("notifications/message", { data: "1" });
        exchange.closeStream(retryMs === undefined ? {} : { retryMs });
        exchange.notify("notifications/message", { data: "2" });
        return new Promise((done) => go = () => done({}));
      }),
      options,
    );
    const peer = await join(server);
    const events = new Events(await peer.call("work", {}, { id: 7 }));
    return { server, peer, events, go: () => go() };
  }

  test("ends the connection cleanly; whoever comes back gets what it missed, once", async (t) => {
    const { server, peer, events, go } = await polled(t, {}, 1_500);
    const blocks = [];
    for (let one = await events.block(); one !== undefined; one = await events.block()) {
      blocks.push(one);
    }
    assert.ok(events.answer.complete);
    assert.equal(blocks.find((one) => one.retry !== undefined)?.retry, 1_500);
    const first = blocks.filter((one) => one.data).map((one) => text(JSON.parse(one.data!)));
    assert.equal((await server.mcp.stats()).inFlight, 1);
    const second = await peer.listen(events.lastId);
    go();
    assert.deepEqual([...first, ...(await second.rest()).map(text)], ["1", "2", 7]);
  });

  test("without a time asks for a second", async (t) => {
    const { events, go } = await polled(t, {});
    const said: unknown[] = [];
    for (let one = await events.block(); one !== undefined; one = await events.block()) {
      if (one.retry !== undefined) said.push(one.retry);
    }
    assert.deepEqual(said, [1_000]);
    go();
  });

  test("does nothing where the stream cannot be resumed", async (t) => {
    const { events, go } = await polled(t, { resumable: false });
    assert.deepEqual([text(await events.next()), text(await events.next())], ["1", "2"]);
    go();
    assert.deepEqual((await events.rest()).map(text), [7]);
  });

  test("does nothing where the answer is JSON", async (t) => {
    const server = await up(
      t,
      app((_, exchange) => {
        exchange.closeStream({ retryMs: 5 });
        return {};
      }),
      { response: "json" },
    );
    const { id } = await join(server);
    const got = await ask(server.port, posting(request(1, "x"), [["Mcp-Session-Id", id]]));
    assert.deepEqual(got.json, { jsonrpc: "2.0", id: 1, result: {} });
  });
});
