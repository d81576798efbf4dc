/**
 * Tools that say something before they answer.
 *
 * @module
 */

import { text } from "./content.ts";
import { log } from "./logging.ts";
import { pause } from "./pause.ts";
import { schema, type Tool } from "./tool.ts";

/** In the order in which they are listed. */
export const STREAM_TOOLS: readonly Tool[] = [
  {
    name: "test_tool_with_progress",
    description: "Tells how far it has got",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      for (const percent of [0, 50, 100]) {
        if (percent > 0) await pause(50, exchange.signal);
        exchange.progress(percent, 100, `Completed ${percent} of 100`);
      }
      return text("Tool with progress executed successfully");
    },
  },
  {
    name: "test_tool_with_logging",
    description: "Writes to the client's log",
    inputSchema: schema(),
    async run(_args, context) {
      const { signal } = context.exchange;
      log(context, "Tool execution started");
      await pause(50, signal);
      log(context, "Tool processing data");
      await pause(50, signal);
      log(context, "Tool execution completed");
      return text("Tool with logging executed successfully");
    },
  },
  {
    name: "test_logging_tool",
    description: "Writes one line to the client's log",
    inputSchema: schema(),
    run(_args, context) {
      log(context, "This message was asked for");
      return text("Logged");
    },
  },
  {
    name: "test_reconnection",
    description: "Sends the client away, and answers when it comes back",
    inputSchema: schema(),
    async run(_args, { exchange }) {
      exchange.closeStream({ retryMs: 100 });
      await pause(100, exchange.signal);
      return text("The answer waited in the stream's log");
    },
  },
];
