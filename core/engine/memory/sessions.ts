/**
 * Sessions in memory. Records that nothing holds stand in two queues in order of last use, those that
 * never became ready apart: touch, eviction and expiry each look at one end of a queue.
 *
 * @module
 */

import { lapsed, type Lifetime, type SessionRecord } from "../../session/record.ts";
import type { Capacity, Created, Lapsed, SessionStore, Touch } from "../ports.ts";
import { NONE } from "./rows.ts";
import { SessionRows } from "./session_rows.ts";

// Texts that are shared stay for good. A client that varies its params at will must not fill memory.
const SHARED_TEXTS = 1_000;
const SHARED_LENGTH = 1_000;

/** A session store in this process. */
export function memorySessions(): SessionStore {
  return new MemorySessions();
}

class MemorySessions implements SessionStore {
  readonly #rows = new SessionRows();
  /** Only filled where a quota is set: who owns what, by row. */
  readonly #owned = new Map<string | undefined, Set<number>>();
  /** Clients of one kind send the same params; one copy serves all. */
  readonly #params = new Map<string, string>();

  create(record: SessionRecord, capacity: Capacity): Created {
    const rows = this.#rows;
    const victims: number[] = [];
    const owned = this.#owned.get(record.owner);
    if (owned !== undefined && owned.size >= capacity.perPrincipal) {
      const victim = this.#leastRecentlyUsed(owned);
      if (victim === NONE) return { created: false, full: "quota" };
      victims.push(victim);
    }
    // Another handler may allow more, so one that gives way to the quota need not be enough.
    if (rows.count - victims.length >= capacity.sessions) {
      const victim = this.#first(victims[0]);
      if (victim === NONE) return { created: false, full: "capacity" };
      victims.push(victim);
    }
    const evicted = victims.map((victim) => rows.id(victim));
    for (const victim of victims) this.#remove(victim);
    const row = rows.add(record, this.#shared(record.initialize));
    if (capacity.perPrincipal !== Infinity) {
      const owns = this.#owned.get(record.owner) ?? new Set();
      this.#owned.set(record.owner, owns.add(row));
    }
    return { created: true, evicted };
  }

  get(id: string): SessionRecord | undefined {
    const row = this.#rows.find(id);
    return row === NONE ? undefined : this.#rows.record(row, id);
  }

  touch(id: string, touch: Touch): void {
    const row = this.#rows.find(id);
    if (row !== NONE) this.#rows.touch(row, touch);
  }

  delete(id: string): boolean {
    const row = this.#rows.find(id);
    if (row === NONE) return false;
    this.#remove(row);
    return true;
  }

  list(): Iterable<SessionRecord> {
    return this.#rows.records();
  }

  count(): number {
    return this.#rows.count;
  }

  sweep(now: number, lifetime: Lifetime): readonly Lapsed[] {
    const rows = this.#rows;
    const gone: Lapsed[] = [];
    // The queues are in order of last use, so the first that lives ends the look for idle ones.
    for (const queue of [rows.opened, rows.ready]) {
      while (queue.first !== NONE && this.#sweep(queue.first, now, lifetime, gone));
    }
    // Old ones that are in use stand behind it. Those that are held are passed over: they are ended where they are.
    for (let row = rows.created.first, next; row !== NONE; row = next) {
      if (now - rows.record(row).created < lifetime.maxAgeMs) break;
      next = rows.created.after(row);
      this.#sweep(row, now, lifetime, gone);
    }
    return gone;
  }

  #sweep(row: number, now: number, lifetime: Lifetime, gone: Lapsed[]): boolean {
    const record = this.#rows.record(row);
    const reason = lapsed(record, now, lifetime);
    if (reason === undefined || record.held) return false;
    this.#remove(row);
    gone.push({ id: record.id, reason });
    return true;
  }

  #remove(row: number): void {
    if (this.#owned.size > 0) {
      const { owner } = this.#rows.record(row);
      const owned = this.#owned.get(owner);
      if (owned?.delete(row) && owned.size === 0) this.#owned.delete(owner);
    }
    this.#rows.remove(row);
  }

  /** The one that gives way first, but for one. */
  #first(but: number | undefined): number {
    for (const queue of [this.#rows.opened, this.#rows.ready]) {
      for (let row = queue.first; row !== NONE; row = queue.after(row)) {
        if (row !== but) return row;
      }
    }
    return NONE;
  }

  // The quota is a small number, so a look at all that one principal owns is cheaper than a list each.
  #leastRecentlyUsed(owned: Iterable<number>): number {
    let victim = NONE;
    let least: SessionRecord | undefined;
    for (const row of owned) {
      const one = this.#rows.record(row);
      if (one.held) continue;
      if (
        least !== undefined && (!least.ready || one.ready) &&
        (least.ready !== one.ready || one.seen >= least.seen)
      ) continue;
      victim = row;
      least = one;
    }
    return victim;
  }

  #shared(params: string): string {
    if (params.length > SHARED_LENGTH) return params;
    const known = this.#params.get(params);
    if (known !== undefined) return known;
    if (this.#params.size < SHARED_TEXTS) this.#params.set(params, params);
    return params;
  }
}
