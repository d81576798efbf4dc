/**
 * The id of a new session, where the backend wants a say in it.
 *
 * @module
 */

import type { SessionRecord } from "../session/record.ts";
import { andThen } from "./awaitable.ts";
import type { Settings } from "./options.ts";
import type { Awaitable } from "./ports.ts";

/** A new record with the id that the backend gives it, or with its own. */
export function named(record: SessionRecord, settings: Settings): Awaitable<SessionRecord> {
  const { backend: { sessions }, lifetime } = settings;
  if (sessions.mint === undefined) return record;
  return andThen(sessions.mint(record, lifetime), (id) => ({ ...record, id }));
}
