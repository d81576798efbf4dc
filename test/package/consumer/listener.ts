// With @types/node: what the declarations describe by structure must fit the real thing.
import { createServer } from "node:http";
import { createSessions } from "mcp-session";
import { guardListener } from "mcp-session/node";
import { expect } from "./exchange.ts";

const sessions = createSessions({ opens: (request) => request.method === "POST" });
const server = createServer(guardListener(sessions, (_request, response, session) => {
  response.end(session.id);
}));
await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
const address = server.address();
if (address === null || typeof address === "string") throw new Error("no port");
const response = await fetch(`http://127.0.0.1:${address.port}/`, { method: "POST" });
expect("POST", response.status, 200);
expect("the session", await response.text(), response.headers.get("mcp-session-id"));
server.closeAllConnections();
server.close();
console.log("exchanged through a listener");
