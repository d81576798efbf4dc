/**
 * What the examples for Node, Deno and Bun share: a server with two tools, and what it prints.
 *
 * @module
 */

import {
  type Application,
  type HandlerEvent,
  type JsonObject,
  RpcError,
} from "../core/engine/mod.ts";

const INVALID_PARAMS = -32602;

const tools = [
  {
    name: "add",
    description: "Adds two numbers",
    inputSchema: {
      type: "object",
      properties: { a: { type: "number" }, b: { type: "number" } },
      required: ["a", "b"],
    },
  },
  {
    name: "roll_dice",
    description: "Rolls dice, one after the other, and tells how far it has got",
    inputSchema: {
      type: "object",
      properties: { count: { type: "integer", minimum: 1, maximum: 20 } },
    },
  },
];

/** An MCP server as plain functions. */
export const application: Application = {
  serverInfo: { name: "mcp-session-example", version: "1.0.0" },
  capabilities: { tools: {} },
  async request({ method, params }, exchange) {
    if (method === "tools/list") return { tools };
    if (method !== "tools/call") return undefined;
    const given = (params?.["arguments"] ?? {}) as JsonObject;
    switch (params?.["name"]) {
      case "add": {
        const { a, b } = given;
        if (typeof a !== "number" || typeof b !== "number") return wrong("a and b: numbers");
        return text(`${a + b}`);
      }
      case "roll_dice": {
        const { count = 1 } = given as { count?: number };
        if (!(Number.isInteger(count) && count >= 1 && count <= 20)) return wrong("count: 1 to 20");
        const rolls: number[] = [];
        while (rolls.length < count && !exchange.signal.aborted) {
          rolls.push(1 + Math.floor(Math.random() * 6));
          exchange.progress(rolls.length, count);
          if (rolls.length < count) await new Promise((resolve) => setTimeout(resolve, 250));
        }
        return text(rolls.join(", "));
      }
      default:
        throw new RpcError(INVALID_PARAMS, `Unknown tool: ${params?.["name"]}`);
    }
  },
};

function text(text: string): object {
  return { content: [{ type: "text", text }] };
}

/** What a model can learn from: a result that says so, not an error of the protocol. */
function wrong(expected: string): object {
  return { ...text(`expected ${expected}`), isError: true };
}

/** One line for each exchange: HTTP and MCP method, result or rule, status, session. */
export function printEvent(event: HandlerEvent): void {
  if (event.type === "exchange") {
    const { http, method = "-", outcome, status, session = "-" } = event;
    console.log(
      `${http.padEnd(7)} ${method.padEnd(26)} ${outcome.padEnd(26)} ${status}  ${session}`,
    );
  } else if ("error" in event) console.error(event.type, event.error);
}

/** Says where the server is and what to try. */
export function printWelcome(url: string): void {
  const post = `curl -s ${url} -H 'Content-Type: application/json'`;
  const initialize = JSON.stringify({
    ...{ jsonrpc: "2.0", id: 1, method: "initialize" },
    params: {
      protocolVersion: "2025-11-25",
      capabilities: {},
      clientInfo: { name: "curl", version: "1.0.0" },
    },
  });
  const add = JSON.stringify({
    ...{ jsonrpc: "2.0", id: 2, method: "tools/call" },
    params: { name: "add", arguments: { a: 2, b: 3 } },
  });
  console.log(`MCP on ${url}

Try, in another terminal:

  # open a session, call a tool in it, end it
  id=$(${post} -D - -o /dev/null -d '${initialize}' | tr -d '\\r' | awk 'tolower($1) == "mcp-session-id:" { print $2 }')
  ${post} -H "Mcp-Session-Id: $id" -w '\\n' -d '${add}'
  curl -s ${url} -X DELETE -H "Mcp-Session-Id: $id" -w '%{http_code}\\n'

  # the official inspector, on the command line and in a browser
  npx @modelcontextprotocol/inspector --cli ${url} --transport http --method tools/list
  npx @modelcontextprotocol/inspector

Every exchange has its line here; Ctrl-C ends the server.
`);
}
