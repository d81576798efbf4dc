/**
 * Tools of our own, with which tests reach what the suite does not.
 *
 * @module
 */

import { text } from "./content.ts";
import { log, logMessage } from "./logging.ts";
import { InvalidParams, required, whole } from "./params.ts";
import { pause } from "./pause.ts";
import { failure, schema, type Tool } from "./tool.ts";

/** The longest that timers can wait, in milliseconds. */
const LONGEST_MS = 0x7fffffff;
const MOST_MESSAGES = 1_000_000;
const MOST_BYTES = 64 << 20;
/** After so many bytes others get their turn, and readers the time to read. */
const BURST_BYTES = 64 << 10;

const count = { type: "integer", minimum: 0 };

/** In the order in which they are listed. */
export const WIRE_TOOLS: readonly Tool[] = [
  {
    name: "echo",
    description: "Answers with the text",
    inputSchema: schema({ text: { type: "string" } }),
    run: (args) => text(required(args, "text")),
  },
  {
    name: "throw",
    description: "Breaks, with a message that no client may see",
    inputSchema: schema(),
    run() {
      throw new Error("password=hunter2 does not open the database");
    },
  },
  {
    name: "sleep",
    description: "Answers after some milliseconds, or stops with its request",
    inputSchema: schema({ ms: { ...count, maximum: LONGEST_MS } }),
    async run(args, { exchange }) {
      const ms = whole(args, "ms", LONGEST_MS);
      await pause(ms, exchange.signal);
      return text(`Slept for ${ms} ms`);
    },
  },
  {
    name: "burst",
    description: "Writes many messages to the client's log, each of some length, then answers",
    inputSchema: schema({
      count: { ...count, maximum: MOST_MESSAGES },
      bytes: { ...count, maximum: MOST_BYTES },
    }),
    async run(args, context) {
      const { signal } = context.exchange;
      const messages = whole(args, "count", MOST_MESSAGES);
      const data = "x".repeat(whole(args, "bytes", MOST_BYTES));
      let written = 0;
      for (let sent = 0; sent < messages && !signal.aborted; sent++) {
        log(context, data);
        written += data.length;
        if (written < BURST_BYTES) continue;
        written = 0;
        await pause(0, signal);
      }
      return text(`Sent ${messages} messages of ${data.length} bytes`);
    },
  },
  {
    name: "broadcast",
    description: "Writes the text to the client's log on the session's standalone stream",
    inputSchema: schema({ text: { type: "string" } }),
    run(args, context) {
      const { session } = context.exchange;
      const message = logMessage(context, required(args, "text"));
      if (session === undefined) return failure("No session, hence no standalone stream");
      if (message !== undefined) session.notify("notifications/message", message);
      return text("Sent");
    },
  },
  {
    name: "route",
    description: "Answers with its parameters, which modern clients mirror into headers",
    inputSchema: schema({
      region: { type: "string", "x-mcp-header": "Region" },
      count: { type: "integer", "x-mcp-header": "Count" },
    }),
    run(args) {
      const region = required(args, "region");
      const { count } = args;
      if (!Number.isInteger(count)) throw new InvalidParams("count", count, "an integer");
      const structuredContent = { region, count };
      return { content: [text(JSON.stringify(structuredContent))], structuredContent };
    },
  },
  {
    name: "stats",
    description: "Counts what the server is doing",
    inputSchema: schema(),
    outputSchema: schema({ sessions: count, streams: count, inFlight: count, aborted: count }),
    async run(_args, { server }) {
      const { sessions, streams, inFlight, aborted } = await server.stats();
      const structuredContent = { sessions, streams, inFlight, aborted };
      return { content: [text(JSON.stringify(structuredContent))], structuredContent };
    },
  },
];
