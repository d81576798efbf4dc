/**
 * Progress tokens of requests to the client. The SDK counts them from 0 in every server object, so one that
 * serves a session after another would take the other's progress for its own.
 *
 * @module
 */

import { randomToken } from "../../core/engine/ids.ts";
import { isObject, type JsonObject } from "../../core/protocol/json_rpc.ts";

/** The tokens of one server object. */
export class ProgressTokens {
  readonly #mark = `${randomToken(6)}.`;

  /** The params of a request, with its token marked. */
  outward(params: JsonObject | undefined): JsonObject | undefined {
    const meta = params?._meta;
    if (!isObject(meta) || meta.progressToken === undefined) return params;
    const token = `${this.#mark}${JSON.stringify(meta.progressToken)}`;
    return { ...params, _meta: { ...meta, progressToken: token } };
  }

  /** The token that the server gave; undefined where it is none of its own. */
  inward(token: unknown): unknown {
    if (typeof token !== "string" || !token.startsWith(this.#mark)) return undefined;
    try {
      return JSON.parse(token.slice(this.#mark.length));
    } catch {
      // A client that makes up tokens has no progress to tell of.
      return undefined;
    }
  }
}
