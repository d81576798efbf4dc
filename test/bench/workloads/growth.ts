/** What costs more where there is more of something, and what does not. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runtimes } from "../../runner/runtimes.ts";
import { grouped } from "../../project/numbers.ts";
import type { Row, Workload } from "./workload.ts";

const script = fileURLToPath(new URL("../host/growth.ts", import.meta.url));

export const growth: Workload = {
  name: "growth",
  title: "The engine alone: what is done among few and among many",
  more: false,
  anywhere: true,
  run({ runtimes: names, effort, library, log }) {
    const rows: Row[] = [];
    for (const runtime of names) {
      const { binary, run } = runtimes[runtime];
      const output = execFileSync(binary, [...run, script, library, effort.quick ? "10" : "1"], {
        encoding: "utf8",
        env: { ...process.env, NO_COLOR: "1" },
      });
      for (const line of output.trim().split("\n")) {
        const { what, among, few, many, least, most, ratio } = JSON.parse(line);
        const contender = `${what}, among ${grouped(few)} and ${grouped(many)} ${among}`;
        const details = { "µs among few": least };
        const row = { workload: "growth", runtime, contender, value: most, unit: "µs among many" };
        rows.push({ ...row, ratio, basis: "that among few", details });
        log(`  ${runtime.padEnd(5)} ${ratio.toFixed(2).padStart(6)} ${contender}`);
      }
    }
    return Promise.resolve(rows);
  },
};
