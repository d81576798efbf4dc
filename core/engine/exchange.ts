/**
 * What an application is given for one request, and what it holds of a session.
 *
 * @module
 */

import type { RequestHead } from "../inbound/head.ts";
import type { JsonObject, RequestId } from "../protocol/json_rpc.ts";
import type { Era, Revision } from "../protocol/revisions.ts";

/** A session as it was when it was looked up. Nothing here changes afterwards. */
export interface Session {
  /**
   * The session's id, as `Mcp-Session-Id` carries it. Where there is no `authenticate`, whoever has it can use the
   * session.
   */
  readonly id: string;
  /** The revision that `initialize` settled on; undefined where the session was opened by `createSessions`. */
  readonly version: Revision | undefined;
  /**
   * The principal that opened it; undefined for an anonymous caller. With the backend `sealed` and a name of more than
   * 24 bytes, a digest of the name stands here until the owner has sent a request to this node.
   */
  readonly principal: string | undefined;
  /** When it was opened, in milliseconds since the epoch. */
  readonly created: number;
  /** When its last exchange ended, in milliseconds since the epoch. */
  readonly seen: number;
  /** True once `notifications/initialized` has arrived. */
  readonly ready: boolean;
  /** The client's `initialize` params: `protocolVersion`, `capabilities`, `clientInfo`. */
  readonly initialize: JsonObject;
}

/** A session, and the ways to reach its client outside any call: from `exchange.session` or `handler.sessions`. */
export interface SessionHandle extends Session {
  /**
   * Sends a notification on the session's standalone stream (GET). Where nobody reads that stream, the notification
   * waits in its log, within the limits of logs, for the next reader. During `initialize` it waits until the session is
   * stored. It goes nowhere where the session is over.
   *
   * @throws {TypeError} The params cannot be written as JSON.
   */
  notify(method: string, params?: JsonObject): void;
  /**
   * Asks the client on the session's standalone stream and returns the `result` of its answer. It does not ask whether
   * the client has declared the capability. Before `notifications/initialized` the request waits for that, unless it is
   * a `ping`.
   *
   * @throws {ClientRequestError} `no-stream` where the client has no standalone stream open (see
   * {@linkcode SessionRequestOptions.queued}); `timeout`, `refused`, `cancelled` or `session-ended` as with
   * {@linkcode Exchange.request}.
   * @throws {TypeError} `timeoutMs` is not a number of at least 0, or the params cannot be written as JSON.
   */
  request(
    method: string,
    params?: JsonObject,
    options?: SessionRequestOptions,
  ): Promise<JsonObject>;
  /**
   * Ends the connection that reads the standalone stream, not the stream. The client comes back after `retryMs`
   * milliseconds (default 1 000) and gets what it missed. Clients of every revision do, unlike with
   * {@linkcode Exchange.closeStream}. Does nothing where streams cannot be resumed.
   *
   * @throws {TypeError} `retryMs` is not a finite number of at least 0.
   */
  closeStream(options?: { readonly retryMs?: number | undefined }): void;
  /**
   * Ends the session: its streams end, its calls are aborted, its id is unknown from now on. True for the one caller
   * that ended it, false where it had ended already. Rejects with what the backend threw.
   */
  end(): Promise<boolean>;
}

/**
 * How a server-to-client request waits for its answer. A client of 2026-07-28 is not waited for, so nothing here counts
 * there.
 */
export interface RequestOptions {
  /**
   * Milliseconds after which it fails with a {@linkcode ClientRequestError} of code `timeout`. At least 0; anything
   * else fails it with a `TypeError`. Default 60 000.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Gives up when it aborts: the request fails with code `cancelled`, and a client that was asked already gets
   * `notifications/cancelled`, with the signal's reason where that is a string.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Asks the client to say how far it has got (basic/utilities/progress), and is called with the params of each
   * `notifications/progress` that it sends meanwhile, as it sent them; their `progressToken` is the library's. A client
   * need not send any, and none puts off `timeoutMs`. What this throws is an `application-error` event; what is no
   * function fails the request with a `TypeError`.
   */
  readonly onProgress?: ((params: JsonObject) => void) | undefined;
}

/** How a request outside any call waits for its answer. */
export interface SessionRequestOptions extends RequestOptions {
  /**
   * True lets the request wait, within `timeoutMs`, for the client to open its standalone stream. Default false:
   * without an open stream it fails at once with code `no-stream`.
   */
  readonly queued?: boolean | undefined;
}

/** A request to the client. */
export interface InputRequest {
  /** `elicitation/create`, `sampling/createMessage` or `roots/list`. */
  readonly method: string;
  /** Its params, as the revision has them. Default `{}`. */
  readonly params?: JsonObject | undefined;
}

/** How one input is asked for. */
export interface InputOptions extends RequestOptions {
  /**
   * The name under which a client of 2026-07-28 sends the answer when it repeats the request. Default: a number, by the
   * order of asking. Give a key where that order can differ from one run of the function to the next.
   */
  readonly key?: string | undefined;
}

/**
 * State that a client names explicitly: JSON values on the server, each with a handle that the client passes on as an
 * argument. That is what 2026-07-28 has in place of session state (basic/index, Statelessness); it works in every
 * revision. A handle is good only for the principal that it was minted for; anonymous callers count as one.
 *
 * Every method rejects with a `TypeError` where the backend keeps no handles (`sealed` without `revocations`), and
 * with what the backend threw where that fails.
 */
export interface Handles {
  /**
   * Keeps a JSON value for `ttlMs` milliseconds (default 3 600 000, an hour) and returns its handle: 24 characters that
   * hold 144 random bits.
   *
   * @throws {TypeError} `ttlMs` is not a finite number above 0, or the value cannot be written as JSON, such as one that
   * holds itself. Undefined and functions are kept as null.
   */
  mint(value: unknown, options?: { readonly ttlMs?: number | undefined }): Promise<string>;
  /**
   * Returns the value of a handle. What the client sent may be passed as it is, whatever its type.
   *
   * @throws {RpcError} -32602, with one message for every cause: never minted, expired, revoked, another principal's.
   */
  resolve(handle: unknown): Promise<unknown>;
  /**
   * Replaces the value of a handle. It is kept for `ttlMs` milliseconds from now (default 3 600 000, whatever it was
   * minted for). This is no transaction: of two updates at once the later one stays.
   *
   * @throws {TypeError} As {@linkcode Handles.mint}.
   * @throws {RpcError} As {@linkcode Handles.resolve}.
   */
  update(
    handle: unknown,
    value: unknown,
    options?: { readonly ttlMs?: number | undefined },
  ): Promise<void>;
  /** Forgets a handle. True for the one caller that did; false where this principal has no such handle. */
  revoke(handle: unknown): Promise<boolean>;
}

/** Who calls, as the option `authenticate` found. */
export interface Caller {
  /** The caller's stable name; undefined for an anonymous caller. */
  readonly principal: string | undefined;
  /** What `authenticate` gave beside the name, such as a verified token's claims; undefined where it gave none. */
  readonly authInfo: unknown;
}

/**
 * One request or notification being served: who sent it, and the ways to talk back while it is worked on. What is asked
 * here or read from the client may fail before you await it, which ends no process; so a failure that you never await
 * is told to nobody.
 */
export interface Exchange extends Caller {
  /** The request's JSON-RPC id; undefined for a notification. */
  readonly id: RequestId | undefined;
  /** `legacy` for the revisions with `initialize`, `modern` for 2026-07-28. */
  readonly era: Era;
  /** The revision that is spoken. */
  readonly version: Revision;
  /** The request's session; undefined where it has none, as every request of 2026-07-28. */
  readonly session: SessionHandle | undefined;
  /** Method, URL and headers of the HTTP request. */
  readonly head: RequestHead;
  /**
   * Aborts when the work is not wanted any more: the client cancelled it (the reason is the text that it gave, if any),
   * the session ended, or the handler closes. A lost connection aborts it only in 2026-07-28, whose clients cancel that
   * way.
   */
  readonly signal: AbortSignal;
  /**
   * Sends a notification on this call's own stream, before the answer. An answer in JSON turns to an event stream for
   * it, where the client and the option `response` allow that.
   *
   * Dropped without an error are: what has nowhere to go (the answer is JSON only, the call is over, or a notification
   * is being served), and log messages (`notifications/message`) below the level that a request of 2026-07-28 asked
   * for, or of one that asked for none.
   *
   * @throws {TypeError} The params cannot be written as JSON.
   */
  notify(method: string, params?: JsonObject): void;
  /**
   * Sends `notifications/progress` as {@linkcode Exchange.notify} does, where the request has a progress token; else
   * nothing.
   */
  progress(progress: number, total?: number, message?: string): void;
  /**
   * Asks the client on this call's own stream and returns the `result` of its answer. It does not ask whether the
   * client has declared the capability; {@linkcode Exchange.elicit} and its like do. Before `notifications/initialized`
   * the request waits for that, unless it is a `ping`. A client of 2026-07-28 is asked in the way of
   * {@linkcode Exchange.elicit}, for `elicitation/create`, `sampling/createMessage` and `roots/list` only.
   *
   * @throws {ClientRequestError} `no-stream`: the answer is JSON only, or nobody can read its stream any more;
   * `timeout`: the client took too long; `refused`: it answered with an error; `cancelled`: the call is over, or
   * `options.signal` aborted; `session-ended`: the session ended, or the handler closed.
   * @throws {TypeError} `timeoutMs` is not a number of at least 0, or the params cannot be written as JSON.
   */
  request(method: string, params?: JsonObject, options?: RequestOptions): Promise<JsonObject>;
  /**
   * What the client can be asked for: from its `initialize`, or in 2026-07-28 from this request's `_meta`. `{}` where
   * unknown.
   */
  readonly clientCapabilities: JsonObject;
  /**
   * Asks the user through the client (`elicitation/create`) and returns the result: `action`, and `content` where the
   * action is `accept`.
   *
   * A client of the 2025 revisions is asked while the call goes on. A client of 2026-07-28 cannot be: the call ends
   * with an `input_required` result (basic/patterns/mrtr), and when the client sends the request again with the answer,
   * the application's function runs again from its beginning. So ask before doing what must not be done twice, do not
   * catch what this throws, and ask only in `tools/call`, `prompts/get` and `resources/read`.
   *
   * @throws {ClientRequestError} 2025 revisions: as {@linkcode Exchange.request}, or `unsupported` where the client did
   * not declare the capability.
   * @throws {RpcError} 2026-07-28: -32021 where the client did not declare the capability, -32600 in any other method,
   * -32602 where the `requestState` that the client sent is not valid for this request.
   */
  elicit(params: JsonObject, options?: InputOptions): Promise<JsonObject>;
  /**
   * Asks the client's model (`sampling/createMessage`) and returns the result; otherwise as
   * {@linkcode Exchange.elicit}.
   */
  sample(params: JsonObject, options?: InputOptions): Promise<JsonObject>;
  /** Asks for the client's roots (`roots/list`) and returns the result; otherwise as {@linkcode Exchange.elicit}. */
  roots(options?: InputOptions): Promise<JsonObject>;
  /**
   * Asks for several things at once, and returns the results under the keys of the requests; otherwise as
   * {@linkcode Exchange.elicit}.
   */
  inputs(
    requests: { readonly [key: string]: InputRequest },
    options?: RequestOptions,
  ): Promise<{ readonly [key: string]: JsonObject }>;
  /**
   * 2026-07-28: seals a JSON value as the `requestState` of an `input_required` result that the application makes
   * itself. Only the same principal can bring it back, with the same request, within `limits.requestStateMs`.
   *
   * @throws {TypeError} The request is of an earlier revision, or the value cannot be written as JSON.
   */
  sealState(value: unknown): Promise<string>;
  /**
   * The value that {@linkcode Exchange.sealState} put into this request's `requestState`; undefined where the request
   * brings none, as in earlier revisions.
   *
   * @throws {RpcError} -32602 where the `requestState` was not made for this request, or is too old.
   */
  openState(): Promise<unknown>;
  /** Values that outlive the request, named by handles that the client passes on; bound to this caller's principal. */
  readonly handles: Handles;
  /**
   * Ends the connection that carries this call's stream, not the call. The client comes back after `retryMs`
   * milliseconds (default 1 000) and gets what it missed, once (2025-11-25, basic/transports,
   * Sending Messages 6). Nothing is held open meanwhile. Does nothing where the stream cannot be resumed, or the client
   * speaks an earlier revision and so would not come back.
   *
   * @throws {TypeError} `retryMs` is not a finite number of at least 0.
   */
  closeStream(options?: { readonly retryMs?: number | undefined }): void;
}
