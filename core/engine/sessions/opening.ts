/**
 * New sessions on their way into the store, and those that give way to them.
 *
 * @module
 */

import type { Rejection } from "../../outbound/rejections.ts";
import type { SessionRecord } from "../../session/record.ts";
import { andThen } from "../awaitable.ts";
import type { Settings } from "../options/options.ts";
import type { Awaitable } from "../ports.ts";
import type { Ending } from "./ending.ts";
import type { Sweeper } from "./sweeper.ts";

/** Sessions that have an id, and are not stored yet. */
export class Openings {
  readonly #begun = new Map<string, Promise<void>>();

  /** One is begun. What this returns says that it is stored, or never will be. */
  begin(id: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#begun.set(id, promise);
    return () => {
      this.#begun.delete(id);
      resolve();
    };
  }

  /** Resolves once it is no such session any more; undefined for one that is none. */
  of(id: string): Promise<void> | undefined {
    return this.#begun.get(id);
  }
}

/** Stores a new session; a refusal leaves nothing behind. */
export function storeNew(
  record: SessionRecord,
  settings: Settings,
  ending: Ending,
  sweeper: Sweeper,
): Awaitable<Rejection | undefined> {
  const { backend: { sessions }, capacity, lifetime, onEvent } = settings;
  // A session whose time is over must not cost a live one its place.
  return andThen(sessions.sweep(record.seen, lifetime), (lapsed) => {
    ending.gone(lapsed);
    return andThen(sessions.create(record, capacity, lifetime), (created) => {
      if (!created.created) {
        return created.full === "capacity"
          ? { rule: "capacity", accepted: capacity.sessions }
          : { rule: "quota", accepted: capacity.perPrincipal };
      }
      for (const id of created.evicted) ending.over(id, "evicted");
      const { id: session, version, owner: principal } = record;
      onEvent({ type: "session-opened", session, version, principal });
      sweeper.later();
      return undefined;
    });
  });
}
