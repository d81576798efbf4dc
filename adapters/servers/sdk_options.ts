/**
 * What `sdkServer` is given, and what it tells.
 *
 * @module
 */

import type { Awaitable } from "../../core/engine/ports.ts";
import type { JsonObject } from "../../core/protocol/json_rpc.ts";
import type { Revision } from "../../core/protocol/revisions.ts";
import type { SdkModernHandler, SdkServer } from "./sdk_types.ts";

/** For whom a server object is made. */
export interface SdkContext {
  /** The session that it will serve; undefined where it serves a single request without one. */
  readonly sessionId: string | undefined;
  /** The revision that is spoken. */
  readonly version: Revision;
  /** Who calls; undefined for an anonymous caller. */
  readonly principal: string | undefined;
  /** What `authenticate` added. */
  readonly authInfo: unknown;
  /** The client's `initialize` params: its name, version and capabilities. Undefined without a session. */
  readonly initialize: JsonObject | undefined;
  /**
   * The session is older than the object: its earlier one was lost with another process, or is on another
   * node. What the library restores is the handshake; state of your own, log level and resource
   * subscriptions of the session are yours to restore.
   */
  readonly rebuilt: boolean;
}

/** Makes a server object, not yet connected, a new one each time. */
export type SdkServerFactory = (context: SdkContext) => Awaitable<SdkServer>;

/** How SDK servers are served. */
export interface SdkOptions {
  /** Milliseconds after which a client polls whose connection was closed by `closeSSEStream`. Default 1 000. */
  readonly retryMs?: number | undefined;
  /**
   * Answers clients of 2026-07-28: `createMcpHandler(factory, { legacy: "reject" })` of
   * `@modelcontextprotocol/server`, whose servers only their own SDK can attach to that revision. Every rule
   * of the endpoint holds for it too, and `handler.notify` reaches its subscribers. Default: the endpoint
   * serves the revisions with `initialize` alone.
   */
  readonly modern?: SdkModernHandler | undefined;
}
