/** The official client in each of its modes at the official v2 server, both eras on one endpoint. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Client,
  type ClientOptions,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import { createMcpHandler, inputRequired, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import { sdkServer } from "../../adapters/servers/sdk.ts";
import type { McpOptions } from "../../core/engine/mod.ts";
import { v1 } from "../engine/sdk/servers.ts";
import { ask } from "./harness/http.ts";
import { modern } from "./harness/modern.ts";
import { type Scope, type Server, up } from "./harness/runtime.ts";

const FORM = {
  message: "Who are you?",
  requestedSchema: {
    type: "object" as const,
    properties: { name: { type: "string" as const } },
    required: ["name"],
  },
};

/** A server for every mode: nothing in it depends on the era. */
function shop(hung: (signal: AbortSignal) => void): McpServer {
  const mcp = new McpServer({ name: "shop", version: "1" }, {
    capabilities: { logging: {}, tools: { listChanged: true }, resources: { subscribe: true } },
    instructions: "Ask.",
  });
  mcp.registerTool(
    "route",
    { inputSchema: z.object({ region: z.string() }) },
    async ({ region }, { mcpReq, http, sessionId }) => {
      const progressToken = mcpReq._meta?.progressToken;
      if (progressToken !== undefined) {
        const params = { progressToken, progress: 1 };
        await mcpReq.notify({ method: "notifications/progress", params });
      }
      const client = (http?.authInfo as { clientId?: string } | undefined)?.clientId;
      return text(`${region} ${sessionId === undefined} ${client}`);
    },
  );
  mcp.registerTool("greet", {}, ({ mcpReq }) => {
    const answer = mcpReq.inputResponses?.["who"] as { content?: { name: string } } | undefined;
    return answer === undefined
      ? inputRequired({ inputRequests: { who: inputRequired.elicit(FORM) } })
      : text(`Hello, ${answer.content?.name}!`);
  });
  mcp.registerTool("hang", {}, ({ mcpReq }) => {
    hung(mcpReq.signal);
    return new Promise<never>(() => {});
  });
  mcp.server.setRequestHandler("resources/subscribe", () => ({}));
  return mcp;
}

function text(text: string) {
  return { content: [{ type: "text" as const, text }] };
}

function endpoint(hung: (signal: AbortSignal) => void = () => {}) {
  const build = () => shop(hung);
  return sdkServer(build, { modern: createMcpHandler(build, { legacy: "reject" }) });
}

type Mode = NonNullable<ClientOptions["versionNegotiation"]>["mode"];

const MODES: { readonly [name: string]: { mode: NonNullable<Mode>; era: "legacy" | "modern" } } = {
  "as it is by default": { mode: "legacy", era: "legacy" },
  "looking first": { mode: "auto", era: "modern" },
  "with the new revision only": { mode: { pin: "2026-07-28" }, era: "modern" },
};

async function connected(scope: Scope, server: Server, mode: NonNullable<Mode>) {
  const client = new Client({ name: "official", version: "1" }, {
    capabilities: { elicitation: { form: {} } },
    versionNegotiation: { mode },
  });
  const errors: Error[] = [];
  client.onerror = (error) => void errors.push(error);
  client.setRequestHandler(
    "elicitation/create",
    () => ({ action: "accept" as const, content: { name: "Ada" } }),
  );
  scope.after(() => client.close());
  const url = new URL(`http://127.0.0.1:${server.port}/mcp`);
  await client.connect(new StreamableHTTPClientTransport(url));
  return { client, errors };
}

const authenticate: McpOptions["authenticate"] = () => ({
  principal: "ann",
  authInfo: { token: "t", clientId: "c1", scopes: [] },
});

const soon = () => new Promise((turn) => setTimeout(turn, 1));

for (const [name, { mode, era }] of Object.entries(MODES)) {
  describe(`the official client ${name} at the official server`, { timeout: 60_000 }, () => {
    test("connects, lists and calls", async (t) => {
      const server = await up(t, endpoint(), { authenticate });
      const { client, errors } = await connected(t, server, mode);
      assert.equal(client.getProtocolEra(), era);
      assert.deepEqual(client.getServerVersion(), { name: "shop", version: "1" });
      assert.equal(client.getInstructions(), "Ask.");
      const { tools } = await client.listTools();
      assert.deepEqual(tools.map(({ name }) => name), ["route", "greet", "hang"]);
      const progress: number[] = [];
      const call = { name: "route", arguments: { region: "Hello, 世界" } };
      const { content } = await client.callTool(call, {
        onprogress: (one) => void progress.push(one.progress),
      });
      assert.deepEqual(content, text(`Hello, 世界 ${era === "modern"} c1`).content);
      assert.deepEqual(progress, [1]);
      assert.deepEqual(errors, []);
      const { sessions, inFlight } = await server.mcp.stats();
      assert.deepEqual([sessions, inFlight], [era === "legacy" ? 1 : 0, 0]);
    });

    test("is asked in the middle of a call", async (t) => {
      const server = await up(t, endpoint());
      const { client, errors } = await connected(t, server, mode);
      const { content } = await client.callTool({ name: "greet" });
      assert.deepEqual(content, text("Hello, Ada!").content);
      assert.deepEqual(errors, []);
    });

    test("cancels a call", async (t) => {
      const begun = Promise.withResolvers<AbortSignal>();
      const server = await up(t, endpoint(begun.resolve));
      const { client } = await connected(t, server, mode);
      const giveUp = new AbortController();
      const call = client.callTool({ name: "hang" }, { signal: giveUp.signal });
      const signal = await begun.promise;
      giveUp.abort("enough");
      await assert.rejects(call);
      if (!signal.aborted) await new Promise((over) => signal.addEventListener("abort", over));
      while ((await server.mcp.stats()).inFlight > 0) await soon();
    });

    test("hears of changes", async (t) => {
      const server = await up(t, endpoint());
      const { client, errors } = await connected(t, server, mode);
      const heard: string[] = [];
      const both = Promise.withResolvers<void>();
      const hear = (one: string): void => {
        if (heard.push(one) === 2) both.resolve();
      };
      client.setNotificationHandler("notifications/tools/list_changed", () => hear("tools"));
      client.setNotificationHandler(
        "notifications/resources/updated",
        ({ params }) => hear(params.uri),
      );
      if (era === "modern") {
        await client.listen({ toolsListChanged: true, resourceSubscriptions: ["a:1"] });
      } else {
        await client.subscribeResource({ uri: "a:1" });
        // The client opens its standalone stream by itself, some time after it has connected.
        while ((await server.mcp.stats()).streams === 0) await soon();
      }
      server.mcp.notify.toolsListChanged();
      server.mcp.notify.resourceUpdated("a:1");
      server.mcp.notify.resourceUpdated("b:2");
      await both.promise;
      assert.deepEqual(heard, ["tools", "a:1"]);
      assert.deepEqual(errors, []);
    });
  });
}

describe("a modern endpoint of the official server", { timeout: 60_000 }, () => {
  test("serves both eras at once, and no answer crosses", async (t) => {
    const server = await up(t, endpoint());
    const old = await connected(t, server, "legacy");
    const young = await connected(t, server, "auto");
    const calls = Array.from({ length: 100 }, async (_, n) => {
      const { client } = n % 2 === 0 ? old : young;
      const { content } = await client.callTool({ name: "route", arguments: { region: `${n}` } });
      assert.deepEqual(content, text(`${n} ${n % 2 === 1} undefined`).content);
    });
    await Promise.all(calls);
  });

  test("refuses by the rules of the endpoint before the server sees it", async (t) => {
    const server = await up(t, endpoint(), { authenticate });
    const send = (fields: { [name: string]: string } = {}) =>
      ask(server.port, modern("tools/list", {}, { fields }));
    assert.equal((await send({ origin: "http://evil.example" })).status, 403);
    const mismatch = await send({ "mcp-method": "tools/call" });
    assert.deepEqual([mismatch.status, mismatch.json.error.code], [400, -32020]);
    const right = await send();
    assert.equal(right.status, 200);
    assert.equal(right.get("mcp-session-id"), undefined);
    assert.equal(right.json.result.resultType, "complete");
    const unknown = await ask(server.port, modern("nothing/here"));
    assert.deepEqual([unknown.status, unknown.json.error.code], [404, -32601]);
  });

  test("ends its subscriptions gracefully when it closes", async (t) => {
    const server = await up(t, endpoint());
    const { client, errors } = await connected(t, server, "auto");
    const subscription = await client.listen({ toolsListChanged: true });
    await server.mcp.close({ within: 0 });
    assert.equal(await subscription.closed, "graceful");
    assert.deepEqual(errors, []);
  });

  test("notices that a subscription is over", async (t) => {
    const server = await up(t, endpoint());
    const { client } = await connected(t, server, "auto");
    const subscription = await client.listen({ toolsListChanged: true });
    assert.equal((await server.mcp.stats()).streams, 1);
    await subscription.close();
    while ((await server.mcp.stats()).streams > 0) await soon();
  });
});

describe("servers that know no modern revision", { timeout: 60_000 }, () => {
  test("the client that looks first falls back to the handshake", async (t) => {
    const server = await up(t, sdkServer(() => v1.build({})));
    const { client, errors } = await connected(t, server, "auto");
    assert.equal(client.getProtocolEra(), "legacy");
    assert.deepEqual(errors, []);
  });

  test("the client with the new revision only is refused", async (t) => {
    const server = await up(t, sdkServer(() => v1.build({})));
    await assert.rejects(connected(t, server, { pin: "2026-07-28" }));
  });

  test("an option that asks for it is refused", () => {
    const application = sdkServer(() => v1.build({}));
    const options = { eras: "modern" } as const;
    return assert.rejects(up({ after: () => {} }, application, options), {
      name: "OptionError",
      option: "eras",
    });
  });
});
