/**
 * MCP on `node:http`: requests go straight from `IncomingMessage` to the engine and back, without a
 * `Request` or a `Response` in between.
 *
 * @module
 */

import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import type { McpHandler } from "../../core/engine/mcp.ts";
import { NodeHead } from "./node_head.ts";
import { NodeBody, type NodeRequest, type NodeResponse, sendReply } from "./node_http.ts";
import {
  checkHandler,
  hasPath,
  notFoundText,
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
 * A listener for `http.createServer`, Express (`app.all`) or any framework that hands on Node's objects. Where a
 * body parser came first, what it left as `request.body` is taken.
 *
 * @throws {OptionError} A handler that is none.
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
 * Serves a handler on `node:http`, on this machine only unless told otherwise. Rejects where the address
 * cannot be had.
 *
 * @throws {OptionError} A handler or an option that cannot be.
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
    response.writeHead(404, { "content-type": "application/json" }).end(notFoundText(path));
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
