/**
 * Authentication for tests: who calls is written in the token.
 *
 * @module
 */

import type { Authenticated, RequestHead } from "../../core/engine/mod.ts";

/**
 * The principal is the part of the bearer token before its first colon, so that `alice:t1` and `alice:t2`
 * are two tokens of alice. No `Authorization` at all is an anonymous caller; one that names nobody is 401.
 * A real hook verifies a signature here and names issuer, subject and client.
 */
export function bearer(request: RequestHead): Authenticated {
  const authorization = request.headers.get("authorization");
  if (authorization === null) return undefined;
  const principal = /^bearer +([^\s:]+)(?::\S*)?$/i.exec(authorization)?.[1];
  if (principal !== undefined) return principal;
  const error = {
    code: -32000,
    message: "Authorization: expected Bearer <principal>[:<anything>]",
  };
  return new Response(JSON.stringify({ jsonrpc: "2.0", error }), {
    status: 401,
    headers: { "content-type": "application/json", "www-authenticate": "Bearer" },
  });
}
