import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import type { Application, McpHandler, McpOptions, Sessions } from "../../../core/engine/mod.ts";
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

interface Globals {
  readonly Bun?: {
    serve(options: {
      port: number;
      hostname: string;
      fetch: McpHandler["fetch"];
    }): { readonly port: number; stop(force: boolean): Promise<void> };
  };
  readonly Deno?: {
    serve(
      options: { port: number; hostname: string; onListen: () => void },
      handler: (request: Request) => Promise<Response>,
    ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
  };
}

/** What registers an end: the context of a test has it, and so do the hooks of a file. */
export interface Scope {
  after(fn: () => Promise<void>): void;
}

/** A server that a test talks to. */
export interface Server {
  readonly port: number;
  readonly mcp: McpHandler;
}

/** A server without any of this library's adapters around `fetch`: what a user writes in one line. */
export async function servePlain(handler: McpHandler): Promise<Pick<Serving, "port" | "close">> {
  const { Bun, Deno } = globalThis as unknown as Globals;
  if (Bun !== undefined) {
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: handler.fetch });
    return { port: server.port, close: () => server.stop(true) };
  }
  if (Deno !== undefined) {
    const options = { port: 0, hostname: "127.0.0.1", onListen: () => {} };
    const server = Deno.serve(options, handler.fetch);
    return {
      port: server.addr.port,
      close: () => handler.close({ within: 0 }).then(() => server.shutdown()),
    };
  }
  return await serveListener(handler);
}

/** Sessions around a handler that answers at once, served by what this runtime brings. */
export async function serveGuarded(
  sessions: Sessions,
  status: () => number = () => 204,
): Promise<Pick<Serving, "port" | "close">> {
  if (runtime === "node") {
    const { guardListener } = await import("../../../adapters/runtimes/node.ts");
    const none = (_request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(status()).end();
    };
    return await listening(guardListener(sessions, none));
  }
  return await serveWebGuarded(sessions, () => new Response(null, { status: status() }));
}

/** Sessions around a Web handler, where the runtime serves those. */
export function serveWebGuarded(
  sessions: Sessions,
  handler: () => Response,
): Promise<Pick<Serving, "port" | "close">> {
  const fetch = sessions.guard(handler);
  return servePlain({ fetch, close: () => sessions.close() } as unknown as McpHandler);
}

/** The listener for `node:http`, on whatever runtime. */
export async function serveListener(handler: McpHandler): Promise<Pick<Serving, "port" | "close">> {
  const { nodeListener } = await import("../../../adapters/runtimes/node.ts");
  return await listening(nodeListener(handler));
}

async function listening(listener: RequestListener): Promise<Pick<Serving, "port" | "close">> {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", () => done()));
  const { port } = server.address() as { port: number };
  const close = (): Promise<void> => {
    const closed = new Promise<void>((done) => server.close(() => done()));
    server.closeAllConnections();
    return closed;
  };
  return { port, close };
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
