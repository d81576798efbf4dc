// A user's first program, on whatever runtime: sessions around any handler, and MCP from plain functions.
import { createMcpHandler, createSessions, type McpHandler, type Session } from "mcp-session";
import { parseBody } from "mcp-session/core";

export const mcp: McpHandler = createMcpHandler({
  serverInfo: { name: "consumer", version: "1.0.0" },
  capabilities: { tools: {} },
  request(message, exchange) {
    const session: Session | undefined = exchange.session;
    return message.method === "tools/list" && session !== undefined ? { tools: [] } : undefined;
  },
});

const sessions = createSessions({ opens: (request) => new URL(request.url).pathname === "/open" });
const guarded = sessions.guard((_request, session) => Response.json({ hello: session.id }));

/** Initializes, lists tools, ends the session and finds it gone. */
export async function exchange(
  url: string,
  send: (request: Request) => Promise<Response>,
): Promise<void> {
  const ask = (id: string | null, method: string, message?: object): Promise<Response> => {
    const headers = new Headers({ accept: "application/json, text/event-stream" });
    if (id !== null) headers.set("mcp-session-id", id);
    if (message === undefined) return send(new Request(url, { method, headers }));
    headers.set("content-type", "application/json");
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, ...message });
    return send(new Request(url, { method, headers, body }));
  };
  const opened = await ask(null, "POST", {
    method: "initialize",
    params: {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "consumer", version: "1.0.0" },
    },
  });
  const id = opened.headers.get("mcp-session-id");
  expect("initialize", opened.status, 200);
  expect("initialize names a session", id === null, false);
  await opened.text();

  const listed = await ask(id, "POST", { method: "tools/list" });
  expect("tools/list", listed.status, 200);
  expect("tools", await listed.text(), '{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}');

  expect("DELETE", (await ask(id, "DELETE")).status, 204);
  const gone = await ask(id, "POST", { method: "tools/list" });
  expect("after DELETE", gone.status, 404);
  await gone.text();
}

export function expect(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${what}: ${actual} instead of ${expected}`);
}

expect("a pure function", typeof parseBody, "function");
await exchange("http://localhost/mcp", (request) => mcp.fetch(request));

const opened = await guarded(new Request("http://localhost/open", { method: "POST" }));
expect("open", opened.status, 200);
const { hello } = await opened.json() as { hello: string };
expect("open names a session", hello, opened.headers.get("mcp-session-id"));
expect("without a session", (await guarded(new Request("http://localhost/"))).status, 400);
console.log("exchanged in process");
