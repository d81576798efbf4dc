import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runtime, type Scope } from "./runtime.ts";

const RUN: readonly string[] = {
  node: ["--expose-gc"],
  deno: ["run", "--allow-all", "--no-check", "--no-remote", "--v8-flags=--expose-gc"],
  bun: ["run"],
}[runtime];

/** Starts a program of this folder's on this runtime until the test ends, and returns the port that it prints. */
export function start(scope: Scope, program: string, ...args: readonly string[]): Promise<number> {
  const path = fileURLToPath(new URL(`../${program}`, import.meta.url));
  const child = spawn(process.execPath, [...RUN, path, ...args], {
    // Its standard input ends with this process, however that ends, and it ends with its standard input.
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const ended = new Promise<void>((done) => child.on("close", () => done()));
  scope.after(() => {
    child.kill("SIGKILL");
    return ended;
  });
  return new Promise((resolve, reject) => {
    let output = "";
    child.on("error", reject);
    child.on("close", () => reject(new Error(`${program} ended: ${output}`)));
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const found = /listening on (\d+)/.exec(output);
      if (found !== null) resolve(Number(found[1]));
    });
  });
}
