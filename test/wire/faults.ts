/** What can be wrong with a POST, in the order in which the rules ask. */
import type { Fields, Outgoing } from "./harness/http.ts";
import { merged } from "./harness/mcp.ts";
import type { Refusal } from "./harness/refusal.ts";

/** Bytes that a body may have where these faults are sent. */
export const BODY_LIMIT = 2_000;

/** The id that is in flight in the session. */
export const TAKEN = 77;

/** A request that is still being made. */
export interface Draft {
  method: string;
  fields: Fields;
  /** The message, unless there is a text in its place. */
  message: Record<string, unknown>;
  text?: string;
  /** Bytes of blanks after the body. */
  padding: number;
}

/** One thing that is wrong. */
export interface Fault {
  readonly rule: string;
  /** How a request comes to break it. */
  readonly breaks: (draft: Draft) => void;
  readonly answer: Refusal | { readonly status: 401; readonly body: string };
  /** The message is known by then, so its id comes back. */
  readonly read?: true;
}

/** The bytes of a draft. */
export function outgoing(draft: Draft): Outgoing {
  const { method, fields } = draft;
  const body = (draft.text ?? JSON.stringify(draft.message)) + " ".repeat(draft.padding);
  return { method, fields, body };
}

/** What the hook of these tests does: who says `no` is refused. */
export function authenticate(request: { headers: { get(name: string): string | null } }) {
  return request.headers.get("x-credentials") === "no"
    ? new Response("who are you", { status: 401, headers: { "WWW-Authenticate": "Bearer" } })
    : undefined;
}

/** The rules that a POST can break before it is dispatched, in order. */
export const FAULTS: readonly Fault[] = [
  {
    rule: "Origin",
    breaks: put("Origin", "http://evil.com"),
    answer: { status: 403, code: -32000, says: `Origin "http://evil.com"` },
  },
  {
    rule: "Host",
    breaks: put("Host", "evil.com"),
    answer: {
      status: 403,
      code: -32000,
      says: `Host "evil.com" is not allowed; the option allowedHosts`,
    },
  },
  {
    rule: "method",
    breaks: (draft) => draft.method = "PUT",
    answer: { status: 405, code: -32000, fields: { allow: "GET, POST, DELETE" } },
  },
  {
    rule: "declared length",
    breaks: (draft) => draft.padding = BODY_LIMIT,
    answer: { status: 413, code: -32000, says: "Content-Length" },
  },
  {
    rule: "authenticate",
    breaks: put("X-Credentials", "no"),
    answer: { status: 401, body: "who are you" },
  },
  {
    rule: "singleton header",
    breaks: (draft) => draft.fields = [...draft.fields, ["Mcp-Method", "a"], ["Mcp-Method", "b"]],
    answer: { status: 400, code: -32000, says: "Mcp-Method is repeated" },
  },
  {
    rule: "Content-Type",
    breaks: put("Content-Type", "application/jsonx"),
    answer: { status: 415, code: -32000, says: "application/json" },
  },
  {
    rule: "Accept",
    breaks: put("Accept", "text/html, application/json;q=0"),
    answer: { status: 406, code: -32000, says: "application/json or text/event-stream" },
  },
  {
    rule: "body",
    breaks: (draft) => draft.text = "{",
    answer: { status: 400, code: -32700 },
  },
  {
    rule: "version header",
    breaks: put("MCP-Protocol-Version", "1999-01-01"),
    answer: { status: 400, code: -32000, says: "Unsupported protocol version" },
    read: true,
  },
  {
    rule: "session",
    breaks: put("Mcp-Session-Id", "nobody"),
    answer: { status: 404, code: -32001, says: "Session not found (HTTP 404)" },
    read: true,
  },
  {
    rule: "id in flight",
    breaks: (draft) => draft.message.id = TAKEN,
    answer: { status: 400, code: -32600, says: "77" },
    read: true,
  },
];

function put(name: string, value: string): (draft: Draft) => void {
  return (draft) => draft.fields = merged(draft.fields, [[name, value]]);
}
