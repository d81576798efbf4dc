import { serve } from "mcp-session/bun";
import { exchange, mcp } from "./exchange.ts";

const server = await serve(mcp, { port: 0 });
await exchange(server.url, fetch);
await server.close();
console.log("exchanged over a socket");
