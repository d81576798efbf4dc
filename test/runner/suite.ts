import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, sep } from "node:path";
import { exec } from "./exec.ts";
import { readJunit, type Report } from "./junit.ts";
import { root, type Runtime } from "./runtimes.ts";

/** What a step did; `tests` holds the names per file where the step ran test files. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly tests?: ReadonlyMap<string, readonly string[]>;
}

export interface SuiteOptions {
  readonly folders: readonly string[];
  /** A whole file is killed, and counts as failed, after so many seconds. */
  readonly seconds: number;
  /** Only files whose path contains one of these; all where empty. */
  readonly filter: readonly string[];
  /** How many files at once. @default two a processor, at most 6: tests wait as much as they work */
  readonly parallel?: number;
  /** The folder that `test/` is in. @default the repository */
  readonly cwd?: string;
}

/**
 * Runs every test file of some folders on a runtime, each in a process of its own: a file that hangs is killed alone,
 * and nothing a file leaves behind reaches the next.
 */
export async function runSuite(runtime: Runtime, options: SuiteOptions): Promise<Outcome> {
  const files = testFiles(options);
  const total = { passed: 0, failed: 0, skipped: 0, tests: new Map<string, readonly string[]>() };
  const work = async (): Promise<void> => {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      const { tests, failed, skipped } = await runFile(runtime, file, options);
      total.tests.set(file, tests);
      total.failed += failed;
      total.skipped += skipped;
      total.passed += Math.max(0, tests.length - failed - skipped);
    }
  };
  const workers = options.parallel ?? Math.min(6, 2 * availableParallelism());
  await Promise.all(Array.from({ length: workers }, work));
  return total;
}

/**
 * Files that do not hold the same tests on every runtime they ran on.
 *
 * Deno drops tests without a word where a `describe` is async or the module throws half-way, and Bun does not
 * report nested tests: a suite that passes everywhere proves nothing unless it is the same suite.
 */
export function differences(suites: ReadonlyMap<string, Outcome>): string[] {
  const found: string[] = [];
  const [first, ...others] = [...suites].filter(([, suite]) => suite.tests);
  for (const [file, expected] of first?.[1].tests ?? []) {
    for (const [name, { tests }] of others) {
      const actual = tests?.get(file) ?? [];
      const missing = subtract(expected, actual);
      const extra = subtract(actual, expected);
      if (missing.length > 0) found.push(`${file}: not on ${name}: ${missing.join(", ")}`);
      if (extra.length > 0) found.push(`${file}: only on ${name}: ${extra.join(", ")}`);
    }
  }
  return found;
}

async function runFile(
  runtime: Runtime,
  file: string,
  { seconds, cwd = root }: SuiteOptions,
): Promise<Report> {
  const folder = mkdtempSync(join(tmpdir(), "test-"));
  const started = performance.now();
  try {
    const path = join(folder, "report.xml");
    const { code, output, timedOut } = await exec(
      [runtime.binary, ...runtime.test(`./${file}`, path)],
      { cwd, seconds, env: runtime.env },
    );
    const report = readJunit(read(path));
    const problem = timedOut
      ? `did not end within ${seconds} s`
      : report.tests.length === 0
      ? "holds no tests"
      : code !== 0
      ? `ended with ${code}`
      : "";
    // A process that fails although its tests pass has a failure that belongs to no test.
    const failed = problem ? Math.max(1, report.failed) : report.failed;
    if (failed > 0) console.log(output.trimEnd());
    console.log(line(file, report, failed, performance.now() - started), problem);
    return { ...report, failed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// From the last folder to the first: what takes long is over sockets, and is not to be left for the end.
function testFiles({ folders, filter, cwd = root }: SuiteOptions): string[] {
  return folders
    .flatMap((folder) => globSync(`test/${folder}/**/*.test.ts`, { cwd }))
    .map((file) => file.split(sep).join("/"))
    .filter((file) => filter.length === 0 || filter.some((part) => file.includes(part)))
    .sort()
    .reverse();
}

function line(file: string, report: Report, failed: number, elapsed: number): string {
  const result = failed > 0 ? "FAILED" : "ok    ";
  const count = `${report.tests.length} tests`.padStart(9);
  return `${result} ${count} ${(elapsed / 1000).toFixed(1).padStart(6)} s  ${file}`;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function subtract(from: readonly string[], what: readonly string[]): string[] {
  const left = [...what];
  return from.filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
