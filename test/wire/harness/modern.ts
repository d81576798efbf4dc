/** Requests of 2026-07-28: metadata in the body, and headers that mirror it. */
import { encodeHeaderValue } from "../../../core/protocol/base64.ts";
import type { Fields, Outgoing } from "./http.ts";

export const MODERN = "2026-07-28";

/** Keys of `_meta`, written out: the tests must not believe the code. */
export const KEY = {
  version: "io.modelcontextprotocol/protocolVersion",
  clientInfo: "io.modelcontextprotocol/clientInfo",
  capabilities: "io.modelcontextprotocol/clientCapabilities",
  logLevel: "io.modelcontextprotocol/logLevel",
  subscription: "io.modelcontextprotocol/subscriptionId",
  serverInfo: "io.modelcontextprotocol/serverInfo",
} as const;

/** What may differ from a plain request. */
export interface Differing {
  readonly id?: string | number;
  /** Client capabilities. Default none. */
  readonly capabilities?: object;
  /** Further keys of `_meta`; undefined takes one away. */
  readonly meta?: { readonly [key: string]: unknown };
  /** Fields in the place of those of the same name; null takes one away. */
  readonly fields?: { readonly [name: string]: string | null };
}

const NAMED: { readonly [method: string]: string } = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
};

/** A POST of a request that a client of this revision would send. */
export function modern(
  method: string,
  params: { readonly [name: string]: unknown } = {},
  differing: Differing = {},
): Outgoing & { readonly fields: Fields; readonly body: string } {
  const { id = 1, capabilities = {}, meta = {}, fields = {} } = differing;
  const message = {
    jsonrpc: "2.0",
    id,
    method,
    params: {
      ...params,
      _meta: {
        [KEY.version]: MODERN,
        [KEY.clientInfo]: { name: "raw", version: "1" },
        [KEY.capabilities]: capabilities,
        ...meta,
      },
    },
  };
  return {
    method: "POST",
    fields: mirrored(method, params, fields),
    body: JSON.stringify(message),
  };
}

/** The same with any body; the fields are those of `method`. */
export function modernBody(
  body: unknown,
  method = "tools/list",
  differing: Differing = {},
): Outgoing {
  return {
    method: "POST",
    fields: mirrored(method, {}, differing.fields ?? {}),
    body: typeof body === "string" ? body : JSON.stringify(body),
  };
}

function mirrored(
  method: string,
  params: { readonly [name: string]: unknown },
  differing: { readonly [name: string]: string | null },
): Fields {
  const all = new Map<string, readonly [string, string]>();
  const set = (name: string, value: string | null): void => {
    if (value === null) all.delete(name.toLowerCase());
    else all.set(name.toLowerCase(), [name, value]);
  };
  set("Content-Type", "application/json");
  set("Accept", "application/json, text/event-stream");
  set("MCP-Protocol-Version", MODERN);
  set("Mcp-Method", method);
  const name = params[NAMED[method] ?? ""];
  if (typeof name === "string") set("Mcp-Name", encodeHeaderValue(name));
  for (const [field, value] of Object.entries(differing)) set(field, value);
  return [...all.values()];
}
