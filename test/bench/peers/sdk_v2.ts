/** `@modelcontextprotocol/server`: sessions in a `Map`; 2026-07-28 through its own handler. */
import {
  createMcpHandler,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import { NodeStreamableHTTPServerTransport, toNodeHandler } from "@modelcontextprotocol/node";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Contender, Options } from "../contenders/contender.ts";
import { IMPLEMENTATION, register } from "./tools.ts";

function build(): McpServer {
  return register(
    new McpServer(IMPLEMENTATION, { capabilities: { tools: {}, logging: {} } }),
    ({ mcpReq }) => ({
      token: mcpReq._meta?.progressToken,
      send: mcpReq.notify,
    }),
  );
}

export function contender({ runtime, shape, modern }: Options): Contender {
  if (modern) {
    const handler = createMcpHandler(build);
    return runtime === "node"
      ? { listener: toNodeHandler(handler) }
      : { fetch: (request) => handler.fetch(request) };
  }
  const servers: McpServer[] = [];
  const broadcast = () =>
    Promise.all(servers.map((one) =>
      one.server.notification({
        method: "notifications/message",
        params: { level: "info", data: "hello" },
      })
    ));
  const options = {
    sessionIdGenerator: () => crypto.randomUUID(),
    enableJsonResponse: shape === "json",
  };
  if (runtime === "node") {
    const transports = new Map<string, NodeStreamableHTTPServerTransport>();
    const handle = async (
      request: IncomingMessage,
      response: ServerResponse,
    ): Promise<void> => {
      const id = request.headers["mcp-session-id"] as string | undefined;
      let transport = id === undefined ? undefined : transports.get(id);
      if (transport === undefined) {
        const fresh = new NodeStreamableHTTPServerTransport({
          ...options,
          onsessioninitialized: (opened: string) => void transports.set(opened, fresh),
        });
        transport = fresh;
        const server = build();
        servers.push(server);
        await server.connect(transport);
      }
      await transport.handleRequest(request, response);
    };
    return {
      broadcast,
      listener: (request, response) => void handle(request, response),
    };
  }
  const transports = new Map<
    string,
    WebStandardStreamableHTTPServerTransport
  >();
  return {
    broadcast,
    async fetch(request) {
      const id = request.headers.get("mcp-session-id");
      let transport = id === null ? undefined : transports.get(id);
      if (transport === undefined) {
        const fresh = new WebStandardStreamableHTTPServerTransport({
          ...options,
          onsessioninitialized: (opened: string) => void transports.set(opened, fresh),
        });
        transport = fresh;
        const server = build();
        servers.push(server);
        await server.connect(transport);
      }
      return transport.handleRequest(request);
    },
  };
}
