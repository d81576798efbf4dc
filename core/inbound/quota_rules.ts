/**
 * The rules on what is worked on without a session: how much of it one principal, and all of them, may have.
 *
 * @module
 */

import { isObject, type JsonObject, quote } from "../protocol/json_rpc.ts";
import type { HeadFacts } from "./head.ts";
import type { Rule } from "./rule.ts";

/** What {@linkcode LISTEN_RULES} look at. */
export interface Listening {
  /** The facts of the head. */
  readonly head: HeadFacts;
  /** The `params` of `subscriptions/listen`. */
  readonly asked: JsonObject | undefined;
  /** The handler is shutting down. */
  readonly draining: boolean;
  /** Subscriptions that are open on this node. */
  readonly open: number;
  /** Those of them that are of the principal who asks. */
  readonly own: number;
}

/** Rules on `subscriptions/listen`, in order. They are asked after {@linkcode MODERN_RULES}. */
export const LISTEN_RULES: readonly Rule<Listening>[] = [
  {
    id: "draining",
    of: "subscription",
    check: ({ draining }) => draining ? {} : undefined,
  },
  {
    id: "not-acceptable",
    of: "subscription",
    check: ({ head }) =>
      head.accepts.sse ? undefined : { value: head.accept, accepted: "text/event-stream" },
  },
  {
    id: "listen-params",
    check: ({ asked }) =>
      isObject(asked?.notifications) ? undefined : { detail: quote(asked?.notifications) },
  },
  {
    id: "subscription-limit",
    check: ({ open }, { limits }) =>
      open >= limits.subscriptions ? { accepted: limits.subscriptions } : undefined,
  },
  {
    id: "subscription-quota",
    check: ({ own }, { limits }) =>
      own >= limits.subscriptionsPerPrincipal
        ? { accepted: limits.subscriptionsPerPrincipal }
        : undefined,
  },
];

/** What {@linkcode CALL_RULES} look at. */
export interface Calling {
  /** How many requests the principal would have in flight without a session, with those of this POST. */
  readonly calls: number;
}

/** Rules on requests without a session that are about to be dispatched. */
export const CALL_RULES: readonly Rule<Calling>[] = [
  {
    id: "in-flight-quota",
    check: ({ calls }, { limits }) =>
      calls > limits.inFlightPerPrincipal ? { accepted: limits.inFlightPerPrincipal } : undefined,
  },
];
