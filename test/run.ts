/**
 * Everything that must hold, in one command: `npm test`. Name steps to run only those (`npm test -- node lint`), and
 * parts of paths to run only those test files (`npm test -- node deno test/wire/delete`).
 */
import { globSync } from "node:fs";
import { conformance } from "./conformance/conformance.ts";
import { noRedis } from "./engine/backends/redis_program.ts";
import { exec } from "./runner/exec.ts";
import { runtimes, tsc } from "./runner/runtimes.ts";
import { differences, type Outcome, runSuite } from "./runner/suite.ts";
import { printSummary, printTitle } from "./runner/summary.ts";

const denoExamples = globSync("examples/**/deno.ts");

const { node, node22, node26, deno, bun } = runtimes;

const asked = process.argv.slice(2);
const filter = asked.filter((word) => /[/.]/.test(word));

/** Folders whose tests run unchanged on every runtime. */
const EVERYWHERE = ["core", "engine", "wire"];
const suite = { folders: EVERYWHERE, seconds: 150, filter };

/** To add a step, add a row. */
const steps: Record<string, () => Promise<Outcome>> = {
  format: () => run([deno.binary, "fmt", "--check", "--quiet"]),
  lint: () => run([deno.binary, "lint", "--quiet"]),
  types: () =>
    run(
      [node.binary, tsc, "-p", "tsconfig.json"],
      [node.binary, tsc, "-p", "tsconfig.bun.json"],
      [node.binary, tsc, "-p", "tsconfig.build.json", "--noEmit"],
      [deno.binary, "check", "--quiet", "--no-remote", "core", "adapters", ...denoExamples],
    ),
  purity: () => run([node.binary, "test/gate/main.ts"]),
  node: () => runSuite(node, suite),
  deno: () => runSuite(deno, suite),
  bun: () => runSuite(bun, suite),
  node22: () => runSuite(node22, suite),
  node26: () => runSuite(node26, suite),
  project: () => runSuite(node, { folders: ["project"], seconds: 240, filter }),
  examples: () => runSuite(node, { folders: ["examples"], seconds: 240, filter }),
  conformance,
  package: () => runSuite(node, { folders: ["package"], seconds: 400, filter, parallel: 1 }),
};

/** Runs commands, all of them; a step of commands counts as one test. */
async function run(...commands: readonly (readonly string[])[]): Promise<Outcome> {
  let failed = 0;
  for (const command of commands) {
    const onOutput = (text: string): boolean => process.stdout.write(text);
    const { code, timedOut } = await exec(command, { seconds: 120, onOutput });
    if (timedOut) console.log(`did not end within 120 s: ${command.join(" ")}`);
    if (code !== 0) failed = 1;
  }
  return { passed: 1 - failed, failed, skipped: 0 };
}

const names = asked.filter((word) => !filter.includes(word));
const unknown = names.filter((name) => !Object.hasOwn(steps, name));
if (unknown.length > 0) {
  console.error(`no step ${unknown.join(", ")}; there are ${Object.keys(steps).join(", ")}`);
  process.exit(2);
}

const outcomes = new Map<string, Outcome & { seconds: number }>();
for (const [name, step] of Object.entries(steps)) {
  if (names.length > 0 && !names.includes(name)) continue;
  printTitle(name);
  const started = performance.now();
  const outcome = await step();
  const seconds = (performance.now() - started) / 1000;
  const nothing = outcome.passed + outcome.failed === 0;
  if (nothing) console.log("no tests ran");
  outcomes.set(name, { ...outcome, failed: outcome.failed + (nothing ? 1 : 0), seconds });
}

const everywhere = new Map(
  [...outcomes].filter(([name]) => Object.hasOwn(runtimes, name)),
);
if ([...everywhere.values()].filter(({ tests }) => tests && tests.size > 0).length > 1) {
  printTitle("same suite");
  const found = differences(everywhere);
  for (const difference of found) console.log(difference);
  const failed = found.length;
  outcomes.set("same suite", { passed: failed ? 0 : 1, failed, skipped: 0, seconds: 0 });
}

if (noRedis) {
  printTitle("did not run");
  console.log(`${noRedis}: nothing was tested against Redis, which is`);
  console.log("  test/engine/backends/redis*.test.ts, test/engine/backends/outage*.test.ts,");
  console.log("  most of test/examples/cluster.test.ts, test/examples/rolling.test.ts,");
  console.log("  and the conformance suite with the Redis backend");
}

process.exitCode = printSummary(outcomes) ? 0 : 1;
