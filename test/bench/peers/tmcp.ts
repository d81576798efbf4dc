/** `tmcp` with its HTTP transport and in-memory sessions. */
import { HttpTransport } from "@tmcp/transport-http";
import { McpServer } from "tmcp";
import { type Contender, echoResult } from "../contenders/contender.ts";
import { IMPLEMENTATION } from "./tools.ts";

export function contender(): Contender {
  // Without a schema adapter its tools take no arguments: less work than the others do.
  const server = new McpServer(IMPLEMENTATION, {
    adapter: undefined,
    capabilities: { tools: {}, logging: {} },
  });
  server.tool({ name: "echo", description: "Echo" }, () => echoResult(""));
  server.tool({ name: "steps", description: "Progress" }, async () => {
    for (let step = 1; step <= 20; step++) await server.progress(step, 20);
    return echoResult("");
  });
  const transport = new HttpTransport(server, { path: "/mcp" });
  return {
    fetch: async (request) =>
      await transport.respond(request) ?? new Response(null, { status: 404 }),
  };
}
