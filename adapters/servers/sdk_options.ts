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
  /** Milliseconds that a client waits before it comes back after `closeSSEStream`. Default 1 000. */
  readonly retryMs?: number | undefined;
  /**
   * The SDK's own handler, `createMcpHandler(factory, { legacy: "reject" })` of `@modelcontextprotocol/server`, which
   * answers clients of 2026-07-28: only that SDK can attach its servers to this revision. Every rule of the
   * endpoint holds for it too, and `handler.notify` reaches its subscribers. Default: the endpoint serves only the
   * revisions with `initialize`.
   */
  readonly modern?: SdkModernHandler | undefined;
}
