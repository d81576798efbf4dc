/**
 * Serves MCP on `Deno.serve`. The module loads on every runtime; only `serve` needs Deno.
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

interface DenoServer {
  readonly addr: { readonly hostname: string; readonly port: number };
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
  const server = broughtBy<DenoRuntime>("Deno").serve(
    { port, hostname, onListen: () => {} },
    (request) => hasPath(request.url, path) ? handler.fetch(request) : notFound(path),
  );
  const address = { hostname, port: server.addr.port, path };
  return serving(handler, options, address, {
    listening: () => server.shutdown(),
    // Deno breaks no connection of a server that shuts down; it must not keep the process, though.
    rest: () => server.unref(),
  });
}
