/**
 * The rules on what is worked on without a session: how much of it one principal, and all of them, may have.
 *
 * @module
 */

import { isObject, type JsonObject, quote, type RequestId } from "../protocol/json_rpc.ts";
import type { HeadFacts } from "./head.ts";
import type { Rule } from "./rule.ts";

/** What the rules on subscriptions look at. */
export interface Listening {
  readonly head: HeadFacts;
  /** The `params` of `subscriptions/listen`. */
  readonly asked: JsonObject | undefined;
  readonly id: RequestId;
  readonly draining: boolean;
  /** Subscriptions that are open on this node. */
  readonly open: number;
  /** Those of the principal. */
  readonly own: number;
}

/** Rules on `subscriptions/listen`, once it has passed those on any modern request. */
export const LISTEN_RULES: readonly Rule<Listening>[] = [
  {
    id: "draining",
    of: "subscription",
    era: "modern",
    check: ({ draining, id }) => draining ? { rule: "draining", id } : undefined,
  },
  {
    id: "not-acceptable",
    of: "subscription",
    era: "modern",
    check: ({ head, id }) =>
      head.accepts.sse
        ? undefined
        : { rule: "not-acceptable", value: head.accept, accepted: "text/event-stream", id },
  },
  {
    id: "listen-params",
    era: "modern",
    check: ({ asked, id }) =>
      isObject(asked?.notifications)
        ? undefined
        : { rule: "listen-params", detail: quote(asked?.notifications), id },
  },
  {
    id: "subscription-limit",
    era: "modern",
    check: ({ open, id }, { maxSubscriptions }) =>
      open >= maxSubscriptions
        ? { rule: "subscription-limit", accepted: maxSubscriptions, id }
        : undefined,
  },
  {
    id: "subscription-quota",
    era: "modern",
    check: ({ own, id }, { maxOwnSubscriptions }) =>
      own >= maxOwnSubscriptions
        ? { rule: "subscription-quota", accepted: maxOwnSubscriptions, id }
        : undefined,
  },
];

/** What the rules on calls without a session look at. */
export interface Calling {
  /** The id of the request; undefined for a batch. */
  readonly id: RequestId | undefined;
  /** How many requests the principal would have in flight without a session. */
  readonly calls: number;
}

/** Rules on a call without a session that is about to be dispatched. */
export const CALL_RULES: readonly Rule<Calling>[] = [
  {
    id: "in-flight-quota",
    era: "any",
    check: ({ id, calls }, { maxOwnInFlight }) =>
      calls > maxOwnInFlight
        ? { rule: "in-flight-quota", accepted: maxOwnInFlight, id }
        : undefined,
  },
];
