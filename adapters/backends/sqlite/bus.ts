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
import { type Database, whole } from "./database.ts";

/** How often a process asks whether others have written, in milliseconds. */
const LOOK_MS = 20;

/** How long a process that gives no sign is taken to listen, and a message is kept, in milliseconds. */
const LEASE_MS = 15_000;

/** The bus, and its end. */
export interface SqliteBus extends Bus {
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
    const here = this.#topics.deliver(topic, message);
    const { others } = this.#db.get<{ others: number }>(
      "SELECT count(*) AS others FROM listeners WHERE topic = ? AND process <> ?",
      topic,
      this.#process,
    )!;
    if (others > 0) {
      this.#db.run(
        "INSERT INTO messages (process, topic, body, at) VALUES (?, ?, ?, ?)",
        this.#process,
        topic,
        message,
        whole(this.#clock.now()),
      );
    }
    return here + others;
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

  #take(): void {
    // Who is told something may subscribe: the others get that first, and what follows after it.
    if (this.#taking) return;
    const version = this.#dataVersion();
    if (version === this.#version) return;
    const found = this.#db.all<{ message: number; process: string; topic: string; body: string }>(
      "SELECT message, process, topic, body FROM messages WHERE message > ? ORDER BY message",
      this.#read,
    );
    this.#taking = true;
    try {
      for (const { message, process, topic, body } of found) {
        this.#read = message;
        if (process !== this.#process) this.#topics.deliver(topic, body);
      }
    } finally {
      this.#taking = false;
    }
    // Last: what could not be read now is looked for again, also where nothing changes any more.
    this.#version = version;
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
      for (const topic of this.#topics.names()) this.#listen(topic);
      return true;
    });
    this.#left.clear();
    if (lapsed) { for (const listener of this.#missed) listener(); }
  }

  #dataVersion(): number {
    return this.#db.get<{ data_version: number }>("PRAGMA data_version")!.data_version;
  }
}
