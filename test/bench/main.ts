/**
 * `npm run bench`: every workload on every runtime against every contender; the results go to `results/`.
 *
 * Words choose less: names of workloads and runtimes, `quick` for short runs, `no-peers` for this library and
 * the bare runtime alone, `vs=FOLDER` for another build of this library to compare with. Such runs print only.
 * `again` and names of workloads measure those anew and put them among the results.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { prepare } from "./prepare.ts";
import { chart } from "./report/chart.ts";
import { describeMachine, type Machine } from "./report/machine.ts";
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
const names = words.filter((word) => !/^(quick|no-peers|again|vs=.*)$/.test(word));
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
        "again",
        "vs=FOLDER",
      ].join(", ")
    }`,
  );
  process.exit(2);
}

const again = words.includes("again");
if (again && (chosen.length === 0 || words.length > chosen.length + 1)) {
  console.error("again takes names of workloads, and nothing else");
  process.exit(2);
}

const results = new URL("results/", import.meta.url);
const library = prepare();
const { machine, rows: before } = again ? measured() : { machine: describeMachine(), rows: [] };
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
  if (words.length === 0 || again) write();
}
if (words.length > 0 && !again) console.log(`\n${table(rows, workloads, machine)}`);
process.exit(0);

// Rows of one table have to be of one machine, one day and the same versions, but for what is about the same anywhere.
function measured(): { readonly machine: Machine; readonly rows: readonly Row[] } {
  const found = JSON.parse(readFileSync(new URL("results.json", results), "utf8"));
  if (chosen.every(({ anywhere }) => anywhere)) return found;
  if (JSON.stringify(found.machine) === JSON.stringify(describeMachine())) return found;
  console.error("the results are of another machine, day or version; measure everything");
  process.exit(2);
}

function write(): void {
  const anew = new Set(rows.map(({ workload }) => workload));
  const all = [...before.filter(({ workload }) => !anew.has(workload)), ...rows];
  const place = new Map(workloads.map(({ name }, index) => [name, index]));
  all.sort((a, b) => place.get(a.workload)! - place.get(b.workload)!);
  mkdirSync(results, { recursive: true });
  writeFileSync(
    new URL("results.json", results),
    `${JSON.stringify({ machine, rows: all }, null, 2)}\n`,
  );
  writeFileSync(new URL("results.md", results), table(all, workloads, machine));
  writeFileSync(new URL("calls.svg", results), chart(all, machine));
  console.log(`written to ${results.pathname}`);
}
