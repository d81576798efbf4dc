/**
 * The open connections of a handler, and what keeps the silent ones alive.
 *
 * @module
 */

import { soon } from "../clock.ts";
import type { StreamCloseReason } from "../events.ts";
import { writerOf } from "../ids.ts";
import type { Settings } from "../options/options.ts";
import { remember } from "../recent.ts";
import { Connection } from "./connection.ts";
import type { Closed, Reading } from "./reading.ts";

/** How long a client waits before it reconnects to a server that went down, in milliseconds. */
const RECONNECT_MS = 1_000;

/**
 * Where a reader loses its place this soon after another of its session did, in milliseconds, both are the same
 * client's.
 */
const SOON_MS = 120_000;

/** How long such a client is asked to stay away, in milliseconds: at first, and at most. */
const AWAY_MS = 1_000;
const AWAY_MAX_MS = 60_000;

/** Of how many sessions it is remembered that a reader lost its place. */
const LOST_MAX = 1_000;

/** Every connection that reads a stream on this node. */
export class Connections {
  readonly settings: Settings;
  readonly #open = new Set<Connection>();
  /** Readers are sent away, and no further one is let in. The answer to a POST may still be a stream. */
  leaving = false;
  /** Sessions in which a reader lost its place to another: when last, and how often one did in a row before. */
  readonly #lost = new Map<string, { readonly at: number; readonly before: number }>();
  #stop: (() => void) | undefined;
  #empty: (() => void) | undefined;
  readonly #over: Closed;

  /** @param over Is told once of each that it is over. */
  constructor(settings: Settings, over: Closed) {
    this.settings = settings;
    this.#over = over;
  }

  /** How many there are. */
  get size(): number {
    return this.#open.size;
  }

  /** A new one. */
  open(reading: Reading): Connection {
    const connection = new Connection(reading, this);
    this.#open.add(connection);
    const { live, stream } = reading;
    this.settings.onEvent({ type: "stream-opened", session: live?.id, stream });
    this.#keepAlive();
    return connection;
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#open.values();
  }

  /** Has every connection read on: words that there is more may have been missed. */
  look(): void {
    for (const connection of [...this.#open]) connection.look();
  }

  /** Ends the connections that read streams which this node does not write: their clients reconnect to another node. */
  sendAway(node: string): void {
    this.leaving = true;
    for (const connection of [...this.#open]) {
      if (writerOf(connection.reading.stream) !== node) connection.sendAway(RECONNECT_MS);
    }
  }

  /** Resolves once none is open, or after `ms` milliseconds. */
  async emptied(ms: number): Promise<void> {
    if (this.#open.size === 0) return;
    const empty = new Promise<void>((resolve) => this.#empty = resolve);
    await soon(this.settings.clock, ms, empty);
  }

  /** Ends every connection. */
  close(): void {
    for (const connection of [...this.#open]) connection.close("closed");
    this.#stop?.();
    this.#stop = undefined;
  }

  /**
   * Says for how many milliseconds a client shall stay away whose connection has lost its place to a newer one.
   * Undefined the first time, for then the old connection is mostly a dead socket. But a client that holds two
   * connections, and comes back to whichever ends, would have each end the other for ever: so where it happens again
   * soon, it is a time, and a longer one each time. It is counted by session, and also where the session is idle on
   * this node: the other connection may be on another one.
   */
  away(session: string): number | undefined {
    const at = this.settings.clock.now();
    const last = this.#lost.get(session);
    const before = last !== undefined && at - last.at < SOON_MS ? last.before + 1 : 0;
    remember(this.#lost, session, { at, before }, LOST_MAX);
    return before === 0 ? undefined : Math.min(AWAY_MS * 2 ** (before - 1), AWAY_MAX_MS);
  }

  /** One is over. */
  closed(connection: Connection, reason: StreamCloseReason): void {
    this.#open.delete(connection);
    if (this.#open.size === 0) this.#empty?.();
    const { live, stream } = connection.reading;
    this.settings.onEvent({ type: "stream-closed", session: live?.id, stream, reason });
    this.#over(connection, reason);
  }

  // One timer for all connections, and only while there are some.
  #keepAlive(): void {
    const { keepAliveMs, clock } = this.settings;
    if (this.#stop !== undefined || keepAliveMs === 0) return;
    this.#stop = clock.after(keepAliveMs, () => {
      this.#stop = undefined;
      for (const connection of this.#open) connection.keepAlive();
      if (this.#open.size > 0) this.#keepAlive();
    });
  }
}
