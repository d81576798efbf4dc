// The guide's server on Bun: PORT=3000 bun run examples/guide/bun.ts
import { createSessions } from "../../core/engine/mod.ts";
import { explain, port } from "../port.ts";

// POST /mcp/init opens a session. Everything else needs its id; DELETE with the id ends it.
const sessions = createSessions({
  opens: ({ method, url }) => method === "POST" && new URL(url).pathname === "/mcp/init",
});

const handler = sessions.guard(async (request) => {
  const { pathname } = new URL(request.url);
  if (request.method === "POST" && pathname === "/mcp/init") {
    return Response.json({ status: "initialized" });
  }
  if (request.method === "POST" && pathname === "/mcp/event") {
    const event = await request.json().catch(() => undefined);
    if (event === undefined) return Response.json({ error: "not JSON" }, { status: 400 });
    return Response.json({ status: "received", event });
  }
  // Not 404: to a client, that says its session is gone.
  return Response.json({ error: "no such path" }, { status: 400 });
});

try {
  const server = Bun.serve({ port, hostname: "127.0.0.1", fetch: handler });
  console.log(`Listening on ${server.url}`);
} catch (error) {
  explain(error);
}
