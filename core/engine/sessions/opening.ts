/**
 * A new session on its way into the store, and those that give way to it.
 *
 * @module
 */

import type { Rejection } from "../../outbound/rejections.ts";
import type { SessionRecord } from "../../session/record.ts";
import { andThen } from "../awaitable.ts";
import type { Settings } from "../options/options.ts";
import type { Awaitable, Lapsed } from "../ports.ts";

/** Is told what else happens where a session is opened. */
export interface Others {
  /** The store has removed sessions whose time was over. */
  swept(lapsed: readonly Lapsed[]): void;
  /** The store has removed a session in favour of the new one. */
  evicted(id: string): void;
  /** The new one is stored. */
  opened(): void;
}

/** Stores a new session; a refusal leaves nothing behind. */
export function storeNew(
  record: SessionRecord,
  settings: Settings,
  others: Others,
): Awaitable<Rejection | undefined> {
  const { backend: { sessions }, capacity, lifetime, onEvent } = settings;
  // A session whose time is over must not cost a live one its place.
  return andThen(sessions.sweep(record.seen, lifetime), (lapsed) => {
    others.swept(lapsed);
    return andThen(sessions.create(record, capacity, lifetime), (created) => {
      if (!created.created) {
        return created.full === "capacity"
          ? { rule: "capacity", accepted: capacity.sessions }
          : { rule: "quota", accepted: capacity.perPrincipal };
      }
      for (const id of created.evicted) others.evicted(id);
      const { id: session, version, owner: principal } = record;
      onEvent({ type: "session-opened", session, version, principal });
      others.opened();
      return undefined;
    });
  });
}
