/** What SDK servers send, and the stream on which it goes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMcpHandler } from "../../core/engine/mod.ts";
import { sdkServer } from "../../adapters/servers/sdk.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import { connected, endpoint, gate, standalone, textOf, tool } from "./sdk/endpoint.ts";
import { type Built, versions } from "./sdk/servers.ts";

for (const version of versions) {
  describe(`a server of the SDK's ${version.name}`, () => {
    test("progress and log messages of a call come on its stream before its result", async () => {
      const { mcp } = endpoint(version, {
        work: async ({ notify, progressToken }) => {
          await notify("notifications/progress", { progressToken, progress: 1, total: 2 });
          await notify("notifications/message", { level: "info", data: "half" });
          return "done";
        },
      });
      const told: unknown[] = [];
      const client = await connected(mcp, {
        notification: (method, params) => told.push([method, params.progressToken ?? params.data]),
      });
      const result = await client.call("tools/call", tool("work", "", { progressToken: "p" }));
      assert.equal(textOf(result), "done");
      assert.deepEqual(told, [["notifications/progress", "p"], ["notifications/message", "half"]]);
      await mcp.close();
    });

    test("what belongs to no call waits for a reader of the standalone stream", async () => {
      const { mcp, servers } = endpoint(version, {
        log: async ({ log }) => {
          await log("from a call");
          return "";
        },
      });
      const client = await connected(mcp);
      await client.call("tools/call", tool("log"));
      await servers[0]!.log("from nowhere");
      const stream = await standalone(client);
      assert.equal((await stream.next()).params.data, "from a call");
      assert.equal((await stream.next()).params.data, "from nowhere");
      stream.close();
      await mcp.close();
    });

    test("what a server says during the handshake waits for the session", async () => {
      const built: Built[] = [];
      const mcp = createMcpHandler(sdkServer((): Built => {
        const server = version.build({});
        built.push(server);
        return Object.assign(server, {
          connect: async (transport: Parameters<Built["connect"]>[0]) => {
            await Object.getPrototypeOf(server).connect.call(server, transport);
            await server.log("hello");
          },
        });
      }));
      const client = await connected(mcp);
      const stream = await standalone(client);
      assert.equal((await stream.next()).params.data, "hello");
      stream.close();
      await mcp.close();
    });

    for (const how of ["ask", "askRelated"] as const) {
      test(`elicitation from within a handler goes on the call's stream: ${how}`, async () => {
        const { mcp } = endpoint(version, { ask: (call) => call[how]("name?") });
        const asked: unknown[] = [];
        const client = await connected(mcp, {
          request: (method, params) => {
            asked.push([method, params.message]);
            return { action: "accept", content: { answer: "Ann" } };
          },
        });
        assert.equal(textOf(await client.call("tools/call", tool("ask"))), "Ann");
        assert.deepEqual(asked, [["elicitation/create", "name?"]]);
        await mcp.close();
      });
    }

    test("a request that outlives the call in which it was asked is asked once", async () => {
      const answer = Promise.withResolvers<string>();
      const { mcp, servers } = endpoint(version, {
        ask: (call) => {
          call.ask("name?").then(answer.resolve, answer.reject);
          return "asked";
        },
      });
      const asked: unknown[] = [];
      const over = Promise.withResolvers<void>();
      const client = await connected(mcp, {
        request: async (_, { message }) => {
          asked.push(message);
          await over.promise;
          return { action: "accept", content: { answer: "Ann" } };
        },
      });
      assert.equal(textOf(await client.call("tools/call", tool("ask"))), "asked");
      const stream = await standalone(client);
      await servers[0]!.log("first");
      assert.equal((await stream.next()).params.data, "first");
      over.resolve();
      assert.equal(await answer.promise, "Ann");
      assert.deepEqual(asked, ["name?"]);
      stream.close();
      await mcp.close();
    });

    test("a request that outlives its call is given up on the standalone stream", async () => {
      const failed = Promise.withResolvers<unknown>();
      const { mcp } = endpoint(version, {
        ask: (call) => {
          call.ask("name?", { timeout: 50 }).catch(failed.resolve);
          return "asked";
        },
      });
      const client = await connected(mcp, { request: () => new Promise(() => {}) });
      assert.equal(textOf(await client.call("tools/call", tool("ask"))), "asked");
      assert.match(String(await failed.promise), /timed out/i);
      const stream = await standalone(client);
      const { method, params } = await stream.next();
      assert.equal(method, "notifications/cancelled");
      assert.match(params.requestId, /^\w{12}\./);
      stream.close();
      await mcp.close();
    });

    test("a request whose call ends before the client is ready is asked outside", async () => {
      const answer = Promise.withResolvers<string>();
      const { mcp } = endpoint(version, {
        ask: (call) => {
          call.ask("name?").then(answer.resolve, answer.reject);
          return "asked";
        },
      });
      const held = Promise.withResolvers<void>();
      const client = testClient({
        fetch: async (request) => {
          const said = await request.clone().text();
          if (!said.includes("notifications/initialized")) return mcp.fetch(request);
          held.promise.then(() => mcp.fetch(request));
          return new Response(null, { status: 202 });
        },
      }, { capabilities: { elicitation: {} } });
      await client.initialize();
      assert.equal(textOf(await client.call("tools/call", tool("ask"))), "asked");
      held.resolve();
      const stream = await standalone(client);
      const { id, params } = await stream.next();
      assert.equal(params.message, "name?");
      const result = { action: "accept", content: { answer: "Ann" } };
      await client.send("POST", { jsonrpc: "2.0", id, result });
      assert.equal(await answer.promise, "Ann");
      stream.close();
      await mcp.close();
    });

    test("a request of a call that the client has cancelled does not", async () => {
      const answer = Promise.withResolvers<string>();
      const { mcp } = endpoint(version, {
        ask: (call) => {
          call.ask("name?").then(answer.resolve, answer.reject);
          return new Promise<string>(() => {});
        },
      });
      const asked = Promise.withResolvers<void>();
      const client = await connected(mcp, {
        request: () => {
          asked.resolve();
          return new Promise(() => {});
        },
      });
      const call = client.begin("tools/call", tool("ask"));
      await asked.promise;
      await call.cancel();
      await assert.rejects(answer.promise);
      await mcp.close();
    });

    test("a request outside any call waits for the standalone stream", async () => {
      const { mcp, servers } = endpoint(version, {});
      const client = await connected(mcp);
      const roots = servers[0]!.roots();
      const stream = await standalone(client);
      const asked = await stream.next();
      assert.equal(asked.method, "roots/list");
      assert.equal(typeof asked.id, "string");
      const answer = { roots: [{ uri: "file:///here" }] };
      await client.send("POST", { jsonrpc: "2.0", id: asked.id, result: answer });
      assert.deepEqual(await roots, answer);
      stream.close();
      await mcp.close();
    });

    test("a request in a JSON-only answer falls back to the standalone stream only where it was a guess", async () => {
      const failures: unknown[] = [];
      const { mcp } = endpoint(version, {
        ask: (call) => call.ask("guess?"),
        related: (call) =>
          call.askRelated("sure?").catch((error) => {
            failures.push(error);
            return "none";
          }),
      }, { response: "json" });
      const client = await connected(mcp);
      const stream = await standalone(client);
      const call = client.call("tools/call", tool("ask"));
      const asked = await stream.next();
      assert.equal(asked.params.message, "guess?");
      const result = { action: "accept", content: { answer: "ok" } };
      await client.send("POST", { jsonrpc: "2.0", id: asked.id, result });
      assert.equal(textOf(await call), "ok");
      assert.equal(textOf(await client.call("tools/call", tool("related"))), "none");
      assert.match(String(failures[0]), /JSON only/);
      stream.close();
      await mcp.close();
    });

    test("polling: the connection ends, the result waits for the client", async () => {
      const held = gate();
      const { mcp } = endpoint(version, { held: held.run });
      const client = await connected(mcp);
      const posted = client.send("POST", {
        jsonrpc: "2.0",
        id: 7,
        method: "tools/call",
        params: tool("held", "later"),
      });
      const { closeSSEStream } = await held.enter();
      closeSSEStream!();
      const text = await (await posted).text();
      assert.match(text, /retry: 1000\n/);
      held.leave("later");
      const stream = await client.listen(/id: (\S+)\n/.exec(text)![1]);
      const messages: unknown[] = [];
      for await (const { message } of stream) if (message !== undefined) messages.push(message);
      assert.equal(messages.length, 1);
      const { id, result } = messages[0] as { id: number; result: unknown };
      assert.deepEqual([id, textOf(result)], [7, "later"]);
      await mcp.close();
    });

    test("polling of the standalone stream", async () => {
      const { mcp, servers } = endpoint(version, {
        poll: ({ closeStandaloneSSEStream }) => {
          closeStandaloneSSEStream!();
          return "";
        },
      });
      const client = await connected(mcp);
      const stream = await standalone(client);
      await client.call("tools/call", tool("poll"));
      assert.equal(await stream.next(), undefined);
      await servers[0]!.log("missed");
      const again = await standalone(client);
      assert.equal((await again.next()).params.data, "missed");
      again.close();
      await mcp.close();
    });

    test("clients of earlier revisions are not sent away to poll", async () => {
      const { mcp } = endpoint(version, {
        poll: (call) => `${call.closeSSEStream} ${call.closeStandaloneSSEStream}`,
      });
      const client = await connected(mcp, { version: "2025-06-18" });
      assert.equal(textOf(await client.call("tools/call", tool("poll"))), "undefined undefined");
      await mcp.close();
    });
  });
}

test("where the runtime does not know what belongs to a call, what a handler asks waits for the standalone stream", async (t) => {
  const { process } = globalThis as { process: { getBuiltinModule?: unknown } };
  const { getBuiltinModule } = process;
  t.after(() => void (process.getBuiltinModule = getBuiltinModule));
  process.getBuiltinModule = undefined;
  for (const version of versions) {
    const { mcp } = endpoint(version, { ask: (call) => call.ask("name?") });
    const client = await connected(mcp);
    const answer = client.call("tools/call", tool("ask"));
    const stream = await standalone(client);
    const { id, params } = await stream.next();
    assert.equal(params.message, "name?");
    const result = { action: "accept", content: { answer: "Ann" } };
    await client.send("POST", { jsonrpc: "2.0", id, result });
    assert.equal(textOf(await answer), "Ann");
    stream.close();
    await mcp.close();
  }
});
