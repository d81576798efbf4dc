/** `@hono/mcp` over the official SDK v1: a server and a transport a session. */
import { StreamableHTTPTransport } from "@hono/mcp";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { Hono } from "hono";
import type { Contender, Options } from "../contenders/contender.ts";
import { IMPLEMENTATION, register } from "./tools.ts";

export function contender({ shape }: Options): Contender {
  const transports = new Map<string, StreamableHTTPTransport>();
  const app = new Hono();
  app.all("/mcp", async (context) => {
    const id = context.req.header("mcp-session-id");
    let transport = id === undefined ? undefined : transports.get(id);
    if (transport === undefined) {
      const fresh = new StreamableHTTPTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        enableJsonResponse: shape === "json",
        onsessioninitialized: (opened: string) => void transports.set(opened, fresh),
      });
      transport = fresh;
      const server = register(
        new McpServer(IMPLEMENTATION, { capabilities: { tools: {} } }),
        (extra) => ({
          token: extra._meta?.progressToken,
          send: extra.sendNotification,
        }),
      );
      await server.connect(transport);
    }
    return await transport.handleRequest(context) ??
      new Response(null, { status: 500 });
  });
  return { fetch: app.fetch };
}
