/**
 * What one runtime needs of a plain `fetch` handler.
 *
 * @module
 */

/** What `Bun.serve` hands to `fetch` beside the request. */
interface BunServer {
  timeout(request: Request, seconds: number): void;
}

/**
 * `Bun.serve` closes a connection on which nothing moved for ten seconds, also while an answer is being
 * made. Where it handed over its server, a request whose answer goes on is exempted.
 */
export function exempt(server: unknown, request: Request): void {
  if (isBunServer(server)) server.timeout(request, 0);
}

function isBunServer(server: unknown): server is BunServer {
  return typeof (server as Partial<BunServer> | undefined)?.timeout === "function";
}
