/**
 * An MCP endpoint, as its user holds it.
 *
 * @module
 */

import type { RequestHead } from "../inbound/head.ts";
import { isObject } from "../protocol/json_rpc.ts";
import type { Application } from "./application.ts";
import { WITHIN } from "./closing.ts";
import { OptionError, shown } from "./errors.ts";
import { type Notify, notifyOf } from "./modern/subscriptions.ts";
import type { McpOptions } from "./options/options.ts";
import { checkApplication } from "./options/read_application.ts";
import { Pipeline } from "./pipeline.ts";
import type { BodyReader, Reply } from "./reply.ts";
import type { SessionDirectory } from "./sessions/directory.ts";
import type { Stats } from "./stats.ts";
import { requestBody } from "./web/body.ts";
import { answer, isStream } from "./web/response.ts";
import { exempt } from "./web/runtime.ts";

/**
 * An MCP endpoint, as {@linkcode createMcpHandler} makes it. Serve it with `serve` of `mcp-session/node`,
 * `mcp-session/deno` or `mcp-session/bun`, or give its `fetch` to any Web-standard server.
 */
export interface McpHandler {
  /**
   * Answers a Web-standard request. Give it to `Deno.serve`, `Bun.serve` or any router; it needs no `this`. It looks at
   * no path. Every failure is an answer. On Bun hand on the second argument too, so that silent streams are not closed
   * after ten seconds.
   */
  readonly fetch: (request: Request, server?: unknown) => Promise<Response>;
  /** Answers a request given as plain data: for runtimes without Web requests. `nodeListener` uses it. */
  readonly handle: (head: RequestHead, body: BodyReader) => Promise<Reply>;
  /** The sessions, from outside any request: list them, talk to the client of one, end one. */
  readonly sessions: SessionDirectory;
  /** Tells clients of every era what changed, on every node. */
  readonly notify: Notify;
  /** Counts what is going on now. Rejects with what the backend threw, where it cannot count sessions. */
  stats(): Promise<Stats>;
  /**
   * Closes the endpoint, in order: refuses new sessions and streams (503 with `Retry-After`), sends the readers of
   * streams away to reconnect, lets calls finish for `within` milliseconds (default 10 000), stops those that are left,
   * and from then on answers everything with 503. Sessions stay in the backend, which is its user's to close. Closing
   * again shares the end, and may hurry it.
   *
   * @throws {OptionError} `within` is not a number of at least 0; nothing is closed then.
   */
  close(options?: { readonly within?: number | undefined }): Promise<void>;
}

/**
 * Makes an MCP endpoint of plain functions: all revisions on one URL, with sessions, streams and their limits.
 *
 * @param application What answers requests: an {@linkcode Application}, or what `sdkServer` of `mcp-session/sdk` makes
 * of a server of the official SDK.
 * @param options All may be left out: see {@linkcode McpOptions}. The defaults serve this machine only.
 * @throws {OptionError} A part of the application or an option has a value that it cannot have, or is not known; or the
 * backend cannot do what an option asks for.
 *
 * @example
 * ```ts
 * import { createMcpHandler } from "mcp-session";
 * import { serve } from "mcp-session/node"; // or mcp-session/bun, or mcp-session/deno
 *
 * const mcp = createMcpHandler({
 *   serverInfo: { name: "clock", version: "1.0.0" },
 *   capabilities: { tools: {} },
 *   request({ method }) {
 *     if (method === "tools/list") {
 *       return { tools: [{ name: "now", inputSchema: { type: "object" } }] };
 *     }
 *     if (method !== "tools/call") return undefined; // the method is not known
 *     return { content: [{ type: "text", text: new Date().toISOString() }] };
 *   },
 * });
 * const { url } = await serve(mcp, { port: 3000 });
 * console.log(`MCP on ${url}`);
 * ```
 */
export function createMcpHandler(application: Application, options: McpOptions = {}): McpHandler {
  checkApplication(application);
  const pipeline = new Pipeline(application, withinEras(application, options));
  const handle = (head: RequestHead, body: BodyReader) => pipeline.handle(head, body);
  return {
    handle,
    fetch: (request, server) =>
      handle(request, requestBody(request)).then((reply) => {
        if (isStream(reply.body)) exempt(server, request);
        return answer(request, reply);
      }),
    sessions: pipeline.sessions,
    notify: notifyOf((change) => pipeline.dispatcher.lifecycle.publish(change)),
    stats: () => pipeline.dispatcher.stats(),
    async close({ within } = {}) {
      const waits = WITHIN("within", within);
      pipeline.front.draining = true;
      await pipeline.dispatcher.close(waits);
      pipeline.front.closed = true;
    },
  };
}

function withinEras({ eras = "both" }: Application, options: McpOptions): McpOptions {
  // What is no object of options is refused with the others.
  if (eras === "both" || !isObject(options) || options.eras === eras) return options;
  if (options.eras === undefined) return { ...options, eras };
  throw new OptionError(
    "eras",
    `${shown(options.eras)}: the application serves ${eras} only`,
  );
}
