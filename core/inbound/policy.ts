/**
 * What the operator allows, as the rules see it: options after reading, plain data.
 *
 * @module
 */

import type { AllowedHosts, AllowedOrigin } from "../protocol/authority.ts";
import type { LegacyRevision } from "../protocol/revisions.ts";
import type { Guards, SessionMode } from "../session/machine.ts";
import type { Eras } from "./head.ts";

/** The shape of the answer to a request: `auto` begins as JSON and turns to SSE where it has to. */
export type ResponseShape = "auto" | "json" | "sse";

/** The limits that a rule may ask about. */
export interface PolicyLimits {
  /** Bytes. */
  readonly bodyBytes: number;
  /** Characters of JSON. */
  readonly initializeBytes: number;
  /** Messages. */
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

/** Everything a rule may ask of the options. */
export interface Policy extends Guards {
  /** The eras that are served. */
  readonly eras: Eras;
  readonly sessions: SessionMode;
  readonly allowedHosts: AllowedHosts;
  readonly allowedOrigins: readonly AllowedOrigin[] | "*";
  readonly response: ResponseShape;
  /** Answers preflights. */
  readonly cors: boolean;
  /** The legacy revisions that are served, newest first. */
  readonly revisions: readonly LegacyRevision[];
  readonly limits: PolicyLimits;
}
