/**
 * Leases of nodes in SQLite.
 *
 * @module
 */

import type { Nodes } from "../../../core/engine/ports.ts";
import { whole } from "../whole.ts";
import type { Database } from "./database.ts";

/** The nodes that share a database. */
export function sqliteNodes(db: Database, leaseMs: number): Nodes {
  // Idle time counts from now: the node may have held it for longer than a session may be idle.
  const letGo = (node: string, now: number): void => {
    db.run(
      `UPDATE sessions SET holders = holders - 1, seen = ?, used = ?
      WHERE id IN (SELECT session FROM holds WHERE node = ?)`,
      whole(now),
      db.use(now),
      node,
    );
    db.run("DELETE FROM holds WHERE node = ?", node);
    db.run("DELETE FROM nodes WHERE node = ?", node);
  };
  // A node whose lease was over before it knew may have held something since: it has no lease that could end.
  const over = (now: number): readonly { readonly node: string }[] =>
    db.all(
      `SELECT node FROM nodes WHERE until <= ?
      UNION SELECT node FROM holds WHERE node <> '' AND node NOT IN (SELECT node FROM nodes)`,
      now,
    );
  return {
    leaseMs,
    renew: (node, now) =>
      db.transaction(() => {
        for (const one of over(now)) letGo(one.node, now);
        const known = db.get("SELECT 1 FROM nodes WHERE node = ?", node) !== undefined;
        const until = whole(now + leaseMs);
        db.run("INSERT OR REPLACE INTO nodes (node, until) VALUES (?, ?)", node, until);
        return known;
      }),
    alive: (node, now) =>
      db.get("SELECT 1 FROM nodes WHERE node = ? AND until > ?", node, now) !== undefined,
    leave: (node, now) => db.transaction(() => letGo(node, now)),
  };
}
