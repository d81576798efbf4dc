/**
 * The connection to the file: prepared statements, transactions, the schema.
 *
 * @module
 */

import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { OptionError } from "../../../core/engine/errors.ts";
import { SCHEMA, SCHEMA_VERSION } from "./schema.ts";

/** A value of a column. */
type Value = string | number | null;

/** A row as it comes. */
type Row = { readonly [column: string]: Value };

/** One connection. */
export class Database {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #used = 0;

  constructor(file: string, busyMs: number) {
    this.#db = open(file);
    try {
      // SQLite takes more than that for none at all.
      const waits = Math.min(Math.round(busyMs), 0x7fffffff);
      this.#db.exec(`PRAGMA busy_timeout = ${waits}`);
      this.#useWal(busyMs);
      this.#db.exec("PRAGMA synchronous = NORMAL");
      this.transaction(() => this.#migrate(file));
    } catch (error) {
      this.close();
      throw error instanceof OptionError ? error : failure(file, error);
    }
  }

  /** The first row, if any. */
  get<T = Row>(sql: string, ...values: readonly Value[]): T | undefined {
    return this.#prepare(sql).get(...values as SQLInputValue[]) as T | undefined;
  }

  /** Every row. */
  all<T = Row>(sql: string, ...values: readonly Value[]): readonly T[] {
    return this.#prepare(sql).all(...values as SQLInputValue[]) as unknown as readonly T[];
  }

  /** How many rows changed. */
  run(sql: string, ...values: readonly Value[]): number {
    return Number(this.#prepare(sql).run(...values as SQLInputValue[]).changes);
  }

  /** All or nothing, and nobody else writes meanwhile. */
  transaction<T>(work: () => T): T {
    this.#prepare("BEGIN IMMEDIATE").run();
    let result: T;
    try {
      result = work();
      this.#prepare("COMMIT").run();
    } catch (error) {
      this.#rollback();
      throw error;
    }
    return result;
  }

  /** A number for "used at this time" that tells uses of the same millisecond apart. */
  use(at: number): number {
    return this.#used = Math.max(Math.floor(at) * 1_000, this.#used + 1);
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      this.#statements.set(sql, statement = this.#db.prepare(sql));
    }
    return statement;
  }

  // SQLite waits for others where it begins to write, but not where it changes the journal: so do processes that start
  // together on a new file.
  #useWal(busyMs: number): void {
    for (const end = Date.now() + busyMs;;) {
      try {
        return this.#db.exec("PRAGMA journal_mode = WAL");
      } catch (error) {
        if (Date.now() >= end) throw error;
        this.#db.exec("BEGIN IMMEDIATE");
        this.#db.exec("ROLLBACK");
      }
    }
  }

  #rollback(): void {
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // A full disk has rolled back already.
    }
  }

  #migrate(file: string): void {
    const { user_version: found } = this.get<{ user_version: number }>("PRAGMA user_version")!;
    if (found === SCHEMA_VERSION) return;
    if (found !== 0) {
      throw new OptionError(
        "file",
        `${JSON.stringify(file)} has schema version ${found}; this library knows ${SCHEMA_VERSION}`,
      );
    }
    this.#db.exec(SCHEMA);
    this.#db.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
  }
}

// An import would fail where there is no such module, and with it whatever imports this one.
function open(file: string): DatabaseSync {
  const { process } = globalThis as {
    process?: { getBuiltinModule?(name: string): typeof import("node:sqlite") | undefined };
  };
  const found = process?.getBuiltinModule?.("node:sqlite");
  if (found === undefined) {
    throw new Error(
      "sqlite: needs node:sqlite, which Node has from 22.13 on, and Deno and Bun in current versions",
    );
  }
  try {
    return new found.DatabaseSync(file);
  } catch (error) {
    throw failure(file, error);
  }
}

// SQLite's own message does not say which file.
function failure(file: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`file: ${JSON.stringify(file)} cannot be opened: ${reason}`, { cause });
}
