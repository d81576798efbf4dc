/**
 * A new session on its way into the store, and those that give way to it.
 *
 * @module
 */

import type { Rejection } from "../outbound/rejections.ts";
import type { SessionRecord } from "../session/record.ts";
import type { Settings } from "./options.ts";
import type { Awaitable, Created, Lapsed } from "./ports.ts";

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
  // A session whose time is over must not cost a live one its place.
  const lapsed = settings.backend.sessions.sweep(record.seen, settings.lifetime);
  if (lapsed instanceof Promise) {
    return lapsed.then((gone) => {
      others.swept(gone);
      return store(record, settings, others);
    });
  }
  others.swept(lapsed);
  return store(record, settings, others);
}

function store(
  record: SessionRecord,
  settings: Settings,
  others: Others,
): Awaitable<Rejection | undefined> {
  const { backend, capacity, lifetime } = settings;
  const created = backend.sessions.create(record, capacity, lifetime);
  return created instanceof Promise
    ? created.then((outcome) => stored(record, outcome, settings, others))
    : stored(record, created, settings, others);
}

function stored(
  record: SessionRecord,
  outcome: Created,
  { capacity, onEvent }: Settings,
  others: Others,
): Rejection | undefined {
  if (!outcome.created) {
    return outcome.full === "capacity"
      ? { rule: "capacity", accepted: capacity.sessions }
      : { rule: "quota", accepted: capacity.perPrincipal };
  }
  for (const id of outcome.evicted) others.evicted(id);
  onEvent({
    type: "session-opened",
    session: record.id,
    version: record.version,
    principal: record.owner,
  });
  others.opened();
  return undefined;
}
