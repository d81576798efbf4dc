/**
 * What a POST holds, as the pipeline asks for it.
 *
 * @module
 */

import type { HeadFacts } from "../../inbound/head.ts";
import type { Body, RpcMessage, RpcRequest } from "../../protocol/json_rpc.ts";
import { ASSUMED_REVISION, type Revision } from "../../protocol/revisions.ts";
import type { SessionEvent } from "../../session/machine.ts";

/** What the session table calls a POST. */
export function eventOf(body: Body): SessionEvent {
  if (body.kind === "request") {
    return body.message.method === "initialize" ? "initialize" : "message";
  }
  return messagesOf(body).some((one) =>
      one.kind === "notification" && one.message.method === "notifications/initialized"
    )
    ? "initialized"
    : "message";
}

/** Its messages, in order. */
export function messagesOf(body: Body): readonly RpcMessage[] {
  return body.kind === "batch" ? body.messages : body.kind === "fault" ? [] : [body];
}

/** The requests among messages, in order. */
export function requestsOf(messages: readonly RpcMessage[]): RpcRequest[] {
  return messages.filter((one) => one.kind === "request").map(({ message }) => message);
}

/** The revision that is spoken without a session: the header, which has passed the rules, or the oldest. */
export function spokenVersion({ version }: HeadFacts): Revision {
  return (version ?? ASSUMED_REVISION) as Revision;
}
