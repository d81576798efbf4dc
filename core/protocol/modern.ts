/**
 * What 2026-07-28 says of methods and `_meta`, as data.
 *
 * @module
 */

import { isObject, type JsonObject } from "./json_rpc.ts";

/** Keys of `_meta` in 2026-07-28, whose every request carries one (basic/index, _meta). */
export const META = {
  protocolVersion: "io.modelcontextprotocol/protocolVersion",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  clientCapabilities: "io.modelcontextprotocol/clientCapabilities",
  logLevel: "io.modelcontextprotocol/logLevel",
  subscriptionId: "io.modelcontextprotocol/subscriptionId",
  serverInfo: "io.modelcontextprotocol/serverInfo",
} as const;

/** Log levels, least severe first (server/utilities/logging). */
export const LOG_LEVELS: readonly string[] = [
  "debug",
  "info",
  "notice",
  "warning",
  "error",
  "critical",
  "alert",
  "emergency",
];

/** Methods of earlier revisions that 2026-07-28 removed (changelog). */
export const REMOVED_METHODS: ReadonlySet<string> = new Set([
  "initialize",
  "ping",
  "logging/setLevel",
  "resources/subscribe",
  "resources/unsubscribe",
]);

/** Notifications from clients that 2026-07-28 removed: they are acknowledged (202) and go nowhere. */
export const REMOVED_NOTIFICATIONS: ReadonlySet<string> = new Set([
  "notifications/initialized",
  "notifications/cancelled",
  "notifications/progress",
  "notifications/roots/list_changed",
]);

/**
 * Which member of `params` the header `Mcp-Name` mirrors, by method; `required` where the revision demands the header.
 */
export const NAME_SOURCES: ReadonlyMap<
  string,
  { readonly param: string; readonly required: boolean }
> = new Map([
  ["tools/call", { param: "name", required: true }],
  ["prompts/get", { param: "name", required: true }],
  ["resources/read", { param: "uri", required: true }],
  ["tasks/get", { param: "taskId", required: false }],
  ["tasks/update", { param: "taskId", required: false }],
  ["tasks/cancel", { param: "taskId", required: false }],
]);

/** Methods whose results carry cache hints (server/utilities/caching). */
export const CACHEABLE_METHODS: ReadonlySet<string> = new Set([
  "server/discover",
  "tools/list",
  "prompts/list",
  "resources/list",
  "resources/templates/list",
  "resources/read",
]);

/** Methods that may answer with an input-required result (basic/patterns/mrtr, Supported Requests). */
export const INPUT_METHODS: ReadonlySet<string> = new Set([
  "tools/call",
  "prompts/get",
  "resources/read",
]);

/** The capability with which a server says that it answers a method, by method (server/tools and the like). */
export const SERVER_CAPABILITY: ReadonlyMap<string, string> = new Map([
  ["tools/list", "tools"],
  ["tools/call", "tools"],
  ["prompts/list", "prompts"],
  ["prompts/get", "prompts"],
  ["resources/list", "resources"],
  ["resources/read", "resources"],
  ["completion/complete", "completions"],
]);

/** The client capability that a server-to-client method needs, by method. */
export const CLIENT_CAPABILITY: ReadonlyMap<string, string> = new Map([
  ["elicitation/create", "elicitation"],
  ["sampling/createMessage", "sampling"],
  ["roots/list", "roots"],
]);

/**
 * The capability that a server-to-client request needs and the client did not declare, in the form in which a client
 * declares it; undefined where nothing is missing. The modes of elicitation and tools in sampling have capabilities of
 * their own (2025-11-25 and 2026-07-28, client/elicitation and client/sampling, Capabilities).
 */
export function missingCapability(
  method: string,
  params: JsonObject,
  declared: JsonObject,
): JsonObject | undefined {
  const name = CLIENT_CAPABILITY.get(method);
  if (name === undefined) return undefined;
  const capability = declared[name];
  const part = partOf(method, params);
  if (!isObject(capability)) {
    return { [name]: part === undefined || part === "form" ? {} : { [part]: {} } };
  }
  if (part === undefined || isObject(capability[part])) return undefined;
  // A client that names no mode means forms.
  if (part === "form" && capability.url === undefined) return undefined;
  return { [name]: { [part]: {} } };
}

function partOf(method: string, params: JsonObject): string | undefined {
  if (method === "elicitation/create") return params.mode === "url" ? "url" : "form";
  return method === "sampling/createMessage" &&
      (params.tools !== undefined || params.toolChoice !== undefined)
    ? "tools"
    : undefined;
}
