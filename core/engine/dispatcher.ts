/**
 * Where messages meet the application: calls are run, answered and stopped. It holds the parts of one handler together
 * and passes on between them; what they do is in `calls/`, `streams/`, `sessions/` and `modern/`.
 *
 * @module
 */

import type { RequestHead } from "../inbound/head.ts";
import { rejectionReply } from "../outbound/reply.ts";
import type { JsonObject, RpcMessage } from "../protocol/json_rpc.ts";
import type { Accepts } from "../protocol/media.ts";
import type { Revision } from "../protocol/revisions.ts";
import type { EndReason, SessionRecord } from "../session/record.ts";
import type { Application } from "./application.ts";
import { attempt } from "./attempt.ts";
import { Call } from "./calls/call.ts";
import { type AskTerms, ClientRequests, type Said } from "./calls/client_requests.ts";
import { answererOf, takeIn } from "./calls/inbox.ts";
import { Post } from "./calls/post.ts";
import { requestsOf } from "./calls/posted.ts";
import { Principals, type Usage } from "./calls/principals.ts";
import { inform, run, tellRequest } from "./calls/running.ts";
import { Undecided } from "./calls/undecided.ts";
import { Closing } from "./closing.ts";
import { ClientRequestError } from "./errors.ts";
import type { Caller } from "./exchange.ts";
import { mintNodeId } from "./ids.ts";
import { spreadChange } from "./modern/changes.ts";
import { Delegate } from "./modern/delegate.ts";
import { MirroredParams } from "./modern/mirrored_params.ts";
import { type Change, Subscriptions } from "./modern/subscriptions.ts";
import type { Settings } from "./options/options.ts";
import type { Reply } from "./reply.ts";
import { Directory } from "./sessions/directory.ts";
import { Lifecycle, type Listener } from "./sessions/lifecycle.ts";
import { InFlight, type Live } from "./sessions/live.ts";
import type { Stats } from "./stats.ts";
import { Streams } from "./streams/streams.ts";

const NONE = new InFlight();

/** Runs the messages of one handler. */
export class Dispatcher implements Listener {
  readonly application: Application;
  readonly settings: Settings;
  readonly lifecycle: Lifecycle;
  readonly requests: ClientRequests;
  readonly sessions: Directory;
  readonly streams: Streams;
  readonly subscriptions: Subscriptions;
  readonly params: MirroredParams;
  readonly undecided: Undecided;
  readonly principals: Principals = new Principals();
  /** Where the application has a handler of its own for modern requests. */
  readonly delegate: Delegate | undefined;
  /** Calls without a session. Those with one are in the `Live` of their session. */
  readonly #stateless = new Set<Call>();
  readonly #closing = new Closing(this);
  #working = 0;
  #aborted = 0;
  #stopped = false;

  constructor(application: Application, settings: Settings) {
    const node = mintNodeId();
    this.application = application;
    this.settings = settings;
    this.lifecycle = new Lifecycle(settings, node, this);
    this.requests = new ClientRequests(node, settings);
    this.sessions = new Directory(this.lifecycle, this.requests, settings);
    this.streams = new Streams(settings, this.lifecycle);
    this.subscriptions = new Subscriptions(application);
    this.params = new MirroredParams(application, settings.onEvent);
    const { modern } = application;
    this.delegate = modern && new Delegate(modern, this);
    this.undecided = new Undecided(settings);
  }

  /** The ids that a session has in flight here. */
  inFlight(record: SessionRecord | undefined): InFlight {
    return record === undefined ? NONE : this.lifecycle.lives.get(record.id)?.inFlight ?? NONE;
  }

  /** Serves a POST that holds at least one request; `requests` says how many. */
  serve(
    messages: readonly RpcMessage[],
    requests: number,
    batch: boolean,
    record: SessionRecord | undefined,
    version: Revision,
    caller: Caller,
    head: RequestHead,
    accepts: Accepts,
  ): Reply | Promise<Reply> {
    const { lifecycle, settings } = this;
    // Held once for the POST while it is set up, so that a call that ends at once does not let go of it.
    const live = record && lifecycle.lives.hold(record);
    const { response } = settings.policy;
    const post = new Post(this, record, live, version, accepts, response, requests, batch);
    if (settings.backend.nodes !== undefined) post.owed = requestsOf(messages).map(({ id }) => id);
    if (requests < messages.length) {
      attempt(settings, () => this.receive(messages, record, version, caller, head));
    }
    for (const one of messages) {
      if (one.kind !== "request") continue;
      const request = one.message;
      const call = new Call(request, post, caller, head);
      if (live === undefined) this.hold(call, this.principals.of(caller.principal), false);
      else {
        this.#working++;
        live.holds++;
        live.inFlight.add(call);
      }
      run(request, call);
    }
    if (live !== undefined) lifecycle.lives.release(live);
    this.undecided.add(post);
    return post.reply();
  }

  /** Takes notifications and responses; requests among them are left alone. See {@linkcode takeIn}. */
  receive(
    messages: readonly RpcMessage[],
    record: SessionRecord | undefined,
    version: Revision,
    caller: Caller,
    head: RequestHead,
  ): Promise<unknown> | undefined {
    // This Post only says where notifications come from: it is never answered.
    let post: Post | undefined;
    return takeIn(messages, record, caller, this, (message) => {
      post ??= new Post(this, record, undefined, version, NOTHING, "json", 0, false);
      return new Call(message, post, caller, head);
    });
  }

  /** Sends a request to the client of a call. */
  ask(
    call: Call,
    method: string,
    params: JsonObject | undefined,
    options: AskTerms,
  ): Promise<JsonObject> {
    const stream = call.post.stream();
    if (stream === undefined || stream.over) {
      const why = stream === undefined ? "is JSON only" : "reaches nobody any more";
      return Promise.reject(
        new ClientRequestError("no-stream", `${method}: the answer to ${call.method} ${why}`),
      );
    }
    return this.requests.ask(
      answererOf(call.post.record, call),
      call,
      method,
      params,
      options,
      {
        when: (go) => this.lifecycle.readiness.when(call.live, method, go),
        send: (text) => call.emit(text),
        cancel: (requestId, reason) => {
          const tells = call.over ? call.session : call;
          tells?.notify("notifications/cancelled", { requestId, reason });
        },
      },
    );
  }

  /** A call has been answered, or was stopped. */
  settled(call: Call): void {
    const { live, post } = call;
    this.#working--;
    this.requests.over(call);
    if (post.answered) this.undecided.delete(post);
    if (live === undefined) {
      this.#stateless.delete(call);
      if (this.subscriptions.delete(call)) post.usage!.subscriptions--;
      else if (post.usage !== undefined) post.usage.calls--;
    } else {
      live.inFlight.delete(call);
      this.lifecycle.lives.release(live);
    }
    if (this.#working === 0) this.#closing.idle();
  }

  ended(id: string, reason: EndReason, live: Live | undefined): void {
    const gone = live?.inFlight.all();
    // First, so that what waits learns the cause and not that its call was stopped.
    this.requests.end(id, "the session has ended");
    for (const call of gone ?? []) {
      this.stop(call, rejectionReply({ rule: "session-not-found" }, call.id));
    }
    inform("ended", this.settings, () => this.application.ended?.(id, reason));
  }

  cancelled(call: Call, reason: string | undefined): void {
    this.stop(call, undefined, reason);
  }

  answered(from: string, said: Said): void {
    this.requests.said(from, said);
  }

  get holds(): (() => Iterable<string>) | undefined {
    const { application } = this;
    return application.holds && (() => application.holds!());
  }

  missed(): void {
    // One of the words may have been that the tools changed.
    this.params.refresh();
    this.streams.connections.look();
  }

  renewed(): Promise<void> {
    return this.streams.settleGone();
  }

  async stats(): Promise<Stats> {
    return {
      sessions: await this.settings.backend.sessions.count(),
      streams: this.streams.connections.size + (this.delegate?.streams ?? 0),
      inFlight: this.#working,
      aborted: this.#aborted,
    };
  }

  /** How many requests are in flight on this node. */
  get working(): number {
    return this.#working;
  }

  /** Everything has been stopped, and nothing is begun any more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** See {@linkcode Closing.close}. */
  close(within: number): Promise<void> {
    return this.#closing.close(within);
  }

  /** Has no call begin from here on, and gives those in flight, to be stopped. */
  last(): readonly Call[] {
    this.#stopped = true;
    this.undecided.clear();
    const inSessions = [...this.lifecycle.lives].flatMap((live) => live.inFlight.all());
    return [...inSessions, ...this.#stateless];
  }

  /**
   * Counts a request that the application's `modern` handler answers, as its principal's. What this returns says that
   * the request is over, and whether it was stopped. A subscription is no work: closing waits for no end of one.
   */
  busy(principal: string | undefined, listens: boolean): (stopped: boolean) => void {
    const usage = this.principals.of(principal);
    if (listens) usage.subscriptions++;
    else {
      usage.calls++;
      this.#working++;
    }
    return (stopped) => {
      if (stopped) this.#aborted++;
      if (listens) return void usage.subscriptions--;
      usage.calls--;
      if (--this.#working === 0) this.#closing.idle();
    };
  }

  /**
   * Counts a call that has no session, until it is settled. `usage` is its principal's, where the call counts there
   * too.
   */
  hold(call: Call, usage: Usage | undefined, listens: boolean): void {
    this.#working++;
    this.#stateless.add(call);
    if (usage === undefined) return;
    call.post.usage = usage;
    if (listens) usage.subscriptions++;
    else usage.calls++;
  }

  changed(change: Change): void {
    spreadChange(change, this);
  }

  /** Stops a call, unless it is over. The arguments are those of {@linkcode Call.stop}. */
  stop(call: Call, reply?: Reply, reason?: string, text?: string): void {
    if (call.over) return;
    this.#aborted++;
    tellRequest(call, "stopped");
    call.stop(reply, reason, text);
  }
}

// A notification has no answer that could have a shape.
const NOTHING: Accepts = { json: false, sse: false };
