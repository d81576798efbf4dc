/**
 * What an application is to this library, and what it is given for one request.
 *
 * @module
 */

import type { Eras, RequestHead } from "../inbound/head.ts";
import type { JsonObject, RequestId, RpcNotification, RpcRequest } from "../protocol/json_rpc.ts";
import type { Era, Revision } from "../protocol/revisions.ts";
import type { EndReason } from "../session/record.ts";
import type { ModernHandler } from "./modern/delegate.ts";
import type { Change } from "./modern/subscriptions.ts";
import type { Awaitable } from "./ports.ts";

/** A name and a version, as `serverInfo` and `clientInfo` carry them. */
export interface Implementation {
  readonly name: string;
  readonly version: string;
  readonly [key: string]: unknown;
}

/** Cache hints of 2026-07-28 (server/utilities/caching). */
export interface CacheHints {
  /** Milliseconds. Default 0: stale at once. */
  readonly ttlMs?: number | undefined;
  /** Whether a cache may serve it to others. Default `private`. */
  readonly scope?: "public" | "private" | undefined;
}

/** The result of a request: an object. A promise, or what is iterated as an array is, is none. */
// A promise is an object too: were `then` not ruled out, one of anything would do. Without JsonObject, literals given
// to a promise's `resolve` might have no members.
export type RpcResult =
  | JsonObject
  | (object & { readonly then?: never; readonly [Symbol.iterator]?: never });

/** An MCP server as plain functions. */
export interface Application {
  /** Sent in `InitializeResult`. May be left out where {@linkcode Application.initialize} answers. */
  readonly serverInfo?: Implementation | undefined;
  /** What the server offers; sent in `InitializeResult`. Default `{}`. */
  readonly capabilities?: JsonObject | undefined;
  /** Sent in `InitializeResult` where given. */
  readonly instructions?: string | undefined;
  /**
   * Answers a request: the `result` object, or undefined for a method it does not know (-32601).
   * `initialize` and `ping` are answered by the library, and of 2026-07-28 `server/discover` and
   * `subscriptions/listen`. Throw an {@linkcode RpcError} to answer with an
   * error of your own; anything else that is thrown is answered with -32603 and stays on the server.
   */
  request(request: RpcRequest, exchange: Exchange): Awaitable<RpcResult | undefined>;
  /** Receives a notification. It is acknowledged (202) before and whatever this does. */
  notification?(notification: RpcNotification, exchange: Exchange): Awaitable<void>;
  /**
   * Answers `initialize` in place of the library. The `protocolVersion` of the result has to be one that
   * is served here.
   */
  initialize?(request: RpcRequest, exchange: Exchange): Awaitable<JsonObject>;
  /**
   * Every tool with its `inputSchema`, from which the library learns which parameters a modern client mirrors
   * into headers (`x-mcp-header`). Asked when the handler is made, and again after `notify.toolsListChanged()`; where
   * it fails then, what it gave before still holds.
   */
  tools?(): Awaitable<Iterable<{ readonly name: string; readonly inputSchema?: unknown }>>;
  /** How long, and for whom, modern clients may keep lists and resources where a result does not say. */
  readonly cache?: CacheHints | undefined;
  /** Whether a legacy session asked for updates of a resource; see `notify.resourceUpdated`. */
  subscribed?(sessionId: string, uri: string): boolean;
  /** Is told that a session is over, wherever and for whatever reason it ended. */
  ended?(sessionId: string, reason: EndReason): Awaitable<void>;
  /**
   * The sessions for which it keeps something. Now and then it is told of those among them that are over without
   * a word of it having come here: another node's word was lost, or the session only expired.
   */
  holds?(): Iterable<string>;
  /** The eras that it can serve. Default `both`. */
  readonly eras?: Eras | undefined;
  /**
   * Answers modern requests in place of {@linkcode Application.request}, `server/discover` and
   * `subscriptions/listen` included. What it gets has passed the rules.
   */
  readonly modern?: ModernHandler | undefined;
  /** Is told, on every node, what `handler.notify` tells clients. */
  changed?(change: Change): void;
  /** Is told that the handler has closed: nothing comes any more. `handler.close()` waits for it. */
  close?(): Awaitable<void>;
}

/** The session of a request, as the application sees it. */
export interface Session {
  readonly id: string;
  /** The revision that `initialize` settled on. */
  readonly version: Revision | undefined;
  /**
   * Who opened it; undefined for an anonymous caller. Where the id is the record (`sealed`) and the name is long, a
   * digest of it until the owner has sent a request to this node.
   */
  readonly principal: string | undefined;
  /** When it was opened, in milliseconds since the epoch. */
  readonly created: number;
  /** When its last exchange ended, in milliseconds since the epoch. */
  readonly seen: number;
  /** `notifications/initialized` has arrived. */
  readonly ready: boolean;
  /** The client's `initialize` params. */
  readonly initialize: JsonObject;
}

/** A session, and the ways to reach its client outside any call. */
export interface SessionHandle extends Session {
  /**
   * Sends a notification on the session's standalone stream; it waits in the log for a reader. It goes nowhere
   * where the session is over, or not stored yet.
   */
  notify(method: string, params?: JsonObject): void;
  /**
   * Asks the client on the session's standalone stream.
   *
   * @throws {ClientRequestError} With a code: `no-stream` where the client has not opened it (see
   * {@linkcode SessionRequestOptions.queued}), and as {@linkcode Exchange.request} does.
   */
  request(
    method: string,
    params?: JsonObject,
    options?: SessionRequestOptions,
  ): Promise<JsonObject>;
  /**
   * Ends the connection that reads the standalone stream as {@linkcode Exchange.closeStream} does that of a call, in
   * earlier revisions too: their clients do come back to this one.
   *
   * @throws {TypeError} The time is no finite number of at least 0.
   */
  closeStream(options?: { readonly retryMs?: number | undefined }): void;
  /** Ends the session. False where it had ended already. */
  end(): Promise<boolean>;
}

/** How a server-to-client request waits. */
export interface RequestOptions {
  /**
   * Milliseconds until it fails with a {@linkcode ClientRequestError} of code `timeout`, at least 0; what is none
   * fails it with a `TypeError`. Default 60 000.
   */
  readonly timeoutMs?: number | undefined;
  /** Gives up: the client gets `notifications/cancelled`, with the signal's reason where that is a string. */
  readonly signal?: AbortSignal | undefined;
}

/** How a request outside any call waits. */
export interface SessionRequestOptions extends RequestOptions {
  /** Waits in the log for the client to open its standalone stream. Default false: it fails at once. */
  readonly queued?: boolean | undefined;
}

/** A request to the client: a method and its params. */
export interface InputRequest {
  readonly method: string;
  readonly params?: JsonObject | undefined;
}

/** How an input is asked for. */
export interface InputOptions extends RequestOptions {
  /**
   * Names the answer in a modern retry. Default: a number, by order of asking; give a key where the order can
   * differ between runs.
   */
  readonly key?: string | undefined;
}

/** State that a client names explicitly: what replaces session state in 2026-07-28 (basic/index, Statelessness). */
export interface Handles {
  /**
   * Keeps a JSON value for `ttlMs` milliseconds (default one hour) and returns its handle: 144 random bits.
   *
   * @throws {TypeError} The time is no finite number above 0, the value no JSON, or the backend keeps no handles.
   */
  mint(value: unknown, options?: { readonly ttlMs?: number | undefined }): Promise<string>;
  /**
   * The value of a handle.
   *
   * @throws {RpcError} -32602, the same for every cause: never minted, expired, revoked, another principal's.
   */
  resolve(handle: unknown): Promise<unknown>;
  /**
   * Replaces the value of a handle; it lives `ttlMs` milliseconds from now (default one hour, whatever it was minted
   * for). Of two at once the later one stays. Fails as {@linkcode Handles.mint} and {@linkcode Handles.resolve} do.
   */
  update(
    handle: unknown,
    value: unknown,
    options?: { readonly ttlMs?: number | undefined },
  ): Promise<void>;
  /** Forgets a handle. False where there was none of this principal. */
  revoke(handle: unknown): Promise<boolean>;
}

/** Who calls, as the `authenticate` hook said. */
export interface Caller {
  /** Undefined for an anonymous caller. */
  readonly principal: string | undefined;
  /** What the hook added, such as a verified token's claims. */
  readonly authInfo: unknown;
}

/** One request (or notification) being served: who asks, and the ways to talk back. */
export interface Exchange extends Caller {
  /** The request's id; undefined for a notification. */
  readonly id: RequestId | undefined;
  readonly era: Era;
  /** The revision that is spoken. */
  readonly version: Revision;
  /** Undefined where the request has no session. */
  readonly session: SessionHandle | undefined;
  /** Method, URL and headers of the HTTP request. */
  readonly head: RequestHead;
  /**
   * Aborts when the client cancels (with the reason that it gave), the session ends or the handler closes. A lost
   * connection aborts it in 2026-07-28 alone, whose clients cancel so.
   */
  readonly signal: AbortSignal;
  /**
   * Sends a notification on this call's own stream. The answer turns to SSE where it can; where it cannot
   * (JSON only, or what is served is a notification itself) this one is dropped, for there is nowhere to send it. So
   * is a log message (`notifications/message`) that a request of 2026-07-28 did not ask for, by its level.
   */
  notify(method: string, params?: JsonObject): void;
  /** Sends `notifications/progress` where the client asked for it with a progress token; else nothing. */
  progress(progress: number, total?: number, message?: string): void;
  /**
   * Asks the client (`sampling/createMessage`, `elicitation/create`, `roots/list`, `ping`) on this call's
   * own stream and returns its result. Before `notifications/initialized` it waits for it, pings excepted. A client of
   * 2026-07-28 is asked as by {@linkcode Exchange.elicit}, and can be asked for the first three.
   *
   * @throws {ClientRequestError} With a code: no stream can carry it, time is up, the client answered with
   * an error, the call was cancelled, or the session ended.
   */
  request(method: string, params?: JsonObject, options?: RequestOptions): Promise<JsonObject>;
  /** What the client can be asked for: from `initialize` (legacy) or from this request's `_meta` (modern). */
  readonly clientCapabilities: JsonObject;
  /**
   * Asks the user through the client (`elicitation/create`) and returns the result: `action`, and `content`
   * where accepted. A legacy client is asked while the call goes on. A modern one cannot be: the call ends with an
   * input-required result, and the application's function is run again, from its beginning, when the client
   * sends the request again with the answer. So ask before doing what must not be done twice, and let what
   * this throws pass.
   *
   * @throws {ClientRequestError} Legacy: as {@linkcode Exchange.request}, or code `unsupported` where the client
   * did not declare the capability.
   * @throws {RpcError} Modern: -32021 where the client did not declare the capability.
   */
  elicit(params: JsonObject, options?: InputOptions): Promise<JsonObject>;
  /** Asks the client's model (`sampling/createMessage`); otherwise as {@linkcode Exchange.elicit}. */
  sample(params: JsonObject, options?: InputOptions): Promise<JsonObject>;
  /** Asks for the client's roots (`roots/list`); otherwise as {@linkcode Exchange.elicit}. */
  roots(options?: InputOptions): Promise<JsonObject>;
  /** Asks for several things at once, by key; otherwise as {@linkcode Exchange.elicit}. */
  inputs(
    requests: { readonly [key: string]: InputRequest },
    options?: RequestOptions,
  ): Promise<{ readonly [key: string]: JsonObject }>;
  /**
   * Modern: seals a JSON value as a `requestState` for an input-required result that the application makes
   * itself. Only this principal can bring it back, with this request, in time (`limits.requestStateMs`).
   *
   * @throws {TypeError} The request is of an earlier revision.
   */
  sealState(value: unknown): Promise<string>;
  /**
   * The value of this request's `requestState`; undefined where it has none, as in earlier revisions.
   *
   * @throws {RpcError} -32602 where it is not one that {@linkcode Exchange.sealState} made for this request.
   */
  openState(): Promise<unknown>;
  /** Values that outlive the request, named by handles that the client passes on; bound to the principal. */
  readonly handles: Handles;
  /**
   * Ends the connection, not the stream: the client comes back after `retryMs` milliseconds and gets what it
   * missed, once (2025-11-25, basic/transports, Sending Messages 6). Does nothing where the stream cannot be
   * resumed, or the client speaks an earlier revision: it would not come back.
   *
   * @throws {TypeError} The time is no finite number of at least 0.
   */
  closeStream(options?: { readonly retryMs?: number | undefined }): void;
}
