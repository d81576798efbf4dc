/** Requests a second. */
import type { Options } from "../contenders/contender.ts";
import { BARE, CAREFUL, type Entry, OURS, PEERS } from "../contenders/list.ts";
import { CALL, INITIALIZE, MODERN_CALL, type Request, steps } from "../load/requests.ts";
import { race, type Runner } from "./race.ts";
import { type Context, optionsOf, type Row, type Workload } from "./workload.ts";

/** What the answer to a call contains. */
const SAID = "You said";

export const callJson: Workload = workload(
  "call-json",
  "Tool call in a session, answered as JSON",
  CALL,
  SAID,
  { shape: "json" },
);

export const callSse: Workload = workload(
  "call-sse",
  "Tool call in a session, answered as SSE",
  CALL,
  SAID,
  { shape: "sse" },
);

export const callLater: Workload = workload(
  "call-later",
  "Tool call in a session, answered as SSE by a tool that gives a promise",
  CALL,
  SAID,
  { shape: "sse", later: true },
);

export const progress: Workload = workload(
  "progress",
  "Tool call with 20 progress events",
  steps(20),
  '"progress":20',
  { shape: "sse" },
);

export const initialize: Workload = workload(
  "initialize",
  "initialize: a new session each",
  INITIALIZE,
  "protocolVersion",
  { shape: "json" },
);

export const modern: Workload = workload(
  "modern",
  "Tool call of 2026-07-28",
  MODERN_CALL,
  SAID,
  { shape: "json", modern: true },
);

/** The bare runtime, this library, a build of it to compare with where there is one, and the others. */
function workload(
  name: string,
  title: string,
  request: Request,
  expected: string,
  options: Partial<Options>,
): Workload {
  const inSession = !options.modern && request !== INITIALIZE;
  const takesPart = (one: Entry): boolean =>
    one.shapes.includes(options.shape!) && (one.modern || !options.modern) &&
    (one !== CAREFUL || expected === SAID) &&
    // The others make no difference between tools that give promises and tools that do not.
    (!options.later || one === BARE || one === OURS);
  return {
    name,
    title,
    more: true,
    async run(context) {
      const rows: Row[] = [];
      for (const runtime of context.runtimes) {
        const runner = (
          one: Entry,
          changes: Partial<Options> = {},
        ): Runner => ({
          name: one.name,
          module: one.module,
          options: optionsOf(context, runtime, { ...options, ...changes }),
          ...(inSession ? {} : { sessions: 0 }),
        });
        rows.push(
          ...await race(
            context,
            name,
            runnersOf(context, runner, takesPart),
            request,
            expected,
          ),
        );
      }
      return rows;
    },
  };
}

function runnersOf(
  { peers, baseline }: Context,
  runner: (one: Entry, changes?: Partial<Options>) => Runner,
  takesPart: (one: Entry) => boolean,
): Runner[] {
  return [
    runner(BARE),
    ...(takesPart(CAREFUL) ? [runner(CAREFUL)] : []),
    runner(OURS),
    ...(baseline === undefined ? [] : [{
      ...runner(OURS, { library: baseline }),
      name: "mcp-session, baseline",
    }]),
    ...(peers ? PEERS.filter(takesPart).map((one) => ({ ...runner(one), peer: true })) : []),
  ];
}
