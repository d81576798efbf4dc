import type { Application, McpHandler, McpOptions } from "../../../core/engine/mod.ts";
import { createMcpHandler } from "../../../core/engine/mod.ts";
import type { ServeOptions, Serving } from "../../../adapters/runtimes/serving.ts";

/** The runtime that runs this process. */
export const runtime: "node" | "deno" | "bun" = "Bun" in globalThis
  ? "bun"
  : "Deno" in globalThis
  ? "deno"
  : "node";

const adapter = await import(`../../../adapters/runtimes/${runtime}.ts`) as {
  serve(handler: McpHandler, options: ServeOptions): Promise<Serving>;
};

/** What registers an end: the context of a test has it, and so do the hooks of a file. */
export interface Scope {
  after(fn: () => Promise<void>): void;
}

/** A server that a test talks to. */
export interface Server {
  readonly port: number;
  readonly mcp: McpHandler;
}

/** Serves a handler on this runtime's adapter, on any free port, and leaves the process's signals alone. */
export function serveHere(handler: McpHandler, options: ServeOptions = {}): Promise<Serving> {
  return adapter.serve(handler, { port: 0, signals: false, ...options });
}

/** Serves an application on this runtime's adapter until the test ends. */
export async function up(
  scope: Scope,
  application: Application,
  options: McpOptions = {},
): Promise<Server> {
  const mcp = createMcpHandler(application, options);
  const serving = await serveHere(mcp, { within: 0 });
  scope.after(() => serving.close());
  return { port: serving.port, mcp };
}

/** An application that answers every request as `request` says. */
export function app(
  request: Application["request"] = () => ({}),
  more: Partial<Application> = {},
): Application {
  return { serverInfo: { name: "test", version: "1" }, request, ...more };
}
