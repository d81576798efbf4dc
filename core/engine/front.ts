/**
 * What every request meets first, whatever is served behind it (MCP or a guarded handler): the rules of the head, the
 * preflight, the caller's authentication. And what every answer passes last: the fields of CORS, and the `exchange`
 * event.
 *
 * @module
 */

import type { HeadFacts, RequestHead } from "../inbound/head.ts";
import { HEAD_RULES } from "../inbound/head_rules.ts";
import { firstRefusal } from "../inbound/rule.ts";
import { corsHeaders, preflightReply } from "../outbound/cors.ts";
import { type Rejection, rejectionRow, type RuleId } from "../outbound/rejections.ts";
import { rejectionReply, type TextReply } from "../outbound/reply.ts";
import { originAllowed } from "../protocol/authority.ts";
import type { RequestId } from "../protocol/json_rpc.ts";
import { shown } from "./errors.ts";
import { type HandlerEvent, type MessageShown, UNREAD } from "./events.ts";
import type { Caller } from "./exchange.ts";
import type { Authenticated, Settings } from "./options/options.ts";
import type { Awaitable } from "./ports.ts";
import { type Outcome, type Reply, withFields } from "./reply.ts";
import { isResponse, typed } from "./web/response.ts";

/** What is noted of an exchange while it goes on, for the `exchange` event at its end. */
export interface Trace {
  /** What its body is, once that is read. Not the body: Bun keeps this as long as a stream that is the answer. */
  message: MessageShown;
  outcome: "served" | RuleId;
  session: string | undefined;
  /** The id of the request, once it is read. */
  id: RequestId | undefined;
  /** When it began; undefined where there is no `onEvent` that would be told. */
  readonly began: number | undefined;
}

const ANONYMOUS: Caller = { principal: undefined, authInfo: undefined };

/** The first and the last step of every exchange. */
export class Front {
  readonly settings: Settings;
  /** Closing has begun: new sessions and streams are refused. */
  draining = false;
  /** Closing is over: nothing is served any more. */
  closed = false;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** Begins the notes of an exchange. */
  trace(): Trace {
    const { observed, clock } = this.settings;
    return {
      message: UNREAD,
      outcome: "served",
      session: undefined,
      id: undefined,
      began: observed ? clock.now() : undefined,
    };
  }

  /**
   * Asks the rules of the head and who calls. Gives the caller, or what comes of the request where it goes no further.
   */
  admit(head: RequestHead, facts: HeadFacts, trace: Trace): Awaitable<Caller | Outcome> {
    const { policy, authenticate } = this.settings;
    if (this.closed) return { rule: "draining" };
    const refusal = firstRefusal(HEAD_RULES, { head: facts, draining: this.draining }, policy);
    if (refusal !== undefined) return refusal;
    if (facts.method === "OPTIONS") return preflightReply(head.headers);
    if (authenticate === undefined) return ANONYMOUS;
    return this.#authenticate(head, authenticate, trace);
  }

  #refuse(rejection: Rejection, trace: Trace): TextReply {
    const { rule } = rejection;
    this.#rejected(rule, rejectionRow(rule).status, trace);
    return rejectionReply(rejection, trace.id);
  }

  #rejected(rule: RuleId, status: number, trace: Trace): void {
    trace.outcome = rule;
    this.emit({ type: "rejected", rule, status, session: trace.session });
  }

  /**
   * Makes the answer of what came of a request, adds what every answer carries, and tells the operator. Every exchange
   * ends here, once.
   */
  finish(facts: HeadFacts, outcome: Outcome, trace: Trace): Reply {
    const { policy } = this.settings;
    const reply = "rule" in outcome ? this.#refuse(outcome, trace) : outcome;
    this.#tell(facts, reply, trace);
    if (!policy.cors) return reply;
    const { origin } = facts;
    const page = origin !== null && originAllowed(origin, policy.allowedOrigins) ? origin : null;
    return withFields(reply, corsHeaders(page));
  }

  #tell(facts: HeadFacts, { status }: Reply, trace: Trace): void {
    const { message, outcome, session, began } = trace;
    if (began === undefined) return;
    this.emit({
      type: "exchange",
      http: facts.method,
      ...message,
      outcome,
      status,
      session,
      durationMs: this.settings.clock.now() - began,
    });
  }

  /** Tells the operator. */
  emit(event: HandlerEvent): void {
    this.settings.onEvent(event);
  }

  async #authenticate(
    head: RequestHead,
    authenticate: (request: RequestHead) => Awaitable<Authenticated>,
    trace: Trace,
  ): Promise<Caller | Outcome> {
    let found: Caller | Response;
    try {
      found = checked(await authenticate(head));
      if (isResponse(found)) found = await typed(found);
    } catch (error) {
      this.emit({ type: "application-error", method: "authenticate", error });
      return { rule: "internal-error" };
    }
    if (!isResponse(found)) return found;
    this.#rejected("unauthenticated", found.status, trace);
    return { status: found.status, headers: {}, body: found };
  }
}

// What is none of these must not pass for an anonymous caller: `false` or null may have meant "no".
function checked(found: Authenticated | null): Caller | Response {
  if (found === undefined) return ANONYMOUS;
  if (typeof found === "string") return { principal: found, authInfo: undefined };
  if (isResponse(found)) {
    if (!found.bodyUsed && found.status !== 0) return found;
    throw new TypeError(
      "authenticate: gave a Response that is used up or an error; make one for each request",
    );
  }
  if (found !== null) {
    // Each is read once: behind a getter it may be another the next time, or throw.
    const { principal, authInfo } = found;
    if (typeof principal === "string") return { principal, authInfo };
  }
  throw new TypeError(
    `authenticate: gave ${shown(found)}, not a name, a principal, a Response or undefined`,
  );
}

/** True for a caller, false for what comes of a request that has none. */
export function isCaller(value: Caller | Outcome): value is Caller {
  return "principal" in value;
}
