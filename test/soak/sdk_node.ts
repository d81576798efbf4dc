/** A node of the cluster whose server is the official SDK's, rebuilt on whatever node a request comes to. */
import process from "node:process";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { z } from "zod";
import { serve } from "../../adapters/runtimes/node.ts";
import { sdkServer } from "../../adapters/servers/sdk.ts";
import { createMcpHandler } from "../../core/engine/mod.ts";
import { backendOf } from "../../examples/cluster/backend.ts";

const { BACKEND = "", LEASE_MS = "10000" } = process.env;

function build(): McpServer {
  const server = new McpServer({ name: "node", version: "1" }, { capabilities: { logging: {} } });
  const inputSchema = { to: z.number(), everyMs: z.number() };
  server.registerTool("count", { inputSchema }, async ({ to, everyMs }, { sendNotification }) => {
    for (let i = 1; i <= to; i++) {
      const params = { level: "info", data: { i } } as const;
      await sendNotification({ method: "notifications/message", params });
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    return { content: [{ type: "text", text: `counted to ${to}` }] };
  });
  return server;
}

const handler = createMcpHandler(sdkServer(() => build()), {
  backend: backendOf(BACKEND, Number(LEASE_MS))!,
});
const { url } = await serve(handler, { port: 0 });
console.log(url);
