/**
 * Messages between handlers that share a database: within the process plain calls, between processes
 * a table that each looks at when the file has changed.
 *
 * @module
 */

import { type Clock, SYSTEM_CLOCK } from "../../../core/engine/clock.ts";
import { randomToken } from "../../../core/engine/ids.ts";
import type { Bus, Receiver } from "../../../core/engine/ports.ts";
import { Topics } from "../../../core/engine/topics.ts";
import { whole } from "../whole.ts";
import type { Database } from "./database.ts";

/** How often a process asks whether others have written, in milliseconds. */
const LOOK_MS = 20;

/** How long a process that gives no sign is taken to listen, and a message is kept, in milliseconds. */
const LEASE_MS = 15_000;

/** The bus, and its end. */
interface SqliteBus extends Bus {
  close(): void;
}

/** A bus among the processes that share a database. */
export function sqliteBus(db: Database, clock: Clock = SYSTEM_CLOCK): SqliteBus {
  return new FileBus(db, clock);
}

class FileBus implements SqliteBus {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #process = randomToken(9);
  /** Who listens in this process. */
  readonly #topics = new Topics();
  /** Topics that nobody here listens to any more, but the file says so: they are taken out later. */
  readonly #left = new Set<string>();
  readonly #missed = new Set<() => void>();
  #read: number;
  #version: number;
  #renewAt = 0;
  /** Messages are being handed out. */
  #taking = false;
  /** One of ours has been sent meanwhile. */
  #sent = false;
  #stop: (() => void) | undefined;
  #closed = false;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
    this.#version = this.#dataVersion();
    this.#read = db.get<{ last: number }>(
      "SELECT coalesce(max(seq), 0) AS last FROM sqlite_sequence WHERE name = 'messages'",
    )!.last;
  }

  publish(topic: string, message: string): number {
    const { others } = this.#db.get<{ others: number }>(
      "SELECT count(*) AS others FROM listeners WHERE topic = ? AND process <> ?",
      topic,
      this.#process,
    )!;
    if (others === 0) return this.#topics.deliver(topic, message);
    const sent = this.#db.get<{ message: number }>(
      "INSERT INTO messages (process, topic, body, at) VALUES (?, ?, ?, ?) RETURNING message",
      this.#process,
      topic,
      message,
      whole(this.#clock.now()),
    )!;
    // All hear all in one order: what others sent before comes before it here too.
    this.#sent = true;
    return others + this.#take(sent.message);
  }

  subscribe(topic: string, receiver: Receiver): void {
    if (this.#stop === undefined) this.#begin();
    // What was sent before is for those who listen already.
    this.#take();
    if (!this.#topics.add(topic, receiver)) return;
    try {
      this.#listen(topic);
    } catch (error) {
      this.#topics.delete(topic, receiver);
      throw error;
    }
    this.#left.delete(topic);
  }

  unsubscribe(topic: string, receiver: Receiver): void {
    if (!this.#topics.delete(topic, receiver) || this.#closed) return;
    try {
      this.#leave(topic);
    } catch {
      // The file is locked or full.
      this.#left.add(topic);
    }
  }

  missed(listener: () => void): () => void {
    this.#missed.add(listener);
    return () => this.#missed.delete(listener);
  }

  close(): void {
    this.#stop?.();
    this.#closed = true;
    this.#db.run("DELETE FROM listeners WHERE process = ?", this.#process);
    this.#db.run("DELETE FROM processes WHERE process = ?", this.#process);
  }

  #begin(): void {
    this.#renew();
    this.#later();
  }

  #listen(topic: string): void {
    this.#db.run(
      "INSERT OR IGNORE INTO listeners (topic, process) VALUES (?, ?)",
      topic,
      this.#process,
    );
  }

  #leave(topic: string): void {
    this.#db.run("DELETE FROM listeners WHERE topic = ? AND process = ?", topic, this.#process);
  }

  #later(): void {
    this.#stop = this.#clock.after(LOOK_MS, () => {
      try {
        this.#look();
      } catch {
        // The file is locked or full. The messages stay where they are, and the next look finds them.
      }
      if (!this.#closed) this.#later();
    });
  }

  #look(): void {
    if (this.#clock.now() >= this.#renewAt) this.#renew();
    this.#take();
  }

  /** Hands out what has come. Gives how many here got the message that is asked about. */
  #take(asked?: number): number {
    // Who is told something may subscribe: the others get that first, and what follows after it.
    if (this.#taking) return 0;
    const version = this.#dataVersion();
    let here = 0;
    this.#taking = true;
    try {
      // What this process writes itself does not change the version.
      while (version !== this.#version || this.#sent) {
        const found = this.#db.all<{ message: number; topic: string; body: string }>(
          "SELECT message, topic, body FROM messages WHERE message > ? ORDER BY message",
          this.#read,
        );
        // Only now: what could not be read is looked for again, also where nothing changes any more.
        this.#version = version;
        this.#sent = false;
        for (const { message, topic, body } of found) {
          this.#read = message;
          const told = this.#topics.deliver(topic, body);
          if (message === asked) here = told;
        }
      }
    } finally {
      this.#taking = false;
    }
    return here;
  }

  #renew(): void {
    const now = this.#clock.now();
    const until = whole(now + LEASE_MS);
    this.#renewAt = now + LEASE_MS / 3;
    const lapsed = this.#db.transaction(() => {
      const over = this.#db.all<{ process: string }>(
        "SELECT process FROM processes WHERE until <= ?",
        now,
      );
      for (const { process } of over) {
        this.#db.run("DELETE FROM listeners WHERE process = ?", process);
        this.#db.run("DELETE FROM processes WHERE process = ?", process);
      }
      for (const topic of this.#left) this.#leave(topic);
      this.#db.run("DELETE FROM messages WHERE at <= ?", now - LEASE_MS);
      const known = this.#db.run(
        "UPDATE processes SET until = ? WHERE process = ?",
        until,
        this.#process,
      );
      if (known > 0) return false;
      this.#db.run("INSERT INTO processes VALUES (?, ?)", this.#process, until);
      for (const topic of this.#topics.keys()) this.#listen(topic);
      return true;
    });
    this.#left.clear();
    if (lapsed) { for (const listener of this.#missed) listener(); }
  }

  #dataVersion(): number {
    return this.#db.get<{ data_version: number }>("PRAGMA data_version")!.data_version;
  }
}
