import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { root, type Runtime } from "../runner/runtimes.ts";

/** A server that an example started. */
export interface Started {
  /** The first URL that it printed. */
  readonly url: URL;
  readonly process: ChildProcess;
  /** All that it has printed. */
  output(): string;
  /** Waits until it has printed something. */
  printed(pattern: RegExp): Promise<void>;
  /** Sends a signal, and waits for the end: the exit code, or the signal. */
  stop(signal: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

/** Starts an example that serves, on any port that is free; it does not outlive the test. */
export async function start(
  t: TestContext,
  runtime: Runtime,
  script: string,
  cwd: string = root,
  env: Readonly<Record<string, string>> = {},
): Promise<Started> {
  const child = spawn(runtime.binary, [...runtime.run, script], {
    cwd,
    env: { ...process.env, NO_COLOR: "1", PORT: "0", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  t.after(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  let output = "";
  let wake = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      output += text;
      wake();
    });
  }
  const printed = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(output)) {
      const more = new Promise<boolean>((resolve) => wake = () => resolve(true));
      const goesOn = await Promise.race([more, ended.then(() => false)]);
      assert.ok(goesOn || pattern.test(output), `${script} ended without ${pattern}:\n${output}`);
    }
  };
  await printed(/http:\/\/[\w.:]+\/\w*\s/);
  return {
    url: new URL(/http:\/\/[\w.:]+\/\w*/.exec(output)![0]),
    process: child,
    output: () => output,
    printed,
    async stop(signal) {
      child.kill(signal);
      const [code, killed] = await ended;
      return code ?? killed;
    },
  };
}
