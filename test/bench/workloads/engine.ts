/** What the engine costs without HTTP. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runtimes } from "../../runner/runtimes.ts";
import type { Options } from "../contenders/contender.ts";
import { optionsOf, type Row, type Workload } from "./workload.ts";

const script = fileURLToPath(new URL("../host/engine.ts", import.meta.url));

const CALLS: readonly (readonly [string, Partial<Options>])[] = [
  ["call in a session, JSON", { shape: "json" }],
  ["call in a session, SSE", { shape: "sse" }],
  ["call of 2026-07-28", { modern: true }],
];

export const engine: Workload = {
  name: "engine",
  title: "The engine alone, without HTTP: microseconds a call over its JSON work",
  more: false,
  run(context) {
    const rows: Row[] = [];
    for (const runtime of context.runtimes) {
      for (const [name, changes] of CALLS) {
        const options = optionsOf(context, runtime, changes);
        const { binary, run } = runtimes[runtime];
        const output = execFileSync(
          binary,
          [...run, script, JSON.stringify(options)],
          { encoding: "utf8", env: { ...process.env, NO_COLOR: "1" } },
        );
        const { ours, bare, processor } = JSON.parse(output) as Record<string, number>;
        const value = ours! - bare!;
        const details = { "µs of JSON work": bare!, "µs of processor": processor! };
        rows.push({ workload: "engine", runtime, contender: name, value, unit: "µs", details });
        context.log(
          `  ${runtime.padEnd(5)} ${name.padEnd(28)} ${value.toFixed(2)} µs over ${
            bare!.toFixed(2)
          }`,
        );
      }
    }
    return Promise.resolve(rows);
  },
};
