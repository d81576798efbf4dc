import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { runtimes } from "../runner/runtimes.ts";
import { start } from "./started.ts";

const { node, deno, bun } = runtimes;

const names = [
  "test_simple_text",
  "test_tool_with_logging",
  "test_tool_with_progress",
  "test_sampling",
  "test_elicitation",
  "test_reconnection",
];

for (const runtime of [node, deno, bun]) {
  describe(`examples/sdk on ${runtime.name}`, () => {
    for (const script of ["examples/sdk/v1.ts", "examples/sdk/v2.ts"]) {
      test(`${script} serves the official client`, async (t) => {
        const { url, stop } = await start(t, runtime, script);
        const client = new Client(
          { name: "test", version: "1" },
          { capabilities: { sampling: {}, elicitation: {} } },
        );
        client.setRequestHandler(CreateMessageRequestSchema, ({ params }) => ({
          role: "assistant",
          content: { type: "text", text: `re: ${JSON.stringify(params.messages[0]!.content)}` },
          model: "none",
        }));
        client.setRequestHandler(ElicitRequestSchema, () => ({
          action: "accept",
          content: { username: "ann", email: "ann@example.com" },
        }));
        const transport = new StreamableHTTPClientTransport(url);
        // The SDK's own declarations disagree under exactOptionalPropertyTypes.
        await client.connect(transport as Parameters<Client["connect"]>[0]);
        const { tools } = await client.listTools();
        assert.deepEqual(tools.map(({ name }) => name), names);
        const call = async (name: string, args: { [name: string]: string } = {}) => {
          const { content } = await client.callTool({ name, arguments: args });
          return (content as [{ text: string }])[0].text;
        };
        assert.match(await call("test_simple_text"), /^This is a simple text/);
        assert.match(await call("test_sampling", { prompt: "hi" }), /^LLM response: re: .*hi/);
        assert.match(await call("test_elicitation", { message: "?" }), /^User response: .*ann@/);
        assert.match(await call("test_reconnection"), /after the connection was closed/);
        await transport.terminateSession();
        await client.close();
        await stop("SIGTERM");
      });
    }
  });
}
