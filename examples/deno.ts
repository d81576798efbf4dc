// An MCP server on Deno: PORT=3000 deno run -A examples/deno.ts
import { serve } from "../adapters/runtimes/deno.ts";
import { createMcpHandler } from "../core/engine/mod.ts";
import { application, printEvent, printWelcome } from "./demo.ts";
import { explain, port } from "./port.ts";

const mcp = createMcpHandler(application, { onEvent: printEvent });
try {
  const { url } = await serve(mcp, { port });
  printWelcome(url);
} catch (error) {
  explain(error);
}
