/**
 * A request's head as a Web `Request`, for those who want one.
 *
 * @module
 */

import type { HeaderReader, RequestHead } from "../../inbound/head.ts";

/** A `Request` without a body: the engine has read that. */
export function webRequest(head: RequestHead, signal?: AbortSignal): Request {
  const { url, method } = head;
  const headers = [...headerFields(head.headers)];
  return new Request(url, signal === undefined ? { method, headers } : { method, headers, signal });
}

/** Every field of a head that can be gone through: Web `Headers`, and what the Node adapter has. */
export function headerFields(headers: HeaderReader): Iterable<[string, string]> {
  const known = headers as HeaderReader & Partial<Iterable<[string, string]>>;
  return known[Symbol.iterator] === undefined ? [] : known as Iterable<[string, string]>;
}
