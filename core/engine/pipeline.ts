/**
 * The pipeline from a request's head to its answer.
 *
 * @module
 */

import {
  ADMISSION_RULES,
  BODY_RULES,
  MESSAGE_RULES,
  requestCount,
  requestId,
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
import { type Body, parseBody } from "../protocol/json_rpc.ts";
import type { Revision } from "../protocol/revisions.ts";
import type { SessionRecord } from "../session/record.ts";
import type { Application, Caller } from "./application.ts";
import { backendFailed } from "./attempt.ts";
import { openSession } from "./calls/initialize.ts";
import { eventOf, messagesOf, nameOf, spokenVersion } from "./calls/posted.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Front, isReply, type Trace } from "./front.ts";
import { Modern } from "./modern/modern.ts";
import type { McpOptions } from "./options/options.ts";
import { readOptions } from "./options/read_options.ts";
import type { Awaitable } from "./ports.ts";
import { refusalOf, refusalOfBody } from "./refusal.ts";
import type { BodyError, BodyReader, Reply } from "./reply.ts";
import type { SessionDirectory } from "./sessions/directory.ts";
import { findSession, ownOf, rowOf } from "./sessions/session_of.ts";

/** Answers the requests of one endpoint. */
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
    caller: Caller | Reply,
    trace: Trace,
  ): Promise<Reply> {
    const { front } = this;
    const early = isReply(caller) ? caller : this.#refuseHead(facts, trace);
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

  #finishLater(answer: Promise<Reply>, facts: HeadFacts, trace: Trace): Promise<Reply> {
    return answer.then(
      (reply) => this.front.finish(facts, reply, trace),
      (error) => this.#failed(error, facts, trace),
    );
  }

  // The application's failures are caught where it is called: what comes here is the backend's.
  #failed(error: unknown, facts: HeadFacts, trace: Trace): Reply {
    const { front } = this;
    backendFailed(front.settings, error);
    const refusal = front.refuse({ rule: "store-unavailable" }, trace);
    return front.finish(facts, refusal, trace);
  }

  #refuseHead(facts: HeadFacts, trace: Trace): Reply | undefined {
    const { policy } = this.front.settings;
    const refusal = firstRefusal(HEADER_RULES, facts, policy) ??
      (facts.method === "POST" ? undefined : unsupportedVersion(facts, policy));
    return refusal && this.front.refuse(refusal, trace);
  }

  #read(
    head: RequestHead,
    facts: HeadFacts,
    body: BodyReader,
    text: string | BodyError,
    caller: Caller,
    trace: Trace,
  ): Awaitable<Reply> {
    const { front } = this;
    const { policy } = front.settings;
    if (typeof text !== "string") {
      return front.refuse(refusalOfBody(text, policy.limits.bodyBytes), trace);
    }
    const parsed = parseBody(text);
    trace.id = requestId(parsed);
    trace.method = nameOf(parsed);
    if (eraOf(facts, parsed, policy.eras) === "legacy") {
      return this.#post(head, facts, parsed, caller, trace);
    }
    const fault = firstRefusal(
      MESSAGE_RULES,
      { head: facts, body: parsed, draining: false },
      policy,
    );
    if (fault !== undefined) return front.refuse(fault, trace);
    return policy.eras === "legacy"
      ? front.refuse(unsupportedEra(parsed, facts, policy), trace)
      : this.#modern.post(head, facts, parsed, caller, body, trace);
  }

  #post(
    head: RequestHead,
    facts: HeadFacts,
    body: Body,
    caller: Caller,
    trace: Trace,
  ): Awaitable<Reply> {
    const { front } = this;
    const refusal = firstRefusal(
      BODY_RULES,
      { head: facts, body, draining: front.draining },
      front.settings.policy,
    );
    if (refusal !== undefined) return front.refuse(refusal, trace);
    const { lifecycle } = this.dispatcher;
    const found = findSession(facts, lifecycle, caller, front.settings.policy);
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
  ): Awaitable<Reply> {
    const { front, dispatcher } = this;
    const event = eventOf(body);
    const row = rowOf(facts, record, caller, event, front.settings.policy);
    const own = ownOf(row, record);
    trace.session = own?.id;
    if (row.answer !== "serve") {
      return front.refuse(refusalOf(row.answer, facts.method), trace);
    }
    if (event === "initialize") {
      return this.#open(head, facts, body, caller, row.effects.includes("create"), trace);
    }
    const version = own?.version ?? spokenVersion(facts);
    const refused = this.#notAdmitted(body, own, version, caller);
    if (refused !== undefined) return front.refuse(refused, trace);
    if (!row.effects.includes("mark-ready")) {
      return this.#dispatch(head, facts, body, own, version, caller);
    }
    const { lifecycle } = dispatcher;
    const { id } = own!;
    return lifecycle.during(id, lifecycle.markReady(id), (_, ended) => {
      // A batch may hold requests besides, and others may have begun meanwhile.
      const late: Rejection | undefined = ended
        ? { rule: "session-not-found" }
        : this.#notAdmitted(body, own, version, caller);
      return late === undefined
        ? this.#dispatch(head, facts, body, own, version, caller)
        : front.refuse(late, trace);
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
    // It came before the end, and its body or its session after it: nothing has begun, so another node can serve it.
    return dispatcher.stopped ? { rule: "draining" } : undefined;
  }

  #dispatch(
    head: RequestHead,
    { accepts }: HeadFacts,
    body: Body,
    record: SessionRecord | undefined,
    version: Revision,
    caller: Caller,
  ): Awaitable<Reply> {
    const { dispatcher } = this;
    const messages = messagesOf(body);
    const requests = requestCount(body);
    if (requests > 0) {
      const batch = body.kind === "batch";
      return dispatcher.serve(messages, requests, batch, record, version, caller, head, accepts);
    }
    dispatcher.receive(messages, record, version, caller, head);
    if (record !== undefined) dispatcher.lifecycle.seen(record.id);
    return ACCEPTED;
  }

  async #open(
    head: RequestHead,
    facts: HeadFacts,
    body: Body,
    caller: Caller,
    creates: boolean,
    trace: Trace,
  ): Promise<Reply> {
    const opened = await openSession(this.dispatcher, body, caller, head, facts.accepts, creates);
    if ("rule" in opened) return this.front.refuse(opened, trace);
    trace.session = opened.headers[SESSION_ID_HEADER];
    return opened;
  }

  async #withoutBody(facts: HeadFacts, caller: Caller, trace: Trace): Promise<Reply> {
    const { front, dispatcher } = this;
    const { policy } = front.settings;
    const record = await findSession(facts, dispatcher.lifecycle, caller, policy);
    const event = facts.method === "GET" ? "listen" : "terminate";
    const row = rowOf(facts, record, caller, event, policy);
    const own = ownOf(row, record);
    trace.session = own?.id;
    if (row.answer === "stream") {
      const opened = await dispatcher.streams.listen(own!, facts.lastEventId);
      return "rule" in opened ? front.refuse(opened, trace) : opened;
    }
    if (row.answer === "ended") {
      return await dispatcher.lifecycle.end(own!, "terminated")
        ? ENDED
        : front.refuse({ rule: "session-not-found" }, trace);
    }
    return front.refuse(refusalOf(row.answer, facts.method), trace);
  }
}
