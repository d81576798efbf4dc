/**
 * The modern half of the pipeline: a POST of 2026-07-28, from its body to its answer. No session is looked
 * up, none is made; what the request needs it carries.
 *
 * @module
 */

import type { HeadFacts, RequestHead } from "../../inbound/head.ts";
import { MIRROR_RULES, MODERN_RULES, type ModernPosted } from "../../inbound/modern_rules.ts";
import { CALL_RULES, LISTEN_RULES } from "../../inbound/quota_rules.ts";
import { firstRefusal } from "../../inbound/rule.ts";
import type { Rejection } from "../../outbound/rejections.ts";
import { ACCEPTED } from "../../outbound/reply.ts";
import type { Body, JsonObject, RpcRequest } from "../../protocol/json_rpc.ts";
import type { Accepts } from "../../protocol/media.ts";
import { META, REMOVED_NOTIFICATIONS } from "../../protocol/modern.ts";
import type { ParamHeader } from "../../protocol/param_headers.ts";
import { MODERN_REVISIONS, type Revision } from "../../protocol/revisions.ts";
import { Call } from "../calls/call.ts";
import { Post } from "../calls/post.ts";
import type { Usage } from "../calls/principals.ts";
import { run } from "../calls/running.ts";
import type { Dispatcher } from "../dispatcher.ts";
import type { Caller } from "../exchange.ts";
import type { Front } from "../front.ts";
import type { Awaitable } from "../ports.ts";
import type { BodyReader, Outcome, Reply } from "../reply.ts";
import { Inputs, type StateKeeper } from "./inputs.ts";
import { RequestStates } from "./request_state.ts";

// A subscription is there for as long as its client likes. What else its request says would be too, and of a body of
// 4 MiB that may be 90 MB.
function withoutParams({ jsonrpc, id, method }: RpcRequest): RpcRequest {
  return { jsonrpc, id, method };
}

/** Answers modern POSTs. */
export class Modern implements StateKeeper {
  readonly #front: Front;
  readonly #dispatcher: Dispatcher;
  /** Made when first needed: a handler whose clients are never asked for input needs no key. */
  #states: RequestStates | undefined;

  constructor(front: Front, dispatcher: Dispatcher) {
    this.#front = front;
    this.#dispatcher = dispatcher;
  }

  /** Answers a body that is a message. */
  post(
    head: RequestHead,
    facts: HeadFacts,
    body: Body,
    caller: Caller,
    reader: BodyReader,
  ): Awaitable<Outcome> {
    const { policy } = this.#front.settings;
    if (body.kind === "notification") return this.#notified(head, body, caller);
    const posted: ModernPosted = { head: facts, body };
    const refusal = firstRefusal(MODERN_RULES, posted, policy);
    if (refusal !== undefined) return refusal;
    const request = (body as { message: RpcRequest }).message;
    const { lifecycle } = this.#dispatcher;
    // Who listens hears of what changes on any node, from its acknowledgement on.
    const joining = request.method === "subscriptions/listen" ? lifecycle.join() : undefined;
    if (joining !== undefined) {
      return joining.then(() => this.#serve(head, facts, request, caller, reader));
    }
    if (request.method === "tools/call") {
      // The list may change on another node.
      lifecycle.tryJoin();
      const found = this.#dispatcher.params.of(request.params?.name);
      if (found instanceof Promise) {
        return found.then((params) =>
          this.#refuseMirrored(head, body, params) ??
            this.#serve(head, facts, request, caller, reader)
        );
      }
      const refused = this.#refuseMirrored(head, body, found);
      if (refused !== undefined) return refused;
    }
    return this.#serve(head, facts, request, caller, reader);
  }

  #refuseMirrored(
    { headers }: RequestHead,
    body: Body,
    params: readonly ParamHeader[],
  ): Rejection | undefined {
    const { policy } = this.#front.settings;
    return firstRefusal(MIRROR_RULES, { body, headers, params }, policy);
  }

  #serve(
    head: RequestHead,
    facts: HeadFacts,
    request: RpcRequest,
    caller: Caller,
    reader: BodyReader,
  ): Awaitable<Outcome> {
    const { delegate, lifecycle, principals, stopped } = this.#dispatcher;
    // It came before the end, and its body after it: nothing has begun, so another node can serve it.
    if (stopped) return { rule: "draining" };
    const usage = principals.of(caller.principal);
    const refusal = this.#overQuota(facts, request, usage);
    if (refusal !== undefined) return refusal;
    if (delegate === undefined) {
      return this.#call(request, caller, usage, head, facts.accepts, reader);
    }
    // What it lists may change on another node.
    lifecycle.tryJoin();
    return delegate.answer(request, caller, head, facts.accepts, reader);
  }

  // It has no session, and a peer that leaves cancels it.
  #call(
    request: RpcRequest,
    caller: Caller,
    usage: Usage,
    head: RequestHead,
    accepts: Accepts,
    reader: BodyReader,
  ): Awaitable<Outcome> {
    const dispatcher = this.#dispatcher;
    const { settings, subscriptions } = dispatcher;
    const listens = request.method === "subscriptions/listen";
    const kept = listens ? withoutParams(request) : request;
    const inputs = new Inputs(kept, caller.principal, this);
    const version = (request.params!._meta as JsonObject)[META.protocolVersion] as Revision;
    const shape = listens ? "sse" : settings.policy.response;
    const post = new Post(
      dispatcher,
      undefined,
      undefined,
      version,
      accepts,
      shape,
      1,
      false,
      inputs,
    );
    const call = new Call(kept, post, caller, head);
    dispatcher.hold(call, usage, listens);
    if (listens) subscriptions.open(call, request.params!.notifications as JsonObject);
    else run(request, call);
    if (!call.over) {
      post.gone = () => dispatcher.stop(call);
      reader.gone?.(post.gone);
    }
    // Where a peer that leaves is noticed only on a stream, a call does not go long without one.
    dispatcher.undecided.add(post, reader.gone === undefined);
    return post.reply();
  }

  #overQuota(facts: HeadFacts, request: RpcRequest, usage: Usage): Rejection | undefined {
    const { draining, settings: { policy } } = this.#front;
    const { method, params } = request;
    if (method !== "subscriptions/listen") {
      return firstRefusal(CALL_RULES, { calls: usage.calls + 1 }, policy);
    }
    const { subscriptions, delegate } = this.#dispatcher;
    const open = delegate === undefined ? subscriptions.size : delegate.subscriptions;
    const listening = { head: facts, asked: params, draining, open, own: usage.subscriptions };
    return firstRefusal(LISTEN_RULES, listening, policy);
  }

  // The core protocol has no notifications from clients over HTTP any more; extensions may have.
  #notified(head: RequestHead, body: Body & { kind: "notification" }, caller: Caller): Reply {
    if (REMOVED_NOTIFICATIONS.has(body.message.method)) return ACCEPTED;
    const { delegate } = this.#dispatcher;
    if (delegate !== undefined) delegate.notify(body.message, caller, head);
    else this.#dispatcher.receive([body], undefined, MODERN_REVISIONS[0]!, caller, head);
    return ACCEPTED;
  }

  get requestStates(): RequestStates {
    const { stateKeys, requestStateMs, clock } = this.#front.settings;
    return this.#states ??= new RequestStates(stateKeys, requestStateMs, clock);
  }
}
