/**
 * Serves MCP on `Deno.serve`. The module loads on every runtime; only `serve` needs Deno.
 *
 * @module
 */

import type { McpHandler } from "../../core/engine/mcp.ts";
import { toResponse } from "../../core/engine/web/response.ts";
import {
  broughtBy,
  checkHandler,
  hasPath,
  notFound,
  readServeOptions,
  type ServeOptions,
  type Serving,
  serving,
} from "./serving.ts";

export type { ServeOptions, Serving } from "./serving.ts";

interface DenoServer {
  readonly addr: { readonly hostname: string; readonly port: number };
  readonly finished: Promise<void>;
  shutdown(): Promise<void>;
  unref(): void;
}

interface DenoRuntime {
  serve(
    options: { port: number; hostname: string; onListen: () => void },
    handler: (request: Request) => Response | Promise<Response>,
  ): DenoServer;
}

/**
 * Serves a handler on `Deno.serve`, by default on `http://127.0.0.1:3000/mcp`, and closes in order on SIGTERM and
 * SIGINT. Rejects with the runtime's own error where the address cannot be had, such as a port in use.
 *
 * @throws {OptionError} The handler is none that `createMcpHandler` made, or an option has a value that it cannot have.
 * @throws {TypeError} This is another runtime.
 *
 * @example
 * ```ts
 * import { createMcpHandler } from "mcp-session";
 * import { serve } from "mcp-session/deno";
 * import { application } from "./application.ts";
 *
 * const { url } = await serve(createMcpHandler(application), { port: 3000 });
 * console.log(`MCP on ${url}`);
 * ```
 */
// deno-lint-ignore require-await -- what goes wrong is a rejection
export async function serve(handler: McpHandler, options: ServeOptions = {}): Promise<Serving> {
  checkHandler(handler);
  const { port, hostname, path } = readServeOptions(options);
  const runtime = broughtBy<DenoRuntime>("Deno");
  const answer = (request: Request): Response | Promise<Response> =>
    hasPath(request.url, path) ? handler.fetch(request) : toResponse(notFound(path));
  /** More than one where some have failed and have connections still. */
  const servers = new Set<DenoServer>();
  let closing = false;
  const listen = (at: number): DenoServer => {
    const server = runtime.serve({ port: at, hostname, onListen: () => {} }, answer);
    servers.add(server);
    server.finished.catch((error) => failed(server, error));
    return server;
  };
  // Deno takes no connections any more once it could not take one, for want of descriptors, and ends a process that
  // does not look. What goes on goes on; idle connections are given back.
  const failed = (server: DenoServer, error: unknown): void => {
    if (closing) return;
    console.error("mcp-session: Deno stopped taking connections; listening again", error);
    stop(server).finally(() => servers.delete(server));
    setTimeout(again, PAUSE_MS);
  };
  const again = (): void => {
    if (closing) return;
    try {
      listen(address.port);
    } catch {
      setTimeout(again, PAUSE_MS);
    }
  };
  const address = { hostname, port: listen(port).addr.port, path };
  return serving(handler, options, address, {
    listening: async () => {
      closing = true;
      await Promise.all([...servers].map(stop));
    },
    // Deno breaks no connection of a server that shuts down; it must not keep the process, though.
    rest: () => {
      for (const server of servers) server.unref();
    },
  });
}

// One that has failed says so again.
function stop(server: DenoServer): Promise<void> {
  return server.shutdown().catch(() => {});
}

/** After how many milliseconds it is tried again to listen. */
const PAUSE_MS = 500;
