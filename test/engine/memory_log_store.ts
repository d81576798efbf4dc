/** A log store in memory for tests, and short ways to write and read it. */
import { type LogBudget, type LogPage, memory } from "../../core/engine/mod.ts";

export const ROOMY: LogBudget = { events: 1_000, bytes: 1e6, sessionBytes: 1e6, ageMs: Infinity };

/** A log store, and short ways to write and read it. */
export function store(budget: Partial<LogBudget> = {}) {
  const { logs } = memory();
  const limits = { ...ROOMY, ...budget };
  return {
    logs,
    open: (stream = "a", now = 0, session = "s") => logs.open(session, stream, now, limits),
    append: (data: string, stream = "a", { now = 0, last = false, session = "s" } = {}) =>
      logs.append(session, stream, data, last, now, limits),
    /** The texts after a position; `lost` where it cannot be read on from. */
    texts: (after = 0, stream = "a", { now = 0, session = "s", bytes = 1e6 } = {}) => {
      const page = logs.read(session, stream, after, bytes, now, limits) as LogPage | undefined;
      return page === undefined ? "lost" : page.events.map((event) => event.data).join(" ");
    },
    page: (after: number, bytes: number) =>
      logs.read("s", "a", after, bytes, 0, limits) as LogPage | undefined,
  };
}
