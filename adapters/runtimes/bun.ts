/**
 * Serves MCP on `Bun.serve`. The module loads on every runtime; only `serve` needs Bun.
 *
 * @module
 */

import type { McpHandler } from "../../core/engine/mcp.ts";
import { answer } from "../../core/engine/web/response.ts";
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

interface BunServer {
  readonly hostname: string;
  readonly port: number;
  stop(closeActiveConnections?: boolean): Promise<void>;
}

interface BunRuntime {
  serve(options: {
    port: number;
    hostname: string;
    idleTimeout: number;
    maxRequestBodySize: number;
    fetch: (request: Request, server: unknown) => Response | Promise<Response>;
  }): BunServer;
}

/**
 * Serves a handler on `Bun.serve`, by default on `http://127.0.0.1:3000/mcp`, and closes in order on SIGTERM and
 * SIGINT. Rejects with the runtime's own error where the address cannot be had, such as a port in use.
 *
 * @throws {OptionError} The handler is none that `createMcpHandler` made, or an option has a value that it cannot have.
 * @throws {TypeError} This is another runtime.
 *
 * @example
 * ```ts
 * import { createMcpHandler } from "mcp-session";
 * import { serve } from "mcp-session/bun";
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
  const server = broughtBy<BunRuntime>("Bun").serve({
    port,
    hostname,
    // Bun would close a connection on which nothing moves for ten seconds, such as one that a proxy keeps.
    idleTimeout: 0,
    // The limit is the handler's. Bun's own, 128 MiB, would refuse without a word before any rule is asked.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request, bun) =>
      hasPath(request.url, path) ? handler.fetch(request, bun) : answer(request, notFound(path)),
  });
  const address = { hostname, port: server.port, path };
  return serving(handler, options, address, {
    listening: () => server.stop(),
    rest: () => server.stop(true),
  });
}
