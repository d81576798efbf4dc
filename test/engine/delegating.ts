/** Handlers that hand modern requests over, and what tests do with them. */
import assert from "node:assert/strict";
import {
  type Application,
  createMcpHandler,
  type HandlerEvent,
  type McpOptions,
  type ModernHandler,
} from "../../core/engine/mod.ts";

type Fetch = (
  request: Request,
  options: { authInfo?: unknown; parsedBody?: unknown },
) => Promise<Response> | Response;

const NS = "io.modelcontextprotocol/";

/** What a modern request says of itself. */
export const META = {
  [`${NS}protocolVersion`]: "2026-07-28",
  [`${NS}clientCapabilities`]: {},
} as const;

/** A handler whose modern requests go to `answer`. */
export function delegating(
  answer: Fetch,
  options: McpOptions = {},
  more: Partial<Application> = {},
) {
  const events: HandlerEvent[] = [];
  const mcp = createMcpHandler({
    serverInfo: { name: "test", version: "1" },
    request: () => ({ own: true }),
    notification: () => assert.fail("a modern notification is the handler's"),
    // deno-lint-ignore require-await
    modern: { fetch: async (request, options) => answer(request, options!) } as ModernHandler,
    ...more,
  }, { ...options, onEvent: (event) => void events.push(event) });
  const send = (method: string, params: object = {}, init: RequestInit = {}, id?: number) =>
    mcp.fetch(
      new Request("http://localhost/mcp", {
        method: "POST",
        body: JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: META } }),
        ...init,
        headers: {
          "content-type": "application/json",
          "mcp-protocol-version": "2026-07-28",
          "mcp-method": method,
          ...init.headers,
        },
      }),
    );
  return {
    mcp,
    events,
    send,
    ask: (method: string, init?: RequestInit) => send(method, {}, init, 1),
  };
}

/** An answer with a field of its own. */
export function json(value: unknown, status = 200): Response {
  return Response.json(value, { status, headers: { "x-own": "yes" } });
}

/** An event stream that a test writes. */
export function stream() {
  const { readable, writable } = new TransformStream<string, string>(undefined, {
    highWaterMark: 100,
  });
  const writer = writable.getWriter();
  return {
    response: new Response(readable.pipeThrough(new TextEncoderStream()), {
      headers: { "content-type": "text/event-stream" },
    }),
    write: (data: object) => writer.write(`data: ${JSON.stringify(data)}\n\n`),
    end: () => writer.close(),
    fail: (error: Error) => writer.abort(error),
    cancelled: writer.closed.then(() => false, () => true),
  };
}
