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
import { answer } from "./web/response.ts";
import { idleTimeoutOff } from "./web/runtime.ts";

/** An MCP endpoint. */
export interface McpHandler {
  /** Answers a Web-standard request. Give it to `Deno.serve`, `Bun.serve` or any router. */
  readonly fetch: (request: Request, server?: unknown) => Promise<Response>;
  /** Answers plain data; the seam that runtimes without Web requests use. */
  readonly handle: (head: RequestHead, body: BodyReader) => Promise<Reply>;
  /** The sessions: list them, talk to one, end one. */
  readonly sessions: SessionDirectory;
  /** Tells clients what changed, whatever their era. */
  readonly notify: Notify;
  /** What is going on. */
  stats(): Promise<Stats>;
  /**
   * Refuses new sessions and streams (503 with `Retry-After`), sends stream readers away to reconnect, lets
   * calls finish for `within` milliseconds (default 10 000), then stops them. Rejects with an {@linkcode OptionError},
   * and closes nothing, where `within` is no number of at least 0.
   */
  close(options?: { readonly within?: number | undefined }): Promise<void>;
}

/**
 * Makes an MCP endpoint of plain functions.
 *
 * @throws {OptionError} An application or an option that cannot be.
 */
export function createMcpHandler(application: Application, options: McpOptions = {}): McpHandler {
  checkApplication(application);
  const pipeline = new Pipeline(application, withinEras(application, options));
  const handle = (head: RequestHead, body: BodyReader) => pipeline.handle(head, body);
  return {
    handle,
    fetch: (request, server) =>
      handle(request, requestBody(request)).then((reply) => {
        idleTimeoutOff(server, request, reply);
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
