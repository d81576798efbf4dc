/**
 * What clients send without waiting for an answer: notifications, and their answers to requests of ours.
 *
 * @module
 */

import type { RpcMessage, RpcNotification, RpcResponse } from "../../protocol/json_rpc.ts";
import type { SessionRecord } from "../../session/record.ts";
import type { Application, Caller, Exchange } from "../application.ts";
import type { Settings } from "../options/options.ts";
import type { Lifecycle } from "../sessions/lifecycle.ts";
import { ClientRequests } from "./client_requests.ts";
import { inform } from "./running.ts";

/** Takes notifications and responses to where they belong. */
export class Inbox {
  readonly #application: Application;
  readonly #settings: Settings;
  readonly #lifecycle: Lifecycle;
  readonly #requests: ClientRequests;

  constructor(
    application: Application,
    settings: Settings,
    lifecycle: Lifecycle,
    requests: ClientRequests,
  ) {
    this.#application = application;
    this.#settings = settings;
    this.#lifecycle = lifecycle;
    this.#requests = requests;
  }

  /** Takes what is no request; `exchange` makes what the application sees of a notification. */
  receive(
    messages: readonly RpcMessage[],
    record: SessionRecord | undefined,
    caller: Caller,
    exchange: (message: RpcNotification) => Exchange,
  ): void {
    for (const { kind, message } of messages) {
      if (kind === "response") this.#answered(message, record, caller);
      else if (kind === "notification") {
        if (message.method === "notifications/cancelled") this.#cancel(message, record);
        this.#notified(message, exchange);
      }
    }
  }

  #cancel(message: RpcNotification, record: SessionRecord | undefined): void {
    const id = message.params?.requestId;
    if (record === undefined || (typeof id !== "string" && typeof id !== "number")) return;
    const reason = message.params?.reason;
    this.#lifecycle.cancel(record.id, id, typeof reason === "string" ? reason : undefined);
  }

  #notified(message: RpcNotification, exchange: (message: RpcNotification) => Exchange): void {
    const application = this.#application;
    if (application.notification === undefined) return;
    inform(
      message.method,
      this.#settings,
      () => application.notification!(message, exchange(message)),
    );
  }

  #answered(message: RpcResponse, record: SessionRecord | undefined, caller: Caller): void {
    const node = ClientRequests.nodeOf(message.id);
    if (node === undefined) return;
    const from = answererOf(record, caller);
    if (node === this.#lifecycle.node) this.#requests.answer(from, message);
    else this.#lifecycle.passOn(node, from, message);
  }
}

/** Whose answer to a server-to-client request counts: the session's, or where there is none the principal's. */
export function answererOf(record: SessionRecord | undefined, caller: Caller): string {
  // No session id has a blank in it.
  return record?.id ?? ` ${caller.principal ?? ""}`;
}
