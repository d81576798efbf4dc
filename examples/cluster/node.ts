/**
 * One node of the cluster: an MCP endpoint whose sessions are in Redis (or in another backend by name, see
 * `backend.ts`). Prints its URL once it listens.
 *
 *     BACKEND=redis://127.0.0.1:6379 node examples/cluster/node.ts
 */
import process from "node:process";
import { serve } from "../../adapters/runtimes/node.ts";
import { createMcpHandler, RpcError } from "../../core/engine/mod.ts";
import { backendOf, BACKENDS } from "./backend.ts";

const { BACKEND = "", LEASE_MS = "10000", PORT = "0" } = process.env;
const backend = backendOf(BACKEND, Number(LEASE_MS));
if (backend === undefined) throw new TypeError(`BACKEND: ${BACKEND} is not ${BACKENDS}`);

const handler = createMcpHandler({
  serverInfo: { name: "cluster", version: "1" },
  capabilities: { tools: {} },
  async request({ method, params }, exchange) {
    if (method === "tools/list") return { tools: [COUNT] };
    if (method !== "tools/call") return undefined;
    if (params?.name !== "count") throw new RpcError(-32602, `Unknown tool: ${params?.name}`);
    const { to, everyMs = 100 } = params.arguments as { to: number; everyMs?: number };
    for (let i = 1; i <= to && !exchange.signal.aborted; i++) {
      exchange.notify("notifications/message", { level: "info", data: { i, pid: process.pid } });
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    return { content: [{ type: "text", text: `counted to ${to}` }] };
  },
}, {
  backend,
  onEvent(event) {
    if ("error" in event) console.error(event.type, event.error);
  },
});

const COUNT = {
  name: "count",
  description: "Counts, one message a number",
  inputSchema: {
    type: "object",
    properties: { to: { type: "integer" }, everyMs: { type: "integer" } },
    required: ["to"],
  },
};

const { url } = await serve(handler, { port: Number(PORT) });
console.log(url);
