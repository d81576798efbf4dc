/**
 * What one runtime needs of a plain `fetch` handler.
 *
 * @module
 */

import type { Reply } from "../reply.ts";
import { isResponse } from "./response.ts";

/** What `Bun.serve` hands to `fetch` beside the request. */
interface BunServer {
  timeout(request: Request, seconds: number): void;
}

/**
 * `Bun.serve` closes a connection on which nothing moved for ten seconds, also while an answer is being
 * made. Where it handed over its server, a request that goes on is exempted.
 */
export function idleTimeoutOff(server: unknown, request: Request, reply: Reply): void {
  const { body } = reply;
  if (body === null || typeof body === "string" || isResponse(body)) return;
  exempt(server, request);
}

/** The same for a request of whose answer it is known that it goes on. */
export function exempt(server: unknown, request: Request): void {
  if (isBunServer(server)) server.timeout(request, 0);
}

function isBunServer(server: unknown): server is BunServer {
  return typeof (server as Partial<BunServer> | undefined)?.timeout === "function";
}
