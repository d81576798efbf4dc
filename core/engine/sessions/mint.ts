/**
 * The id of a new session, where the backend wants a say in it.
 *
 * @module
 */

import type { Rejection } from "../../outbound/rejections.ts";
import type { SessionRecord } from "../../session/record.ts";
import { andThen } from "../awaitable.ts";
import type { Settings } from "../options/options.ts";
import type { Awaitable } from "../ports.ts";

/** A new record with the id that the backend gives it, or with its own; or the refusal of one that is too large. */
export function named(
  record: SessionRecord,
  settings: Settings,
): Awaitable<SessionRecord | Rejection> {
  const { backend: { sessions }, lifetime } = settings;
  if (sessions.mint === undefined) return record;
  return andThen(
    sessions.mint(record, lifetime),
    (id) =>
      typeof id === "string" ? { ...record, id } : {
        rule: "initialize-over-limit",
        value: record.initialize.length,
        accepted: id.limit,
      },
  );
}
