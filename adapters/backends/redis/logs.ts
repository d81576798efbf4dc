/**
 * Logs in Redis: a stream each, cut at its old end where a budget is spent.
 *
 * @module
 */

import type { LogStore } from "../../../core/engine/ports.ts";
import { whole } from "../whole.ts";
import { type Answer, isYes, span, type Store } from "./store.ts";

/** A log store in Redis. */
export function redisLogs(store: Store): LogStore {
  return {
    async open(session, stream, _now, budget, owed = "") {
      const { sessionBytes } = budget;
      await store.run(
        "open",
        session,
        stream,
        span(budget.ageMs),
        owed,
        whole(sessionBytes),
      );
    },
    async whole(session, stream, data, now, budget) {
      const { sessionBytes } = budget;
      await store.run(
        "whole",
        session,
        stream,
        data,
        data.length,
        whole(now),
        whole(sessionBytes),
        span(budget.ageMs),
      );
    },
    async append(session, stream, data, last, now, budget, once = "") {
      return Number(
        await store.run(
          "append",
          session,
          stream,
          data,
          data.length,
          last ? 1 : 0,
          whole(now),
          whole(budget.events),
          whole(budget.bytes),
          whole(budget.sessionBytes),
          span(budget.ageMs),
          once,
        ),
      );
    },
    async end(session, stream, now) {
      await store.run("end", session, stream, whole(now));
    },
    async read(session, stream, after, maxBytes, now, budget) {
      const found = await store.run(
        "read",
        session,
        stream,
        after,
        whole(maxBytes),
        whole(now),
        span(budget.ageMs),
      );
      if (!Array.isArray(found)) return undefined;
      const [ended, more, ...data] = found as [Answer, Answer, ...string[]];
      return {
        events: data.map((text, i) => ({ position: after + i + 1, data: text })),
        ended: isYes(ended),
        more: isYes(more),
      };
    },
    async bounds(session, stream) {
      const [first, last, delivered, ended, owed] = await store.run(
        "bounds",
        session,
        stream,
      ) as readonly (string | null)[];
      if (typeof first !== "string") return undefined;
      return {
        first: Number(first),
        last: Number(last),
        delivered: Number(delivered),
        ended: typeof ended === "string",
        owed: owed ?? undefined,
      };
    },
    async delivered(session, stream, through, forget) {
      await store.run("delivered", session, stream, through, forget ? 1 : 0);
    },
    async drop(session, stream = "") {
      await store.run("drop", session, stream);
    },
  };
}
