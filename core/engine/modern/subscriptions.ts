/**
 * `subscriptions/listen`: open requests whose answers are change notifications (2026-07-28
 * basic/patterns/subscriptions), and the changes that reach them and legacy standalone streams alike.
 *
 * @module
 */

import {
  isObject,
  type JsonObject,
  notificationText,
  resultText,
} from "../../protocol/json_rpc.ts";
import { META } from "../../protocol/modern.ts";
import type { Application } from "../application.ts";
import type { Call } from "../calls/call.ts";
import { eachOf, SomeByKey } from "../some.ts";

/** Something that clients want to know of: a list has `changed`, or the resource with this URI was `updated`. */
export type Change =
  | { readonly changed: "tools" | "prompts" | "resources" }
  | { readonly updated: string };

/**
 * Tells clients what changed, on every node: each open `subscriptions/listen` of 2026-07-28 that asked for it and was
 * promised it by the application's `capabilities`, and each session with `initialize` that has its standalone stream
 * open. Who does not listen at that moment is not told later.
 */
export interface Notify {
  /** Sends `notifications/tools/list_changed`, and has the library read the application's `tools` anew. */
  toolsListChanged(): void;
  /** Sends `notifications/prompts/list_changed`. */
  promptsListChanged(): void;
  /** Sends `notifications/resources/list_changed`. */
  resourcesListChanged(): void;
  /**
   * Sends `notifications/resources/updated`. Sessions with `initialize` get it only where the application's
   * `subscribed` says that they asked for it.
   */
  resourceUpdated(uri: string): void;
}

/** The functions that a user tells changes with; `tell` is told what they mean. */
export function notifyOf(tell: (change: Change) => void): Notify {
  return {
    toolsListChanged: () => tell({ changed: "tools" }),
    promptsListChanged: () => tell({ changed: "prompts" }),
    resourcesListChanged: () => tell({ changed: "resources" }),
    resourceUpdated: (uri) => tell({ updated: uri }),
  };
}

/** The open subscriptions of one node. */
export class Subscriptions {
  readonly #application: Application;
  /** What each is told of. */
  readonly #open = new Map<Call, readonly Key[]>();
  /** Who is told of it: an update of one resource must not cost a look at every subscription. */
  readonly #listeners = new SomeByKey<Key, Call>();

  constructor(application: Application) {
    this.#application = application;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Acknowledges a subscription; from here on it gets what it asked for and the server offers. */
  open(call: Call, asked: JsonObject): void {
    const notifications = honoured(asked, this.#application.capabilities ?? {});
    const _meta = { [META.subscriptionId]: call.id };
    call.emit(
      notificationText("notifications/subscriptions/acknowledged", { _meta, notifications }),
    );
    // Last: whoever is told of its stream may tell of a change at once.
    const keys = keysOf(notifications);
    this.#open.set(call, keys);
    for (const key of keys) this.#listeners.add(key, call);
  }

  /** The request is over. False where it was none of them. */
  delete(call: Call): boolean {
    for (const key of this.#open.get(call) ?? []) this.#listeners.delete(key, call);
    return this.#open.delete(call);
  }

  /** Tells whoever asked for it. */
  tell(change: Change): void {
    const { method, params } = notificationOf(change);
    for (const call of eachOf(this.#listeners.of(keyOf(change)))) {
      call.emit(
        notificationText(method, { ...params, _meta: { [META.subscriptionId]: call.id } }),
      );
    }
  }

  /** Ends every subscription with its answer, so that the client knows that nothing broke. */
  close(): void {
    for (const call of [...this.#open.keys()]) {
      call.settle(
        resultText(call.id!, {
          resultType: "complete",
          _meta: {
            [META.subscriptionId]: call.id,
            [META.serverInfo]: this.#application.serverInfo,
          },
        }),
      );
    }
  }
}

/** The notification that a change is. */
export function notificationOf(change: Change): { method: string; params: JsonObject } {
  return "updated" in change
    ? { method: "notifications/resources/updated", params: { uri: change.updated } }
    : { method: `notifications/${change.changed}/list_changed`, params: {} };
}

/** What a client asked for and the server offers, as it is acknowledged: what is undefined is left out. */
interface Honoured {
  readonly toolsListChanged: true | undefined;
  readonly promptsListChanged: true | undefined;
  readonly resourcesListChanged: true | undefined;
  readonly resourceSubscriptions: readonly string[] | undefined;
}

function honoured(asked: JsonObject, capabilities: JsonObject): Honoured {
  const offers = (feature: string, what: string): boolean => {
    const capability = capabilities[feature];
    return isObject(capability) && capability[what] === true;
  };
  const changes = (feature: "tools" | "prompts" | "resources"): true | undefined =>
    asked[`${feature}ListChanged`] === true && offers(feature, "listChanged") || undefined;
  const uris = asked.resourceSubscriptions;
  return {
    toolsListChanged: changes("tools"),
    promptsListChanged: changes("prompts"),
    resourcesListChanged: changes("resources"),
    resourceSubscriptions: Array.isArray(uris) && offers("resources", "subscribe")
      ? [...new Set(uris.filter((uri) => typeof uri === "string"))]
      : undefined,
  };
}

/** A number for a list, which no resource is named by, and a text for a resource. */
type Key = number | string;

const LISTS = ["tools", "prompts", "resources"] as const;

function keyOf(change: Change): Key {
  return "updated" in change ? change.updated : LISTS.indexOf(change.changed);
}

function keysOf({ resourceSubscriptions = [], ...lists }: Honoured): readonly Key[] {
  const changed = LISTS.filter((one) => lists[`${one}ListChanged`]);
  return [...changed.map((one) => keyOf({ changed: one })), ...resourceSubscriptions];
}
