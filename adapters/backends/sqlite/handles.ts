/**
 * Handles in SQLite. What is expired is forgotten as new ones come, a few at a time.
 *
 * @module
 */

import type { HandleStore } from "../../../core/engine/ports.ts";
import { whole } from "../whole.ts";
import type { Database } from "./database.ts";

/** How many expired ones are forgotten for each new one. */
const FORGOTTEN = 4;

/** A handle store in a database. */
export function sqliteHandles(db: Database): HandleStore {
  return {
    put: (handle, text, expires, now) =>
      db.transaction(() => {
        db.run(
          "INSERT OR REPLACE INTO handles (handle, text, expires) VALUES (?, ?, ?)",
          handle,
          text,
          whole(expires),
        );
        // A sweep does it too, but where there are no sessions there is none.
        db.run(
          `DELETE FROM handles WHERE handle IN
            (SELECT handle FROM handles WHERE expires <= ? LIMIT ${FORGOTTEN})`,
          now,
        );
      }),
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
