import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, type Runtime, runtimes } from "../runner/runtimes.ts";
import type { Outcome } from "../runner/suite.ts";
import { startServer } from "./server.ts";
import { type Run, runRequirements } from "./suite.ts";

interface Gate {
  readonly revision: string;
  /**
   * How many checks there are to pass, which the suite does not say: it skips checks without a word where a
   * server lacks what they look at, so that "0 failed" alone means little.
   */
  readonly checks: number;
  /** Only these scenarios count; all that the suite ran where absent. */
  readonly scenarios?: readonly string[];
  /** How many scenarios there are. */
  readonly count: number;
}

interface Subject {
  readonly script: (runtime: Runtime) => string;
  readonly env: Readonly<Record<string, string>>;
  readonly title: string;
  readonly gates: readonly Gate[];
}

/** What an official SDK server of version 1 has to show on our transport. */
const SDK_SCENARIOS = [
  "server-initialize",
  "tools-list",
  "tools-call-simple-text",
  "tools-call-with-logging",
  "tools-call-with-progress",
  "tools-call-sampling",
  "tools-call-elicitation",
  "server-sse-multiple-streams",
  "server-sse-polling",
  "server-session-lifecycle",
  "dns-rebinding-protection",
];

const everything = (runtime: Runtime): string => `examples/everything/${runtime.name}.ts`;

const SUBJECTS: readonly Subject[] = [
  {
    title: "everything",
    script: everything,
    env: {},
    // One less than by event streams: JSON answers say nothing about whether several streams work at once.
    gates: [
      { revision: "2025-11-25", checks: 83, count: 33 },
      { revision: "2026-07-28", checks: 196, count: 50 },
    ],
  },
  {
    title: "everything, SSE",
    script: everything,
    env: { MCP_RESPONSE: "sse" },
    gates: [
      { revision: "2025-11-25", checks: 84, count: 33 },
      { revision: "2026-07-28", checks: 197, count: 50 },
    ],
  },
  {
    title: "SDK v1",
    script: () => "examples/sdk/v1.ts",
    env: {},
    gates: [
      {
        revision: "2025-11-25",
        checks: 25,
        scenarios: SDK_SCENARIOS,
        count: SDK_SCENARIOS.length,
      },
    ],
  },
];

/**
 * Runs the suite against every example on every runtime and prints a table. A row counts as one test; the rows
 * of one server come from the same running process.
 */
export async function conformance(): Promise<Outcome> {
  const outcome = { passed: 0, failed: 0, skipped: 0 };
  console.log(row("server", "runtime", "revision", "scenarios", "checks", "seconds"));
  // The suite mostly waits, so the runtimes are tried at once.
  await Promise.all([runtimes.node, runtimes.deno, runtimes.bun].map(async (runtime) => {
    for (const subject of SUBJECTS) {
      if (!existsSync(join(root, subject.script(runtime)))) continue;
      try {
        for (const problems of await examine(subject, runtime)) {
          outcome[problems.length === 0 ? "passed" : "failed"]++;
        }
      } catch (error) {
        console.log(row(subject.title, runtime.name), (error as Error).message);
        outcome.failed++;
      }
    }
  }));
  return outcome;
}

/** The problems of each gate of a server. */
async function examine(subject: Subject, runtime: Runtime): Promise<readonly string[][]> {
  const { title, script, env, gates } = subject;
  const server = await startServer(runtime, script(runtime), env);
  try {
    const found: string[][] = [];
    for (const gate of gates) {
      const started = performance.now();
      const run = await runRequirements(server.url, gate.revision);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      const { scenarios, checks, problems } = judge(gate, run);
      const counts = [`${scenarios}/${gate.count}`, `${checks}/${gate.checks}`, seconds];
      console.log(row(title, runtime.name, gate.revision, ...counts));
      for (const problem of problems) console.log(`  ${problem}`);
      found.push(problems);
    }
    return found;
  } finally {
    await server.stop();
  }
}

function judge(
  { scenarios: names, checks, count }: Gate,
  { code, output, scenarios }: Run,
): { readonly scenarios: number; readonly checks: number; readonly problems: string[] } {
  const counted = scenarios.filter(({ name }) => names?.includes(name) ?? true);
  const passed = counted.reduce((sum, scenario) => sum + scenario.passed, 0);
  const problems = counted.flatMap((scenario) => scenario.problems);
  if (counted.length !== count) {
    problems.push(`${counted.length} scenarios ran instead of ${count}`);
  }
  if (passed !== checks) problems.push(`${passed} checks succeeded instead of ${checks}`);
  // Where only some scenarios count, the suite's own verdict is about the others too.
  if (code !== 0 && names === undefined) problems.push(`the suite ended with ${code}`);
  if (scenarios.length === 0) problems.push(output.trim());
  return { scenarios: counted.length, checks: passed, problems };
}

function row(server: string, runtime: string, ...cells: readonly string[]): string {
  return server.padEnd(18) + runtime.padEnd(8) + cells.map((cell) => cell.padStart(12)).join("");
}
