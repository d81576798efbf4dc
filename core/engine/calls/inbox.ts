/**
 * What clients send without waiting for an answer: notifications, and their answers to requests of ours.
 *
 * @module
 */

import type { RpcMessage, RpcNotification } from "../../protocol/json_rpc.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { Dispatcher } from "../dispatcher.ts";
import type { Caller, Exchange } from "../exchange.ts";
import type { Lifecycle } from "../sessions/lifecycle.ts";
import { ClientRequests, type Said } from "./client_requests.ts";
import { inform } from "./running.ts";

/** Takes what is no request to where it belongs; `exchange` makes what the application sees of a notification. */
export function takeIn(
  messages: readonly RpcMessage[],
  record: SessionRecord | undefined,
  caller: Caller,
  { application, settings, lifecycle, requests }: Dispatcher,
  exchange: (message: RpcNotification) => Exchange,
): void {
  for (const { kind, message } of messages) {
    if (kind === "response") pass(message, answererOf(record, caller), lifecycle, requests);
    else if (kind === "notification") {
      const { method } = message;
      if (method === "notifications/cancelled") cancel(message, record, lifecycle);
      else if (method === "notifications/progress") {
        pass(message, answererOf(record, caller), lifecycle, requests);
      }
      if (application.notification === undefined) continue;
      inform(method, settings, () => application.notification!(message, exchange(message)));
    }
  }
}

function cancel(
  { params: { requestId: id, reason } = {} }: RpcNotification,
  record: SessionRecord | undefined,
  lifecycle: Lifecycle,
): void {
  if (record === undefined || (typeof id !== "string" && typeof id !== "number")) return;
  lifecycle.cancel(record.id, id, typeof reason === "string" ? reason : undefined);
}

function pass(
  said: Said,
  from: string,
  lifecycle: Lifecycle,
  requests: ClientRequests,
): void {
  const node = ClientRequests.nodeOf(said);
  if (node === lifecycle.node) requests.said(from, said);
  else if (node !== undefined) lifecycle.passOn(node, from, said);
}

/** Whose answer to a server-to-client request counts: the session's, or where there is none the principal's. */
export function answererOf(record: SessionRecord | undefined, caller: Caller): string {
  // No session id has a blank in it.
  return record?.id ?? ` ${caller.principal ?? ""}`;
}
