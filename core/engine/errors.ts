/**
 * Errors that are thrown. A peer that breaks a rule is answered, never thrown at the application; what is
 * here tells the application of its own misuse, or of what a client did not do.
 *
 * @module
 */

import { quote, type RpcErrorObject } from "../protocol/json_rpc.ts";

/**
 * Throw it from an application to answer a request with a JSON-RPC error of your own. The library throws it where a
 * client sent what cannot be, such as an unknown handle: let it pass.
 *
 * A code that the client's revision forbids is replaced. In the revisions with `initialize`, -32020 to -32029 become
 * -32603. In 2026-07-28, -32002 becomes -32602, and of -32020 to -32099, which it reserves, all that it does not define
 * become -32603 (basic/index, Error Codes).
 *
 * @example
 * ```ts
 * import { RpcError } from "mcp-session";
 *
 * export function unknownTool(name: unknown): never {
 *   throw new RpcError(-32602, `Unknown tool: ${name}`, { known: ["add"] });
 * }
 * ```
 */
export class RpcError extends Error {
  /** Always `RpcError`. */
  override readonly name = "RpcError";
  /**
   * JSON-RPC error code, an integer. With anything else the client gets -32603, and an `application-error` event tells
   * of it.
   */
  readonly code: number;
  /** The `data` member of the error, where there is one; any JSON. */
  readonly data: unknown;

  /** An error with this code, message and `data`; the client gets all three. */
  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/**
 * Why a server-to-client request has no result: the `code` of a {@linkcode ClientRequestError}.
 *
 * - `no-stream`: no stream can carry it. The answer to the call is JSON only, or the session has no standalone stream
 *   open.
 * - `unsupported`: the client did not declare the capability that it takes.
 * - `timeout`: the client did not answer within `timeoutMs`.
 * - `refused`: the client answered with a JSON-RPC error, which `error` holds.
 * - `cancelled`: the call that asked is over, such as by cancellation, or the `signal` in its options aborted.
 * - `session-ended`: the session ended, or the handler closed.
 */
export type ClientRequestFailure =
  | "no-stream"
  | "unsupported"
  | "timeout"
  | "refused"
  | "cancelled"
  | "session-ended";

/**
 * A server-to-client request has no result; `code` says why. What {@linkcode Exchange.request}, `elicit` and the like
 * reject with.
 */
export class ClientRequestError extends Error {
  /** Always `ClientRequestError`. */
  override readonly name = "ClientRequestError";
  /** Why there is no result. */
  readonly code: ClientRequestFailure;
  /** The error that the client answered with, where the code is `refused`; else undefined. */
  readonly error: RpcErrorObject | undefined;

  /** Made by the library. A test may make one. */
  constructor(code: ClientRequestFailure, message: string, error?: RpcErrorObject) {
    super(message);
    this.code = code;
    this.error = error;
  }
}

/**
 * An option has a value that it cannot have, or is not known. Thrown where it is given: by `createMcpHandler`,
 * `createSessions`, `sdkServer`, `serve`, the backends, and `close` for its `within`. The message names the option,
 * quotes the value and says what would be accepted.
 */
export class OptionError extends TypeError {
  /** Always `OptionError`. */
  override readonly name = "OptionError";
  /** The option's name, such as `limits.sessions`. */
  readonly option: string;

  /** The message becomes that of the error, after the option's name. */
  constructor(option: string, message: string) {
    super(`${option}: ${message}`);
    this.option = option;
  }
}

/** A value of the application's, as a message shows it. Never throws: what is no JSON is named. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  return typeof value === "string" || typeof value === "object" ? quote(value) : String(value);
}
