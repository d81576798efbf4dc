import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Load, Outcome } from "./spec.ts";

const script = fileURLToPath(new URL("raw_process.ts", import.meta.url));

/** A load by sockets of a Node process. */
export function rawLoad(load: Load): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = fork(script, {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    child.on("message", (outcome) => resolve(outcome as Outcome));
    child.on("error", reject);
    child.on(
      "exit",
      (code) => reject(new Error(`the load generator ended with ${code}`)),
    );
    child.send(load);
  });
}
