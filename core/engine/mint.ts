/**
 * The id of a new session, where the backend wants a say in it.
 *
 * @module
 */

import type { SessionRecord } from "../session/record.ts";
import type { Settings } from "./options.ts";
import type { Awaitable } from "./ports.ts";

/** A new record with the id that the backend gives it, or with its own. */
export function named(record: SessionRecord, settings: Settings): Awaitable<SessionRecord> {
  const { backend: { sessions }, lifetime } = settings;
  if (sessions.mint === undefined) return record;
  const id = sessions.mint(record, lifetime);
  return id instanceof Promise ? id.then((one) => ({ ...record, id: one })) : { ...record, id };
}
