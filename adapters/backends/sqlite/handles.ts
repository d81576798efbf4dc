/**
 * Handles in SQLite.
 *
 * @module
 */

import type { HandleStore } from "../../../core/engine/ports.ts";
import { type Database, whole } from "./database.ts";

/** A handle store in a database. */
export function sqliteHandles(db: Database): HandleStore {
  return {
    put(handle, text, expires) {
      db.run(
        "INSERT OR REPLACE INTO handles (handle, text, expires) VALUES (?, ?, ?)",
        handle,
        text,
        whole(expires),
      );
    },
    replace: (handle, text, expires, now) =>
      db.run(
        "UPDATE handles SET text = ?, expires = ? WHERE handle = ? AND expires > ?",
        text,
        whole(expires),
        handle,
        now,
      ) > 0,
    get: (handle, now) =>
      db.get<{ text: string }>(
        "SELECT text FROM handles WHERE handle = ? AND expires > ?",
        handle,
        now,
      )?.text,
    delete: (handle) => db.run("DELETE FROM handles WHERE handle = ?", handle) > 0,
  };
}
