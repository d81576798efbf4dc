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
import { CLIENT_CAPABILITY, LOG_LEVELS, META } from "../protocol/modern.ts";
import type { Accepts } from "../protocol/media.ts";
import { type Era, type Revision, revisionFacts } from "../protocol/revisions.ts";
import type { SessionRecord } from "../session/record.ts";
import type {
  Caller,
  Exchange,
  Handles,
  InputOptions,
  InputRequest,
  RequestOptions,
  SessionHandle,
} from "./application.ts";
import { ClientRequestError } from "./errors.ts";
import type { Inputs } from "./inputs.ts";
import type { Live } from "./live.ts";
import type { Reply } from "./reply.ts";
import type { Stream } from "./stream.ts";

/** What a call needs of the engine. */
export interface Host {
  /** Begins the stream of a POST and answers it with a connection. */
  stream(post: Post): { readonly stream: Stream; readonly reply: Reply };
  /** The handles of a caller. */
  handles(caller: Caller): Handles;
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

/** What a modern request brings with it. */
export interface ModernContext {
  /** Its `_meta`. */
  readonly meta: JsonObject;
  readonly inputs: Inputs;
}

/** One POST that holds requests. */
export class Post {
  readonly host: Host;
  readonly live: Live | undefined;
  readonly record: SessionRecord | undefined;
  readonly version: Revision;
  /** Undefined for a legacy one. */
  readonly modern: ModernContext | undefined;
  /** Is told that the peer left before the answer was whole. */
  gone: (() => void) | undefined;
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
    modern?: ModernContext,
  ) {
    this.modern = modern;
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
  settle(text: string | undefined, status: number = 200): void {
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
    if (last) this.#answer(this.#jsonReply(status));
  }

  /** Answers with this instead, where nothing was answered yet. */
  refuse(reply: Reply): void {
    if (this.#reply !== undefined) return;
    this.#refused = true;
    this.#answer(reply);
  }

  #jsonReply(status: number): Reply {
    const texts = this.#texts;
    if (texts.length === 0) return { status: 202, headers: {}, body: null };
    return {
      status,
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

  get clientCapabilities(): JsonObject {
    const { modern, record } = this.#post;
    const given = modern === undefined
      ? record && this.session!.initialize.capabilities
      : modern.meta[META.clientCapabilities];
    return isObject(given) ? given : {};
  }

  get handles(): Handles {
    return this.#post.host.handles(this.#caller);
  }

  notify(method: string, params?: JsonObject): void {
    const { modern } = this.#post;
    if (modern !== undefined && method === "notifications/message") {
      // A modern client gets log messages where this request asked for them, from its level up.
      const asked = LOG_LEVELS.indexOf(modern.meta[META.logLevel] as string);
      if (asked < 0 || LOG_LEVELS.indexOf(params?.level as string) < asked) return;
    }
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
    const { modern, host } = this.#post;
    if (modern === undefined) return host.ask(this, method, params, options);
    return this.inputs({ [modern.inputs.nextKey()]: { method, params: params ?? {} } })
      .then((answers) => Object.values(answers)[0]!);
  }

  elicit(params: JsonObject, options: InputOptions = {}): Promise<JsonObject> {
    return this.#input("elicitation/create", params, options);
  }

  sample(params: JsonObject, options: InputOptions = {}): Promise<JsonObject> {
    return this.#input("sampling/createMessage", params, options);
  }

  roots(options: InputOptions = {}): Promise<JsonObject> {
    return this.#input("roots/list", {}, options);
  }

  async inputs(
    requests: { readonly [key: string]: InputRequest },
    options: RequestOptions = {},
  ): Promise<{ readonly [key: string]: JsonObject }> {
    const { modern, host } = this.#post;
    const keys = Object.keys(requests);
    if (modern !== undefined) {
      const known = await modern.inputs.get(requests);
      return Object.fromEntries(keys.map((key) => [key, known[key]!]));
    }
    for (const key of keys) this.#needs(requests[key]!.method);
    const answers = await Promise.all(keys.map((key) => {
      const { method, params } = requests[key]!;
      return host.ask(this, method, params, options);
    }));
    return Object.fromEntries(keys.map((key, i) => [key, answers[i]!]));
  }

  sealState(value: unknown): Promise<string> {
    return this.#modern().inputs.seal(value);
  }

  async openState(): Promise<unknown> {
    return await this.#post.modern?.inputs.state();
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
  settle(text: string, status: number = 200): void {
    if (this.#over) return;
    this.#over = true;
    this.#post.settle(text, status);
    this.#post.host.settled(this);
  }

  async #input(method: string, params: JsonObject, options: InputOptions): Promise<JsonObject> {
    const key = options.key ?? this.#post.modern?.inputs.nextKey() ?? "input";
    return (await this.inputs({ [key]: { method, params } }, options))[key]!;
  }

  #needs(method: string): void {
    const capability = CLIENT_CAPABILITY.get(method);
    if (capability === undefined || isObject(this.clientCapabilities[capability])) return;
    throw new ClientRequestError(
      "unsupported",
      `${method}: the client did not declare the capability ${capability}`,
    );
  }

  #modern(): ModernContext {
    if (this.#post.modern !== undefined) return this.#post.modern;
    throw new TypeError(
      "requestState is part of 2026-07-28 only; this request is of an earlier one",
    );
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
