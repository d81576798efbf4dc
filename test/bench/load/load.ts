/** Generates load: with `wrk` where the machine has it, else with sockets of a Node process. */
import { execFileSync } from "node:child_process";
import { rawLoad } from "./raw.ts";
import type { Load, Outcome } from "./spec.ts";
import { wrkLoad } from "./wrk.ts";

export type { Load, Outcome } from "./spec.ts";

/** The name and the version of the generator. */
export const generator: string = wrkVersion() ?? "raw sockets";

/** Runs a load to its end. */
export function run(load: Load): Promise<Outcome> {
  return generator.startsWith("wrk") ? wrkLoad(load) : rawLoad(load);
}

function wrkVersion(): string | undefined {
  if (process.env["BENCH_LOAD"] === "raw") return undefined;
  try {
    execFileSync("wrk", ["-v"], { stdio: "pipe" });
  } catch (error) {
    // It prints its version and exits with 1.
    const { stdout } = error as { stdout?: Uint8Array };
    const version = /^wrk (?:debian\/)?\S+/.exec(String(stdout ?? ""));
    return version?.[0].replace("debian/", "");
  }
  return "wrk";
}
