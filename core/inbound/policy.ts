/**
 * What the operator allows, as the rules see it: options after reading, plain data.
 *
 * @module
 */

import type { AllowedHosts, AllowedOrigin } from "../protocol/authority.ts";
import type { LegacyRevision } from "../protocol/revisions.ts";
import type { Guards, SessionMode } from "../session/machine.ts";
import type { Eras } from "./head.ts";

/**
 * The shape of the answer to a request: JSON, an event stream (`sse`), or JSON that turns to a stream where it has to
 * (`auto`).
 */
export type ResponseShape = "auto" | "json" | "sse";

/** The limits that a rule may ask about. */
export interface PolicyLimits {
  /** Bytes that a body may have. */
  readonly bodyBytes: number;
  /** Characters that the `params` of `initialize` may have as JSON. */
  readonly initializeBytes: number;
  /** Messages that a batch may have. */
  readonly batch: number;
  /** Requests that one session may have in flight. */
  readonly inFlight: number;
  /** Requests that one principal may have in flight without a session. */
  readonly inFlightPerPrincipal: number;
  /** Streams that one session may have open. */
  readonly streams: number;
  /** Subscriptions that may be open. */
  readonly subscriptions: number;
  /** Subscriptions that one principal may have open. */
  readonly subscriptionsPerPrincipal: number;
}

/** Everything that a rule may ask of the options. */
export interface Policy extends Guards {
  /** The eras that are served. */
  readonly eras: Eras;
  /** Whether requests need sessions. */
  readonly sessions: SessionMode;
  /** Which `Host` fields are served. */
  readonly allowedHosts: AllowedHosts;
  /** Which `Origin` fields are served; `*` for all. */
  readonly allowedOrigins: readonly AllowedOrigin[] | "*";
  /** The shape of answers. */
  readonly response: ResponseShape;
  /** Whether preflights are answered. */
  readonly cors: boolean;
  /** The legacy revisions that are served, newest first. */
  readonly revisions: readonly LegacyRevision[];
  /** The limits that rules ask about. */
  readonly limits: PolicyLimits;
}
