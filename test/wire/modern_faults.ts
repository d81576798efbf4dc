/** What can be wrong with a modern request, in the order in which the rules ask. */
import type { Fields, Outgoing } from "./harness/http.ts";
import { merged } from "./harness/mcp.ts";
import { KEY, modern } from "./harness/modern.ts";
import type { Refusal } from "./harness/refusal.ts";

/** Bytes that a body may have where these faults are sent. */
export const BODY_LIMIT = 4_000;

const ID = "call-1";

/** A request that is still being made. */
export interface Draft {
  method: string;
  fields: Fields;
  // deno-lint-ignore no-explicit-any -- it is about to be broken
  message: any;
  text?: string;
}

/** A request that nothing is wrong with. */
export function draft(): Draft {
  const { fields, body } = modern("tools/call", { name: "route", arguments: { region: "eu" } }, {
    id: ID,
    fields: { "Mcp-Param-Region": "eu" },
  });
  return { method: "POST", fields, message: JSON.parse(body) };
}

function put(name: string, value: string): (draft: Draft) => void {
  return (draft) => draft.fields = merged(draft.fields, [[name, value]]);
}

/** One thing that is wrong. */
export interface Fault {
  readonly rule: string;
  readonly breaks: (draft: Draft) => void;
  readonly answer: Refusal | { readonly status: 401 };
  /** Rules that cannot be broken beside this one. */
  readonly apart?: readonly string[];
}

/** What can be wrong, in the order in which it is looked at. */
export const FAULTS: readonly Fault[] = [
  {
    rule: "Origin",
    breaks: put("Origin", "http://evil.com"),
    answer: { status: 403, code: -32000 },
  },
  { rule: "Host", breaks: put("Host", "evil.com"), answer: { status: 403, code: -32000 } },
  {
    rule: "HTTP method",
    breaks: (draft) => draft.method = "PATCH",
    answer: { status: 405, code: -32000, fields: { allow: "GET, POST, DELETE" } },
  },
  {
    rule: "declared length",
    breaks: (draft) => draft.text = " ".repeat(BODY_LIMIT + 1),
    answer: { status: 413, code: -32000 },
  },
  { rule: "authenticate", breaks: put("X-Credentials", "no"), answer: { status: 401 } },
  {
    rule: "repeated header",
    breaks: (draft) => draft.fields = [...draft.fields, ["Mcp-Method", "tools/list"]],
    answer: { status: 400, code: -32020, says: "Mcp-Method is repeated" },
    // The header alone says which era's code it is.
    apart: ["version header", "version served"],
  },
  {
    rule: "Content-Type",
    breaks: put("Content-Type", "text/json"),
    answer: { status: 415, code: -32000 },
  },
  { rule: "Accept", breaks: put("Accept", "text/html"), answer: { status: 406, code: -32000 } },
  { rule: "JSON", breaks: (draft) => draft.text = "{", answer: { status: 400, code: -32700 } },
  {
    rule: "envelope",
    breaks: ({ message }) => message.jsonrpc = "1.0",
    answer: { status: 400, code: -32600, id: ID },
    // The id of a response is none of a request's, and is not sent back.
    apart: ["a response"],
  },
  {
    rule: "a response",
    breaks: (draft) => draft.message = { jsonrpc: "2.0", id: ID, result: {} },
    answer: { status: 400, code: -32600, says: "response" },
    // Without a body that says so, only the header makes it modern.
    apart: ["version header", "version served"],
  },
  {
    rule: "_meta",
    breaks: ({ message }) => delete message.params._meta[KEY.capabilities],
    answer: { status: 400, code: -32602, says: KEY.capabilities, id: ID },
  },
  {
    rule: "version header",
    breaks: put("MCP-Protocol-Version", "2025-11-25"),
    answer: { status: 400, code: -32020, says: "MCP-Protocol-Version", id: ID },
  },
  {
    rule: "Mcp-Method",
    breaks: put("Mcp-Method", "Tools/Call"),
    answer: { status: 400, code: -32020, says: "Mcp-Method", id: ID },
  },
  {
    rule: "Mcp-Name",
    breaks: put("Mcp-Name", "Route"),
    answer: { status: 400, code: -32020, says: "Mcp-Name", id: ID },
    apart: ["removed method"],
  },
  {
    rule: "version served",
    breaks: (draft) => {
      draft.message.params._meta[KEY.version] = "2099-01-01";
      put("MCP-Protocol-Version", "2099-01-01")(draft);
    },
    answer: { status: 400, code: -32022, says: "2099-01-01", id: ID },
  },
  {
    rule: "removed method",
    breaks: (draft) => {
      draft.message.method = "ping";
      put("Mcp-Method", "ping")(draft);
    },
    answer: { status: 404, code: -32601, says: "ping", id: ID },
    apart: ["Mcp-Param"],
  },
  {
    rule: "Mcp-Param",
    breaks: put("Mcp-Param-Region", "us"),
    answer: { status: 400, code: -32020, says: "Mcp-Param-Region", id: ID },
  },
];

/** The bytes of a draft. */
export function outgoing({ method, fields, message, text }: Draft): Outgoing {
  return { method, fields, body: text ?? JSON.stringify(message) };
}
