/**
 * One message being served: what the application sees of it, which is its `Exchange`, and how it is settled.
 *
 * @module
 */

import type { RequestHead } from "../../inbound/head.ts";
import {
  isObject,
  type JsonObject,
  notificationText,
  progressText,
  type RequestId,
  type RpcNotification,
  type RpcRequest,
} from "../../protocol/json_rpc.ts";
import { LOG_LEVELS, META, missingCapability } from "../../protocol/modern.ts";
import type { Era, Revision } from "../../protocol/revisions.ts";
import { spared } from "../awaitable.ts";
import { ClientRequestError } from "../errors.ts";
import type {
  Caller,
  Exchange,
  Handles,
  InputOptions,
  InputRequest,
  RequestOptions,
  SessionHandle,
} from "../exchange.ts";
import { handlesOf } from "../modern/handles.ts";
import type { Reply } from "../reply.ts";
import type { Live } from "../sessions/live.ts";
import { retryOf } from "../streams/stream.ts";
import type { Post } from "./post.ts";

/**
 * One request or notification being served. It has its answer by `settle`, or none by `stop`: whichever comes first.
 */
export class Call implements Exchange {
  readonly #message: RpcRequest | RpcNotification;
  readonly #post: Post;
  readonly #caller: Caller;
  readonly head: RequestHead;
  /** When the application began to work on it; undefined where it did not, or no `onEvent` would be told. */
  began: number | undefined = undefined;
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

  get message(): RpcRequest | RpcNotification {
    return this.#message;
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
    return this.#post.era;
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
    const { record, dispatcher } = this.#post;
    return this.#session ??= record && dispatcher.sessions.handle(record);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#aborted) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get clientCapabilities(): JsonObject {
    const { inputs, record } = this.#post;
    const given = inputs === undefined
      ? record && this.session!.initialize.capabilities
      : inputs.meta[META.clientCapabilities];
    return isObject(given) ? given : {};
  }

  get handles(): Handles {
    return handlesOf(this.principal, this.#post.dispatcher.settings);
  }

  notify(method: string, params?: JsonObject): void {
    const { inputs } = this.#post;
    if (inputs !== undefined && method === "notifications/message") {
      // A modern client gets log messages where this request asked for them, from its level up.
      const asked = LOG_LEVELS.indexOf(inputs.meta[META.logLevel] as string);
      if (asked < 0 || LOG_LEVELS.indexOf(params?.level as string) < asked) return;
    }
    this.emit(notificationText(method, params));
  }

  progress(progress: number, total?: number, message?: string): void {
    const meta = this.#message.params?._meta;
    const token = isObject(meta) ? meta.progressToken : undefined;
    if (typeof token !== "string" && typeof token !== "number") return;
    this.emit(progressText(token, progress, total, message));
  }

  request(method: string, params?: JsonObject, options: RequestOptions = {}): Promise<JsonObject> {
    return spared(this.#request(method, params, options));
  }

  elicit(params: JsonObject, options: InputOptions = {}): Promise<JsonObject> {
    return spared(this.#input("elicitation/create", params, options));
  }

  sample(params: JsonObject, options: InputOptions = {}): Promise<JsonObject> {
    return spared(this.#input("sampling/createMessage", params, options));
  }

  roots(options: InputOptions = {}): Promise<JsonObject> {
    return spared(this.#input("roots/list", {}, options));
  }

  inputs(
    requests: { readonly [key: string]: InputRequest },
    options: RequestOptions = {},
  ): Promise<{ readonly [key: string]: JsonObject }> {
    return spared(this.#inputs(requests, options));
  }

  sealState(value: unknown): Promise<string> {
    return spared(this.#sealState(value));
  }

  openState(): Promise<unknown> {
    return spared(Promise.resolve(this.#post.inputs?.state()));
  }

  closeStream(options: { readonly retryMs?: number } = {}): void {
    const retryMs = retryOf(options);
    if (!this.#over) this.#post.poll(retryMs);
  }

  /** Puts a message on this call's own stream, which begins now if it may. False where there is no stream for it. */
  emit(text: string): boolean {
    if (this.#over) return false;
    const stream = this.#post.stream();
    stream?.append(text, false);
    return stream !== undefined;
  }

  /** Answers the call with this JSON-RPC text. Nothing after the first answer counts. */
  settle(text: string, status: number = 200): void {
    if (this.#over) return;
    this.#over = true;
    this.#post.settle(text, status);
    this.#post.dispatcher.settled(this);
  }

  async #request(
    method: string,
    params: JsonObject | undefined,
    options: RequestOptions,
  ): Promise<JsonObject> {
    this.#goesOn();
    const { inputs, dispatcher } = this.#post;
    if (inputs === undefined) return dispatcher.ask(this, method, params, options);
    return await this.#input(method, params ?? {}, options);
  }

  async #sealState(value: unknown): Promise<string> {
    const { inputs } = this.#post;
    if (inputs !== undefined) return await inputs.seal(value);
    throw new TypeError(
      "requestState is part of 2026-07-28 only; this request is of an earlier one",
    );
  }

  async #input(method: string, params: JsonObject, options: InputOptions): Promise<JsonObject> {
    const key = options.key ?? this.#post.inputs?.nextKey() ?? "input";
    return (await this.#inputs({ [key]: { method, params } }, options))[key]!;
  }

  async #inputs(
    requests: { readonly [key: string]: InputRequest },
    options: RequestOptions,
  ): Promise<{ readonly [key: string]: JsonObject }> {
    this.#goesOn();
    const { inputs, dispatcher } = this.#post;
    const keys = Object.keys(requests);
    if (inputs !== undefined) {
      const known = await inputs.get(requests);
      return Object.fromEntries(keys.map((key) => [key, known[key]!]));
    }
    for (const key of keys) this.#needs(requests[key]!);
    const answers = await Promise.all(keys.map((key) => {
      const { method, params } = requests[key]!;
      return dispatcher.ask(this, method, params, options);
    }));
    return Object.fromEntries(keys.map((key, i) => [key, answers[i]!]));
  }

  #goesOn(): void {
    if (this.#over) throw new ClientRequestError("cancelled", `${this.method} is over`);
  }

  #needs({ method, params = {} }: InputRequest): void {
    const missing = missingCapability(method, params, this.clientCapabilities);
    if (missing === undefined) return;
    throw new ClientRequestError(
      "unsupported",
      `${method}: the client did not declare the capability ${JSON.stringify(missing)}`,
    );
  }

  /**
   * Ends the call without an answer of the application's, whose work is not wanted any more.
   *
   * @param reply Answers the POST, where that has no answer yet.
   * @param reason Becomes the reason of the signal.
   * @param text Ends the call's stream as its answer, where that has begun.
   */
  stop(reply?: Reply, reason?: string, text?: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#aborted = true;
    this.#reason = reason;
    if (reply !== undefined) this.#post.refuse(reply);
    this.#post.settle(text);
    this.#controller?.abort(reason);
    this.#post.dispatcher.settled(this);
  }
}
