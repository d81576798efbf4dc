/**
 * This node among those that share a backend: it hears what the others tell, says which sessions it holds, and
 * where records outlive their node it holds a lease that shows the others that it lives.
 *
 * @module
 */

import { attempt, backendFailed } from "../attempt.ts";
import { andThen } from "../awaitable.ts";
import type { Settings } from "../options/options.ts";
import type { Awaitable, Receiver } from "../ports.ts";

/** What membership is for. */
export interface Member {
  /** What it listens to, by topic. */
  readonly topics: readonly (readonly [string, Receiver])[];
  /** The sessions that it holds. */
  held(): Iterable<string>;
  /** Words of other nodes may have been missed. */
  missed(): void;
  /** Its lease has been renewed: the time to look after what others left. */
  renewed(): Awaitable<void>;
}

/** How often a lease is renewed while it lasts. */
const BEATS = 3;

/** A node's place in its cluster. */
export class Membership {
  readonly #settings: Settings;
  readonly #node: string;
  readonly #member: Member;
  #unmissed: (() => void) | undefined;
  /** Undefined before the first attempt to join; true once joined. */
  #joined: Promise<void> | true | undefined;
  #stop: (() => void) | undefined;
  #left = false;
  /** Sessions of which the backend may not know whether this node holds them. */
  readonly #unsaid = new Set<string>();
  /** For how many renewals more no other node is taken for dead: once ours failed, the others have a whole lease. */
  #doubted = 0;
  /** It looks after what others left. */
  #looking = false;

  constructor(settings: Settings, node: string, member: Member) {
    this.#settings = settings;
    this.#node = node;
    this.#member = member;
  }

  /** Joins, unless it has. Undefined where that is done; where it throws or rejects, the next call tries anew. */
  join(): Promise<void> | undefined {
    if (this.#joined === true || this.#left) return undefined;
    if (this.#joined !== undefined) return this.#joined;
    const waits = this.#begin();
    if (waits.length === 0) {
      this.#joined = true;
      this.#later();
      return undefined;
    }
    const joined = Promise.all(waits).then(() => {
      this.#joined = true;
      this.#later();
    }, (error) => {
      this.#joined = undefined;
      this.#unsubscribe();
      throw error;
    });
    // Not every caller waits; whoever does gets the rejection.
    joined.catch(() => {/* see above */});
    return this.#joined = joined;
  }

  /** Says that a session was used, and whether this node holds it where that has changed. Does not throw. */
  touch(id: string, held: boolean | undefined): void {
    const { backend, clock } = this.#settings;
    const at = clock.now();
    const touch = held === undefined ? { at } : { at, held, by: this.#node };
    // Not by a function: two for each call would be 300 of the 11 000 bytes of a request.
    try {
      const done = backend.sessions.touch(id, touch);
      if (done instanceof Promise) done.catch((error) => this.#untouched(id, held, error));
    } catch (error) {
      this.#untouched(id, held, error);
    }
  }

  /**
   * True where another node is gone: its lease is over. Not where ours could not be renewed just now: neither could
   * theirs, and those that live have yet to say so.
   */
  async gone(node: string): Promise<boolean> {
    const { backend: { nodes }, clock } = this.#settings;
    if (nodes === undefined || node === this.#node || this.#doubted > 0) return false;
    return !(await nodes.alive(node, clock.now()));
  }

  // What the backend did not take is said again.
  #untouched(id: string, held: boolean | undefined, error: unknown): void {
    backendFailed(this.#settings, error);
    if (held !== undefined && this.#settings.backend.nodes !== undefined) this.#unsaid.add(id);
  }

  /** Ends the lease, and listens no more. Does not reject. */
  async leave(): Promise<void> {
    this.#left = true;
    this.#stop?.();
    this.#stop = undefined;
    this.#unsubscribe();
    const { backend: { nodes }, clock } = this.#settings;
    if (this.#joined === undefined || nodes === undefined) return;
    // Where that fails, the lease runs out by itself.
    await attempt(this.#settings, () => nodes.leave(this.#node, clock.now()));
  }

  #begin(): Promise<unknown>[] {
    try {
      const waits = this.#subscribe();
      const lease = this.#renew();
      if (lease instanceof Promise) waits.push(lease);
      return waits;
    } catch (error) {
      // The next attempt listens anew: what was begun would hear everything a second time.
      this.#unsubscribe();
      throw error;
    }
  }

  #subscribe(): Promise<unknown>[] {
    const { bus } = this.#settings.backend;
    const waits: Promise<unknown>[] = [];
    for (const [topic, receiver] of this.#member.topics) {
      const listening = bus.subscribe(topic, receiver);
      if (listening instanceof Promise) {
        waits.push(listening.then(() => {
          if (this.#left) bus.unsubscribe(topic, receiver);
        }));
      }
    }
    this.#unmissed = bus.missed?.(() => this.#member.missed());
    return waits;
  }

  #unsubscribe(): void {
    const { bus } = this.#settings.backend;
    for (const [topic, receiver] of this.#member.topics) bus.unsubscribe(topic, receiver);
    this.#unmissed?.();
    this.#unmissed = undefined;
  }

  #renew(): Awaitable<void> {
    const { backend: { nodes }, clock } = this.#settings;
    return andThen(nodes?.renew(this.#node, clock.now()), (known) => {
      if (known === false) this.#sayHeld();
    });
  }

  // Whoever's lease ran out while it lived has lost what it held; where the backend lost more than that, sessions too.
  // Who has its first one holds nothing, but what was told before it listened it has missed: it joins at its first request.
  #sayHeld(): void {
    if (this.#joined === true) this.#doubted = BEATS;
    for (const id of this.#member.held()) this.#unsaid.add(id);
    this.#member.missed();
  }

  #later(): void {
    const { backend: { nodes }, clock } = this.#settings;
    if (nodes === undefined || this.#left) return;
    this.#stop = clock.after(nodes.leaseMs / BEATS, () => {
      andThen(attempt(this.#settings, () => this.#beat()), () => this.#later());
    });
  }

  async #beat(): Promise<void> {
    if (this.#doubted > 0) this.#doubted--;
    try {
      await this.#renew();
    } catch (error) {
      this.#doubted = BEATS;
      throw error;
    }
    if (this.#unsaid.size > 0) {
      const held = new Set(this.#member.held());
      for (const id of [...this.#unsaid]) {
        this.#unsaid.delete(id);
        this.touch(id, held.has(id));
      }
    }
    this.#lookAfter();
  }

  // Others may have left much, and the backend be slow: the next renewal does not wait for that.
  async #lookAfter(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    await attempt(this.#settings, () => this.#member.renewed());
    this.#looking = false;
  }
}
