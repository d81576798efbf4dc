/**
 * Keeps sessions and logs in a SQLite file: they survive the process, also one that is killed. It uses `node:sqlite`,
 * which Node (22.13 or later), Deno and Bun bring. Without that this module loads, and `sqlite()` throws.
 *
 * @module
 */

import { accept, finite, type ReadersOf, readOnly } from "../../core/engine/options/readers.ts";
import type { Backend } from "../../core/engine/ports.ts";
import { sqliteBus } from "./sqlite/bus.ts";
import { Database } from "./sqlite/database.ts";
import { sqliteHandles } from "./sqlite/handles.ts";
import { sqliteLogs } from "./sqlite/logs.ts";
import { sqliteNodes } from "./sqlite/nodes.ts";
import { sqliteSessions } from "./sqlite/sessions.ts";

/** Options of {@linkcode sqlite}. All may be left out. */
export interface SqliteOptions {
  /**
   * Milliseconds without a sign after which a process is taken for dead. Sessions that it held may grow idle then, and
   * the calls that it left are answered with an error. At least 100. Default 10 000.
   */
  readonly leaseMs?: number | undefined;
  /**
   * Milliseconds to wait while another process writes to the file; after that the answer is 503. Waiting blocks the
   * event loop: this process does nothing else meanwhile. At least 0. Default 2 000.
   */
  readonly busyMs?: number | undefined;
}

const OPTIONS = {
  leaseMs: finite(100, 10_000),
  busyMs: finite(0, 2_000),
} satisfies ReadersOf<SqliteOptions>;

/**
 * Opens a backend in a file. Several processes of one machine may share it, such as the old and the new one during a
 * restart; what they tell each other takes up to 20 milliseconds. Call `close()` on it once no handler uses it any
 * more.
 *
 * Everything that was acknowledged is there after `kill -9`. After a loss of power the last moments may be missing (WAL
 * with `synchronous=NORMAL`); the file itself is intact.
 *
 * @param file A path. The file and two more beside it (`-wal`, `-shm`) are made where they are missing. It may not be
 * on a network share. Deno asks for `--allow-read` and `--allow-write`.
 * @throws {OptionError} The path is no text or empty, the file was made by a version of this library with another
 * schema, or an option has a value that it cannot have.
 * @throws {Error} The file cannot be opened, or the runtime has no `node:sqlite`.
 *
 * @example
 * ```ts
 * import { createMcpHandler } from "mcp-session";
 * import { sqlite } from "mcp-session/sqlite";
 * import { application } from "./application.ts";
 *
 * export const mcp = createMcpHandler(application, { backend: sqlite("sessions.db") });
 * ```
 */
export function sqlite(file: string, options: SqliteOptions = {}): Backend {
  accept("file", file, typeof file === "string" && file !== "", "is not a path");
  const { leaseMs, busyMs } = readOnly(OPTIONS, options);
  const db = new Database(file, busyMs);
  const bus = sqliteBus(db);
  let closed = false;
  return {
    sessions: sqliteSessions(db),
    logs: sqliteLogs(db),
    bus,
    handles: sqliteHandles(db),
    nodes: sqliteNodes(db, leaseMs),
    close() {
      if (closed) return;
      closed = true;
      try {
        bus.close();
      } finally {
        // The file may be locked or full; what the bus leaves in it lapses by itself.
        db.close();
      }
    },
  };
}
