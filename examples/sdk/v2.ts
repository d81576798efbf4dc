// A server of @modelcontextprotocol/server (v2): one object for each session of earlier clients, and for
// those of 2026-07-28 one for each request, by the SDK's own handler. On any runtime:
//   node examples/sdk/v2.ts, deno run -A examples/sdk/v2.ts, bun examples/sdk/v2.ts
import { setTimeout } from "node:timers/promises";
import {
  createMcpHandler,
  inputRequired,
  inputResponse,
  McpServer,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { sdkServer } from "../../adapters/servers/sdk.ts";
import { serve } from "./serve.ts";

function buildServer(): McpServer {
  const mcp = new McpServer(
    { name: "sdk-v2-example", version: "1.0.0" },
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
    async ({ mcpReq }) => {
      await mcpReq.log("info", "Tool execution started");
      await setTimeout(50);
      await mcpReq.log("info", "Tool processing data");
      await setTimeout(50);
      await mcpReq.log("info", "Tool execution completed");
      return text("Logged three messages.");
    },
  );

  mcp.registerTool(
    "test_tool_with_progress",
    { description: "Tells how far it has got" },
    async ({ mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken;
      for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
        await mcpReq.notify({
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
    { description: "Asks the client's model", inputSchema: z.object({ prompt: z.string() }) },
    ({ prompt }, { mcpReq }) => {
      const answer = inputResponse(mcpReq.inputResponses, "model");
      if (answer.kind !== "sampling") {
        const model = inputRequired.createMessage({
          messages: [{ role: "user", content: { type: "text", text: prompt } }],
          maxTokens: 100,
        });
        return inputRequired({ inputRequests: { model } });
      }
      const [first] = [answer.result.content].flat();
      return text(`LLM response: ${first?.type === "text" ? first.text : first?.type}`);
    },
  );

  mcp.registerTool(
    "test_elicitation",
    { description: "Asks the user", inputSchema: z.object({ message: z.string() }) },
    ({ message }, { mcpReq }) => {
      const answer = inputResponse(mcpReq.inputResponses, "user");
      if (answer.kind !== "elicit") {
        const user = inputRequired.elicit({
          message,
          requestedSchema: {
            type: "object",
            properties: {
              username: { type: "string", description: "User's response" },
              email: { type: "string", description: "User's email address" },
            },
            required: ["username", "email"],
          },
        });
        return inputRequired({ inputRequests: { user } });
      }
      return text(`User response: ${answer.action} ${JSON.stringify(answer.content)}`);
    },
  );

  mcp.registerTool(
    "test_reconnection",
    { description: "Lets the client poll for its result" },
    async ({ http }) => {
      http?.closeSSE?.();
      await setTimeout(100);
      return text("The result, after the connection was closed.");
    },
  );

  return mcp;
}

function text(text: string): { content: { type: "text"; text: string }[] } {
  return { content: [{ type: "text", text }] };
}

const modern = createMcpHandler(buildServer, { legacy: "reject" });
await serve(sdkServer(buildServer, { modern }));
