// The guide's server on Node: PORT=3000 node examples/guide/node.ts
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { guardListener } from "../../adapters/runtimes/node.ts";
import { createSessions } from "../../core/engine/mod.ts";
import { explain, port } from "../port.ts";

// POST /mcp/init opens a session. Everything else needs its id; DELETE with the id ends it.
const sessions = createSessions({
  opens: ({ method, url }) => method === "POST" && new URL(url).pathname === "/mcp/init",
});

const serve = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
  const answer = (status: number, body: object) =>
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  if (request.method === "POST" && pathname === "/mcp/init") {
    return answer(200, { status: "initialized" });
  }
  if (request.method === "POST" && pathname === "/mcp/event") {
    const event = await json(request).catch(() => undefined);
    if (event === undefined) return answer(400, { error: "not JSON" });
    return answer(200, { status: "received", event });
  }
  // Not 404: to a client, that says its session is gone.
  return answer(400, { error: "no such path" });
};

const server = createServer(guardListener(sessions, serve)).once("error", explain);
try {
  server.listen(port, "127.0.0.1", () => {
    console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });
} catch (error) {
  explain(error);
}
