/**
 * The rules on the body of a POST, and on what it asks of a session that is found.
 *
 * @module
 */

import type { Rejection } from "../outbound/rejections.ts";
import { type Body, quote } from "../protocol/json_rpc.ts";
import { revisionFacts } from "../protocol/revisions.ts";
import type { HeadFacts } from "./head.ts";
import { SESSION_ID_RULE } from "./head_rules.ts";
import type { Policy } from "./policy.ts";
import type { Rule } from "./rule.ts";

/** What the rules of the body look at. */
export interface Posted {
  readonly head: HeadFacts;
  readonly body: Body;
  readonly draining: boolean;
}

/** Rules on the body of a POST of any era. */
export const MESSAGE_RULES: readonly Rule<Posted>[] = [
  {
    id: "parse-error",
    era: "any",
    check: ({ body }) =>
      body.kind === "fault" && body.rule === "parse-error"
        ? { rule: "parse-error", detail: body.detail }
        : undefined,
  },
  {
    id: "invalid-message",
    era: "any",
    check: ({ body }) =>
      body.kind === "fault"
        ? { rule: "invalid-message", detail: body.detail, id: body.id }
        : undefined,
  },
];

/** Rules on the body of a legacy POST. */
export const LEGACY_BODY_RULES: readonly Rule<Posted>[] = [
  {
    id: "malformed-header",
    of: "initialize",
    era: "legacy",
    // By the head it was modern, and its session id of no interest.
    check: ({ head, body }, policy) => {
      if (head.era !== "modern") return undefined;
      const malformed = SESSION_ID_RULE.check({ ...head, era: "legacy" }, policy);
      return malformed && { ...malformed, id: requestId(body) };
    },
  },
  {
    id: "initialize-in-batch",
    era: "legacy",
    check: ({ body }) =>
      body.kind === "batch" &&
        body.messages.some((one) => one.kind !== "response" && one.message.method === "initialize")
        ? { rule: "initialize-in-batch" }
        : undefined,
  },
  {
    id: "initialize-without-id",
    era: "legacy",
    check: ({ body }) =>
      body.kind === "notification" && body.message.method === "initialize"
        ? { rule: "initialize-without-id" }
        : undefined,
  },
  {
    id: "initialize-params",
    era: "legacy",
    check: ({ body }) => {
      if (body.kind !== "request" || body.message.method !== "initialize") return undefined;
      const version = body.message.params?.protocolVersion;
      return typeof version === "string"
        ? undefined
        : { rule: "initialize-params", detail: quote(version), id: body.message.id };
    },
  },
  {
    id: "draining",
    of: "session",
    era: "legacy",
    check: ({ body, draining }) =>
      draining && isInitialize(body) ? { rule: "draining", id: requestId(body) } : undefined,
  },
  {
    id: "unsupported-version",
    era: "legacy",
    check: ({ head, body }, policy) =>
      isInitialize(body) ? undefined : unsupportedVersion(head, policy, requestId(body)),
  },
];

/** Rules on the body of a POST, in order. */
export const BODY_RULES: readonly Rule<Posted>[] = [...MESSAGE_RULES, ...LEGACY_BODY_RULES];

/** The version rule alone, for requests without a body. */
export function unsupportedVersion(
  head: HeadFacts,
  { revisions }: Policy,
  id?: string | number,
): Rejection | undefined {
  if (head.version === null || (revisions as readonly string[]).includes(head.version)) {
    return undefined;
  }
  return { rule: "unsupported-version", value: head.version, accepted: revisions.join(", "), id };
}

/** What the rules of admission look at: a message that is about to be dispatched. */
export interface Admitted {
  readonly body: Body;
  /** The revision that the session speaks. */
  readonly version: string;
  /** The ids that the session has in flight here. */
  readonly inFlight: { readonly size: number; has(id: string | number): boolean };
}

/** Rules on a message whose session is found. */
export const ADMISSION_RULES: readonly Rule<Admitted>[] = [
  {
    id: "batch-not-allowed",
    era: "legacy",
    check: ({ body, version }) =>
      body.kind === "batch" && revisionFacts(version)?.batches !== true
        ? { rule: "batch-not-allowed" }
        : undefined,
  },
  {
    id: "batch-over-limit",
    era: "legacy",
    check: ({ body }, { maxBatch }) =>
      body.kind === "batch" && body.messages.length > maxBatch
        ? { rule: "batch-over-limit", value: body.messages.length, accepted: maxBatch }
        : undefined,
  },
  {
    id: "duplicate-request-id",
    era: "legacy",
    check: ({ body, inFlight }) => {
      if (body.kind === "request") {
        const { id } = body.message;
        return inFlight.has(id)
          ? { rule: "duplicate-request-id", detail: quote(id), id }
          : undefined;
      }
      if (body.kind !== "batch") return undefined;
      const seen = new Set<string | number>();
      for (const one of body.messages) {
        if (one.kind !== "request") continue;
        const { id } = one.message;
        if (inFlight.has(id) || seen.has(id)) {
          return { rule: "duplicate-request-id", detail: quote(id), id };
        }
        seen.add(id);
      }
      return undefined;
    },
  },
  {
    id: "in-flight-limit",
    era: "legacy",
    check: ({ body, inFlight }, { maxInFlight }) =>
      inFlight.size + requestCount(body) > maxInFlight
        ? { rule: "in-flight-limit", accepted: maxInFlight, id: requestId(body) }
        : undefined,
  },
];

/** True for a POST that opens a session. */
export function isInitialize(body: Body): boolean {
  return body.kind === "request" && body.message.method === "initialize";
}

/** The id of a single request. */
export function requestId(body: Body): string | number | undefined {
  return body.kind === "request" ? body.message.id : undefined;
}

/** How many requests a body holds. */
export function requestCount(body: Body): number {
  if (body.kind === "request") return 1;
  if (body.kind !== "batch") return 0;
  return body.messages.filter((one) => one.kind === "request").length;
}
