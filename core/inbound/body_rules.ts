/**
 * The rules on the body of a POST, and on what it asks of a session that is found.
 *
 * @module
 */

import type { Rejection } from "../outbound/rejections.ts";
import { type Body, quote, type RequestId } from "../protocol/json_rpc.ts";
import { revisionFacts } from "../protocol/revisions.ts";
import type { HeadFacts } from "./head.ts";
import { SESSION_ID_RULE } from "./head_rules.ts";
import type { Policy } from "./policy.ts";
import type { Rule } from "./rule.ts";

/** What {@linkcode BODY_RULES} look at. */
export interface Posted {
  /** The facts of the head. */
  readonly head: HeadFacts;
  /** The body, as `parseBody` read it. */
  readonly body: Body;
  /** The handler is shutting down. */
  readonly draining: boolean;
}

/** Rules on the body of a POST of any era, in order. */
export const MESSAGE_RULES: readonly Rule<Posted>[] = [
  {
    id: "parse-error",
    check: ({ body }) =>
      body.kind === "fault" && body.rule === "parse-error" ? { detail: body.detail } : undefined,
  },
  {
    id: "invalid-message",
    check: ({ body }) => body.kind === "fault" ? { detail: body.detail } : undefined,
  },
];

/** Rules on the body of a legacy POST, in order. They are asked after {@linkcode MESSAGE_RULES}. */
export const LEGACY_BODY_RULES: readonly Rule<Posted>[] = [
  {
    id: "malformed-header",
    of: "initialize",
    // By the head it was modern, and its session id of no interest.
    check: ({ head }, policy) =>
      head.era === "modern" ? SESSION_ID_RULE.check({ ...head, era: "legacy" }, policy) : undefined,
  },
  {
    id: "initialize-in-batch",
    check: ({ body }) =>
      body.kind === "batch" &&
        body.messages.some((one) => one.kind !== "response" && one.message.method === "initialize")
        ? {}
        : undefined,
  },
  {
    id: "initialize-without-id",
    check: ({ body }) =>
      body.kind === "notification" && body.message.method === "initialize" ? {} : undefined,
  },
  {
    id: "initialize-params",
    check: ({ body }) => {
      if (body.kind !== "request" || body.message.method !== "initialize") return undefined;
      const version = body.message.params?.protocolVersion;
      return typeof version === "string" ? undefined : { detail: quote(version) };
    },
  },
  {
    id: "draining",
    of: "session",
    check: ({ body, draining }) => draining && isInitialize(body) ? {} : undefined,
  },
  {
    id: "unsupported-version",
    check: ({ head, body }, policy) =>
      isInitialize(body) ? undefined : unsupportedVersion(head, policy),
  },
];

/** All rules on the body of a legacy POST, in order. */
export const BODY_RULES: readonly Rule<Posted>[] = [...MESSAGE_RULES, ...LEGACY_BODY_RULES];

/**
 * The rule on `MCP-Protocol-Version` alone, for legacy requests without a body. Gives the refusal; undefined to go on.
 */
export function unsupportedVersion(
  { version }: HeadFacts,
  { revisions }: Policy,
): Rejection | undefined {
  return version === null || (revisions as readonly string[]).includes(version)
    ? undefined
    : { rule: "unsupported-version", value: version, accepted: revisions.join(", ") };
}

/** What {@linkcode ADMISSION_RULES} look at: a POST that is about to be dispatched. */
export interface Admitted {
  /** The body, as `parseBody` read it. */
  readonly body: Body;
  /** The revision that the session speaks. */
  readonly version: string;
  /** The ids that the session has in flight here. */
  readonly inFlight: { readonly size: number; has(id: RequestId): boolean };
}

/** Rules on a legacy POST whose session is found, in order. */
export const ADMISSION_RULES: readonly Rule<Admitted>[] = [
  {
    id: "batch-not-allowed",
    check: ({ body, version }) =>
      body.kind === "batch" && revisionFacts(version)?.batches !== true ? {} : undefined,
  },
  {
    id: "batch-over-limit",
    check: ({ body }, { limits: { batch } }) =>
      body.kind === "batch" && body.messages.length > batch
        ? { value: body.messages.length, accepted: batch }
        : undefined,
  },
  {
    id: "duplicate-request-id",
    check: ({ body, inFlight }) => {
      if (body.kind === "request") {
        const { id } = body.message;
        return inFlight.has(id) ? { detail: quote(id) } : undefined;
      }
      if (body.kind !== "batch") return undefined;
      const seen = new Set<RequestId>();
      for (const one of body.messages) {
        if (one.kind !== "request") continue;
        const { id } = one.message;
        if (inFlight.has(id) || seen.has(id)) {
          return { detail: quote(id), id };
        }
        seen.add(id);
      }
      return undefined;
    },
  },
  {
    id: "in-flight-limit",
    check: ({ body, inFlight }, { limits }) =>
      inFlight.size + requestCount(body) > limits.inFlight
        ? { accepted: limits.inFlight }
        : undefined,
  },
];

/** True for a POST that opens a session. */
export function isInitialize(body: Body): boolean {
  return body.kind === "request" && body.message.method === "initialize";
}

/** How many requests a body holds. */
export function requestCount(body: Body): number {
  if (body.kind === "request") return 1;
  if (body.kind !== "batch") return 0;
  return body.messages.filter((one) => one.kind === "request").length;
}
