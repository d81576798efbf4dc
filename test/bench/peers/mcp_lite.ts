/** `mcp-lite` with its in-memory sessions. */
import { InMemorySessionAdapter, McpServer, StreamableHttpTransport } from "mcp-lite";
import { z } from "zod";
import { type Contender, echoResult } from "../contenders/contender.ts";
import { IMPLEMENTATION } from "./tools.ts";

export function contender(): Contender {
  const server = new McpServer({
    ...IMPLEMENTATION,
    schemaAdapter: (schema) => z.toJSONSchema(schema as z.ZodType),
  });
  server.tool("echo", {
    inputSchema: z.object({ text: z.string() }),
    handler: ({ text }) => echoResult(text),
  });
  server.tool("steps", {
    inputSchema: z.object({ count: z.number() }),
    handler: async ({ count }, context) => {
      for (let progress = 1; progress <= count; progress++) {
        await context.progress?.({ progress, total: count });
      }
      return echoResult("");
    },
  });
  const transport = new StreamableHttpTransport({
    sessionAdapter: new InMemorySessionAdapter({ maxEventBufferSize: 1024 }),
  });
  return { fetch: transport.bind(server) };
}
