/** Server objects of the official SDK that fail where they are connected or closed. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createMcpHandler, type HandlerEvent } from "../../core/engine/mod.ts";
import { type SdkServer, sdkServer } from "../../adapters/servers/sdk.ts";
import { testClient } from "../../adapters/testing/mod.ts";
import { turns } from "../doubles/turns.ts";
import { connected, textOf, tool } from "./sdk/endpoint.ts";
import { versions } from "./sdk/servers.ts";

/** What fails here hangs. */
const LIMIT = { timeout: 30_000 };

for (const version of versions) {
  describe(`a server of the SDK's ${version.name}`, () => {
    test(
      "that fails as it is closed does not keep the others from closing in time",
      LIMIT,
      async () => {
        const going = Promise.withResolvers<void>();
        const failures: HandlerEvent[] = [];
        let built = 0;
        const application = sdkServer((): SdkServer => {
          const server = version.build({});
          const fails = built++ === 0;
          return {
            connect: (transport) => server.connect(transport),
            async close() {
              await server.close();
              if (fails) throw new Error("broken");
              await going.promise;
            },
          };
        });
        const mcp = createMcpHandler(application, {
          onEvent: (event) => event.type === "application-error" && failures.push(event),
        });
        for (let i = 0; i < 2; i++) await connected(mcp);
        let closed = false;
        const closing = mcp.close().then(() => closed = true);
        await turns(3);
        assert.equal(closed, false);
        going.resolve();
        await closing;
        assert.equal(failures.length, 1);
      },
    );

    test("whose connect fails once it is attached is closed", LIMIT, async () => {
      const failures: unknown[] = [];
      let closed = 0;
      const application = sdkServer((): SdkServer => {
        const server = version.build({});
        server.onClose(() => closed++);
        return {
          async connect(transport) {
            await server.connect(transport);
            throw new Error("broken");
          },
          close: () => server.close(),
        };
      });
      const mcp = createMcpHandler(application, {
        onEvent: (event) => event.type === "application-error" && failures.push(event.error),
      });
      await assert.rejects(testClient(mcp).initialize(), { code: -32603 });
      assert.deepEqual(failures.map(String), ["Error: broken"]);
      assert.equal(closed, 1);
      await mcp.close();
    });

    test("without a session answers also where it then fails to close", LIMIT, async (t) => {
      const told = t.mock.method(console, "error", () => {});
      const application = sdkServer((): SdkServer => {
        const server = version.build({ hello: () => "hello" });
        server.onClose(() => {
          throw new Error("broken");
        });
        return server;
      });
      const mcp = createMcpHandler(application, { sessions: "off" });
      const client = testClient(mcp);
      assert.deepEqual((await client.initialize()).serverInfo, { name: "sdk", version: "1" });
      assert.equal(textOf(await client.call("tools/call", tool("hello"))), "hello");
      assert.ok(told.mock.calls.every(({ arguments: [, error] }) => /broken/.test(String(error))));
      assert.equal(told.mock.callCount(), 3);
      await mcp.close();
    });

    test("without a session is let go also where it closes nothing", LIMIT, async (t) => {
      t.mock.method(console, "error", () => {});
      let closed = 0;
      const application = sdkServer((): SdkServer => {
        const server = version.build({ hello: () => "hello" });
        return {
          connect: (transport) => server.connect(transport),
          close() {
            closed++;
            return Promise.reject(new Error("broken"));
          },
        };
      });
      const mcp = createMcpHandler(application, { sessions: "off" });
      const client = testClient(mcp);
      await client.initialize();
      assert.equal(textOf(await client.call("tools/call", tool("hello"))), "hello");
      const each = closed;
      await mcp.close();
      assert.equal(closed, each);
    });
  });
}
