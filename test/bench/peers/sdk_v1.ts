/** `@modelcontextprotocol/sdk`: a server and a transport a session, in a `Map`, as its examples have it. */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { InMemoryEventStore } from "@modelcontextprotocol/sdk/examples/shared/inMemoryEventStore.js";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Contender, Options } from "../contenders/contender.ts";
import { IMPLEMENTATION, register } from "./tools.ts";

export function contender({ runtime, shape, resumable }: Options): Contender {
  const servers: McpServer[] = [];
  const options = {
    sessionIdGenerator: () => crypto.randomUUID(),
    enableJsonResponse: shape === "json",
  };
  const broadcast = () =>
    Promise.all(servers.map((one) =>
      one.server.notification({
        method: "notifications/message",
        params: { level: "info", data: "hello" },
      })
    ));
  const build = (): McpServer => {
    const server = register(
      new McpServer(IMPLEMENTATION, {
        capabilities: { tools: {}, logging: {} },
      }),
      (extra) => ({
        token: extra._meta?.progressToken,
        send: extra.sendNotification,
      }),
    );
    servers.push(server);
    return server;
  };
  if (runtime === "node") {
    const transports = new Map<string, StreamableHTTPServerTransport>();
    const handle = async (
      request: IncomingMessage,
      response: ServerResponse,
    ): Promise<void> => {
      const id = request.headers["mcp-session-id"] as string | undefined;
      let transport = id === undefined ? undefined : transports.get(id);
      if (transport === undefined) {
        const fresh = new StreamableHTTPServerTransport({
          ...options,
          ...(resumable && { eventStore: new InMemoryEventStore() }),
          onsessioninitialized: (opened: string) => void transports.set(opened, fresh),
        });
        transport = fresh;
        await build().connect(transport);
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
          ...(resumable && { eventStore: new InMemoryEventStore() }),
          onsessioninitialized: (opened: string) => void transports.set(opened, fresh),
        });
        transport = fresh;
        await build().connect(transport);
      }
      return transport.handleRequest(request);
    },
  };
}
