/**
 * The kit: times and limits with fractions, which a clock such as `performance.now` gives and options may have.
 *
 * @module
 */

import type { LogBudget } from "../../core/engine/ports.ts";
import { holds, same } from "./expect.ts";
import type { KitCheck } from "./kit.ts";
import { NOW, record } from "./kit_data.ts";

const AT = NOW + 0.25;

// A store may round, by less than a millisecond.
function about(actual: number | undefined, expected: number, what: string): void {
  holds(Math.abs((actual ?? NaN) - expected) < 1, `${what}: ${actual}; expected about ${expected}`);
}

/** The checks. */
export const timeChecks: readonly KitCheck[] = [
  {
    name: "sessions: times may have fractions of a millisecond",
    async check({ backend: { sessions }, peer }) {
      const lifetime = { idleMs: 1_000.5, maxAgeMs: 60_000.5 };
      const room = { sessions: 10, perPrincipal: Infinity };
      for (const id of ["a", "b"]) {
        await sessions.create(record(id, { created: AT, seen: AT }), room, lifetime);
      }
      about((await peer.sessions.get("a"))?.created, AT, "created");
      await sessions.touch("b", { at: AT + 100.4 });
      about((await peer.sessions.get("b"))?.seen, AT + 100.4, "seen");
      const gone = await peer.sessions.sweep(AT + 1_002.5, lifetime);
      same(gone, [{ id: "a", reason: "idle" }], "swept");
    },
  },
  {
    name: "logs: times and limits may have fractions",
    async check({ backend: { logs }, peer }) {
      const budget: LogBudget = {
        ...{ events: 2.5, bytes: 1_000.5, sessionBytes: 100_000.5, ageMs: 60_000.5 },
      };
      await logs.open("s", "a", AT, budget);
      for (let i = 1; i <= 4; i++) {
        same(await logs.append("s", "a", `${i}`, false, AT, budget), i, "position");
      }
      await logs.end("s", "a", AT + 1);
      const page = await peer.logs.read("s", "a", 2, 1_000.5, AT + 59_999, budget);
      same([page?.events.length, page?.ended], [2, true], "read");
      await logs.whole?.("s", "b", "1", AT, budget);
      await logs.open("s", "c", AT, budget);
      same(await logs.append("s", "c", "1", true, AT, budget), 1, "an append that ends");
    },
  },
  {
    name: "nodes, handles: times may have fractions of a millisecond",
    async check({ backend: { nodes, handles }, peer }) {
      if (nodes !== undefined) {
        await nodes.renew("n", AT);
        same(await peer.nodes?.alive("n", AT + nodes.leaseMs - 2), true, "up");
        same(await peer.nodes?.alive("n", AT + nodes.leaseMs + 2), false, "down");
      }
      await handles?.put("h", "1", AT + 60_000.5, AT);
      same(await handles?.get("h", AT + 59_999), handles && "1", "kept");
      same(await handles?.replace("h", "2", AT + 90_000.5, AT + 1), handles && true, "replaced");
      same(await handles?.get("h", AT + 90_002), undefined, "expired");
    },
  },
];
