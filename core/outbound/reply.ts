/**
 * Answers as plain data: status, headers, body. What a runtime makes of them is the adapter's.
 *
 * @module
 */

import { errorText, type RequestId } from "../protocol/json_rpc.ts";
import { type Rejection, rejectionMessage, rejectionRow } from "./rejections.ts";

/** Header fields, by names in lower case. */
export type ReplyHeaders = { readonly [name: string]: string };

/** An answer whose body is text, or none. */
export interface TextReply {
  /** The HTTP status. */
  readonly status: number;
  /** The header fields. */
  readonly headers: ReplyHeaders;
  /** The whole body; null for none. */
  readonly body: string | null;
}

const NO_HEADERS: ReplyHeaders = {};

/** 202 Accepted, without a body: the answer to notifications and responses. */
export const ACCEPTED: TextReply = { status: 202, headers: NO_HEADERS, body: null };

/** 204 No Content: the answer to a DELETE that ended its session. */
export const ENDED: TextReply = { status: 204, headers: NO_HEADERS, body: null };

/** How many seconds a client is asked to wait after a 503, by `Retry-After`. */
export const RETRY_AFTER_SECONDS = 1;

/**
 * The answer to a refused request: the row's status, and a JSON-RPC error that names the fault.
 *
 * @param request The id of the request, where one could be read.
 */
export function rejectionReply(rejection: Rejection, request?: RequestId): TextReply {
  const row = rejectionRow(rejection.rule);
  const headers: Record<string, string> = {
    "content-type": "application/json",
    // Caches keep a 404 or a 405 to a GET for all who ask for the URL, whatever their session.
    "cache-control": "no-store",
  };
  if (row.retry) headers["retry-after"] = String(RETRY_AFTER_SECONDS);
  if (row.allow) headers["allow"] = String(rejection.accepted);
  const { id = request, data } = rejection;
  const error = { code: row.code, message: rejectionMessage(rejection), data };
  return { status: row.status, headers, body: errorText(id, error) };
}
