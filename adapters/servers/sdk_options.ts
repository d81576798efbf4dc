/**
 * What `sdkServer` is given, and what it tells.
 *
 * @module
 */

import type { Awaitable } from "../../core/engine/ports.ts";
import type { JsonObject } from "../../core/protocol/json_rpc.ts";
import type { Revision } from "../../core/protocol/revisions.ts";
import type { SdkModernHandler, SdkServer } from "./sdk_types.ts";

/** For whom a server object is made: what a {@linkcode SdkServerFactory} is given. */
export interface SdkContext {
  /** The id of the session that it will serve; undefined where it serves a single request without one. */
  readonly sessionId: string | undefined;
  /** The revision that is spoken. */
  readonly version: Revision;
  /** Who calls; undefined for an anonymous caller. */
  readonly principal: string | undefined;
  /** What the option `authenticate` gave beside the principal. Later requests of the session may have another. */
  readonly authInfo: unknown;
  /** The client's `initialize` params: `protocolVersion`, `capabilities`, `clientInfo`. Undefined without a session. */
  readonly initialize: JsonObject | undefined;
  /**
   * True where the session is older than this object: its earlier one was lost with another process, or is on another
   * node. The library restores the handshake. State of your own, and the session's log level and resource
   * subscriptions, are yours to restore.
   */
  readonly rebuilt: boolean;
}

/** Makes a server object, not yet connected; a new one each time. */
export type SdkServerFactory = (context: SdkContext) => Awaitable<SdkServer>;

/** Options of {@linkcode sdkServer}. All may be left out. */
export interface SdkOptions {
  /**
   * Milliseconds that a client waits before it comes back after a tool has closed its connection with `closeSSEStream`.
   * At least 0. Default 1 000.
   */
  readonly retryMs?: number | undefined;
  /**
   * The SDK's own handler, `createMcpHandler(factory, { legacy: "reject" })` of `@modelcontextprotocol/server`, which
   * answers clients of 2026-07-28: only that SDK can attach its servers to this revision. Every rule of the endpoint
   * holds for it too, and `handler.notify` reaches its subscribers. Default: the endpoint serves only the revisions
   * with `initialize`.
   */
  readonly modern?: SdkModernHandler | undefined;
}
