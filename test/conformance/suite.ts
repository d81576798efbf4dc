import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exec } from "../runner/exec.ts";
import { root, runtimes } from "../runner/runtimes.ts";

/** What the suite found out about one scenario. */
export interface Scenario {
  readonly name: string;
  /** Checks that succeeded. */
  readonly passed: number;
  /** Checks that failed or warned, each with what the suite says about it. */
  readonly problems: readonly string[];
}

/** One run of the suite. */
export interface Run {
  readonly code: number | null;
  readonly output: string;
  readonly scenarios: readonly Scenario[];
}

interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO";
  readonly errorMessage?: string;
}

const program = `${root}node_modules/@modelcontextprotocol/conformance/dist/index.js`;

/** Runs every scenario that a revision requires, and those that the suite does not score, against a server. */
export async function runRequirements(url: string, revision: string): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "conformance-"));
  try {
    const { code, output } = await exec(
      [
        runtimes.node.binary,
        program,
        "server",
        ...["--url", url],
        ...["--requirements", revision],
        ...["--output-dir", folder],
      ],
      { seconds: 240 },
    );
    const scenarios = readdirSync(folder).sort().map((entry) => readScenario(folder, entry));
    return { code, output, scenarios };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// The suite makes the folder first and writes the file last: a scenario that threw has none.
function readScenario(folder: string, entry: string): Scenario {
  const name = /^server-(.+?)-\d{4}-\d\d-\d\dT/.exec(entry)?.[1] ?? entry;
  let checks: readonly Check[];
  try {
    checks = JSON.parse(readFileSync(join(folder, entry, "checks.json"), "utf8"));
  } catch (error) {
    return { name, passed: 0, problems: [`${name}: no result (${(error as Error).message})`] };
  }
  const bad = checks.filter(({ status }) => status === "FAILURE" || status === "WARNING");
  return {
    name,
    passed: checks.filter(({ status }) => status === "SUCCESS").length,
    problems: bad.map(({ id, status, errorMessage }) =>
      `${name}: ${status} ${id}: ${errorMessage ?? "no message"}`
    ),
  };
}
