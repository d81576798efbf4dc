// An MCP server on Bun: PORT=3000 bun run examples/bun.ts
import { serve } from "../adapters/runtimes/bun.ts";
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
