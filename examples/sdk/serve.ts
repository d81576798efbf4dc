/**
 * What the two examples share: the runtime's own `serve`, and what it prints.
 *
 * @module
 */

import type { ServeOptions, Serving } from "../../adapters/runtimes/serving.ts";
import { type Application, createMcpHandler, type McpHandler } from "../../core/engine/mod.ts";
import { explain, port } from "../port.ts";

interface Adapter {
  serve(handler: McpHandler, options: ServeOptions): Promise<Serving>;
}

const runtime = "Bun" in globalThis ? "bun" : "Deno" in globalThis ? "deno" : "node";

/** Serves an application at `/mcp` on `PORT` (default 3000; 0 for any that is free). */
export async function serve(application: Application): Promise<void> {
  // In your own project: import { serve } from "mcp-session/node", or /deno, or /bun.
  const adapter: Adapter = await import(`../../adapters/runtimes/${runtime}.ts`);
  try {
    const { url } = await adapter.serve(createMcpHandler(application), { port });
    console.log(`listening on ${url}`);
  } catch (error) {
    explain(error);
  }
}
