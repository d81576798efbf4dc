/**
 * Where messages meet the application: calls are run, answered, stopped; streams are opened.
 *
 * @module
 */

import type { RequestHead } from "../inbound/head.ts";
import { rejectionReply } from "../outbound/reply.ts";
import {
  type JsonObject,
  notificationText,
  type RpcMessage,
  type RpcRequest,
  type RpcResponse,
} from "../protocol/json_rpc.ts";
import type { Accepts } from "../protocol/media.ts";
import { META } from "../protocol/modern.ts";
import type { Revision } from "../protocol/revisions.ts";
import type { EndReason, SessionRecord } from "../session/record.ts";
import type { Application, Caller, Handles, RequestOptions, SessionHandle } from "./application.ts";
import { type Answered, answerOf, discoverResult, failedAnswer, thrownAnswer } from "./answers.ts";
import { Call } from "./call.ts";
import { ClientRequests } from "./client_requests.ts";
import { Delegate } from "./delegate.ts";
import { Deadlines } from "./deadlines.ts";
import { SessionDirectory } from "./directory.ts";
import { ClientRequestError } from "./errors.ts";
import { handlesOf } from "./handles.ts";
import { mintNodeId, standaloneStream } from "./ids.ts";
import { answererOf, Inbox } from "./inbox.ts";
import { Lifecycle, type Listener } from "./lifecycle.ts";
import type { Live } from "./live.ts";
import type { Stats } from "./stats.ts";
import type { Settings } from "./options.ts";
import { type Host, type ModernContext, Post } from "./post.ts";
import { MirroredParams } from "./mirrored_params.ts";
import type { BodyReader, Reply } from "./reply.ts";
import { type Begun, Streams } from "./streams.ts";
import { type Change, notificationOf, Subscriptions } from "./subscriptions.ts";
import { Stream } from "./stream.ts";

/** How long a modern call may go on unwatched, in milliseconds. */
const UNWATCHED_MS = 100;

/** How long closing waits for what is on its way through the backend, in milliseconds. */
const FLUSH_MS = 2_000;

const NONE: ReadonlyMap<string | number, unknown> = new Map();

/** Runs the messages of one handler. */
export class Dispatcher implements Host, Listener {
  readonly application: Application;
  readonly settings: Settings;
  readonly lifecycle: Lifecycle;
  readonly requests: ClientRequests;
  readonly sessions: SessionDirectory;
  readonly streams: Streams;
  readonly subscriptions: Subscriptions;
  readonly params: MirroredParams;
  /** Where the application has a handler of its own for modern requests. */
  readonly delegate: Delegate | undefined;
  readonly #inbox: Inbox;
  readonly #slow: Deadlines<Post>;
  readonly #unwatched: Deadlines<Post>;
  /** Calls without a session; those with one are in its `Live`. */
  readonly #stateless = new Set<Call>();
  #inFlight = 0;
  #aborted = 0;
  /** Who waits for the last call to end. */
  readonly #idle = new Set<() => void>();
  #closing: Promise<void> | undefined;

  constructor(application: Application, settings: Settings) {
    const node = mintNodeId();
    this.application = application;
    this.settings = settings;
    this.lifecycle = new Lifecycle(settings, node, this);
    this.requests = new ClientRequests(node, settings.clock);
    this.sessions = new SessionDirectory(this.lifecycle, this.requests, settings);
    this.streams = new Streams(settings, this.lifecycle);
    this.subscriptions = new Subscriptions(application);
    this.#inbox = new Inbox(application, settings, this.lifecycle, this.requests);
    this.params = new MirroredParams(application, (event) => settings.onEvent?.(event));
    const { modern } = application;
    this.delegate = modern && new Delegate(modern, settings, () => this.#busy());
    const { clock, autoSseMs } = settings;
    this.#slow = new Deadlines(clock, autoSseMs, (post) => post.stream());
    this.#unwatched = new Deadlines(
      clock,
      Math.min(autoSseMs, UNWATCHED_MS),
      (post) => post.stream(),
    );
  }

  /** The ids that a session has in flight here. */
  inFlight(record: SessionRecord | undefined): ReadonlyMap<string | number, unknown> {
    return record === undefined ? NONE : this.lifecycle.live(record.id)?.inFlight ?? NONE;
  }

  /** Serves a POST that holds at least one request. */
  serve(
    messages: readonly RpcMessage[],
    batch: boolean,
    record: SessionRecord | undefined,
    version: Revision,
    caller: Caller,
    head: RequestHead,
    accepts: Accepts,
  ): Reply | Promise<Reply> {
    const { lifecycle, settings } = this;
    const calls: RpcRequest[] = [];
    for (const one of messages) if (one.kind === "request") calls.push(one.message);
    if (this.#closing !== undefined) return this.#tooLate(calls[0]!);
    // Held once for the POST while it is set up, so that a call that ends at once does not let go of it.
    const live = record && lifecycle.hold(record);
    const { response } = settings.policy;
    const post = new Post(this, record, live, version, accepts, response, calls.length, batch);
    if (settings.backend.nodes !== undefined) post.owed = calls.map((one) => one.id);
    if (calls.length < messages.length) this.receive(messages, record, version, caller, head);
    for (const request of calls) {
      const call = new Call(request, post, caller, head);
      this.#inFlight++;
      if (live === undefined) this.#stateless.add(call);
      else {
        live.holds++;
        live.inFlight.set(request.id, call);
      }
      this.#run(request, call);
    }
    if (live !== undefined) lifecycle.release(live);
    if (post.undecided) this.#slow.add(post);
    return post.reply();
  }

  /** Takes notifications and responses; requests among them are left alone. */
  receive(
    messages: readonly RpcMessage[],
    record: SessionRecord | undefined,
    version: Revision,
    caller: Caller,
    head: RequestHead,
  ): void {
    this.#inbox.receive(messages, record, caller, (message) => {
      const post = new Post(this, record, undefined, version, NOTHING, "json", 0, false);
      return new Call(message, post, caller, head);
    });
  }

  stream(post: Post): Begun {
    return this.streams.begin(post);
  }

  whole(post: Post, text: string): Reply | undefined {
    return this.streams.whole(post, text);
  }

  handles(caller: Caller): Handles {
    return handlesOf(caller.principal, this.settings);
  }

  ask(
    call: Call,
    method: string,
    params: JsonObject | undefined,
    options: RequestOptions,
  ): Promise<JsonObject> {
    if (call.post.stream() === undefined) {
      return Promise.reject(
        new ClientRequestError("no-stream", `${method}: the answer to ${call.method} is JSON only`),
      );
    }
    return this.requests.ask(
      answererOf(call.post.record, call),
      call,
      options,
      (go) => this.lifecycle.whenReady(call.live, method, go),
      (id) => call.emitRequest(id, method, params),
      (id, reason) => call.notify("notifications/cancelled", { requestId: id, reason }),
    );
  }

  session(record: SessionRecord): SessionHandle {
    return this.sessions.handle(record);
  }

  settled(call: Call): void {
    const { live, post } = call;
    this.#inFlight--;
    if (this.requests.size > 0) this.requests.fail(call, "cancelled", `${call.method} is over`);
    if (post.answered) {
      this.#slow.delete(post);
      this.#unwatched.delete(post);
    }
    if (live === undefined) {
      this.#stateless.delete(call);
      this.subscriptions.delete(call);
    } else {
      live.inFlight.delete(call.id!);
      this.lifecycle.release(live);
    }
    this.#rest();
  }

  ended(id: string, reason: EndReason, live: Live | undefined): void {
    const gone = live && [...live.inFlight.values()];
    // First, so that what waits learns the cause and not that its call was stopped.
    this.requests.failFrom(id, "session-ended", "the session has ended");
    for (const call of gone ?? []) {
      this.#stop(call, rejectionReply({ rule: "session-not-found", id: call.id }));
    }
    const failed = (error: unknown): void =>
      this.settings.onEvent?.({ type: "application-error", method: "ended", error });
    try {
      const done = this.application.ended?.(id, reason);
      if (done instanceof Promise) done.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  cancelled(live: Live, id: string | number, reason: string | undefined): void {
    const call = live.inFlight.get(id);
    if (call !== undefined) this.#stop(call, undefined, reason);
  }

  answered(from: string, response: RpcResponse): void {
    this.requests.answer(from, response);
  }

  get holds(): (() => Iterable<string>) | undefined {
    const { application } = this;
    return application.holds && (() => application.holds!());
  }

  missed(): void {
    this.streams.connections.look();
  }

  renewed(): Promise<void> {
    return this.streams.settleGone();
  }

  async stats(): Promise<Stats> {
    return {
      sessions: await this.settings.backend.sessions.count(),
      streams: this.streams.connections.size + (this.delegate?.streams ?? 0),
      inFlight: this.#inFlight,
      aborted: this.#aborted,
    };
  }

  /**
   * Lets calls finish for `within` milliseconds, then stops everything. Who closes again shares the end, and
   * may hurry it.
   */
  async close(within: number): Promise<void> {
    this.streams.connections.sendAway(this.lifecycle.node);
    this.subscriptions.close();
    const until = this.settings.clock.now() + within;
    // One that began while the last one ended is waited for as well.
    while (this.#inFlight > 0 && this.settings.clock.now() < until) {
      await this.#drained(until - this.settings.clock.now());
    }
    await (this.#closing ??= this.#stopAll());
  }

  // It came before the end, and its body or its session after it: nothing has begun, so another node can serve it.
  #tooLate({ id }: RpcRequest): Reply {
    this.settings.onEvent({ type: "rejected", rule: "draining", status: 503, session: undefined });
    return rejectionReply({ rule: "draining", id });
  }

  #busy(): () => void {
    this.#inFlight++;
    let over = false;
    return () => {
      if (over) return;
      over = true;
      this.#inFlight--;
      this.#rest();
    };
  }

  #rest(): void {
    if (this.#inFlight === 0) { for (const over of this.#idle) over(); }
  }

  #drained(within: number): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        stop();
        this.#idle.delete(over);
        resolve();
      };
      const stop = this.settings.clock.after(within, over);
      this.#idle.add(over);
    });
  }

  async #stopAll(): Promise<void> {
    const { connections } = this.streams;
    const { backend, writes, clock } = this.settings;
    this.requests.failAll("session-ended", "the handler has closed");
    const refusal = { rule: "draining" } as const;
    for (const live of this.lifecycle.lives()) {
      for (const call of [...live.inFlight.values()]) {
        // Where an event stream has begun, whoever resumes it elsewhere finds the refusal in its log.
        const reply = rejectionReply({ ...refusal, id: call.id });
        this.#stop(call, reply, undefined, reply.body ?? undefined);
      }
    }
    for (const call of [...this.#stateless]) {
      this.#stop(call, rejectionReply({ ...refusal, id: call.id }));
    }
    if (backend.nodes !== undefined) {
      // What was just settled is on its way through the backend to its readers.
      if (writes.size > 0) {
        const late = new Promise<void>((resolve) => clock.after(FLUSH_MS, resolve));
        await Promise.race([writes.settled(), late]);
      }
      writes.abandoned = true;
      await connections.emptied(FLUSH_MS);
    }
    connections.close();
    this.#slow.clear();
    this.#unwatched.clear();
    await this.lifecycle.close();
    try {
      await this.application.close?.();
    } catch (error) {
      this.settings.onEvent?.({ type: "application-error", method: "close", error });
    }
    // It has had the time to end them well.
    this.delegate?.close();
  }

  /** Serves a modern request: it has no session, and a peer that leaves cancels it. */
  serveModern(
    request: RpcRequest,
    context: ModernContext,
    caller: Caller,
    head: RequestHead,
    accepts: Accepts,
    body: BodyReader,
  ): Reply | Promise<Reply> {
    if (this.#closing !== undefined) return this.#tooLate(request);
    const version = context.meta[META.protocolVersion] as Revision;
    const listens = request.method === "subscriptions/listen";
    const shape = listens ? "sse" : this.settings.policy.response;
    const post = new Post(this, undefined, undefined, version, accepts, shape, 1, false, context);
    const call = new Call(request, post, caller, head);
    this.#inFlight++;
    this.#stateless.add(call);
    post.gone = () => this.#stop(call);
    if (listens) {
      this.lifecycle.listen();
      this.subscriptions.open(call, request.params!.notifications as JsonObject);
    } else this.#run(request, call);
    if (!call.over) body.gone?.(post.gone);
    // Where a peer that leaves is noticed only on a stream, a call does not go long without one; nor where the
    // answer is a stream anyway.
    const soon = body.gone === undefined || shape === "sse" || !accepts.json;
    if (post.undecided) (soon ? this.#unwatched : this.#slow).add(post);
    return post.reply();
  }

  /** Something changed, on whatever node: who asked for it on this one is told. */
  changed(change: Change): void {
    if ("changed" in change && change.changed === "tools") this.params.refresh();
    this.subscriptions.tell(change);
    try {
      this.application.changed?.(change);
    } catch (error) {
      this.settings.onEvent?.({ type: "application-error", method: "changed", error });
    }
    const { method, params } = notificationOf(change);
    for (const live of this.lifecycle.lives()) {
      if (!live.ready || ![...live.connections].some((one) => one.reading.standalone)) continue;
      if ("updated" in change && !this.application.subscribed?.(live.id, change.updated)) continue;
      new Stream(live.id, standaloneStream(live.id), this.settings)
        .append(notificationText(method, params), false);
    }
  }

  /** The answer to a request whose application threw. What is no answer stays here. */
  thrown(call: Call, error: unknown): Answered {
    const answer = thrownAnswer(this.application, call, error);
    if (answer !== undefined) return answer;
    // A call that was stopped is expected to fail.
    if (!call.over) {
      this.settings.onEvent?.({ type: "application-error", method: call.method, error });
    }
    return failedAnswer(call);
  }

  #run(request: RpcRequest, call: Call): void {
    const { application } = this;
    let result: unknown;
    try {
      result = request.method === "ping"
        ? {}
        : request.method === "server/discover" && call.era === "modern"
        ? discoverResult(application)
        : application.request(request, call);
    } catch (error) {
      return this.#answer(call, this.thrown(call, error));
    }
    if (result instanceof Promise) {
      result.then(
        (value) => this.#settle(call, value),
        (error) => this.#answer(call, this.thrown(call, error)),
      );
    } else this.#settle(call, result);
  }

  #settle(call: Call, result: unknown): void {
    let answer: Answered;
    try {
      answer = answerOf(this.application, call, result);
    } catch (error) {
      // The result is no JSON.
      answer = this.thrown(call, error);
    }
    this.#answer(call, answer);
  }

  #answer(call: Call, { text, status }: Answered): void {
    call.settle(text, status);
  }

  #stop(call: Call, reply?: Reply, reason?: string, text?: string): void {
    if (call.over) return;
    this.#aborted++;
    call.stop(reply, reason, text);
  }
}

// A notification has no answer that could have a shape.
const NOTHING: Accepts = { json: false, sse: false };
