/**
 * What a handler tells its operator, as typed events: feed them to a log, a counter or a tracer.
 *
 * @module
 */

import type { RuleId } from "../outbound/rejections.ts";
import { type Body, quote, type RpcNotification, type RpcRequest } from "../protocol/json_rpc.ts";
import { NAME_SOURCES } from "../protocol/modern.ts";
import type { EndReason } from "../session/record.ts";
import { promiseOf } from "./awaitable.ts";

/**
 * One thing that happened, told to the option `onEvent`. Its `type` says what:
 *
 * - `session-opened`: a session is stored, and its id is on the way to the client.
 * - `session-ended`: a session is over; told once, by the node that ended it.
 * - `rejected`: a rule refused a request; an `exchange` event with the rule as its outcome follows.
 * - `exchange`: an HTTP exchange has its answer, see {@linkcode ExchangeEvent}.
 * - `request`: the application has answered a request, or was stopped before it had, see {@linkcode RequestEvent}.
 * - `stream-opened`: a connection begins to read a stream; `session` is undefined for a stream without one.
 * - `stream-closed`: a connection stopped reading a stream, see {@linkcode StreamCloseReason}.
 * - `application-error`: something of yours failed. The application threw something that is not an
 *   {@linkcode RpcError}, or gave a result that cannot be sent: the client got -32603; or `authenticate`, `opens` or a
 *   guarded handler failed: 500. `method` is the JSON-RPC method, or the name of the function; `name` is that of
 *   {@linkcode ExchangeEvent}. It also tells of what looks like a mistake although it has an answer: a `return` or an
 *   `await` that may be missing.
 * - `invalid-tool`: a tool's `x-mcp-header` annotations break the rules of 2026-07-28
 *   (basic/transports/streamable-http, Custom Headers from Tool Parameters). The headers of its calls are not looked
 *   at.
 * - `backend-error`: the backend failed with this error. Requests that needed it got 503.
 *
 * `session` is a session's id. Where there is no `authenticate`, an id is all that it takes to use the session: keep
 * ids out of logs that others read.
 */
export type HandlerEvent =
  | {
    readonly type: "session-opened";
    readonly session: string;
    readonly version: string | undefined;
    readonly principal: string | undefined;
  }
  | { readonly type: "session-ended"; readonly session: string; readonly reason: EndReason }
  | {
    readonly type: "rejected";
    readonly rule: RuleId;
    readonly status: number;
    readonly session: string | undefined;
  }
  | ExchangeEvent
  | RequestEvent
  | {
    readonly type: "stream-opened";
    readonly session: string | undefined;
    readonly stream: string;
  }
  | {
    readonly type: "stream-closed";
    readonly session: string | undefined;
    readonly stream: string;
    readonly reason: StreamCloseReason;
  }
  | {
    readonly type: "application-error";
    readonly method: string;
    readonly name?: string | undefined;
    readonly error: unknown;
  }
  | { readonly type: "invalid-tool"; readonly tool: string; readonly problem: string }
  | { readonly type: "backend-error"; readonly error: unknown };

/**
 * Why a connection stopped reading a stream.
 *
 * - `finished`: the stream was read to its end.
 * - `disconnected`: the peer left.
 * - `replaced`: another connection reads the stream from here on; the newest wins.
 * - `slow`: more than `limits.queuedBytes` waited for the peer, for half a second.
 * - `polling`: the client was asked to come back, by `closeStream` or where the handler closes.
 * - `lost`: what comes next cannot be had. It was dropped from the log, or the backend or the `modern` handler failed.
 * - `session-ended`: the session is over.
 * - `closed`: the handler closes.
 */
export type StreamCloseReason =
  | "finished"
  | "disconnected"
  | "replaced"
  | "slow"
  | "polling"
  | "lost"
  | "session-ended"
  | "closed";

/** One HTTP exchange has its answer. Told for every request, refused ones included. */
export interface ExchangeEvent {
  /** Which event it is. */
  readonly type: "exchange";
  /** The HTTP method. */
  readonly http: string;
  /**
   * The JSON-RPC method, or `batch`, or `response`; undefined where no body was read. As in every event, a name that
   * holds anything but visible ASCII, or more than 80 characters, is written as a JSON string and cut, so that it can
   * neither break the lines of a log nor flood it.
   */
  readonly method: string | undefined;
  /**
   * What the request is for, as `Mcp-Name` has it in 2026-07-28: the name of a tool or a prompt, the URI of a resource,
   * the id of a task. Written as `method` is, and undefined for other methods. It is the client's word, so a tool of
   * that name need not exist.
   */
  readonly name: string | undefined;
  /** `served`, or the rule that refused; `served` too where the answer is a JSON-RPC error of the application's. */
  readonly outcome: "served" | RuleId;
  /** The HTTP status. */
  readonly status: number;
  /** The session's id, where there is one. */
  readonly session: string | undefined;
  /** Milliseconds from the head of the request to the answer; where that is an event stream, to its head. */
  readonly durationMs: number;
}

/**
 * One JSON-RPC request that the application worked on is over. `initialize`, and requests that the application's
 * `modern` handler answers, have an {@linkcode ExchangeEvent} only.
 */
export interface RequestEvent {
  /** Which event it is. */
  readonly type: "request";
  /** The JSON-RPC method, written as {@linkcode ExchangeEvent.method} is. */
  readonly method: string;
  /** What the request is for, as {@linkcode ExchangeEvent.name}. */
  readonly name: string | undefined;
  /**
   * `result` or `error`: what it was answered with. `stopped`: it was cancelled, or its session ended, its peer left,
   * or the handler closed.
   */
  readonly outcome: "result" | "error" | "stopped";
  /** The JSON-RPC code that the client got, where the outcome is `error`; else undefined. */
  readonly code: number | undefined;
  /** The session's id, where there is one. */
  readonly session: string | undefined;
  /** Milliseconds from when the application got it to its answer, whatever was streamed meanwhile. */
  readonly durationMs: number;
}

/**
 * Receives events. It is called synchronously and often, so let it be quick. What it throws or rejects with goes to
 * `console.error` and changes nothing.
 */
export type OnEvent = (event: HandlerEvent) => void;

// What revisions and extensions call a method.
const PLAIN = /^[\x21-\x7e]{1,80}$/;

/** A name as events have it. What a peer makes up must neither break the lines of a log nor flood it. */
export function nameShown(name: string): string {
  if (PLAIN.test(name)) return name;
  return quote(name).replace(
    // JSON leaves these as they are, and terminals do not; but for the mark of what is cut.
    /[^\x20-\x7e…]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Which message it is, as events have it. */
export interface MessageShown {
  readonly method: string | undefined;
  readonly name: string | undefined;
}

/** Where no body was read, or in vain. */
export const UNREAD: MessageShown = { method: undefined, name: undefined };

/** Which message it is, as events have it. */
export function messageShown(
  { method, params }: RpcRequest | RpcNotification,
): MessageShown & { readonly method: string } {
  const source = NAME_SOURCES.get(method);
  const name = source && params?.[source.param];
  return {
    method: nameShown(method),
    name: typeof name === "string" ? nameShown(name) : undefined,
  };
}

/** The same of a body, which may be a batch, or have been read in vain. */
export function bodyShown(body: Body): MessageShown {
  if (body.kind === "request" || body.kind === "notification") return messageShown(body.message);
  return body.kind === "fault" ? UNREAD : { method: body.kind, name: undefined };
}

/** A listener whose own failure is nobody else's. Without one, failures still reach the console. */
export function listenerOf(onEvent: OnEvent | undefined): OnEvent {
  if (onEvent === undefined) return report;
  return (event) => {
    try {
      // Types allow a function that is async.
      promiseOf(onEvent(event))?.catch(rejected);
    } catch (error) {
      console.error("mcp-session: onEvent threw", error);
    }
  };
}

function rejected(error: unknown): void {
  console.error("mcp-session: onEvent rejected", error);
}

function report(event: HandlerEvent): void {
  if (event.type === "application-error") {
    const { method, name, error } = event;
    const what = name === undefined ? method : `${method} ${name}`;
    console.error(`mcp-session: the application failed at ${what}`, error);
  } else if (event.type === "backend-error") {
    console.error("mcp-session: the backend failed", event.error);
  }
}
