// A server of @modelcontextprotocol/sdk (v1), one object for each session. On any runtime:
//   node examples/sdk/v1.ts, deno run -A examples/sdk/v1.ts, bun examples/sdk/v1.ts
import { setTimeout } from "node:timers/promises";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { CreateMessageResultSchema, ElicitResultSchema } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { sdkServer } from "../../adapters/servers/sdk.ts";
import { serve } from "./serve.ts";

function buildServer(): McpServer {
  const mcp = new McpServer(
    { name: "sdk-v1-example", version: "1.0.0" },
    { capabilities: { logging: {} } },
  );

  mcp.registerTool(
    "test_simple_text",
    { description: "Answers with a text" },
    () => text("This is a simple text response for testing."),
  );

  mcp.registerTool(
    "test_tool_with_logging",
    { description: "Sends log messages while it works" },
    async ({ sendNotification }) => {
      const log = (data: string) =>
        sendNotification({ method: "notifications/message", params: { level: "info", data } });
      await log("Tool execution started");
      await setTimeout(50);
      await log("Tool processing data");
      await setTimeout(50);
      await log("Tool execution completed");
      return text("Logged three messages.");
    },
  );

  mcp.registerTool(
    "test_tool_with_progress",
    { description: "Tells how far it has got" },
    async ({ sendNotification, _meta }) => {
      const progressToken = _meta?.progressToken;
      for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
        await sendNotification({
          method: "notifications/progress",
          params: { progressToken: progressToken!, progress, total: 100 },
        });
        await setTimeout(50);
      }
      return text("Done.");
    },
  );

  mcp.registerTool(
    "test_sampling",
    { description: "Asks the client's model", inputSchema: { prompt: z.string() } },
    async ({ prompt }, { sendRequest }) => {
      const messages = [{ role: "user", content: { type: "text", text: prompt } }] as const;
      const { content } = await sendRequest(
        { method: "sampling/createMessage", params: { messages: [...messages], maxTokens: 100 } },
        CreateMessageResultSchema,
      );
      return text(`LLM response: ${content.type === "text" ? content.text : content.type}`);
    },
  );

  mcp.registerTool(
    "test_elicitation",
    { description: "Asks the user", inputSchema: { message: z.string() } },
    async ({ message }, { sendRequest }) => {
      const { action, content } = await sendRequest(
        {
          method: "elicitation/create",
          params: {
            message,
            requestedSchema: {
              type: "object",
              properties: {
                username: { type: "string", description: "User's response" },
                email: { type: "string", description: "User's email address" },
              },
              required: ["username", "email"],
            },
          },
        },
        ElicitResultSchema,
      );
      return text(`User response: ${action} ${JSON.stringify(content)}`);
    },
  );

  mcp.registerTool(
    "test_reconnection",
    { description: "Lets the client poll for its result" },
    async ({ closeSSEStream }) => {
      closeSSEStream?.();
      await setTimeout(100);
      return text("The result, after the connection was closed.");
    },
  );

  return mcp;
}

function text(text: string): { content: { type: "text"; text: string }[] } {
  return { content: [{ type: "text", text }] };
}

await serve(sdkServer(buildServer));
