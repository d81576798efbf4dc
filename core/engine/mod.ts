/**
 * The HTTP session layer of MCP, for servers: one endpoint, every protocol revision, on Deno, Bun and Node.
 *
 * - {@linkcode createMcpHandler} serves MCP from plain functions, or with `mcp-session/sdk` from servers of the
 *   official SDK.
 * - {@linkcode createSessions} puts the session lifecycle around any HTTP handler.
 *
 * `mcp-session/node`, `mcp-session/deno` and `mcp-session/bun` listen on a port; `mcp-session/sqlite`,
 * `mcp-session/redis` and `mcp-session/sealed` keep sessions beyond the process; `mcp-session/testing` has a client for
 * tests.
 *
 * @module
 */

export { createMcpHandler, type McpHandler } from "./mcp.ts";
export type { Stats } from "./stats.ts";
export {
  createSessions,
  type Entry,
  type GuardedHandler,
  type GuardLimits,
  type GuardOptions,
  type GuardSession,
  type Sessions,
} from "./guard/guard.ts";
export type { Application, CacheHints, Implementation, RpcResult } from "./application.ts";
export type {
  Caller,
  Exchange,
  Handles,
  InputOptions,
  InputRequest,
  RequestOptions,
  Session,
  SessionHandle,
  SessionRequestOptions,
} from "./exchange.ts";
export {
  type Authenticated,
  LIMITS,
  type Limits,
  type McpOptions,
  type SessionOptions,
} from "./options/options.ts";
export type { ModernHandler } from "./modern/delegate.ts";
export type { SessionDirectory } from "./sessions/directory.ts";
export type { Change, Notify } from "./modern/subscriptions.ts";
export type {
  ExchangeEvent,
  HandlerEvent,
  OnEvent,
  RequestEvent,
  StreamCloseReason,
} from "./events.ts";
export { ClientRequestError, type ClientRequestFailure, OptionError, RpcError } from "./errors.ts";
export { type Clock, SYSTEM_CLOCK } from "./clock.ts";
export { memory } from "./memory/mod.ts";
export { LOG_COST } from "./ports.ts";
export type {
  Awaitable,
  Backend,
  Bus,
  Capacity,
  Created,
  HandleStore,
  Lackable,
  Lapsed,
  LogBounds,
  LogBudget,
  LogEvent,
  LogPage,
  LogStore,
  Nodes,
  Receiver,
  SessionStore,
  TooLarge,
  Touch,
} from "./ports.ts";
export type {
  BodyError,
  BodyReader,
  OwnReply,
  Reply,
  Sink,
  StreamBody,
  StreamReply,
} from "./reply.ts";
export type { Eras, HeaderReader, RequestHead } from "../inbound/head.ts";
export type { ResponseShape } from "../inbound/policy.ts";
export type { SessionMode } from "../session/machine.ts";
export type { EndReason, Lifetime, SessionRecord } from "../session/record.ts";
export type { RuleId } from "../outbound/rejections.ts";
export type { ReplyHeaders, TextReply } from "../outbound/reply.ts";
export type { Era, LegacyRevision, ModernRevision, Revision } from "../protocol/revisions.ts";
export type {
  JsonObject,
  RequestId,
  RpcErrorObject,
  RpcNotification,
  RpcRequest,
} from "../protocol/json_rpc.ts";
