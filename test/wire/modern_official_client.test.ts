/** The official client of the second SDK, in each of its modes, at plain functions. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  Client,
  type ClientOptions,
  StreamableHTTPClientTransport,
} from "@modelcontextprotocol/client";
import type { Application, McpOptions } from "../../core/engine/mod.ts";
import { type Scope, type Server, up } from "./harness/runtime.ts";

const TOOLS = [
  {
    name: "route",
    inputSchema: {
      type: "object",
      properties: {
        region: { type: "string", "x-mcp-header": "Region" },
        count: { type: "integer", "x-mcp-header": "Count" },
      },
    },
  },
  { name: "greet", inputSchema: { type: "object" } },
  { name: "hang", inputSchema: { type: "object" } },
];

const FORM = {
  message: "Who are you?",
  requestedSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
};

/** One application for every mode. */
function shop(hung: (aborted: Promise<void>) => void = () => {}): Application {
  return {
    serverInfo: { name: "shop", version: "1" },
    capabilities: {
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
    },
    instructions: "Ask.",
    tools: () => TOOLS,
    subscribed: () => true,
    async request({ method, params = {} }, exchange) {
      switch (`${method} ${params.name ?? ""}`) {
        case "tools/list ":
          return { tools: TOOLS };
        case "resources/subscribe ":
          return {};
        case "tools/call route":
          exchange.progress(1, 2, "half");
          return text(`${exchange.era} ${JSON.stringify(params.arguments)}`);
        case "tools/call greet": {
          const { action, content } = await exchange.elicit(FORM);
          return text(`${action}: ${(content as { name?: string })?.name}`);
        }
        case "tools/call hang":
          hung(new Promise((over) => exchange.signal.addEventListener("abort", () => over())));
          return new Promise<never>(() => {});
        default:
          return undefined;
      }
    },
  };
}

function text(said: string): object {
  return { content: [{ type: "text", text: said }] };
}

interface Mode {
  readonly name: string;
  readonly mode: NonNullable<ClientOptions["versionNegotiation"]>["mode"];
  readonly era: "legacy" | "modern";
}

const MODES: readonly Mode[] = [
  { name: "as it is by default", mode: "legacy", era: "legacy" },
  { name: "looking first", mode: "auto", era: "modern" },
  { name: "with the new revision only", mode: { pin: "2026-07-28" }, era: "modern" },
];

async function connected(
  scope: Scope,
  { mode }: Pick<Mode, "mode">,
  application: Application = shop(),
  options: McpOptions = {},
): Promise<{ client: Client; server: Server; errors: Error[]; url: URL }> {
  const server = await up(scope, application, options);
  const client = new Client({ name: "official", version: "1" }, {
    capabilities: { elicitation: { form: {} } },
    versionNegotiation: { mode: mode! },
  });
  const errors: Error[] = [];
  client.onerror = (error) => void errors.push(error);
  client.setRequestHandler("elicitation/create", () =>
    Promise.resolve({
      action: "accept" as const,
      content: { name: "Ada" },
    }));
  const url = new URL(`http://127.0.0.1:${server.port}/mcp`);
  scope.after(() => client.close());
  await client.connect(new StreamableHTTPClientTransport(url));
  return { client, server, errors, url };
}

for (const mode of MODES) {
  describe(`the official client ${mode.name}`, { timeout: 60_000 }, () => {
    test("connects, lists and calls", async (t) => {
      const { client, server, errors } = await connected(t, mode);
      assert.equal(client.getProtocolEra(), mode.era);
      assert.deepEqual(client.getServerVersion(), { name: "shop", version: "1" });
      assert.equal(client.getInstructions(), "Ask.");
      const { tools } = await client.listTools();
      assert.deepEqual(tools.map(({ name }) => name), ["route", "greet", "hang"]);
      const progress: unknown[] = [];
      const args = { region: "Hello, 世界", count: 42 };
      const { content } = await client.callTool({ name: "route", arguments: args }, {
        onprogress: (one) => void progress.push(one.progress),
      });
      assert.deepEqual(content, [{ type: "text", text: `${mode.era} ${JSON.stringify(args)}` }]);
      assert.deepEqual(progress, [1]);
      assert.deepEqual(errors, []);
      assert.equal((await server.mcp.stats()).sessions, mode.era === "legacy" ? 1 : 0);
    });

    test("is asked in the middle of a call", async (t) => {
      const { client, errors } = await connected(t, mode);
      const { content } = await client.callTool({ name: "greet" });
      assert.deepEqual(content, [{ type: "text", text: "accept: Ada" }]);
      assert.deepEqual(errors, []);
    });

    test("cancels a call", async (t) => {
      let over: Promise<void> | undefined;
      let begin = (): void => {};
      const begun = new Promise<void>((resolve) => begin = resolve);
      const application = shop((aborted) => {
        over = aborted;
        begin();
      });
      const { client, server } = await connected(t, mode, application);
      const giveUp = new AbortController();
      const call = client.callTool({ name: "hang" }, { signal: giveUp.signal });
      await begun;
      giveUp.abort("enough");
      await assert.rejects(call);
      await over;
      assert.equal((await server.mcp.stats()).inFlight, 0);
    });

    test("hears of changes", async (t) => {
      const { client, server, errors } = await connected(t, mode);
      const heard: string[] = [];
      let all = (): void => {};
      const both = new Promise<void>((resolve) => all = resolve);
      const hear = (one: string): void => {
        heard.push(one);
        if (heard.length === 2) all();
      };
      client.setNotificationHandler("notifications/tools/list_changed", () => hear("tools"));
      client.setNotificationHandler(
        "notifications/resources/updated",
        ({ params }) => hear(params.uri),
      );
      if (mode.era === "modern") {
        const { honoredFilter } = await client.listen({
          toolsListChanged: true,
          promptsListChanged: true,
          resourceSubscriptions: ["a:1"],
        });
        assert.deepEqual(honoredFilter, { toolsListChanged: true, resourceSubscriptions: ["a:1"] });
      } else {
        await client.subscribeResource({ uri: "a:1" });
        // The client opens its standalone stream by itself, some time after it has connected.
        while ((await server.mcp.stats()).streams === 0) {
          await new Promise((turn) => setTimeout(turn, 1));
        }
      }
      server.mcp.notify.toolsListChanged();
      server.mcp.notify.resourceUpdated("a:1");
      await both;
      assert.deepEqual(heard, ["tools", "a:1"]);
      assert.deepEqual(errors, []);
    });
  });
}

describe("a subscription of the official client", { timeout: 60_000 }, () => {
  test("that the server ends is known to have ended gracefully", async (t) => {
    const { client, server, errors } = await connected(t, { mode: "auto" });
    const subscription = await client.listen({ toolsListChanged: true });
    await server.mcp.close({ within: 0 });
    assert.equal(await subscription.closed, "graceful");
    assert.deepEqual(errors, []);
  });

  test("that it ends itself is over at the server, too", async (t) => {
    const { client, server } = await connected(t, { mode: "auto" });
    const subscription = await client.listen({ toolsListChanged: true });
    assert.equal((await server.mcp.stats()).streams, 1);
    await subscription.close();
    assert.equal(await subscription.closed, "local");
    while ((await server.mcp.stats()).streams > 0) await new Promise((turn) => setTimeout(turn, 1));
  });
});

describe("where one era is served", { timeout: 60_000 }, () => {
  test("legacy: the client that looks first falls back to the handshake", async (t) => {
    const { client, server, errors } = await connected(t, { mode: "auto" }, shop(), {
      eras: "legacy",
    });
    assert.equal(client.getProtocolEra(), "legacy");
    assert.equal((await client.listTools()).tools.length, 3);
    assert.equal((await server.mcp.stats()).sessions, 1);
    assert.deepEqual(errors, []);
  });

  test("legacy: the one with the new revision only is refused", async (t) => {
    await assert.rejects(connected(t, { mode: { pin: "2026-07-28" } }, shop(), { eras: "legacy" }));
  });

  test("modern: the client that looks first stays", async (t) => {
    const { client } = await connected(t, { mode: "auto" }, shop(), { eras: "modern" });
    assert.equal(client.getProtocolEra(), "modern");
    assert.equal((await client.listTools()).tools.length, 3);
  });

  test("modern: the one with the handshake is told which versions there are", async (t) => {
    const refusal = connected(t, { mode: "legacy" }, shop(), { eras: "modern" });
    await assert.rejects(refusal, (error) => {
      const { data, message } = error as { data?: { text?: string }; message: string };
      return `${message} ${data?.text}`.includes("2026-07-28");
    });
  });
});

test("a form that a modern client cannot show is refused with what is missing", async (t) => {
  const server = await up(t, shop());
  const client = new Client({ name: "official", version: "1" }, {
    versionNegotiation: { mode: "auto" },
  });
  t.after(() => client.close());
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${server.port}/mcp`)),
  );
  await assert.rejects(client.callTool({ name: "greet" }), { code: -32021 });
});
