/**
 * MCP on `Bun.serve`.
 *
 * @module
 */

import type { McpHandler } from "../../core/engine/mcp.ts";
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
 * Serves a handler on `Bun.serve`, on this machine only unless told otherwise. Rejects where the address
 * cannot be had.
 *
 * @throws {OptionError} A handler or an option that cannot be.
 * @throws {TypeError} This is another runtime.
 */
// deno-lint-ignore require-await -- what goes wrong is a rejection
export async function serve(handler: McpHandler, options: ServeOptions = {}): Promise<Serving> {
  checkHandler(handler);
  const { port, hostname, path } = readServeOptions(options);
  const server = broughtBy<BunRuntime>("Bun").serve({
    port,
    hostname,
    // Bun would close a connection on which a call is silent for ten seconds.
    idleTimeout: 0,
    // The limit is the handler's. Bun's own, 128 MiB, would refuse without a word before any rule is asked.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request, bun) =>
      hasPath(request.url, path) ? handler.fetch(request, bun) : notFound(path),
  });
  const address = { hostname, port: server.port, path };
  return serving(handler, options, address, {
    listening: () => server.stop(),
    rest: () => server.stop(true),
  });
}
