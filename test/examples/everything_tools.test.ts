import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { open } from "../wire/harness/http.ts";
import { join, notification } from "../wire/harness/mcp.ts";
import { Events } from "../wire/harness/sse.ts";
import { fixture, lastMessage, modern, modernPost, RUNTIMES, textOf, tool } from "./everything.ts";

for (const runtime of RUNTIMES) {
  describe(`the tools of examples/everything on ${runtime.name}`, () => {
    test("answer, break and refuse", async (t) => {
      const peer = await join(await fixture(t, runtime));
      assert.deepEqual(await tool(peer, "echo", { text: "grüß dich" }), {
        content: [{ type: "text", text: "grüß dich" }],
      });
      assert.deepEqual(await tool(peer, "throw"), { code: -32603, message: "Internal error" });
      const wrong = await tool(peer, "echo", { text: 5 });
      assert.equal(wrong.isError, true);
      assert.equal(textOf(wrong), "text: 5, expected a string");
      assert.equal((await tool(peer, "none")).code, -32602);
    });

    test("count what goes on, and stop with their request", async (t) => {
      const server = await fixture(t, runtime);
      const peer = await join(server);
      const stats = async () => (await tool(peer, "stats")).structuredContent;
      const before = await stats();
      assert.deepEqual(Object.keys(before), ["sessions", "streams", "inFlight", "aborted"]);
      assert.equal(before.sessions, 1);
      assert.equal(textOf(await tool(peer, "sleep", { ms: 20 })), "Slept for 20 ms");
      // Legacy: the notification stops it. Modern: a client that leaves does.
      const asleep = peer.call("tools/call", { name: "sleep", arguments: { ms: 60_000 } }, {
        id: "nap",
        fields: [["Accept", "text/event-stream"]],
      });
      const events = new Events(await asleep);
      await peer.post(notification("notifications/cancelled", { requestId: "nap" }));
      assert.deepEqual(await events.rest(), []);
      assert.equal((await stats()).aborted, before.aborted + 1);
      const post = modernPost("tools/call", { name: "sleep", arguments: { ms: 60_000 } }, [
        ["Accept", "text/event-stream"],
      ]);
      (await open(server.port, post)).line.cut();
      while ((await stats()).aborted < before.aborted + 2) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });

    test("write to the log of the call or of the session", async (t) => {
      const peer = await join(await fixture(t, runtime));
      const events = await peer.stream("tools/call", {
        name: "burst",
        arguments: { count: 30, bytes: 5_000 },
      });
      const messages = await events.rest();
      assert.equal(messages.length, 31);
      const lengths = new Set(messages.slice(0, 30).map(({ params }) => params.data.length));
      assert.deepEqual([...lengths], [5_000]);
      const standalone = await peer.listen();
      await tool(peer, "broadcast", { text: "to whom it may concern" });
      const { method, params } = await standalone.next();
      assert.equal(method, "notifications/message");
      assert.equal(params.data, "to whom it may concern");
      // A session that wants graver messages only gets those.
      await (await peer.call("logging/setLevel", { level: "error" })).text();
      const quiet = await peer.stream("tools/call", {
        name: "burst",
        arguments: { count: 3, bytes: 1 },
      });
      assert.equal((await quiet.rest()).length, 1);
      standalone.cut();
    });

    test("tell of changes whoever wants to know", async (t) => {
      const server = await fixture(t, runtime);
      const peer = await join(server);
      const standalone = await peer.listen();
      const notifications = { resourceSubscriptions: ["test://watched-resource"] };
      const post = modernPost("subscriptions/listen", { notifications });
      const listener = new Events(await open(server.port, post));
      assert.equal((await listener.next()).method, "notifications/subscriptions/acknowledged");
      // Nobody but the modern listener has asked for it yet.
      await tool(peer, "test_trigger_resource_update");
      assert.equal((await listener.next()).method, "notifications/resources/updated");
      await tool(peer, "test_trigger_tool_change");
      assert.equal((await standalone.next()).method, "notifications/tools/list_changed");
      const uri = "test://watched-resource";
      const subscribed = await peer.call("resources/subscribe", { uri });
      assert.deepEqual((await subscribed.json()).result, {});
      await tool(peer, "test_trigger_resource_update");
      const updated = await standalone.next();
      assert.deepEqual([updated.method, updated.params], [
        "notifications/resources/updated",
        { uri },
      ]);
      standalone.cut();
      listener.cut();
    });

    test("route by headers that agree with the parameters", async (t) => {
      const { port } = await fixture(t, runtime);
      const params = { name: "route", arguments: { region: "eu", count: 42 } };
      const route = (region: string, count: string) =>
        modern(port, "tools/call", params, [
          ["Mcp-Param-Region", region],
          ["Mcp-Param-Count", count],
        ]);
      const answer = await route("eu", "42");
      assert.equal(answer.status, 200);
      assert.deepEqual(lastMessage(answer.body).result.structuredContent, {
        region: "eu",
        count: 42,
      });
      for (const [region, count] of [["us", "42"], ["eu", "43"]] as const) {
        const { status, json } = await route(region, count);
        assert.deepEqual([status, json.error.code], [400, -32020]);
      }
      assert.equal((await modern(port, "tools/call", params)).status, 400);
      const peer = await join({ port });
      assert.deepEqual((await tool(peer, "route", params.arguments)).structuredContent, {
        region: "eu",
        count: 42,
      });
    });
  });
}
