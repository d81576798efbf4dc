/** What the README says about speed and size: from the results of the last whole run of the benchmarks. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../runner/runtimes.ts";
import { grouped } from "./numbers.ts";
import { BARE, CAREFUL, OURS, SDK_V2 } from "../bench/contenders/list.ts";
import type { Machine } from "../bench/report/machine.ts";
import type { Row as Result } from "../bench/workloads/workload.ts";

type Row = readonly string[];

interface Results {
  readonly machine: Machine;
  readonly rows: readonly Result[];
}

const RUNTIMES = [["node", "Node"], ["deno", "Deno"], ["bun", "Bun"]] as const;
const SDK = SDK_V2.name;

const CALLS = [
  ["call-json", "tool call in a session, JSON"],
  ["call-sse", "tool call in a session, SSE"],
  ["call-later", "the same, from a tool that returns a promise"],
  ["modern", "tool call of 2026-07-28"],
  ["initialize", "`initialize`"],
  ["progress", "tool call with 20 progress events"],
] as const;

/** When, where and with what it was measured. */
export function machine(): string {
  const { date, processor, memory, system, generator, versions } = results().machine;
  const { node, deno, bun } = versions;
  return `Measured on ${date}: ${processor}, ${memory}, ${system}, load on the same machine by ` +
    `${generator}; Node ${node}, Deno ${deno}, Bun ${bun}, ${SDK} ${versions[SDK]}.`;
}

/** Requests a second, and how they compare. */
export function calls(): readonly Row[] {
  const { rows } = results();
  return CALLS.flatMap(([workload, title]) =>
    RUNTIMES.map(([runtime, name]) => {
      const own = rows.filter((row) => row.workload === workload && row.runtime === runtime);
      const ours = one(own, OURS.name);
      const to = (name: string): number | undefined => {
        const other = own.find(({ contender }) => contender === name);
        return other && ours.ratio! / other.ratio!;
      };
      return [
        ...[title, name, whole(ours.value), ours.ratio!.toFixed(2)],
        ...[ours.processorRatio!.toFixed(2), ours.bestRatio!.toFixed(2)],
        ...[
          to(CAREFUL.name)?.toFixed(2) ?? "",
          to(SDK) === undefined ? "" : `${to(SDK)!.toFixed(1)} ×`,
        ],
      ];
    })
  );
}

/** What is not a number of requests. */
export function costs(): readonly Row[] {
  const { rows } = results();
  const each = (what: string, of: (own: readonly Result[]) => string): Row => [
    what,
    ...RUNTIMES.map(([runtime]) => of(rows.filter((row) => row.runtime === runtime))),
  ];
  return [
    each(
      "calls among 1 000 000 open sessions, to those with one",
      (own) => one(own, "1000000 sessions").ratio!.toFixed(2),
    ),
    each(
      "calls of the bare runtime holding 96 MiB, to those without",
      (own) => one(own, `${BARE.name}, holding 96 MiB`).ratio!.toFixed(2),
    ),
    each(
      "bytes of an idle session, of 1 000 000",
      (own) => whole(one(own, `${OURS.name}, 1000000 sessions`).value),
    ),
    each(
      "memory of an open stream, of 10 000, to a bare one",
      (own) => one(of(own, "streams"), OURS.name).ratio!.toFixed(2),
    ),
    each(
      "ms to send one event to each of 10 000 streams, and bare",
      (own) =>
        [OURS, BARE].map(({ name }) =>
          whole(one(of(own, "streams"), name).details!["ms to reach all"]!)
        ).join(", "),
    ),
    each(
      "ms to resume a call of 1 000 events",
      (own) => one(own, `${OURS.name}, 1000 events`).value.toFixed(1),
    ),
    each(
      "ms from start to first answer, and bare",
      (own) => [OURS, BARE].map(({ name }) => whole(one(of(own, "cold"), name).value)).join(", "),
    ),
    ...(["sqlite", "redis"] as const).map((backend) =>
      each(
        `calls with ${backend}, to those in memory (JSON, SSE)`,
        (own) =>
          ["json", "sse"].map((shape) =>
            own.find(({ contender }) => contender === `${backend}, ${shape}`)?.ratio?.toFixed(2) ??
              "–"
          ).join(", "),
      )
    ),
  ];
}

/** What is done among few and among many. */
export function growth(): readonly Row[] {
  const rows = of(results().rows, "growth");
  const names = new Set(rows.map(({ contender }) => contender));
  return [...names].map((name) => [
    name,
    ...RUNTIMES.map(([runtime]) =>
      one(rows.filter((row) => row.runtime === runtime), name).ratio!.toFixed(1)
    ),
  ]);
}

/** What reaches a bundle. */
export function sizes(): readonly Row[] {
  return of(results().rows, "bundle").map(({ contender, value, details }) => [
    contender,
    kib(value),
    kib(details!["bytes minified"]!),
  ]);
}

/** Where the bytes of the largest bundle come from. */
export function rooms(): readonly Row[] {
  return of(results().rows, "rooms").map(({ contender, value, details }) => [
    `\`${contender}/\``,
    kib(value),
    `${Math.round(details!["% of all"]!)} %`,
  ]);
}

function of(rows: readonly Result[], workload: string): readonly Result[] {
  return rows.filter((row) => row.workload === workload);
}

function one(rows: readonly Result[], contender: string): Result {
  const found = rows.find((row) => row.contender === contender);
  if (found === undefined) throw new Error(`no results of ${contender}; npm run bench makes them`);
  return found;
}

function results(): Results {
  return JSON.parse(readFileSync(join(root, "test/bench/results/results.json"), "utf8"));
}

function whole(value: number): string {
  return grouped(Math.round(value));
}

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}
