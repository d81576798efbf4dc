/**
 * What an application is to this library. What it is given for one request stands in `exchange.ts`.
 *
 * @module
 */

import type { Eras } from "../inbound/head.ts";
import type { JsonObject, RpcNotification, RpcRequest } from "../protocol/json_rpc.ts";
import type { EndReason } from "../session/record.ts";
import type { Exchange } from "./exchange.ts";
import type { ModernHandler } from "./modern/delegate.ts";
import type { Change } from "./modern/subscriptions.ts";
import type { Awaitable } from "./ports.ts";

/** A name and a version, as `serverInfo` and `clientInfo` carry them. */
export interface Implementation {
  /** The program's name, for other programs. */
  readonly name: string;
  /** The program's version. */
  readonly version: string;
  /** Whatever else a revision has, such as `title`. It is sent as it is. */
  readonly [key: string]: unknown;
}

/**
 * How long clients of 2026-07-28 may keep a result, and who may see the copy (server/utilities/caching). Both are sent
 * with the results of lists, of `resources/read` and of `server/discover`, unless a result says `ttlMs` or `cacheScope`
 * itself.
 */
export interface CacheHints {
  /** How long a copy is fresh: whole milliseconds, at least 0. Default 0: it is stale at once. */
  readonly ttlMs?: number | undefined;
  /** `public` where a shared cache may give the copy to other users. Default `private`. */
  readonly scope?: "public" | "private" | undefined;
}

/**
 * The result of a request: an object that can be written as JSON. An interface's type will do, and so will
 * {@linkcode JsonObject}. A promise or anything that is iterated, such as an array, is none.
 */
// A promise is an object too: were `then` not ruled out, one of anything would do. Without JsonObject, literals given
// to a promise's `resolve` might have no members.
export type RpcResult =
  | JsonObject
  | (object & { readonly then?: never; readonly [Symbol.iterator]?: never });

/**
 * An MCP server as plain functions: what {@linkcode createMcpHandler} serves. Needed are `request`, and `serverInfo` or
 * `initialize`. A server of the official SDK becomes an application by `sdkServer` of `mcp-session/sdk`.
 *
 * @example
 * ```ts
 * import { type Application, createMcpHandler, RpcError } from "mcp-session";
 *
 * const application: Application = {
 *   serverInfo: { name: "greeter", version: "1.0.0" },
 *   capabilities: { tools: {} },
 *   request({ method, params }) {
 *     if (method === "tools/list") {
 *       return { tools: [{ name: "greet", inputSchema: { type: "object" } }] };
 *     }
 *     if (method === "tools/call") {
 *       if (params?.["name"] !== "greet") throw new RpcError(-32602, "Unknown tool");
 *       return { content: [{ type: "text", text: "Hello" }] };
 *     }
 *     return undefined; // the method is not known
 *   },
 * };
 * export const mcp = createMcpHandler(application);
 * ```
 */
export interface Application {
  /**
   * The server's name and version. Sent in the result of `initialize`, and to clients of 2026-07-28 in the `_meta` of
   * every result. May be left out where {@linkcode Application.initialize} is given.
   */
  readonly serverInfo?: Implementation | undefined;
  /**
   * What the server offers, such as `{ tools: { listChanged: true } }`. Sent in the results of `initialize` and
   * `server/discover`. Change notifications reach only those subscribers of 2026-07-28 whose wish it covers. Default
   * `{}`.
   */
  readonly capabilities?: { readonly [name: string]: object | undefined } | undefined;
  /** How to use the server, in words. Sent in the results of `initialize` and `server/discover`. Default: nothing. */
  readonly instructions?: string | undefined;
  /**
   * Answers a request: returns the `result` object, or undefined for a method that it does not know (the client gets
   * -32601; where `capabilities` promises the method, an `application-error` event tells of it). The library itself
   * answers `initialize` and `ping`, and in 2026-07-28 `server/discover` and `subscriptions/listen`.
   *
   * Throw an {@linkcode RpcError} to answer with an error of your own. Anything else that is thrown, and a result that
   * is not an object or cannot be written as JSON, is answered with -32603 (its message stays on the server) and told
   * as an `application-error` event.
   */
  request(request: RpcRequest, exchange: Exchange): Awaitable<RpcResult | undefined>;
  /**
   * Receives a notification. The client has its answer (202) whatever this does; what it throws is told as an
   * `application-error` event. In 2026-07-28 it does not get the notifications that the revision removed, such as
   * `notifications/cancelled`.
   */
  notification?(notification: RpcNotification, exchange: Exchange): Awaitable<void>;
  /**
   * Answers `initialize` in place of the library: returns the whole `InitializeResult`. Its `protocolVersion` has to be
   * a revision with `initialize` that is served here; `exchange.version` is the negotiated one. Anything else is
   * answered with -32603, and no session is opened.
   */
  initialize?(request: RpcRequest, exchange: Exchange): Awaitable<JsonObject>;
  /**
   * Gives every tool with its `inputSchema`. From the `x-mcp-header` annotations in these the library learns which
   * arguments a client of 2026-07-28 mirrors into `Mcp-Param-*` headers, and compares the two. Without it these headers
   * are not looked at.
   *
   * It is asked when the handler is made, and again after `notify.toolsListChanged()`. Where it fails then, that is
   * told as an `application-error` event and what it gave before still holds.
   */
  tools?(): Awaitable<Iterable<{ readonly name: string; readonly inputSchema?: unknown }>>;
  /** The cache hints for results that have none of their own; only clients of 2026-07-28 get them. */
  readonly cache?: CacheHints | undefined;
  /**
   * Says whether a session with `initialize` asked for updates of a resource (by `resources/subscribe`, which is a
   * request to this application). `notify.resourceUpdated(uri)` then tells it. Without this function no such session
   * is told of updates. It is asked for each session whose standalone stream is open on this node, whichever node took
   * the request.
   */
  subscribed?(sessionId: string, uri: string): Awaitable<boolean>;
  /**
   * Is told that a session is over, on whichever node it ended and for whatever reason; also where
   * {@linkcode Application.initialize} has answered and the session could not be opened after all.
   */
  ended?(sessionId: string, reason: EndReason): Awaitable<void>;
  /**
   * Gives the ids of the sessions for which the application keeps something. Now and then the library looks these up,
   * and calls {@linkcode Application.ended} for those that are over although no word of it has come to this node: the
   * message between the nodes was lost, or the session only expired. The application then has to forget them.
   */
  holds?(): Iterable<string>;
  /** The eras that the application can serve. Default `both`. The option `eras` may narrow it, not widen it. */
  readonly eras?: Eras | undefined;
  /**
   * A handler that answers all requests of 2026-07-28 in place of {@linkcode Application.request}, `server/discover`
   * and `subscriptions/listen` included. It gets only requests that have passed the rules.
   */
  readonly modern?: ModernHandler | undefined;
  /** Is told, on every node, what `handler.notify` tells clients. */
  changed?(change: Change): void;
  /**
   * Is told that the handler has closed: no further call comes. `handler.close()` waits for it. What it throws is told
   * as an `application-error` event.
   */
  close?(): Awaitable<void>;
}
