/**
 * Errors that are thrown. A peer that breaks a rule is answered, never thrown at the application; what is
 * here tells the application of its own misuse, or of what a client did not do.
 *
 * @module
 */

import { quote, type RpcErrorObject } from "../protocol/json_rpc.ts";

/**
 * Thrown by an application to answer a request with a JSON-RPC error of its own. What one era forbids is not sent
 * to it: -3202x reaches legacy clients as -32603, -32002 reaches modern ones as -32602, and other codes of the
 * range that 2026-07-28 reserves (-32020 to -32099) as -32603.
 */
export class RpcError extends Error {
  override readonly name = "RpcError";
  /** JSON-RPC error code, an integer; with anything else the answer is -32603, and told. */
  readonly code: number;
  /** The `data` member of the error. */
  readonly data: unknown;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** Why a server-to-client request has no result. */
export type ClientRequestFailure =
  /** No stream can carry it: the answer is JSON only, or the session has no open stream. */
  | "no-stream"
  /** The client did not declare the capability. */
  | "unsupported"
  /** The client did not answer in time. */
  | "timeout"
  /** The client answered with an error; `error` has it. */
  | "refused"
  /** The call was cancelled, or the caller gave up. */
  | "cancelled"
  /** The session ended, or the handler closed. */
  | "session-ended";

/** A server-to-client request that failed. */
export class ClientRequestError extends Error {
  override readonly name = "ClientRequestError";
  readonly code: ClientRequestFailure;
  /** The client's error, for the code `refused`. */
  readonly error: RpcErrorObject | undefined;

  constructor(code: ClientRequestFailure, message: string, error?: RpcErrorObject) {
    super(message);
    this.code = code;
    this.error = error;
  }
}

/** An option that cannot be. Thrown when a handler, a backend or an application is made, never later. */
export class OptionError extends TypeError {
  override readonly name = "OptionError";
  /** The option's name. */
  readonly option: string;

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
