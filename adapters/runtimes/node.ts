/**
 * Serves MCP, or any listener with sessions, on `node:http`: {@linkcode serve} listens by itself,
 * {@linkcode nodeListener} and {@linkcode guardListener} are for a server or framework of your own. Requests go
 * straight from `IncomingMessage` to the engine and back, without a `Request` or a `Response` in between.
 *
 * @module
 */

import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import type { McpHandler } from "../../core/engine/mcp.ts";
import { NodeBody } from "./node_body.ts";
import { NodeHead } from "./node_head.ts";
import { type NodeRequest, type NodeResponse, sendReply } from "./node_http.ts";
import {
  checkHandler,
  hasPath,
  notFound,
  readServeOptions,
  type ServeOptions,
  type Serving,
  serving,
} from "./serving.ts";

export type { ServeOptions, Serving } from "./serving.ts";
export type { NodeRequest, NodeResponse, NodeSocket } from "./node_http.ts";
export { type GuardedListener, guardListener } from "./node_guard.ts";

/** Bytes of a request's head: a session id that is far too long still gets its answer. */
const MAX_HEADER_BYTES = 80 << 10;

/**
 * Milliseconds that an idle connection is kept: longer than proxies keep theirs, which is 60 seconds mostly and 600 at
 * Google. After Node's own five, a proxy's next request may meet a connection that is closing, and is answered 502.
 */
const IDLE_CONNECTION_MS = 620_000;

/**
 * Makes a listener for `http.createServer`, `https.createServer`, Express (`app.all("/mcp", …)`) or any framework that
 * hands on Node's request and response. It looks at no path, and listens to no signal: call `handler.close()` when you
 * close your server. Where a body parser came first, what it left as `request.body` is taken, and its limit holds.
 *
 * @throws {OptionError} The handler is none that `createMcpHandler` made.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { createMcpHandler } from "mcp-session";
 * import { nodeListener } from "mcp-session/node";
 * import { application } from "./application.ts";
 *
 * const mcp = createMcpHandler(application);
 * // Without this option Node drops the second of two `Host` fields, and no rule sees it.
 * createServer({ joinDuplicateHeaders: true }, nodeListener(mcp)).listen(3000, "127.0.0.1");
 * ```
 */
export function nodeListener(
  handler: McpHandler,
): (request: NodeRequest, response: NodeResponse) => void {
  checkHandler(handler);
  return (request, response) => {
    handler.handle(new NodeHead(request), new NodeBody(request, response)).then(
      (reply) => sendReply(response, reply, request),
      () => response.destroy(),
    );
  };
}

/**
 * Serves a handler on `node:http`, by default on `http://127.0.0.1:3000/mcp`, and closes in order on SIGTERM and
 * SIGINT. Rejects with the runtime's own error where the address cannot be had, such as a port in use. It speaks HTTP,
 * not HTTPS.
 *
 * @throws {OptionError} The handler is none that `createMcpHandler` made, or an option has a value that it cannot have.
 *
 * @example
 * ```ts
 * import { createMcpHandler } from "mcp-session";
 * import { serve } from "mcp-session/node";
 * import { application } from "./application.ts";
 *
 * const { url } = await serve(createMcpHandler(application), { port: 3000 });
 * console.log(`MCP on ${url}`);
 * ```
 */
export async function serve(handler: McpHandler, options: ServeOptions = {}): Promise<Serving> {
  const { port, hostname, path } = readServeOptions(options);
  const listener = nodeListener(handler);
  // Node would take the first of two `Host` or `Content-Type` fields and drop the other, unseen by any rule.
  const rules = {
    maxHeaderSize: MAX_HEADER_BYTES,
    joinDuplicateHeaders: true,
    keepAliveTimeout: IDLE_CONNECTION_MS,
  };
  const server = createServer(rules, (request, response) => {
    if (hasPath(request.url ?? "/", path)) return listener(request, response);
    sendReply(response, notFound(path), request);
  });
  spareAnswers(server);
  return await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      const bound = server.address() as { port: number };
      resolve(serving(handler, options, { hostname, port: bound.port, path }, {
        listening: () => {
          // Node keeps a connection open after its last answer, and does not look again by itself.
          const idle = setInterval(() => server.closeIdleConnections(), 10);
          return new Promise<void>((done) => server.close(() => done())).finally(() =>
            clearInterval(idle)
          );
        },
        rest: () => server.closeAllConnections(),
      }));
    });
  });
}

/**
 * Node takes a connection for idle once its answer was ended, also while megabytes of that are on their way, and cuts
 * it. While there is such a one, none is closed for being idle. Node's own `close()` asks here too.
 */
function spareAnswers(server: Server): void {
  const open = new Set<Socket>();
  function over(this: Socket): void {
    open.delete(this);
  }
  server.on("connection", (socket: Socket) => {
    open.add(socket);
    socket.on("close", over);
  });
  const closeIdle = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {
    for (const { writableLength } of open) if (writableLength > 0) return;
    closeIdle();
  };
}
