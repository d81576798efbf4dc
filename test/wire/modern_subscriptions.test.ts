/** `subscriptions/listen`: acknowledged, filtered, tagged, bounded, ended. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeClock } from "../doubles/clock.ts";
import { ask, open } from "./harness/http.ts";
import { KEY, modern } from "./harness/modern.ts";
import { refused } from "./harness/refusal.ts";
import { app, type Server, up } from "./harness/runtime.ts";
import { Events } from "./harness/sse.ts";
import { CAPABILITIES, listening, serving } from "./modern_listening.ts";

describe("a subscription", () => {
  test("is acknowledged first, as an event stream that nothing holds back", async (t) => {
    const server = await serving(t);
    const answer = await open(server.port, modern("subscriptions/listen", { notifications: {} }));
    assert.equal(answer.get("x-accel-buffering"), "no");
    assert.equal(answer.get("cache-control"), "no-cache, no-transform");
    const events = new Events(answer);
    for (let one = await events.block(); one!.data === undefined; one = await events.block()) {
      assert.ok(one!.comment);
    }
    // No event has an id: there is nothing to resume.
    assert.equal(events.lastId, undefined);
    events.cut();
  });

  const filters: readonly (readonly [string, object, object])[] = [
    ["nothing", {}, {}],
    ["everything", {
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
      resourceSubscriptions: ["a:1", "b:2"],
    }, {
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
      resourceSubscriptions: ["a:1", "b:2"],
    }],
    ["what is false", { toolsListChanged: false, promptsListChanged: true }, {
      promptsListChanged: true,
    }],
    ["what is no boolean", { toolsListChanged: "yes" }, {}],
    ["what is no text", { resourceSubscriptions: ["a:1", 5, null] }, {
      resourceSubscriptions: ["a:1"],
    }],
    ["what nobody knows", { somethingChanged: true }, {}],
  ];
  for (const [name, asked, honoured] of filters) {
    test(`to ${name} is told what of it is honoured`, async (t) => {
      const one = await listening(await serving(t), asked);
      assert.deepEqual(one.honoured, honoured);
      one.events.cut();
    });
  }

  test("to what the server does not offer gets nothing of it", async (t) => {
    const server = await serving(t, {}, { tools: {}, resources: { listChanged: true } });
    const asked = {
      toolsListChanged: true,
      resourcesListChanged: true,
      resourceSubscriptions: ["a:1"],
    };
    const { events, honoured } = await listening(server, asked);
    assert.deepEqual(honoured, { resourcesListChanged: true });
    server.mcp.notify.toolsListChanged();
    server.mcp.notify.resourceUpdated("a:1");
    server.mcp.notify.resourcesListChanged();
    assert.equal((await events.next()).method, "notifications/resources/list_changed");
    events.cut();
  });

  test("hears what it asked for, tagged with its id, and nothing else", async (t) => {
    const server = await serving(t);
    const all = await listening(server, {
      toolsListChanged: true,
      promptsListChanged: true,
      resourcesListChanged: true,
      resourceSubscriptions: ["a:1"],
    }, "all");
    const some = await listening(server, { promptsListChanged: true }, 7);
    const { notify } = server.mcp;
    notify.resourceUpdated("b:2");
    notify.resourceUpdated("a:1");
    notify.toolsListChanged();
    notify.resourcesListChanged();
    notify.promptsListChanged();
    const tag = (id: unknown) => ({ _meta: { [KEY.subscription]: id } });
    for (
      const [method, params] of [
        ["notifications/resources/updated", { uri: "a:1", ...tag("all") }],
        ["notifications/tools/list_changed", tag("all")],
        ["notifications/resources/list_changed", tag("all")],
        ["notifications/prompts/list_changed", tag("all")],
      ] as const
    ) assert.deepEqual(await all.events.next(), { jsonrpc: "2.0", method, params });
    assert.deepEqual((await some.events.next()).params, tag(7));
    all.events.cut();
    some.events.cut();
  });

  test("hears nothing of calls: their messages go with their answers", async (t) => {
    const server = await up(
      t,
      app((_, exchange) => {
        exchange.progress(1);
        exchange.notify("notifications/message", { level: "error", data: 1 });
        return {};
      }, { capabilities: CAPABILITIES }),
    );
    const { events } = await listening(server, { toolsListChanged: true });
    const call = modern("tools/call", { name: "x" }, {
      meta: { progressToken: 1, [KEY.logLevel]: "debug" },
    });
    const messages = await new Events(await open(server.port, call)).rest();
    assert.equal(messages.length, 3);
    server.mcp.notify.toolsListChanged();
    assert.equal((await events.next()).method, "notifications/tools/list_changed");
    events.cut();
  });

  test("ends when its client leaves", async (t) => {
    const server = await serving(t);
    const { events } = await listening(server, { toolsListChanged: true });
    assert.deepEqual(await server.mcp.stats(), {
      sessions: 0,
      streams: 1,
      inFlight: 1,
      aborted: 0,
    });
    events.cut();
    await settled(server, { sessions: 0, streams: 0, inFlight: 0, aborted: 1 });
  });

  test("is ended with its answer when the server closes, and only then its stream", async (t) => {
    const server = await serving(t);
    const one = await listening(server, { toolsListChanged: true }, "s-1");
    const other = await listening(server, {}, 2);
    await server.mcp.close({ within: 0 });
    for (const [{ events }, id] of [[one, "s-1"], [other, 2]] as const) {
      assert.deepEqual(await events.next(), {
        jsonrpc: "2.0",
        id,
        result: {
          resultType: "complete",
          _meta: { [KEY.subscription]: id, [KEY.serverInfo]: { name: "test", version: "1" } },
        },
      });
      assert.equal(await events.next(), undefined);
      assert.ok(events.answer.complete, "the stream was cut");
    }
    // Its body is not read any more, so its id is not known.
    refused(await ask(server.port, modern("subscriptions/listen", { notifications: {} })), {
      status: 503,
      code: -32000,
    });
  });

  test("is kept alive by comments", async (t) => {
    const clock = new FakeClock();
    const server = await serving(t, { clock, keepAliveMs: 1_000 });
    const { events } = await listening(server, {});
    for (let i = 0; i < 3; i++) {
      clock.pass(2_000);
      const block = await events.block();
      assert.ok(block?.comment && block.data === undefined);
    }
    events.cut();
  });

  test("over the limit is refused until one ends", async (t) => {
    const server = await serving(t, { limits: { subscriptions: 2 } });
    const [one, other] = [await listening(server, {}, 1), await listening(server, {}, 2)];
    const third = modern("subscriptions/listen", { notifications: {} }, { id: 3 });
    refused(await ask(server.port, third), { status: 503, code: -32000, id: 3, says: "2" });
    // Anything else is served.
    assert.equal((await ask(server.port, modern("tools/list"))).status, 200);
    one.events.cut();
    await settled(server, { sessions: 0, streams: 1, inFlight: 1, aborted: 1 });
    (await listening(server, {}, 3)).events.cut();
    other.events.cut();
  });

  test("is asked for with a filter, and accepts an event stream", async (t) => {
    const server = await serving(t);
    for (
      const params of [{}, { notifications: null }, { notifications: [] }, { notifications: true }]
    ) {
      refused(await ask(server.port, modern("subscriptions/listen", params)), {
        status: 400,
        code: -32602,
        says: "notifications",
        id: 1,
      });
    }
    const json = modern("subscriptions/listen", { notifications: {} }, {
      fields: { Accept: "application/json" },
    });
    refused(await ask(server.port, json), {
      status: 406,
      code: -32000,
      says: "text/event-stream",
      id: 1,
    });
  });

  test("is an event stream where every other answer is JSON by option", async (t) => {
    const server = await serving(t, { response: "json" });
    (await listening(server, {})).events.cut();
  });
});

/** Waits for the server to notice; each look is a round trip. */
async function settled(server: Server, expected: object): Promise<void> {
  for (;;) {
    const stats = await server.mcp.stats();
    if (JSON.stringify(stats) === JSON.stringify(expected)) return;
    await ask(server.port, { method: "PUT" });
  }
}
