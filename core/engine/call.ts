/**
 * One request being served, and the POST that it came in. The POST's answer begins as JSON and turns to
 * an event stream where something else has to be said first.
 *
 * @module
 */

import type { RequestHead } from "../inbound/head.ts";
import type { ResponseShape } from "../inbound/policy.ts";
import {
  isObject,
  type JsonObject,
  notificationText,
  type RequestId,
  requestText,
  type RpcNotification,
  type RpcRequest,
} from "../protocol/json_rpc.ts";
import type { Accepts } from "../protocol/media.ts";
import { type Era, type Revision, revisionFacts } from "../protocol/revisions.ts";
import type { SessionRecord } from "../session/record.ts";
import type { Caller, Exchange, RequestOptions, SessionHandle } from "./application.ts";
import { ClientRequestError } from "./errors.ts";
import type { Live } from "./live.ts";
import type { Reply } from "./reply.ts";
import type { Stream } from "./stream.ts";

/** What a call needs of the engine. */
export interface Host {
  /** Begins the stream of a POST and answers it with a connection. */
  stream(post: Post): { readonly stream: Stream; readonly reply: Reply };
  /** Sends a request to the client of a call. */
  ask(
    call: Call,
    method: string,
    params: JsonObject | undefined,
    options: RequestOptions,
  ): Promise<JsonObject>;
  /** A record as the application gets it. */
  session(record: SessionRecord): SessionHandle;
  /** A call has been answered, or was stopped. */
  settled(call: Call): void;
}

/** One POST that holds requests. */
export class Post {
  readonly host: Host;
  readonly live: Live | undefined;
  readonly record: SessionRecord | undefined;
  readonly version: Revision;
  readonly #shape: ResponseShape;
  /** A batch is answered by an array. */
  readonly #batch: boolean;
  #waiting: number;
  readonly #texts: string[] = [];
  #stream: Stream | undefined;
  #reply: Reply | undefined;
  #refused = false;
  #resolve: ((reply: Reply) => void) | undefined;

  constructor(
    host: Host,
    record: SessionRecord | undefined,
    live: Live | undefined,
    version: Revision,
    accepts: Accepts,
    shape: ResponseShape,
    requests: number,
    batch: boolean,
  ) {
    this.host = host;
    this.record = record;
    this.live = live;
    this.version = version;
    // A client that accepts only one of the two gets that one.
    this.#shape = shape !== "auto" ? shape : !accepts.sse ? "json" : !accepts.json ? "sse" : "auto";
    this.#waiting = requests;
    this.#batch = batch;
  }

  /** The answer. */
  reply(): Reply | Promise<Reply> {
    if (this.#reply === undefined && this.#shape === "sse") this.stream();
    return this.#reply ?? new Promise((resolve) => this.#resolve = resolve);
  }

  /** It has been answered, at least by a head. */
  get answered(): boolean {
    return this.#reply !== undefined;
  }

  /** It may turn to a stream by itself after a while. */
  get undecided(): boolean {
    return this.#reply === undefined && this.#shape === "auto";
  }

  /** The stream of this POST, begun where it may be; undefined where the answer is JSON only. */
  stream(): Stream | undefined {
    if (this.#stream !== undefined || this.#shape === "json" || this.#reply !== undefined) {
      return this.#stream;
    }
    const { stream, reply } = this.host.stream(this);
    this.#stream = stream;
    for (const text of this.#texts.splice(0)) stream.append(text, false);
    this.#answer(reply);
    return stream;
  }

  /** One of its requests has its answer; undefined where it is to have none. */
  settle(text: string | undefined): void {
    const last = --this.#waiting === 0;
    if (this.#refused) return;
    if (this.#stream === undefined && this.#shape === "sse" && this.#reply === undefined) {
      this.stream();
    }
    if (this.#stream !== undefined) {
      if (text !== undefined) this.#stream.append(text, last);
      else if (last) this.#stream.end();
      return;
    }
    if (text !== undefined) this.#texts.push(text);
    if (last) this.#answer(this.#jsonReply());
  }

  /** Answers with this instead, where nothing was answered yet. */
  refuse(reply: Reply): void {
    if (this.#reply !== undefined) return;
    this.#refused = true;
    this.#answer(reply);
  }

  #jsonReply(): Reply {
    const texts = this.#texts;
    if (texts.length === 0) return { status: 202, headers: {}, body: null };
    return {
      status: 200,
      headers: JSON_HEADERS,
      body: this.#batch ? `[${texts.join(",")}]` : texts[0]!,
    };
  }

  #answer(reply: Reply): void {
    this.#reply = reply;
    this.#resolve?.(reply);
  }
}

const JSON_HEADERS = { "content-type": "application/json" };

/** One message being served. */
export class Call implements Exchange {
  readonly #message: RpcRequest | RpcNotification;
  readonly #post: Post;
  readonly #caller: Caller;
  readonly head: RequestHead;
  #session: SessionHandle | undefined;
  #controller: AbortController | undefined;
  #over = false;
  #aborted = false;
  #reason: string | undefined;

  constructor(
    message: RpcRequest | RpcNotification,
    post: Post,
    caller: Caller,
    head: RequestHead,
  ) {
    this.#message = message;
    this.#post = post;
    this.#caller = caller;
    this.head = head;
  }

  get id(): RequestId | undefined {
    return (this.#message as RpcRequest).id;
  }

  get method(): string {
    return this.#message.method;
  }

  get post(): Post {
    return this.#post;
  }

  get live(): Live | undefined {
    return this.#post.live;
  }

  get over(): boolean {
    return this.#over;
  }

  get era(): Era {
    return revisionFacts(this.version)!.era;
  }

  get version(): Revision {
    return this.#post.version;
  }

  get principal(): string | undefined {
    return this.#caller.principal;
  }

  get authInfo(): unknown {
    return this.#caller.authInfo;
  }

  get session(): SessionHandle | undefined {
    const { record, host } = this.#post;
    return this.#session ??= record && host.session(record);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  notify(method: string, params?: JsonObject): void {
    this.emit(notificationText(method, params));
  }

  progress(progress: number, total?: number, message?: string): void {
    const meta = this.#message.params?._meta;
    const token = isObject(meta) ? meta.progressToken : undefined;
    if (typeof token !== "string" && typeof token !== "number") return;
    this.notify("notifications/progress", { progressToken: token, progress, total, message });
  }

  request(method: string, params?: JsonObject, options: RequestOptions = {}): Promise<JsonObject> {
    if (this.#over) {
      return Promise.reject(new ClientRequestError("cancelled", `${this.method} is over`));
    }
    return this.#post.host.ask(this, method, params, options);
  }

  closeStream(options: { readonly retryMs?: number } = {}): void {
    if (!this.#over) this.#post.stream()?.tell(`p${options.retryMs ?? ""}`);
  }

  /** Puts a message on this call's own stream. False where there is none. */
  emit(text: string): boolean {
    if (this.#over || this.id === undefined) return false;
    const stream = this.#post.stream();
    stream?.append(text, false);
    return stream !== undefined;
  }

  /** Puts a server-to-client request on this call's own stream. */
  emitRequest(id: string, method: string, params: JsonObject | undefined): boolean {
    return this.emit(requestText(id, method, params));
  }

  /** The answer is there. Nothing after the first counts. */
  settle(text: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#post.settle(text);
    this.#post.host.settled(this);
  }

  /** The work is not wanted any more; `reply` answers the POST where it still waits. */
  stop(reply?: Reply, reason?: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#aborted = true;
    this.#reason = reason;
    if (reply !== undefined) this.#post.refuse(reply);
    this.#post.settle(undefined);
    this.#controller?.abort(reason);
    this.#post.host.settled(this);
  }
}
