// The guide's five steps against a server of their own: npm run guide
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { guardListener } from "../../adapters/runtimes/node.ts";
import { createSessions } from "../../core/engine/mod.ts";
import { playGuide } from "./steps.ts";

// Sessions live for half an hour unless told otherwise; here nobody wants to wait that long.
const limits = { idleMs: 2_000 };
const sessions = createSessions({
  opens: ({ method, url }) => method === "POST" && new URL(url).pathname === "/mcp/init",
  limits,
});

const server = createServer(guardListener(sessions, (request, response: ServerResponse) => {
  const status = request.url === "/mcp/init" ? "initialized" : "received";
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ status }));
}));
await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
const { port } = server.address() as AddressInfo;

try {
  await playGuide({
    base: new URL(`http://127.0.0.1:${port}`),
    expire: () => wait(limits.idleMs + 100),
  });
} finally {
  server.closeAllConnections();
  server.close();
}
