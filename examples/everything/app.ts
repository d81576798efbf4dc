/**
 * The server that the official conformance suite asks for, as plain functions: a table from method to
 * function. `initialize` and `ping` are the library's.
 *
 * @module
 */

import {
  createMcpHandler,
  type Exchange,
  type JsonObject,
  type McpHandler,
  type McpOptions,
} from "../../core/engine/mod.ts";
import type { Context, Method } from "./context.ts";
import { complete } from "./completions.ts";
import { InvalidParams, LEVELS, required } from "./params.ts";
import { getPrompt, listPrompts } from "./prompts.ts";
import { find, listResources, listTemplates, readResource } from "./resources.ts";
import { SessionStates } from "./session_states.ts";
import { cancelTask, getTask, TASKS, Tasks, updateTask } from "./tasks.ts";
import { callTool, LISTED, listTools } from "./tools.ts";

// A Map, because the key comes from the client.
const METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["tools/list", listTools],
  ["tools/call", callTool],
  ["resources/list", listResources],
  ["resources/templates/list", listTemplates],
  ["resources/read", readResource],
  ["resources/subscribe", subscribe],
  ["resources/unsubscribe", unsubscribe],
  ["prompts/list", listPrompts],
  ["prompts/get", getPrompt],
  ["completion/complete", complete],
  ["logging/setLevel", setLevel],
]);

// Legacy revisions have no extensions.
const MODERN_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["tasks/get", getTask],
  ["tasks/update", updateTask],
  ["tasks/cancel", cancelTask],
]);

/** Makes the fixture. */
export function createEverything(options: McpOptions): McpHandler {
  const states = new SessionStates();
  const tasks = new Tasks();
  const handler = createMcpHandler({
    serverInfo: { name: "everything", title: "Everything", version: "1.0.0" },
    capabilities: {
      tools: { listChanged: true },
      resources: { subscribe: true, listChanged: true },
      prompts: { listChanged: true },
      logging: {},
      completions: {},
      extensions: { [TASKS]: {} },
    },
    instructions: "Every tool, resource and prompt that the conformance suite of MCP asks for.",
    request({ method, params = {} }, exchange: Exchange) {
      const answer = METHODS.get(method) ??
        (exchange.era === "modern" ? MODERN_METHODS.get(method) : undefined);
      return answer?.(params, { exchange, states, tasks, server: handler });
    },
    tools: () => LISTED,
    cache: { ttlMs: 60_000, scope: "public" },
    subscribed: (session, uri) => states.subscribed(session, uri),
    ended: (session) => states.drop(session),
    close: () => tasks.close(),
  }, options);
  return handler;
}

function subscribe(params: JsonObject, { exchange, states }: Context): object {
  const { uri } = find(required(params, "uri"), exchange);
  states.of(exchange)?.subscriptions.add(uri);
  return {};
}

function unsubscribe(params: JsonObject, { exchange, states }: Context): object {
  states.peek(exchange)?.subscriptions.delete(required(params, "uri"));
  return {};
}

function setLevel(params: JsonObject, { exchange, states }: Context): object {
  const level = required(params, "level");
  if (!LEVELS.includes(level)) throw new InvalidParams("level", level, LEVELS.join(", "));
  const state = states.of(exchange);
  if (state !== undefined) state.level = level;
  return {};
}
