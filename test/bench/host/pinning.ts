/**
 * A processor for the server and another for the load. Where the system moves them about, the same server under the
 * same load scatters twice as much, and pays more for waking a generator that sleeps on another processor each time.
 */
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** The processors of each; the first and the last are not two halves of one, where there are more than two. */
const PROCESSORS = { server: 0, load: availableParallelism() - 1 } as const;

/** True where processes can be pinned here. */
export const pins: boolean = availableParallelism() > 1 && works();

/** A command that runs on one processor alone, where that can be had. */
export function pinned(
  what: keyof typeof PROCESSORS,
  command: string,
  args: readonly string[],
): [string, string[]] {
  return pins
    ? ["taskset", ["-c", String(PROCESSORS[what]), command, ...args]]
    : [command, [...args]];
}

function works(): boolean {
  try {
    execFileSync("taskset", ["-c", `0,${PROCESSORS.load}`, "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
