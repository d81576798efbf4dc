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

/**
 * Takes what is no request to where it belongs; `exchange` makes what the application sees of a notification. What this
 * returns waits for what is passed on to other nodes: until then this one may still lose it.
 */
export function takeIn(
  messages: readonly RpcMessage[],
  record: SessionRecord | undefined,
  caller: Caller,
  { application, settings, lifecycle, requests }: Dispatcher,
  exchange: (message: RpcNotification) => Exchange,
): Promise<unknown> | undefined {
  const passing: Promise<void>[] = [];
  const hears = (said: Said): void => {
    const passed = pass(said, answererOf(record, caller), lifecycle, requests);
    if (passed !== undefined) passing.push(passed);
  };
  for (const { kind, message } of messages) {
    if (kind === "response") hears(message);
    else if (kind === "notification") {
      const { method } = message;
      if (method === "notifications/cancelled") cancel(message, record, lifecycle);
      else if (method === "notifications/progress") hears(message);
      if (application.notification === undefined) continue;
      inform(method, settings, () => application.notification!(message, exchange(message)));
    }
  }
  return passing.length === 0 ? undefined : Promise.all(passing);
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
): Promise<void> | undefined {
  const node = ClientRequests.nodeOf(said);
  if (node !== undefined && node !== lifecycle.node) return lifecycle.passOn(node, from, said);
  requests.said(from, said);
  return undefined;
}

/** Whose answer to a server-to-client request counts: the session's, or where there is none the principal's. */
export function answererOf(record: SessionRecord | undefined, caller: Caller): string {
  // No session id has a blank in it.
  return record?.id ?? ` ${caller.principal ?? ""}`;
}
