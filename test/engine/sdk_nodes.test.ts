/** Sessions whose messages come to several nodes, each with a server object of its own. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMcpHandler, type McpHandler, memory } from "../../core/engine/mod.ts";
import { sdkServer } from "../../adapters/servers/sdk.ts";
import { turns } from "../doubles/turns.ts";
import { connected, endpoint, standalone, textOf, tool } from "./sdk/endpoint.ts";
import { versions } from "./sdk/servers.ts";

/** What fails here hangs. */
const LIMIT = { timeout: 30_000 };

/** Requests with some word in their body go to one node, all others to another. */
function routed(word: string, there: McpHandler, here: McpHandler): McpHandler {
  return {
    ...here,
    fetch: async (request) => {
      const text = await request.clone().text();
      return await (text.includes(word) ? there : here).fetch(request);
    },
  };
}

/** The same client, at another node. */
function send(node: McpHandler, session: string, message: object): Promise<Response> {
  return node.fetch(
    new Request("http://localhost/mcp", {
      method: "POST",
      headers: { "content-type": "application/json", "mcp-session-id": session },
      body: JSON.stringify({ jsonrpc: "2.0", ...message }),
    }),
  );
}

for (const version of versions) {
  describe(`a server of the SDK's ${version.name}`, () => {
    test("learns that its client is initialized where another node was told", LIMIT, async () => {
      const backend = memory();
      const one = endpoint(version, { hello: () => "hello" }, { backend });
      const two = endpoint(version, {}, { backend });
      const client = await connected(routed("notifications/initialized", two.mcp, one.mcp));
      while (two.told.length === 0) await turns();
      assert.deepEqual(one.told, []);
      for (let i = 0; i < 2; i++) {
        assert.equal(textOf(await client.call("tools/call", tool("hello"))), "hello");
        assert.deepEqual(one.told, ["1 initialized"]);
      }
      await Promise.all([one.mcp.close(), two.mcp.close()]);
    });

    test(
      "asks outside any call once its client is ready, whichever node was told",
      LIMIT,
      async () => {
        const backend = memory();
        const one = endpoint(version, {}, { backend });
        const two = endpoint(version, {}, { backend });
        const client = await connected(routed("notifications/initialized", two.mcp, one.mcp));
        const roots = one.servers[0]!.roots();
        const stream = await standalone(client);
        const { id, method } = await stream.next();
        assert.equal(method, "roots/list");
        const result = { roots: [{ uri: "file:///here" }] };
        await send(one.mcp, client.sessionId!, { id, result });
        assert.deepEqual(await roots, result);
        stream.close();
        await Promise.all([one.mcp.close(), two.mcp.close()]);
      },
    );

    test(
      "is heard outside any call though no further message comes to its node",
      LIMIT,
      async () => {
        const backend = memory();
        const one = endpoint(version, {}, { backend });
        const two = endpoint(version, {}, { backend });
        const client = await connected(one.mcp);
        const silent = await connected(routed("notifications/initialized", two.mcp, one.mcp));
        for (const { sessionId } of [client, silent]) {
          const at = sessionId === client.sessionId ? 0 : 1;
          await one.servers[at]!.log(`for ${at}`);
          const stream = await standalone(at === 0 ? client : silent);
          assert.equal((await stream.next()).params.data, `for ${at}`);
          stream.close();
        }
        await Promise.all([one.mcp.close(), two.mcp.close()]);
      },
    );

    test("is told once, however often its client says that it is initialized", LIMIT, async () => {
      const { mcp, told } = endpoint(version, {});
      const client = await connected(mcp);
      await client.notify("notifications/initialized");
      await client.call("ping");
      await client.call("tools/list").catch(() => {});
      assert.deepEqual(told, ["1 initialized"]);
      await mcp.close();
    });

    test("that closes itself as soon as it is rebuilt ends its session", LIMIT, async () => {
      for (let distance = 0; distance < 15; distance++) {
        const backend = memory();
        const before = endpoint(version, {}, { backend });
        const client = await connected(before.mcp);
        const application = sdkServer(() => {
          const server = version.build({});
          return {
            close: () => server.close(),
            connect(transport) {
              const send = transport.send.bind(transport);
              transport.send = async (message, options) => {
                await send(message, options);
                for (let i = 0; i < distance; i++) await undefined;
                await server.close();
              };
              return server.connect(transport);
            },
          };
        });
        const mcp = createMcpHandler(application, { backend });
        const list = () => send(mcp, client.sessionId!, { id: 1, method: "tools/list" });
        await (await list()).text();
        assert.equal((await list()).status, 404, `${distance} apart`);
        assert.equal(await mcp.sessions.count(), 0);
        await Promise.all([before.mcp.close(), mcp.close()]);
      }
    });

    test("that is never built does not keep its handler from closing", LIMIT, async () => {
      const backend = memory();
      const before = endpoint(version, {}, { backend });
      const client = await connected(before.mcp);
      const begun = Promise.withResolvers<void>();
      const application = sdkServer(() => {
        begun.resolve();
        return new Promise<never>(() => {});
      });
      const mcp = createMcpHandler(application, { backend });
      const pending = send(mcp, client.sessionId!, { id: 1, method: "tools/list" });
      await begun.promise;
      await mcp.close({ within: 0 });
      assert.equal((await pending).status, 503);
      await before.mcp.close();
    });
  });
}
