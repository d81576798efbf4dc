// An MCP server on Node: npm start, or PORT=3001 node examples/node.ts
import { serve } from "../adapters/runtimes/node.ts";
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
