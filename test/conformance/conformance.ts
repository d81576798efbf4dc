import { type Runtime, runtimes } from "../runner/runtimes.ts";
import type { Outcome } from "../runner/suite.ts";
import { startServer } from "./server.ts";
import { type Gate, type Subject, SUBJECTS } from "./subjects.ts";
import { type Run, runRequirements } from "./suite.ts";

/** Runs the suite against every example on every runtime and prints a table. A row counts as one test. */
export async function conformance(): Promise<Outcome> {
  const outcome = { passed: 0, failed: 0, skipped: 0 };
  console.log(row("server", "runtime", "revision", "scenarios", "checks", "seconds"));
  // The suite mostly waits, so the runtimes are tried at once.
  await Promise.all([runtimes.node, runtimes.deno, runtimes.bun].map(async (runtime) => {
    for (const subject of SUBJECTS) {
      if (subject.on !== undefined && subject.on !== runtime.name) continue;
      if (subject.skip) {
        console.log(row(subject.title, runtime.name), `DID NOT RUN: ${subject.skip}`);
        outcome.skipped++;
        continue;
      }
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
  const { title, script, gates } = subject;
  const { env, end } = await subject.surroundings();
  try {
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
  } finally {
    await end();
  }
}

function judge(
  { only, without, checks, count }: Gate,
  { code, output, scenarios }: Run,
): { readonly scenarios: number; readonly checks: number; readonly problems: string[] } {
  const counted = scenarios.filter(({ name }) =>
    (only?.includes(name) ?? true) && !without?.includes(name)
  );
  const passed = counted.reduce((sum, scenario) => sum + scenario.passed, 0);
  const problems = counted.flatMap((scenario) => scenario.problems);
  if (counted.length !== count) {
    problems.push(`${counted.length} scenarios ran instead of ${count}`);
  }
  if (passed !== checks) problems.push(`${passed} checks succeeded instead of ${checks}`);
  // Where only some scenarios count, the suite's own verdict is about the others too.
  if (code !== 0 && only === undefined) problems.push(`the suite ended with ${code}`);
  if (scenarios.length === 0) problems.push(output.trim());
  return { scenarios: counted.length, checks: passed, problems };
}

function row(server: string, runtime: string, ...cells: readonly string[]): string {
  return server.padEnd(18) + runtime.padEnd(8) + cells.map((cell) => cell.padStart(12)).join("");
}
