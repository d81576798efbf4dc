/**
 * The official SDK's server and transport by structure: what is used of them, in both its major versions
 * (`Transport` of `@modelcontextprotocol/sdk` and of `@modelcontextprotocol/server`). No import of either.
 *
 * @module
 */

import type { ModernHandler } from "../../core/engine/modern/delegate.ts";
import type { JsonObject, RequestId, RpcErrorObject } from "../../core/protocol/json_rpc.ts";

/** A server of the official SDK: `Server` or `McpServer`, v1 or v2. */
export interface SdkServer {
  /** Attaches the server to a transport and starts it. */
  connect(transport: SdkTransport): Promise<void>;
  /** Closes the transport. */
  close(): Promise<void>;
}

/** What a server is connected to. */
export interface SdkTransport {
  /** Set by the server: the connection is over. Called once. */
  onclose?: (() => void) | undefined;
  /** Set by the server. */
  onerror?: ((error: Error) => void) | undefined;
  /** Set by the server: takes a message from the client. */
  // What the two versions call a message differs; neither is named here.
  // deno-lint-ignore no-explicit-any
  onmessage?: ((message: any, extra?: any) => void) | undefined;
  sessionId?: string | undefined;
  start(): Promise<void>;
  /** Takes a message for the client. */
  send(message: unknown, options?: SdkSendOptions): Promise<void>;
  close(): Promise<void>;
}

/**
 * The official SDK's handler of the new era, as `createMcpHandler(factory)` of `@modelcontextprotocol/server` makes it.
 */
export interface SdkModernHandler extends ModernHandler {
  /** Ends its subscriptions and what is in flight. */
  close?(): Promise<void>;
  /** Tells its subscribers what changed. */
  readonly notify?: {
    toolsChanged(): void;
    promptsChanged(): void;
    resourcesChanged(): void;
    resourceUpdated(uri: string): void;
  };
}

/** What a server says about a message that it sends. */
export interface SdkSendOptions {
  /** The id of the inbound request that the message belongs to. */
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
