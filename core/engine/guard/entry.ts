/**
 * A guarded request from when it is let in until its exchange is over.
 *
 * @module
 */

import type { HeadFacts } from "../../inbound/head.ts";
import type { Rejection } from "../../outbound/rejections.ts";
import { rejectionReply, type ReplyHeaders } from "../../outbound/reply.ts";
import { SESSION_ID_HEADER } from "../../protocol/header_values.ts";
import type { SessionRecord } from "../../session/record.ts";
import { backendFailed } from "../attempt.ts";
import { andThen } from "../awaitable.ts";
import type { Caller } from "../exchange.ts";
import type { Front, Trace } from "../front.ts";
import type { Awaitable } from "../ports.ts";
import { type Reply, withFields } from "../reply.ts";
import type { Lifecycle } from "../sessions/lifecycle.ts";
import type { Live } from "../sessions/live.ts";
import { eachOf, SomeByKey } from "../some.ts";

/** The session of a guarded request, and who calls. */
export interface GuardSession extends Caller {
  /** The session's id. In the request that opens it: the id that it will have, if the answer is 2xx. */
  readonly id: string;
  /** When it was opened, in milliseconds since the epoch. */
  readonly created: number;
  /** When its last exchange ended, in milliseconds since the epoch. */
  readonly seen: number;
}

/**
 * A request that was let in. Serve it: {@linkcode Entry.commit} once the status is known, {@linkcode Entry.fail} where
 * the handler throws, and in any case {@linkcode Entry.leave} at the end.
 */
export interface Entry {
  /** The session, for the handler. */
  readonly session: GuardSession;
  /**
   * Say this when the handler's status is known and nothing is sent yet. A session that this request opens is stored
   * now, if the status is 2xx and the client is still there. Gives the header fields to add to the handler's answer,
   * or, as an answer with a status, what to send in place of it. Does not reject.
   */
  commit(status: number): Awaitable<Reply | { readonly add: Readonly<Record<string, string>> }>;
  /**
   * Say this when the handler threw: it is told as an `application-error` event. Gives the answer (500) to send where
   * nothing was sent. Unless `sent` is true, a session that this request has opened ends, for its client has not learnt
   * of it.
   */
  fail(error: unknown, sent?: boolean): Reply;
  /** Say this when the exchange is over: the session is no longer held by it, and idle time counts from here. */
  leave(): void;
  /**
   * Calls `fn` when the session ends, or the lifecycle closes, before {@linkcode Entry.leave}; at once where it has
   * ended already. Does nothing for a session that is not stored yet.
   */
  onEnd(fn: () => void): void;
}

/** Who is told when a session ends, by its activity. */
export class Ends {
  readonly #told = new SomeByKey<Live, () => void>();
  #over = false;

  /** `fn` is called when the session ends; at once where all is over already. */
  add(live: Live, fn: () => void): void {
    if (this.#over) fn();
    else this.#told.add(live, fn);
  }

  /** `fn` is not called any more. */
  delete(live: Live, fn: () => void): void {
    this.#told.delete(live, fn);
  }

  /** The session has ended. Whoever leaves while others are told is not told. */
  tell(live: Live | undefined): void {
    if (live === undefined) return;
    for (const fn of eachOf(this.#told.of(live))) fn();
    this.#told.forget(live);
  }

  /** All is over. */
  tellAll(): void {
    this.#over = true;
    for (const live of [...this.#told.keys()]) this.tell(live);
  }
}

/** What an entry is about. */
export interface Entered {
  readonly record: SessionRecord;
  readonly caller: Caller;
  readonly facts: HeadFacts;
  readonly trace: Trace;
  /** The record is new, and stored once the handler has answered. */
  readonly opening: boolean;
}

/** An entry that holds its session until it leaves. */
export class HeldEntry implements Entry {
  readonly session: GuardSession;
  readonly #front: Front;
  readonly #lifecycle: Lifecycle;
  readonly #ends: Ends;
  readonly #entered: Entered;
  #live: Live | undefined;
  #left = false;
  /** The session is stored, by this entry. */
  #stored = false;
  /** What every answer carries, once this exchange has its own and the operator knows. */
  #told: ReplyHeaders | undefined;
  #onEnd: (() => void) | undefined;

  constructor(front: Front, lifecycle: Lifecycle, ends: Ends, entered: Entered) {
    const { record, caller, opening } = entered;
    const { id, created, seen } = record;
    this.session = { id, created, seen, ...caller };
    this.#front = front;
    this.#lifecycle = lifecycle;
    this.#ends = ends;
    this.#entered = entered;
    this.#live = opening ? undefined : lifecycle.lives.hold(record);
  }

  commit(status: number): Awaitable<Reply | { readonly add: ReplyHeaders }> {
    const { opening } = this.#entered;
    if (!opening || this.#left || status < 200 || status > 299) return this.#answer(status);
    return andThen(this.#open(), (refusal) => this.#opened(status, refusal));
  }

  fail(error: unknown, sent = false): Reply {
    this.#front.emit({ type: "application-error", method: "handler", error });
    if (!sent) this.#withdraw();
    const rejection: Rejection = { rule: "internal-error" };
    if (this.#told === undefined) return this.#refuse(rejection);
    return withFields(rejectionReply(rejection), this.#told);
  }

  onEnd(fn: () => void): void {
    const live = this.#live;
    if (live === undefined) return;
    if (!this.#lifecycle.lives.has(live)) return fn();
    this.#onEnd = fn;
    this.#ends.add(live, fn);
  }

  leave(): void {
    this.#left = true;
    const live = this.#live;
    if (live === undefined) return;
    this.#unhear(live);
    this.#lifecycle.lives.release(live);
    this.#live = undefined;
  }

  #open(): Awaitable<Rejection | undefined> {
    try {
      const outcome = this.#lifecycle.open(this.#entered.record);
      return outcome instanceof Promise ? outcome.catch((error) => this.#failed(error)) : outcome;
    } catch (error) {
      return this.#failed(error);
    }
  }

  #failed(error: unknown): Rejection {
    backendFailed(this.#front.settings, error);
    return { rule: "store-unavailable" };
  }

  #opened(status: number, refusal: Rejection | undefined): Reply | { readonly add: ReplyHeaders } {
    if (refusal !== undefined) return this.#refuse(refusal);
    const { record, trace } = this.#entered;
    this.#stored = true;
    // The client left meanwhile.
    if (this.#left) this.#withdraw();
    else this.#live = this.#lifecycle.lives.hold(record);
    trace.session = record.id;
    const { add } = this.#answer(status);
    return { add: { [SESSION_ID_HEADER]: record.id, ...add } };
  }

  /** Nobody gets the answer that opens the session. Left to grow idle, it would take the place of another. */
  #withdraw(): void {
    if (!this.#stored) return;
    this.#stored = false;
    if (this.#live !== undefined) this.#unhear(this.#live);
    this.#lifecycle.end(this.#entered.record, "ended").catch((error) => this.#failed(error));
  }

  #unhear(live: Live): void {
    if (this.#onEnd !== undefined) this.#ends.delete(live, this.#onEnd);
  }

  #answer(status: number): { readonly add: ReplyHeaders } {
    const { facts, trace } = this.#entered;
    const { headers } = this.#front.finish(facts, { status, headers: {}, body: null }, trace);
    this.#told = headers;
    return { add: headers };
  }

  #refuse(rejection: Rejection): Reply {
    this.#told = {};
    const { facts, trace } = this.#entered;
    return this.#front.finish(facts, rejection, trace);
  }
}
