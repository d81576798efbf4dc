/**
 * The options of `createSessions`.
 *
 * @module
 */

import type { RequestHead } from "../../inbound/head.ts";
import type { Limits, SessionOptions } from "../options/options.ts";

/** The limits of {@linkcode createSessions}: those of {@linkcode Limits} that have a meaning for any handler. */
export type GuardLimits = Pick<
  Limits,
  "bodyBytes" | "sessions" | "sessionsPerPrincipal" | "idleMs" | "maxAgeMs"
>;

/** Options of {@linkcode createSessions}. */
export interface GuardOptions extends Omit<SessionOptions, "sessions" | "limits"> {
  /**
   * Your function that returns true for the request that opens a session, such as a POST to `/mcp/init`. It is not
   * called for DELETE, which never opens one. It may not be async; what it throws, and anything but true and false, is
   * answered with 500. Look at the method too: the GET of an `<img>` on any page has no `Origin`.
   */
  readonly opens: (request: RequestHead) => boolean;
  /**
   * What may be held at one time, and for how long. See {@linkcode Limits}. `bodyBytes` bounds the `Content-Length`
   * that a request declares: the body itself is the handler's to read.
   */
  readonly limits?: GuardLimits | undefined;
}
