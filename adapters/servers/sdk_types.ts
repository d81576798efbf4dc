/**
 * The official SDK's server and transport by structure: what is used of them, in both its major versions
 * (`Transport` of `@modelcontextprotocol/sdk` and of `@modelcontextprotocol/server`). No import of either.
 *
 * @module
 */

import type { ModernHandler } from "../../core/engine/modern/delegate.ts";
import type { JsonObject, RequestId, RpcErrorObject } from "../../core/protocol/json_rpc.ts";

/** A server of the official SDK, as far as it is used: `Server` or `McpServer`, v1 or v2. */
export interface SdkServer {
  /** Attaches the server to a transport and starts it. */
  connect(transport: SdkTransport): Promise<void>;
  /** Closes the server and its transport. */
  close(): Promise<void>;
}

/** What the SDK calls a transport, as far as its servers use it. The library makes it; you do not. */
export interface SdkTransport {
  /** Set by the server. The library calls it once, when the connection is over. */
  onclose?: (() => void) | undefined;
  /** Set by the server. The library reports nothing by it. */
  onerror?: ((error: Error) => void) | undefined;
  /** Set by the server: takes a message from the client. */
  // What the two versions call a message differs; neither is named here.
  // deno-lint-ignore no-explicit-any
  onmessage?: ((message: any, extra?: any) => void) | undefined;
  /** The id of the session; undefined for a request without one. */
  sessionId?: string | undefined;
  /** Called by the server when it is connected. */
  start(): Promise<void>;
  /** Takes a message for the client from the server. */
  send(message: unknown, options?: SdkSendOptions): Promise<void>;
  /** Called by the server when it closes: this ends its session. */
  close(): Promise<void>;
}

/**
 * The official SDK's handler of 2026-07-28, as `createMcpHandler(factory)` of `@modelcontextprotocol/server` makes it.
 */
export interface SdkModernHandler extends ModernHandler {
  /** Ends its subscriptions and what is in flight. Called when the handler closes. */
  close?(): Promise<void>;
  /** Tells its subscribers what changed. Called for what `handler.notify` tells. */
  readonly notify?: {
    toolsChanged(): void;
    promptsChanged(): void;
    resourcesChanged(): void;
    resourceUpdated(uri: string): void;
  };
}

/** What a server says beside a message that it sends. */
export interface SdkSendOptions {
  /** The id of the client's request that the message belongs to; undefined where it belongs to none. */
  readonly relatedRequestId?: RequestId | undefined;
}

/** Any message that a server sends. */
export interface SdkMessage {
  readonly id?: RequestId;
  readonly method?: string;
  readonly params?: JsonObject | undefined;
  readonly result?: JsonObject;
  readonly error?: RpcErrorObject;
}

/** What a server is told beside a message. Version 1 reads `requestInfo`, version 2 `request`. */
export interface SdkExtra {
  readonly authInfo: unknown;
  readonly requestInfo: SdkRequestInfo;
  readonly request: Request;
  /** Ends the connection of the call's own stream so that the client polls. */
  readonly closeSSEStream: (() => void) | undefined;
  /** The same for the session's standalone stream. */
  readonly closeStandaloneSSEStream: (() => void) | undefined;
}

/** The HTTP request as version 1 shows it. */
export interface SdkRequestInfo {
  /** Field values by name in lower case. */
  readonly headers: { readonly [name: string]: string };
  readonly url: URL;
}
