import { fileURLToPath } from "node:url";

/** A runtime as the development dependencies bring it, never the one that happens to be on PATH. */
export interface Runtime {
  readonly name: string;
  readonly binary: string;
  /** Arguments before a script's path. */
  readonly run: readonly string[];
  /** Arguments that run one test file and write a JUnit report to `report`. */
  readonly test: (file: string, report: string) => readonly string[];
  /** What its environment has besides. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The repository's top folder. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));

const modules = `${root}node_modules`;

/** One test may take this long; a whole file is bounded by the runner. */
export const TEST_SECONDS = 60;
const MILLISECONDS = TEST_SECONDS * 1000;

export const runtimes = {
  node: node("node"),
  node22: node("node22", ["--import=./test/runner/hold_open.ts"]),
  node26: node("node26"),
  deno: {
    name: "deno",
    // Not the package's bin: that is a script which would survive as the parent of a killed child.
    binary: `${modules}/deno/deno`,
    run: ["run", "--allow-all", "--no-check", "--no-remote"],
    test: (file, report) => [
      ...["test", "--allow-all", "--no-check", "--no-remote"],
      ...[`--junit-path=${report}`, file],
    ],
  },
  bun: {
    name: "bun",
    binary: `${modules}/bun/bin/bun.exe`,
    run: ["run"],
    test: (file, report) => [
      ...["test", `--timeout=${MILLISECONDS}`],
      ...["--reporter=junit", `--reporter-outfile=${report}`, file],
    ],
  },
} as const satisfies Record<string, Runtime>;

/** The TypeScript compiler, a script for `node`. */
export const tsc: string = `${modules}/typescript/bin/tsc`;

function node(name: string, first: readonly string[] = []): Runtime {
  return {
    name,
    binary: `${modules}/${name}/bin/node`,
    run: [],
    // What is compiled once, and freed of its types, is not again for each file: a fifth of the time of most.
    env: { NODE_COMPILE_CACHE: `${modules}/.cache/node` },
    // Without `--test`: that adds a process per file and counts a file without tests as a passed one.
    test: (file, report) => [
      ...first,
      `--test-timeout=${MILLISECONDS}`,
      ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
      file,
    ],
  };
}
