/**
 * Where messages meet the application: calls are run, answered, stopped; streams are opened.
 *
 * @module
 */

import type { RequestHead } from "../inbound/head.ts";
import type { Rejection } from "../outbound/rejections.ts";
import { rejectionReply } from "../outbound/reply.ts";
import { parseEventId, SSE_HEADERS } from "../outbound/sse.ts";
import { INTERNAL_ERROR, METHOD_NOT_FOUND } from "../protocol/error_codes.ts";
import {
  errorText,
  type JsonObject,
  resultText,
  type RpcMessage,
  type RpcNotification,
  type RpcRequest,
  type RpcResponse,
} from "../protocol/json_rpc.ts";
import type { Accepts } from "../protocol/media.ts";
import { type Revision, revisionFacts } from "../protocol/revisions.ts";
import type { EndReason, SessionRecord } from "../session/record.ts";
import type { Application, Caller, RequestOptions, SessionHandle } from "./application.ts";
import { Call, type Host, Post } from "./call.ts";
import { ClientRequests } from "./client_requests.ts";
import { Connections } from "./connections.ts";
import { Deadlines } from "./deadlines.ts";
import { SessionDirectory } from "./directory.ts";
import { ClientRequestError, RpcError } from "./errors.ts";
import { mintNodeId, standaloneStream } from "./ids.ts";
import { Lifecycle, type Listener } from "./lifecycle.ts";
import type { Live } from "./live.ts";
import type { Stats } from "./mcp.ts";
import type { Settings } from "./options.ts";
import type { Reply } from "./reply.ts";
import { Stream } from "./stream.ts";

const NONE: ReadonlyMap<string | number, unknown> = new Map();

/** Runs the messages of one handler. */
export class Dispatcher implements Host, Listener {
  readonly application: Application;
  readonly settings: Settings;
  readonly lifecycle: Lifecycle;
  readonly requests: ClientRequests;
  readonly sessions: SessionDirectory;
  readonly #connections: Connections;
  readonly #slow: Deadlines<Post>;
  /** Calls without a session; those with one are in its `Live`. */
  readonly #stateless = new Set<Call>();
  #streams = 0;
  #inFlight = 0;
  #aborted = 0;
  #idle: (() => void) | undefined;

  constructor(application: Application, settings: Settings) {
    const node = mintNodeId();
    this.application = application;
    this.settings = settings;
    this.lifecycle = new Lifecycle(settings, node, this);
    this.requests = new ClientRequests(node, settings.clock);
    this.sessions = new SessionDirectory(this.lifecycle, this.requests, settings);
    this.#connections = new Connections(settings);
    this.#slow = new Deadlines(settings.clock, settings.autoSseMs, (post) => post.stream());
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
    // Held once for the POST while it is set up, so that a call that ends at once does not let go of it.
    const live = record && lifecycle.hold(record);
    const { response } = settings.policy;
    const post = new Post(this, record, live, version, accepts, response, calls.length, batch);
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
    for (const { kind, message } of messages) {
      if (kind === "response") this.#passAnswer(message, record, caller);
      else if (kind === "notification") {
        if (message.method === "notifications/cancelled") this.#cancel(message, record);
        this.#notified(
          message,
          new Post(this, record, undefined, version, NOTHING, "json", 0, false),
          caller,
          head,
        );
      }
    }
  }

  /** Opens the standalone stream, or resumes any stream of the session. */
  async listen(record: SessionRecord, lastEventId: string | null): Promise<Reply | Rejection> {
    const { settings, lifecycle } = this;
    const { logs } = settings.backend;
    let id = standaloneStream(record.id);
    let after: number | undefined;
    if (lastEventId !== null) {
      const unknown: Rejection = { rule: "unknown-event-id", value: lastEventId };
      const cursor = parseEventId(lastEventId);
      if (cursor === undefined || !settings.resumable) return unknown;
      const bounds = await logs.bounds(record.id, cursor.stream);
      if (
        bounds === undefined || cursor.position > bounds.last || cursor.position < bounds.first - 1
      ) return unknown;
      id = cursor.stream;
      after = cursor.position;
    }
    const open = lifecycle.live(record.id)?.connections;
    const replaces = [...open ?? []].some((one) => one.reading.stream === id);
    const { maxStreams } = settings.policy;
    if (!replaces && open !== undefined && open.size >= maxStreams) {
      return { rule: "stream-limit", accepted: maxStreams };
    }
    await logs.open(record.id, id, settings.clock.now(), settings.budget);
    return this.#connect(record, new Stream(record.id, id, settings), after, record.version!);
  }

  stream(post: Post): { readonly stream: Stream; readonly reply: Reply } {
    const id = `${this.lifecycle.node}${(++this.#streams).toString(36)}`;
    // A stream without a session is kept under its own name, where nobody else finds it.
    const stream = new Stream(post.record?.id ?? `~${id}`, id, this.settings);
    stream.open();
    return { stream, reply: this.#connect(post.record, stream, 0, post.version) };
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
    const { live } = call;
    return this.requests.ask(answererOf(call.post.record, call), call, options, (id) => {
      const send = (): void => void call.emitRequest(id, method, params);
      if (live === undefined || live.ready || method === "ping") send();
      else live.waiting.add(send);
    }, (id, reason) => call.notify("notifications/cancelled", { requestId: id, reason }));
  }

  session(record: SessionRecord): SessionHandle {
    return this.sessions.handle(record);
  }

  settled(call: Call): void {
    const { live, post } = call;
    this.#inFlight--;
    if (this.requests.size > 0) this.requests.fail(call, "cancelled", `${call.method} is over`);
    if (post.answered) this.#slow.delete(post);
    if (live === undefined) this.#stateless.delete(call);
    else {
      live.inFlight.delete(call.id!);
      this.lifecycle.release(live);
    }
    if (this.#inFlight === 0) this.#idle?.();
  }

  ended(id: string, reason: EndReason, live: Live | undefined): void {
    const gone = live && [...live.inFlight.values()];
    for (const call of gone ?? []) {
      this.#stop(call, rejectionReply({ rule: "session-not-found", id: call.id }));
    }
    this.requests.failFrom(id, "session-ended", "the session has ended");
    try {
      this.application.ended?.(id, reason);
    } catch (error) {
      this.settings.onEvent?.({ type: "application-error", method: "ended", error });
    }
  }

  cancelled(live: Live, id: string | number, reason: string | undefined): void {
    const call = live.inFlight.get(id);
    if (call !== undefined) this.#stop(call, undefined, reason);
  }

  answered(from: string, response: RpcResponse): void {
    this.requests.answer(from, response);
  }

  async stats(): Promise<Stats> {
    return {
      sessions: await this.settings.backend.sessions.count(),
      streams: this.#connections.size,
      inFlight: this.#inFlight,
      aborted: this.#aborted,
    };
  }

  /** Lets calls finish for `within` milliseconds, then stops everything. */
  async close(within: number): Promise<void> {
    this.#connections.closeStandalone();
    if (this.#inFlight > 0 && within > 0) {
      await new Promise<void>((resolve) => {
        const stop = this.settings.clock.after(within, resolve);
        this.#idle = () => {
          stop();
          resolve();
        };
      });
    }
    const refusal = { rule: "draining" } as const;
    for (const live of this.lifecycle.lives()) {
      for (const call of [...live.inFlight.values()]) {
        this.#stop(call, rejectionReply({ ...refusal, id: call.id }));
      }
    }
    for (const call of [...this.#stateless]) {
      this.#stop(call, rejectionReply({ ...refusal, id: call.id }));
    }
    this.requests.failAll("session-ended", "the handler has closed");
    this.#connections.close();
    this.#slow.clear();
    this.lifecycle.close();
    try {
      await this.application.close?.();
    } catch (error) {
      this.settings.onEvent?.({ type: "application-error", method: "close", error });
    }
  }

  /** The answer to a request whose application threw. What it threw stays here. */
  errorText(call: Call, error: unknown): string {
    if (error instanceof RpcError) {
      const { code, message, data } = error;
      return errorText(call.id, data === undefined ? { code, message } : { code, message, data });
    }
    this.settings.onEvent?.({ type: "application-error", method: call.method, error });
    return errorText(call.id, { code: INTERNAL_ERROR, message: "Internal error" });
  }

  #run(request: RpcRequest, call: Call): void {
    if (request.method === "ping") return call.settle(resultText(request.id, {}));
    let result: unknown;
    try {
      result = this.application.request(request, call);
    } catch (error) {
      return call.settle(this.errorText(call, error));
    }
    if (result instanceof Promise) {
      result.then((value) => this.#settle(request, call, value)).catch((error) =>
        call.settle(this.errorText(call, error))
      );
    } else this.#settle(request, call, result);
  }

  #settle(request: RpcRequest, call: Call, result: unknown): void {
    if (result === undefined) {
      const message = `Method not found: ${request.method}`;
      return call.settle(errorText(request.id, { code: METHOD_NOT_FOUND, message }));
    }
    let text: string;
    try {
      text = resultText(request.id, result);
    } catch (error) {
      text = this.errorText(call, error);
    }
    call.settle(text);
  }

  #stop(call: Call, reply?: Reply, reason?: string): void {
    if (call.over) return;
    this.#aborted++;
    call.stop(reply, reason);
  }

  #cancel(message: RpcNotification, record: SessionRecord | undefined): void {
    const id = message.params?.requestId;
    if (record === undefined || (typeof id !== "string" && typeof id !== "number")) return;
    const reason = message.params?.reason;
    this.lifecycle.cancel(record.id, id, typeof reason === "string" ? reason : undefined);
  }

  #notified(message: RpcNotification, post: Post, caller: Caller, head: RequestHead): void {
    const { application } = this;
    if (application.notification === undefined) return;
    const failed = (error: unknown): void =>
      this.settings.onEvent?.({ type: "application-error", method: message.method, error });
    try {
      const done = application.notification(message, new Call(message, post, caller, head));
      if (done instanceof Promise) done.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  #passAnswer(message: RpcResponse, record: SessionRecord | undefined, caller: Caller): void {
    const node = ClientRequests.nodeOf(message.id);
    if (node === undefined) return;
    const from = record?.id ?? principalName(caller);
    if (node === this.lifecycle.node) this.requests.answer(from, message);
    else this.lifecycle.passOn(node, from, message);
  }

  #connect(
    record: SessionRecord | undefined,
    stream: Stream,
    after: number | undefined,
    version: Revision,
  ): Reply {
    const { lifecycle, settings } = this;
    const resumable = settings.resumable && record !== undefined;
    const standalone = record !== undefined && stream.id === standaloneStream(record.id);
    const live = record && lifecycle.hold(record);
    const connection = this.#connections.open({
      session: stream.session,
      stream: stream.id,
      after,
      standalone,
      resumable,
      priming: resumable && revisionFacts(version)!.primingEvent,
      closed: (closed) => {
        if (live !== undefined) {
          live.connections.delete(closed);
          lifecycle.release(live);
        }
        // Nobody can come back for it. The standalone stream waits for its next reader.
        if (!resumable && !standalone) stream.abandon();
      },
    });
    live?.connections.add(connection);
    return { status: 200, headers: SSE_HEADERS, body: connection };
  }
}

const NOTHING: Accepts = { json: false, sse: false };

// Whose answer to a server-to-client request counts.
function answererOf(record: SessionRecord | undefined, caller: Caller): string {
  return record?.id ?? principalName(caller);
}

// No session id has a blank in it.
function principalName(caller: Caller): string {
  return ` ${caller.principal ?? ""}`;
}
