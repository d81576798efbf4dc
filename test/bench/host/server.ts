/** A contender's process, seen from the harness. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { runtimes } from "../../runner/runtimes.ts";
import type { Options } from "../contenders/contender.ts";
import type { Memory } from "./memory.ts";
import { pinned } from "./pinning.ts";

export type RuntimeName = Options["runtime"];

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const bench = fileURLToPath(new URL("../", import.meta.url));

/** What makes the collector callable, and the heap large enough for a million sessions of anything. */
const ARGUMENTS: Readonly<Record<RuntimeName, readonly string[]>> = {
  node: ["--expose-gc", "--max-old-space-size=8192"],
  deno: ["--v8-flags=--expose-gc,--max-old-space-size=8192"],
  bun: [],
};

/** A server that runs. */
export interface Server {
  readonly port: number;
  /** Milliseconds from the start of the process until it listened. */
  readonly startedIn: number;
  /** See `host/main.ts`. */
  fill(count: number): Promise<readonly string[]>;
  store(count: number): Promise<readonly string[]>;
  broadcast(): Promise<unknown>;
  memory(): Promise<Memory>;
  processor(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a contender, a path within this folder; `alone` on a processor that the load leaves to it. */
export async function startServer(
  module: string,
  options: Options,
  alone: boolean = false,
): Promise<Server> {
  const runtime = runtimes[options.runtime];
  const started = performance.now();
  const profiled = options.runtime === "node" && process.env["BENCH_PROFILE"];
  const args = [
    ...runtime.run,
    ...ARGUMENTS[options.runtime],
    ...(profiled ? ["--cpu-prof", `--cpu-prof-dir=${profiled}`] : []),
    main,
    `../${module}`,
    JSON.stringify(options),
  ];
  const command = alone ? pinned("server", runtime.binary, args) : [runtime.binary, args] as const;
  const child = spawn(...command, {
    cwd: bench,
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
  });
  const lines = createInterface({ input: child.stdout })
    [Symbol.asyncIterator]();
  const read = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next();
    if (done) {
      throw new Error(
        `${module} on ${options.runtime} ended with ${child.exitCode}`,
      );
    }
    return JSON.parse(value) as Record<string, unknown>;
  };
  const ask = async (command: string, argument = 0): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify({ command, argument })}\n`);
    return (await read())["result"];
  };
  const port = (await read())["port"] as number;
  return {
    port,
    startedIn: performance.now() - started,
    fill: (count) => ask("fill", count) as Promise<readonly string[]>,
    store: (count) => ask("store", count) as Promise<readonly string[]>,
    broadcast: () => ask("broadcast"),
    memory: () => ask("memory") as Promise<Memory>,
    processor: () => ask("processor") as Promise<number>,
    stop: () => stop(child, profiled ? 5_000 : 500),
  };
}

function stop(child: ChildProcess, patienceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
    child.once("exit", () => {
      clearTimeout(timer);
      resolve();
    });
    // The end of its input is what it waits for.
    child.stdin!.end();
  });
}
