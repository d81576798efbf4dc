/** Server objects of the official SDK live and die with their sessions. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Server as Server1 } from "@modelcontextprotocol/sdk/server/index.js";
import { McpServer as McpServer1 } from "@modelcontextprotocol/sdk/server/mcp.js";
import { McpServer as McpServer2, Server as Server2 } from "@modelcontextprotocol/server";
import { createMcpHandler } from "../../core/engine/mod.ts";
import { type SdkServer, sdkServer } from "../../adapters/servers/sdk.ts";
import { type RpcFailure, testClient } from "../../adapters/testing/mod.ts";
import { connected, endpoint, gate, textOf, tool } from "./sdk/endpoint.ts";
import { versions } from "./sdk/servers.ts";

const INFO = { name: "sdk", version: "1" };
const CAPABILITIES = { capabilities: { logging: {} } };

for (const version of versions) {
  describe(`a server of the SDK's ${version.name}`, () => {
    test("is made for its session, used and closed with it", async () => {
      const { mcp, contexts, told } = endpoint(version, {
        who: ({ sessionId, text }) => `${sessionId} ${text}`,
      });
      const client = await connected(mcp, { clientInfo: { name: "caller", version: "9" } });
      const { tools } = await client.call("tools/list");
      assert.deepEqual((tools as { name: string }[]).map(({ name }) => name), ["who"]);
      assert.equal(
        textOf(await client.call("tools/call", tool("who", "am I"))),
        `${client.sessionId} am I`,
      );
      assert.equal(contexts.length, 1);
      const [context] = contexts;
      assert.equal(context!.sessionId, client.sessionId);
      assert.equal(context!.version, "2025-11-25");
      assert.equal(context!.rebuilt, false);
      assert.deepEqual(context!.initialize!.clientInfo, { name: "caller", version: "9" });
      assert.equal(await client.end(), 204);
      assert.deepEqual(told, ["1 initialized", "1 closed"]);
      await mcp.close();
    });

    test("negotiates with a client of a revision that only it knows", async () => {
      const { mcp } = endpoint(version, {});
      const client = testClient(mcp, { version: "2024-11-05" });
      const { protocolVersion } = await client.initialize();
      assert.equal(protocolVersion, "2025-11-25");
      await mcp.close();
    });

    test("gets one object for each session", async () => {
      const { mcp, servers, told } = endpoint(version, { id: ({ sessionId }) => sessionId! });
      const clients = await Promise.all([1, 2, 3].map(() => connected(mcp)));
      assert.equal(servers.length, 3);
      const answers = await Promise.all(clients.map((one) => one.call("tools/call", tool("id"))));
      assert.deepEqual(answers.map(textOf), clients.map((one) => one.sessionId));
      await mcp.close();
      assert.deepEqual(told.filter((one) => one.endsWith("closed")).sort(), [
        "1 closed",
        "2 closed",
        "3 closed",
      ]);
    });

    test("is closed when its initialize is refused", async () => {
      const { mcp, told } = endpoint(version, {}, { limits: { sessions: 1 } });
      const client = await connected(mcp);
      const stream = await client.listen();
      await assert.rejects(connected(mcp), (error) => (error as RpcFailure).status === 503);
      assert.deepEqual(told, ["1 initialized", "2 closed"]);
      stream.close();
      await mcp.close();
    });

    test("is closed when its session gives way, expires or is ended", async () => {
      let now = 0;
      const clock = { now: () => now, after: () => () => {} };
      const { mcp, told } = endpoint(version, {}, {
        clock,
        limits: { sessions: 1, idleMs: 1_000 },
      });
      await connected(mcp);
      const second = await connected(mcp);
      assert.ok(told.includes("1 closed"));
      now += 1_000;
      await assert.rejects(
        second.call("tools/list"),
        (error) => (error as RpcFailure).status === 404,
      );
      await Promise.resolve();
      assert.ok(told.includes("2 closed"));
      const third = await connected(mcp);
      await mcp.sessions.end(third.sessionId!);
      assert.ok(told.includes("3 closed"));
      await mcp.close();
    });

    test("sees who calls and the request itself", async () => {
      const seen: unknown[] = [];
      const { mcp, contexts } = endpoint(version, {
        look: (call) => {
          seen.push(call.authInfo, call.header("x-colour"), call.url);
          return "";
        },
      }, {
        authenticate: ({ headers }) => ({
          principal: "alice",
          authInfo: { token: headers.get("authorization"), clientId: "c", scopes: [] },
        }),
      });
      const client = await connected(mcp, { headers: { authorization: "t", "x-colour": "blue" } });
      await client.call("tools/call", tool("look"));
      const authInfo = { token: "t", clientId: "c", scopes: [] };
      assert.deepEqual(seen, [authInfo, "blue", "http://localhost/mcp"]);
      assert.equal(contexts[0]!.principal, "alice");
      assert.deepEqual(contexts[0]!.authInfo, authInfo);
      await mcp.close();
    });

    test("a server that closes itself ends its session", async () => {
      const { mcp, told } = endpoint(version, {
        close: async ({ close }) => {
          await close();
          return "never said";
        },
      });
      const client = await connected(mcp);
      await assert.rejects(client.call("tools/call", tool("close")));
      await assert.rejects(
        client.call("tools/list"),
        (error) => (error as RpcFailure).status === 404,
      );
      assert.deepEqual(told, ["1 initialized", "1 closed"]);
      assert.equal(await mcp.sessions.count(), 0);
      await mcp.close();
    });

    test("without sessions every request has a server of its own", async () => {
      const { mcp, servers, told } = endpoint(version, {
        id: ({ sessionId }) => String(sessionId),
      }, { sessions: "off" });
      const client = testClient(mcp);
      const { serverInfo } = await client.initialize();
      assert.deepEqual(serverInfo, { name: "sdk", version: "1" });
      assert.equal(client.sessionId, undefined);
      assert.equal(textOf(await client.call("tools/call", tool("id"))), "undefined");
      assert.equal(servers.length, 3);
      assert.deepEqual(told.filter((one) => one.endsWith("closed")).length, 3);
      await mcp.close();
    });

    test("without a session a call still tells of its progress", async () => {
      const { mcp } = endpoint(version, {
        work: async ({ notify, progressToken, log }) => {
          await notify("notifications/progress", { progressToken, progress: 1 });
          await log("half");
          return "done";
        },
      }, { sessions: "optional" });
      const told: unknown[] = [];
      const client = testClient(mcp, { notification: (method) => told.push(method) });
      const result = await client.call("tools/call", tool("work", "", { progressToken: 1 }));
      assert.equal(textOf(result), "done");
      assert.deepEqual(told, ["notifications/progress", "notifications/message"]);
      await mcp.close();
    });

    test("closing the handler closes servers in the middle of a call", async () => {
      const held = gate();
      const { mcp, told } = endpoint(version, { held: held.run });
      const client = await connected(mcp);
      const call = client.begin("tools/call", tool("held"));
      const { signal } = await held.enter();
      await mcp.close({ within: 0 });
      assert.equal((await call.response).status, 503);
      assert.equal(signal.aborted, true);
      assert.deepEqual(told, ["1 initialized", "1 closed"]);
    });

    for (const where of ["factory", "handshake"] as const) {
      test(`is closed when the handler closes during its ${where}`, async () => {
        const { promise: going, resolve: go } = Promise.withResolvers<void>();
        const { promise: closed, resolve: close } = Promise.withResolvers<void>();
        const types: string[] = [];
        const mcp = createMcpHandler(
          sdkServer(async () => {
            if (where === "factory") await going;
            const server = version.build({});
            return {
              connect: async (transport) => {
                await server.connect(transport);
                const { onmessage } = transport;
                transport.onmessage = (...args) => void going.then(() => onmessage!(...args));
              },
              close: () => {
                close();
                return server.close();
              },
            };
          }),
          { onEvent: ({ type }) => types.push(type) },
        );
        const opening = testClient(mcp).initialize();
        await new Promise((turn) => setTimeout(turn));
        await Promise.all([
          mcp.close({ within: 0 }),
          assert.rejects(opening, (error) => (error as RpcFailure).status === 503),
        ]);
        go();
        await closed;
        assert.deepEqual(types, ["rejected", "exchange"]);
        assert.equal(await mcp.sessions.count(), 0);
      });
    }
  });
}

/** Servers that hide nothing of what they are: with no change they have to fit, in types too. */
const classes: { readonly [name: string]: () => SdkServer } = {
  "v1 McpServer": () => new McpServer1(INFO, CAPABILITIES),
  "v1 Server": () => new Server1(INFO, CAPABILITIES),
  "v2 McpServer": () => new McpServer2(INFO, CAPABILITIES),
  "v2 Server": () => new Server2(INFO, CAPABILITIES),
};

for (const [name, build] of Object.entries(classes)) {
  test(`takes a ${name} as it is`, async () => {
    const mcp = createMcpHandler(sdkServer(build));
    const client = testClient(mcp);
    const { serverInfo, capabilities } = await client.initialize();
    assert.deepEqual(serverInfo, INFO);
    assert.deepEqual(capabilities, CAPABILITIES.capabilities);
    await client.call("logging/setLevel", { level: "error" });
    await mcp.close();
  });
}

test("an object that is connected already is refused, and its connection left alone", async () => {
  const one = new McpServer1(INFO, CAPABILITIES);
  const failures: unknown[] = [];
  const mcp = createMcpHandler(sdkServer(() => one), {
    onEvent: (event) => {
      if (event.type === "application-error") failures.push(event.error);
    },
  });
  const first = testClient(mcp);
  await first.initialize();
  await assert.rejects(testClient(mcp).initialize(), { code: -32603 });
  assert.match(String(failures[0]), /[Aa]lready connected/);
  await first.call("logging/setLevel", { level: "error" });
  await mcp.close();
});

test("an object that serves another session is refused, also where its SDK would take it", async () => {
  const one = new McpServer1(INFO, CAPABILITIES);
  // As versions before 1.26 do: what the first session's tools send goes to whoever connected last.
  const taking: SdkServer = {
    connect(transport) {
      Object.assign(one.server, { _transport: undefined });
      return one.connect(transport as Parameters<McpServer1["connect"]>[0]);
    },
    close: () => one.close(),
  };
  let speak = (): void => {};
  const spoken = new Promise<void>((resolve) => speak = resolve);
  one.registerTool("speak", {}, async ({ sendNotification }) => {
    await spoken;
    const params = { level: "info", data: "for the first" } as const;
    await sendNotification({ method: "notifications/message", params });
    return { content: [{ type: "text", text: "spoken" }] };
  });
  const mcp = createMcpHandler(sdkServer(() => taking), { onEvent: () => {} });
  const heard: unknown[] = [];
  const first = testClient(mcp, { notification: (_, params) => void heard.push(params.data) });
  await first.initialize();
  const call = first.call("tools/call", tool("speak"));
  await assert.rejects(testClient(mcp).initialize(), { code: -32603 });
  speak();
  assert.equal(textOf(await call), "spoken");
  assert.deepEqual(heard, ["for the first"]);
  await first.end();
  // Once that has ended, it may serve another.
  await testClient(mcp).initialize();
  await mcp.close();
});

test("version 1 is shown a request that can be copied and written out", async () => {
  const seen: unknown[] = [];
  const mcp = createMcpHandler(sdkServer(() => {
    const server = new McpServer1(INFO, CAPABILITIES);
    server.registerTool("look", {}, ({ requestInfo }) => {
      const copy = { ...requestInfo };
      seen.push(Object.keys(copy), copy.headers?.["x-colour"], copy.url, requestInfo);
      return { content: [] };
    });
    return server;
  }));
  const client = testClient(mcp, { headers: { "x-colour": "blue" } });
  await client.initialize();
  await client.call("tools/call", { name: "look" });
  const [keys, colour, url, info] = seen;
  assert.deepEqual(keys, ["headers", "url"]);
  assert.equal(colour, "blue");
  assert.deepEqual(url, new URL("http://localhost/mcp"));
  const written = JSON.parse(JSON.stringify(info));
  assert.equal(written.headers["x-colour"], "blue");
  assert.equal(written.url, "http://localhost/mcp");
  await mcp.close();
});
