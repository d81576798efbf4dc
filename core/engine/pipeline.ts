/**
 * The pipeline from a request's head to its answer: the rules of the head and who calls (`front.ts`), the rules of the
 * headers, the body, its era, the session and what its table says, admission, and then the dispatcher. Requests of
 * 2026-07-28 leave it once their era is known, for `modern/`.
 *
 * @module
 */

import {
  ADMISSION_RULES,
  BODY_RULES,
  MESSAGE_RULES,
  requestCount,
  unsupportedVersion,
} from "../inbound/body_rules.ts";
import { eraOf, type HeadFacts, readHead, type RequestHead } from "../inbound/head.ts";
import { HEADER_RULES } from "../inbound/head_rules.ts";
import { unsupportedEra } from "../inbound/modern_rules.ts";
import { CALL_RULES } from "../inbound/quota_rules.ts";
import { firstRefusal } from "../inbound/rule.ts";
import type { Rejection } from "../outbound/rejections.ts";
import { ACCEPTED, ENDED } from "../outbound/reply.ts";
import { SESSION_ID_HEADER } from "../protocol/header_values.ts";
import { type Body, parseBody, requestId } from "../protocol/json_rpc.ts";
import type { Revision } from "../protocol/revisions.ts";
import type { SessionRecord } from "../session/record.ts";
import type { Application } from "./application.ts";
import { backendFailed } from "./attempt.ts";
import { openSession } from "./calls/initialize.ts";
import { eventOf, messagesOf, spokenVersion } from "./calls/posted.ts";
import { Dispatcher } from "./dispatcher.ts";
import { bodyShown } from "./events.ts";
import type { Caller } from "./exchange.ts";
import { Front, isCaller, type Trace } from "./front.ts";
import { Modern } from "./modern/modern.ts";
import type { McpOptions } from "./options/options.ts";
import { readOptions } from "./options/read_options.ts";
import type { Awaitable } from "./ports.ts";
import { refusalOf, refusalOfBody } from "./refusal.ts";
import type { BodyError, BodyReader, Outcome, Reply } from "./reply.ts";
import type { SessionDirectory } from "./sessions/directory.ts";
import { findSession, ownOf, rowOf } from "./sessions/session_of.ts";

/** Answers the requests of one endpoint. Whatever fails on the way is an answer too. */
export class Pipeline {
  readonly front: Front;
  readonly dispatcher: Dispatcher;
  readonly #modern: Modern;
  readonly sessions: SessionDirectory;

  constructor(application: Application, options: McpOptions) {
    const settings = readOptions(options);
    this.front = new Front(settings);
    this.dispatcher = new Dispatcher(application, settings);
    this.#modern = new Modern(this.front, this.dispatcher);
    this.sessions = this.dispatcher.sessions;
  }

  /** Answers one request. The body is read only where its turn comes. */
  handle(head: RequestHead, body: BodyReader): Promise<Reply> {
    const { front } = this;
    const facts = readHead(head, front.settings.policy.eras);
    const trace = front.trace();
    const admitted = front.admit(head, facts, trace);
    return admitted instanceof Promise
      ? admitted.then((caller) => this.#admitted(head, facts, body, caller, trace))
      : this.#admitted(head, facts, body, admitted, trace);
  }

  // What is there at once is not waited for: a call in a live session waits for its body alone. As async functions
  // these would take 800 bytes more of a request's 10 000.
  #admitted(
    head: RequestHead,
    facts: HeadFacts,
    body: BodyReader,
    caller: Caller | Outcome,
    trace: Trace,
  ): Promise<Reply> {
    const { front } = this;
    const early = isCaller(caller) ? this.#refuseHead(facts) : caller;
    if (early !== undefined) return Promise.resolve(front.finish(facts, early, trace));
    const own = caller as Caller;
    if (facts.method !== "POST") {
      return this.#finishLater(this.#withoutBody(facts, own, trace), facts, trace);
    }
    return body.text(front.settings.policy.limits.bodyBytes, facts.contentLength).then(
      (text) => {
        try {
          const answer = this.#read(head, facts, body, text, own, trace);
          return answer instanceof Promise
            ? this.#finishLater(answer, facts, trace)
            : front.finish(facts, answer, trace);
        } catch (error) {
          return this.#failed(error, facts, trace);
        }
      },
      (error) => this.#failed(error, facts, trace),
    );
  }

  #finishLater(outcome: Promise<Outcome>, facts: HeadFacts, trace: Trace): Promise<Reply> {
    return outcome.then(
      (found) => this.front.finish(facts, found, trace),
      (error) => this.#failed(error, facts, trace),
    );
  }

  // The application's failures are caught where it is called: what comes here is the backend's.
  #failed(error: unknown, facts: HeadFacts, trace: Trace): Reply {
    const { front } = this;
    backendFailed(front.settings, error);
    return front.finish(facts, { rule: "store-unavailable" }, trace);
  }

  #refuseHead(facts: HeadFacts): Rejection | undefined {
    const { policy } = this.front.settings;
    return firstRefusal(HEADER_RULES, facts, policy) ??
      (facts.method === "POST" ? undefined : unsupportedVersion(facts, policy));
  }

  #read(
    head: RequestHead,
    facts: HeadFacts,
    body: BodyReader,
    text: string | BodyError,
    caller: Caller,
    trace: Trace,
  ): Awaitable<Outcome> {
    const { policy } = this.front.settings;
    if (typeof text !== "string") return refusalOfBody(text, policy.limits.bodyBytes);
    const parsed = parseBody(text);
    trace.id = requestId(parsed);
    if (trace.began !== undefined) trace.message = bodyShown(parsed);
    if (eraOf(facts, parsed, policy.eras) === "legacy") {
      return this.#post(head, facts, parsed, caller, trace);
    }
    const posted = { head: facts, body: parsed, draining: false };
    const refusal = firstRefusal(MESSAGE_RULES, posted, policy);
    if (refusal !== undefined) return refusal;
    return policy.eras === "legacy"
      ? unsupportedEra(parsed, facts, policy)
      : this.#modern.post(head, facts, parsed, caller, body);
  }

  #post(
    head: RequestHead,
    facts: HeadFacts,
    body: Body,
    caller: Caller,
    trace: Trace,
  ): Awaitable<Outcome> {
    const { draining, settings: { policy } } = this.front;
    const refusal = firstRefusal(BODY_RULES, { head: facts, body, draining }, policy);
    if (refusal !== undefined) return refusal;
    const { lifecycle } = this.dispatcher;
    const found = findSession(facts, lifecycle, caller, policy);
    if (!(found instanceof Promise)) {
      return this.#postTo(found, head, facts, body, caller, trace);
    }
    return lifecycle.during(facts.sessionId!, found, (record, ended) => {
      return this.#postTo(ended ? undefined : record, head, facts, body, caller, trace);
    });
  }

  #postTo(
    record: SessionRecord | undefined,
    head: RequestHead,
    facts: HeadFacts,
    body: Body,
    caller: Caller,
    trace: Trace,
  ): Awaitable<Outcome> {
    const event = eventOf(body);
    const row = rowOf(facts, record, caller, event, this.front.settings.policy);
    const own = ownOf(row, record);
    trace.session = own?.id;
    if (row.answer !== "serve") return refusalOf(row.answer, facts.method);
    if (event === "initialize") {
      return this.#open(head, facts, body, caller, row.effects.includes("create"), trace);
    }
    const version = own?.version ?? spokenVersion(facts);
    const refused = this.#notAdmitted(body, own, version, caller);
    if (refused !== undefined) return refused;
    if (!row.effects.includes("mark-ready")) {
      return this.#dispatch(head, facts, body, own, version, caller);
    }
    const { lifecycle } = this.dispatcher;
    const { id } = own!;
    return lifecycle.during(id, lifecycle.markReady(id), (_, ended) => {
      // A batch may hold requests besides, and others may have begun meanwhile.
      const late: Rejection | undefined = ended
        ? { rule: "session-not-found" }
        : this.#notAdmitted(body, own, version, caller);
      return late === undefined ? this.#dispatch(head, facts, body, own, version, caller) : late;
    });
  }

  #notAdmitted(
    body: Body,
    own: SessionRecord | undefined,
    version: Revision,
    caller: Caller,
  ): Rejection | undefined {
    const { dispatcher } = this;
    const { policy } = this.front.settings;
    const admitted = { body, version, inFlight: dispatcher.inFlight(own) };
    const refusal = firstRefusal(ADMISSION_RULES, admitted, policy);
    const requests = requestCount(body);
    if (refusal !== undefined || requests === 0) return refusal;
    if (own === undefined) {
      const calls = dispatcher.principals.of(caller.principal).calls + requests;
      const over = firstRefusal(CALL_RULES, { calls }, policy);
      if (over !== undefined) return over;
    }
    // Its head came before the handler stopped, its body or the record of its session afterwards. Nothing has begun, so
    // another node can serve it.
    return dispatcher.stopped ? { rule: "draining" } : undefined;
  }

  #dispatch(
    head: RequestHead,
    { accepts }: HeadFacts,
    body: Body,
    record: SessionRecord | undefined,
    version: Revision,
    caller: Caller,
  ): Awaitable<Outcome> {
    const { dispatcher } = this;
    const messages = messagesOf(body);
    const requests = requestCount(body);
    if (requests > 0) {
      const batch = body.kind === "batch";
      return dispatcher.serve(messages, requests, batch, record, version, caller, head, accepts);
    }
    const passing = dispatcher.receive(messages, record, version, caller, head);
    if (record !== undefined) dispatcher.lifecycle.seen(record.id);
    return passing === undefined ? ACCEPTED : passing.then(() => ACCEPTED);
  }

  async #open(
    head: RequestHead,
    facts: HeadFacts,
    body: Body,
    caller: Caller,
    creates: boolean,
    trace: Trace,
  ): Promise<Outcome> {
    const opened = await openSession(this.dispatcher, body, caller, head, facts.accepts, creates);
    if (!("rule" in opened)) trace.session = opened.headers[SESSION_ID_HEADER];
    return opened;
  }

  async #withoutBody(facts: HeadFacts, caller: Caller, trace: Trace): Promise<Outcome> {
    const { dispatcher } = this;
    const { policy } = this.front.settings;
    const record = await findSession(facts, dispatcher.lifecycle, caller, policy);
    const event = facts.method === "GET" ? "listen" : "terminate";
    const row = rowOf(facts, record, caller, event, policy);
    const own = ownOf(row, record);
    trace.session = own?.id;
    if (row.answer === "stream") {
      return await dispatcher.streams.listen(own!, facts.lastEventId);
    }
    if (row.answer === "ended") {
      return await dispatcher.lifecycle.end(own!, "terminated")
        ? ENDED
        : { rule: "session-not-found" };
    }
    return refusalOf(row.answer, facts.method);
  }
}
