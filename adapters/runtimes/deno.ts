/**
 * MCP on `Deno.serve`.
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
 * Serves a handler on `Deno.serve`, on this machine only unless told otherwise. Rejects where the address
 * cannot be had.
 *
 * @throws {OptionError} A handler or an option that cannot be.
 * @throws {TypeError} This is another runtime.
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
