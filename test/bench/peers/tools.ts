// deno-lint-ignore-file no-explicit-any -- the two versions type their arguments differently
/** The two tools for servers of the official SDKs, v1 and v2 alike. */
import { z } from "zod";
import { echoResult } from "../contenders/contender.ts";

/** What both versions of `McpServer` have. */
interface ToolServer {
  registerTool(
    name: string,
    config: object,
    run: (given: any, extra: any) => unknown,
  ): unknown;
}

export const IMPLEMENTATION = { name: "bench", version: "1.0.0" };

/** Registers `echo` and `steps`; `notifier` finds what sends a notification about a call. */
export function register<Server extends ToolServer>(
  server: Server,
  notifier: (
    extra: any,
  ) => { token: unknown; send: (message: object) => Promise<void> },
): Server {
  server.registerTool(
    "echo",
    { inputSchema: z.object({ text: z.string() }) },
    ({ text }) => echoResult(text),
  );
  server.registerTool(
    "steps",
    { inputSchema: z.object({ count: z.number() }) },
    async ({ count }, extra) => {
      const { token, send } = notifier(extra);
      for (let progress = 1; progress <= count; progress++) {
        await send({
          method: "notifications/progress",
          params: { progressToken: token, progress, total: count },
        });
      }
      return echoResult("");
    },
  );
  return server;
}
