/** The requests that the workloads send. */
import type { Load } from "./spec.ts";

/** A load without where it goes and how long it takes. */
export type Request = Pick<Load, "method" | "headers" | "body">;

/** The revision that clients ask for. */
export const NEWEST = "2025-11-25";

const POST = {
  "Content-Type": "application/json",
  "Accept": "application/json, text/event-stream",
};

const SESSION = {
  ...POST,
  "MCP-Protocol-Version": NEWEST,
  "Mcp-Session-Id": "{session}",
};

/** A call of the tool that answers at once. */
export const CALL: Request = {
  method: "POST",
  headers: SESSION,
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: "{id}",
    method: "tools/call",
    params: { name: "echo", arguments: { text: "hello" } },
  }).replace('"{id}"', "{id}"),
};

/** A call of the tool that says how far it is. */
export function steps(count: number): Request {
  return {
    method: "POST",
    headers: SESSION,
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: "{id}",
      method: "tools/call",
      params: {
        name: "steps",
        arguments: { count },
        _meta: { progressToken: "{id}" },
      },
    }).replaceAll('"{id}"', "{id}"),
  };
}

/** The same call in 2026-07-28. */
export const MODERN_CALL: Request = {
  method: "POST",
  headers: {
    ...POST,
    "MCP-Protocol-Version": "2026-07-28",
    "Mcp-Method": "tools/call",
    "Mcp-Name": "echo",
  },
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: "{id}",
    method: "tools/call",
    params: {
      name: "echo",
      arguments: { text: "hello" },
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {
          name: "bench",
          version: "1.0.0",
        },
        "io.modelcontextprotocol/clientCapabilities": {},
      },
    },
  }).replace('"{id}"', "{id}"),
};

export const INITIALIZE: Request = {
  method: "POST",
  headers: POST,
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: {
      protocolVersion: NEWEST,
      capabilities: {},
      clientInfo: { name: "bench", version: "1.0.0" },
    },
  }),
};

/** The session's own stream. */
export const LISTEN: Request = {
  method: "GET",
  headers: {
    "Accept": "text/event-stream",
    "MCP-Protocol-Version": NEWEST,
    "Mcp-Session-Id": "{session}",
  },
  body: "",
};
