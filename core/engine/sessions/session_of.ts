/**
 * A request's session: the record that its id names, and what the session table says of the two.
 *
 * @module
 */

import type { HeadFacts } from "../../inbound/head.ts";
import type { Policy } from "../../inbound/policy.ts";
import { decide, type SessionEvent, stateOf, type Transition } from "../../session/machine.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { Caller } from "../exchange.ts";
import type { Awaitable } from "../ports.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Looks for the record, where the request names one. */
export function findSession(
  { sessionId }: HeadFacts,
  lifecycle: Lifecycle,
  { principal }: Caller,
  policy: Policy,
): Awaitable<SessionRecord | undefined> {
  return sessionId === null || policy.sessions === "off"
    ? undefined
    : lifecycle.find(sessionId, principal);
}

/**
 * The row of the session table for a request. A session without a revision was opened by `createSessions` on the same
 * backend and not by `initialize`: to MCP it is unknown.
 */
export function rowOf(
  { sessionId: id }: HeadFacts,
  found: SessionRecord | undefined,
  { principal }: Caller,
  event: SessionEvent,
  policy: Policy,
): Transition {
  const record = found?.version === undefined ? undefined : found;
  const state = stateOf({ mode: policy.sessions, id, record, principal }, event);
  return decide(state, event, policy);
}

/** The record, where the row says that the session is live and the caller's. */
export function ownOf(
  { state }: Transition,
  record: SessionRecord | undefined,
): SessionRecord | undefined {
  return state === "opened" || state === "ready" ? record : undefined;
}
