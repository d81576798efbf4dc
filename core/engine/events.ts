/**
 * What a handler tells its operator, as typed events: feed them to a log, a counter or a tracer.
 *
 * @module
 */

import type { RuleId } from "../outbound/rejections.ts";
import { quote } from "../protocol/json_rpc.ts";
import type { EndReason } from "../session/record.ts";
import { promiseOf } from "./awaitable.ts";

/** One thing that happened. */
export type HandlerEvent =
  /** A session is stored and its id on the way to the client. */
  | {
    readonly type: "session-opened";
    readonly session: string;
    readonly version: string | undefined;
    readonly principal: string | undefined;
  }
  /** A session is over. */
  | { readonly type: "session-ended"; readonly session: string; readonly reason: EndReason }
  /** A request was refused by a rule; an `exchange` event with the same outcome follows. */
  | {
    readonly type: "rejected";
    readonly rule: RuleId;
    readonly status: number;
    readonly session: string | undefined;
  }
  /** An HTTP exchange has its answer (an event stream: its head). */
  | ExchangeEvent
  /** The application has answered a request, or it was stopped. */
  | RequestEvent
  /** A connection reads a stream, of the session that is named where there is one. */
  | {
    readonly type: "stream-opened";
    readonly session: string | undefined;
    readonly stream: string;
  }
  /** A connection stopped reading a stream. */
  | {
    readonly type: "stream-closed";
    readonly session: string | undefined;
    readonly stream: string;
    readonly reason: StreamCloseReason;
  }
  /** The application threw something that is not an RpcError. The client saw -32603 only. */
  | { readonly type: "application-error"; readonly method: string; readonly error: unknown }
  /** A tool's `x-mcp-header` annotations break the revision's rules; its headers are not looked at. */
  | { readonly type: "invalid-tool"; readonly tool: string; readonly problem: string }
  /** A backend failed; requests that needed it got 503. */
  | { readonly type: "backend-error"; readonly error: unknown };

/** Why a connection stopped reading. */
export type StreamCloseReason =
  /** The stream was read to its end. */
  | "finished"
  /** The peer left. */
  | "disconnected"
  /** Another connection reads the stream from here on. */
  | "replaced"
  /** More waited for the peer than may, for longer than it may. */
  | "slow"
  /** The client was asked to come back: by `closeStream`, or where the handler closes. */
  | "polling"
  /** What comes next cannot be had: it was dropped, or the backend, or the `modern` handler, failed. */
  | "lost"
  /** The session is over. */
  | "session-ended"
  /** The handler closes. */
  | "closed";

/** One HTTP exchange. */
export interface ExchangeEvent {
  readonly type: "exchange";
  /** The HTTP method. */
  readonly http: string;
  /**
   * The JSON-RPC method, or `batch`, or `response`; undefined where no body was read. As in every event, one that is no
   * word of visible ASCII, or longer than 80 characters, is written as JSON and cut.
   */
  readonly method: string | undefined;
  /** `served`, or the rule that refused. */
  readonly outcome: "served" | RuleId;
  /** The HTTP status. */
  readonly status: number;
  /** The session's id, where there is one. */
  readonly session: string | undefined;
  /** From the head of the request to the answer (an event stream: to its head), in milliseconds. */
  readonly durationMs: number;
}

/**
 * One request of JSON-RPC, as the application saw it. `initialize`, and what `modern` of an application answers, are
 * told by their exchanges alone.
 */
export interface RequestEvent {
  readonly type: "request";
  readonly method: string;
  /** `stopped`: cancelled, or its session ended, its peer left, or the handler closed. */
  readonly outcome: "result" | "error" | "stopped";
  /** The JSON-RPC code of an error. */
  readonly code: number | undefined;
  /** The session's id, where there is one. */
  readonly session: string | undefined;
  /** From when the application got it to its answer, whatever was streamed meanwhile, in milliseconds. */
  readonly durationMs: number;
}

/**
 * Receives events. Called synchronously and often: be quick. What it throws, or rejects with, goes to the console and
 * changes nothing.
 */
export type OnEvent = (event: HandlerEvent) => void;

// What revisions and extensions call a method.
const PLAIN = /^[\x21-\x7e]{1,80}$/;

/** A method as events have it. What a peer makes up must neither break the lines of a log nor flood it. */
export function methodShown(method: string): string {
  if (PLAIN.test(method)) return method;
  return quote(method).replace(
    // JSON leaves these as they are, and terminals do not; but for the mark of what is cut.
    /[^\x20-\x7e…]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
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
    console.error(`mcp-session: the application failed at ${event.method}`, event.error);
  } else if (event.type === "backend-error") {
    console.error("mcp-session: the backend failed", event.error);
  }
}
