/**
 * A new session on its way into the store, and those that give way to it.
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
