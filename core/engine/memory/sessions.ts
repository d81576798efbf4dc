/**
 * Sessions in memory. Records that nothing holds stand in two lists in order of last use, those that
 * never became ready apart: look-up, touch, eviction and expiry each look at one end of a list.
 *
 * @module
 */

import { lapsed, type Lifetime, type SessionRecord } from "../../session/record.ts";
import type { Capacity, Created, Lapsed, SessionStore, Touch } from "../ports.ts";

// Texts that are shared stay for good. A client that varies its params at will must not fill memory.
const SHARED_TEXTS = 1_000;
const SHARED_LENGTH = 1_000;

// The record itself is the list node: at a million sessions, a wrapper each is what would hurt.
class Entry implements SessionRecord {
  readonly id: string;
  readonly version: SessionRecord["version"];
  readonly owner: string | undefined;
  readonly initialize: string;
  readonly created: number;
  seen: number;
  ready: boolean;
  /** How many nodes hold it. */
  holders = 0;
  /** The list it stands in; undefined while it is held. */
  list: LastUse | undefined = undefined;
  older: Entry | undefined = undefined;
  newer: Entry | undefined = undefined;

  constructor(record: SessionRecord, initialize: string) {
    this.id = record.id;
    this.version = record.version;
    this.owner = record.owner;
    this.initialize = initialize;
    this.created = record.created;
    this.seen = record.seen;
    this.ready = record.ready;
  }

  get held(): boolean {
    return this.list === undefined;
  }
}

/** Entries that nothing holds, least recently used first. */
class LastUse {
  oldest: Entry | undefined = undefined;
  newest: Entry | undefined = undefined;

  append(entry: Entry): void {
    entry.list = this;
    entry.older = this.newest;
    entry.newer = undefined;
    if (this.newest === undefined) this.oldest = entry;
    else this.newest.newer = entry;
    this.newest = entry;
  }

  remove(entry: Entry): void {
    if (entry.older === undefined) this.oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.newest = entry.older;
    else entry.newer.older = entry.older;
    entry.list = entry.older = entry.newer = undefined;
  }
}

/** A session store in this process. */
export function memorySessions(): SessionStore {
  return new MemorySessions();
}

class MemorySessions implements SessionStore {
  readonly #entries = new Map<string, Entry>();
  readonly #opened = new LastUse();
  readonly #ready = new LastUse();
  /** Only filled where a quota is set: who owns what. */
  readonly #owned = new Map<string | undefined, Set<Entry>>();
  /** Clients of one kind send the same params; one copy serves all. */
  readonly #params = new Map<string, string>();

  create(record: SessionRecord, capacity: Capacity): Created {
    const evicted: string[] = [];
    const quota = capacity.perPrincipal !== Infinity;
    const owned = quota ? this.#owned.get(record.owner) : undefined;
    if (owned !== undefined && owned.size >= capacity.perPrincipal) {
      const victim = leastRecentlyUsed(owned);
      if (victim === undefined) return { created: false, full: "quota" };
      this.#remove(victim);
      evicted.push(victim.id);
    }
    if (this.#entries.size >= capacity.sessions) {
      const victim = this.#opened.oldest ?? this.#ready.oldest;
      if (victim === undefined) return { created: false, full: "capacity" };
      this.#remove(victim);
      evicted.push(victim.id);
    }
    const entry = new Entry(record, this.#shared(record.initialize));
    this.#entries.set(entry.id, entry);
    (entry.ready ? this.#ready : this.#opened).append(entry);
    if (quota) {
      const owns = this.#owned.get(entry.owner) ?? new Set();
      this.#owned.set(entry.owner, owns.add(entry));
    }
    return { created: true, evicted };
  }

  get(id: string): SessionRecord | undefined {
    return this.#entries.get(id);
  }

  touch(id: string, touch: Touch): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    if (touch.held) entry.holders++;
    else if (touch.held === false && entry.holders > 0) entry.holders--;
    entry.list?.remove(entry);
    // Whoever holds it has begun something: it was seen when that ends.
    if (!touch.held) entry.seen = touch.at;
    if (touch.ready) entry.ready = true;
    if (entry.holders === 0) (entry.ready ? this.#ready : this.#opened).append(entry);
  }

  delete(id: string): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#remove(entry);
    return true;
  }

  list(): Iterable<SessionRecord> {
    return this.#entries.values();
  }

  count(): number {
    return this.#entries.size;
  }

  sweep(now: number, lifetime: Lifetime): readonly Lapsed[] {
    const gone: Lapsed[] = [];
    for (const list of [this.#opened, this.#ready]) {
      for (let entry = list.oldest; entry !== undefined; entry = list.oldest) {
        const reason = lapsed(entry, now, lifetime);
        // The list is in order of last use, so the first that lives ends the look for idle ones. An old
        // but lively session behind it is found by its next look-up.
        if (reason === undefined) break;
        this.#remove(entry);
        gone.push({ id: entry.id, reason });
      }
    }
    return gone;
  }

  #remove(entry: Entry): void {
    this.#entries.delete(entry.id);
    entry.list?.remove(entry);
    const owned = this.#owned.get(entry.owner);
    if (owned?.delete(entry) && owned.size === 0) this.#owned.delete(entry.owner);
  }

  #shared(params: string): string {
    if (params.length > SHARED_LENGTH) return params;
    const known = this.#params.get(params);
    if (known !== undefined) return known;
    if (this.#params.size < SHARED_TEXTS) this.#params.set(params, params);
    return params;
  }
}

// The quota is a small number, so a look at all that one principal owns is cheaper than a list each.
function leastRecentlyUsed(owned: Iterable<Entry>): Entry | undefined {
  let victim: Entry | undefined;
  for (const entry of owned) {
    if (entry.list === undefined) continue;
    if (
      victim === undefined || (victim.ready && !entry.ready) ||
      (victim.ready === entry.ready && entry.seen < victim.seen)
    ) victim = entry;
  }
  return victim;
}
