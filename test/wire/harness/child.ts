import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runtime, type Scope } from "./runtime.ts";

const RUN: readonly string[] = {
  node: ["--expose-gc"],
  deno: ["run", "--allow-all", "--no-check", "--no-remote", "--v8-flags=--expose-gc"],
  bun: ["run"],
}[runtime];

/** A program of this folder's that runs. */
export interface Child {
  /** Waits until it has printed something; what matched. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Writes a line to its standard input. */
  say(word: string): void;
  kill(signal: "SIGTERM" | "SIGINT"): void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>;
}

/** Runs a program of this folder's on this runtime until the test ends. */
export function run(scope: Scope, program: string, ...args: readonly string[]): Child {
  return launch(scope, program, process.execPath, [...RUN, pathOf(program), ...args]);
}

/** The same with a limit on how many descriptors it has, as connections are. */
export function runLimited(scope: Scope, program: string, descriptors: number): Child {
  const limited = `ulimit -n ${descriptors} && exec "$@"`;
  const args = ["-c", limited, "sh", process.execPath, ...RUN, pathOf(program)];
  return launch(scope, program, "sh", args);
}

function pathOf(program: string): string {
  return fileURLToPath(new URL(`../${program}`, import.meta.url));
}

function launch(
  scope: Scope,
  program: string,
  command: string,
  args: readonly string[],
): Child {
  const child = spawn(command, args, {
    // Its standard input ends with this process, however that ends, and it ends with its standard input.
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  let output = "";
  let over = false;
  let wake = (): void => {};
  const ended = new Promise<number | string | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(signal ?? code));
  }).finally(() => {
    over = true;
    wake();
  });
  // Who waits for it is told; nobody has to.
  ended.catch(() => {});
  child.stdin.on("error", () => {});
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    wake();
  });
  scope.after(async () => {
    child.kill("SIGKILL");
    await ended.catch(() => {});
  });
  return {
    ended,
    async printed(pattern) {
      for (;;) {
        const found = pattern.exec(output);
        if (found !== null) return found;
        if (over) throw new Error(`${program} ended: ${output}`);
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
    say: (word) => void child.stdin.write(`${word}\n`),
    kill(signal) {
      try {
        // The child's own method, on Deno, closes its standard input too.
        if (!over) process.kill(child.pid!, signal);
      } catch (error) {
        // It has ended, and is told to have once its output is read.
        if ((error as { code?: string }).code !== "ESRCH") throw error;
      }
    },
  };
}

/** Starts a program of this folder's on this runtime until the test ends, and returns the port that it prints. */
export async function start(
  scope: Scope,
  program: string,
  ...args: readonly string[]
): Promise<number> {
  const [, port] = await run(scope, program, ...args).printed(/listening on (\d+)/);
  return Number(port);
}
