/**
 * `npm run bench`: every workload on every runtime against every contender; the results go to `results/`.
 *
 * Words choose less: names of workloads and runtimes, `quick` for short runs, `no-peers` for this library and
 * the bare runtime alone, `vs=FOLDER` for another build of this library to compare with. Such runs print only.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { prepare } from "./prepare.ts";
import { chart } from "./report/chart.ts";
import { describeMachine } from "./report/machine.ts";
import { table } from "./report/table.ts";
import type { RuntimeName } from "./host/server.ts";
import { workloads } from "./workloads/list.ts";
import type { Effort, Row } from "./workloads/workload.ts";

const FULL: Effort = {
  quick: false,
  takes: 3,
  rounds: 2,
  seconds: 1,
  warmSeconds: 1,
  connections: 32,
  sessions: 1_000_000,
  streams: 10_000,
};

const QUICK: Effort = {
  ...FULL,
  quick: true,
  takes: 2,
  sessions: 100_000,
  streams: 2_000,
};

const RUNTIMES: readonly RuntimeName[] = ["node", "deno", "bun"];

const words = process.argv.slice(2);
const baseline = words.find((word) => word.startsWith("vs="))?.slice(3);
const names = words.filter((word) => !/^(quick|no-peers|vs=.*)$/.test(word));
const chosen = workloads.filter(({ name }) => names.includes(name));
const runtimes = RUNTIMES.filter((name) => names.includes(name));
const unknown = names.filter((name) =>
  !workloads.some((one) => one.name === name) &&
  !RUNTIMES.some((one) => one === name)
);
if (unknown.length > 0) {
  console.error(
    `no ${unknown.join(", ")}; there are ${
      [
        ...workloads.map(({ name }) => name),
        ...RUNTIMES,
        "quick",
        "no-peers",
        "vs=FOLDER",
      ].join(", ")
    }`,
  );
  process.exit(2);
}

const library = prepare();
const machine = describeMachine();
const rows: Row[] = [];
for (const workload of chosen.length > 0 ? chosen : workloads) {
  console.log(`${workload.name}: ${workload.title}`);
  rows.push(
    ...await workload.run({
      effort: words.includes("quick") ? QUICK : FULL,
      runtimes: runtimes.length > 0 ? runtimes : RUNTIMES,
      library,
      baseline,
      peers: !words.includes("no-peers"),
      log: (text) => console.log(text),
    }),
  );
  // After each: a run takes most of an hour, and what fails late must not take the rest with it.
  if (words.length === 0) write();
}
if (words.length > 0) console.log(`\n${table(rows, workloads, machine)}`);
process.exit(0);

function write(): void {
  const folder = new URL("results/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  const results = `${JSON.stringify({ machine, rows }, null, 2)}\n`;
  writeFileSync(new URL("results.json", folder), results);
  writeFileSync(new URL("results.md", folder), table(rows, workloads, machine));
  writeFileSync(new URL("calls.svg", folder), chart(rows, machine));
  console.log(`written to ${folder.pathname}`);
}
