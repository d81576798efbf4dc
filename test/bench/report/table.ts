/** Results as Markdown. */
import type { Row, Workload } from "../workloads/workload.ts";
import type { Machine } from "./machine.ts";

/** A table for each workload. */
export function table(
  rows: readonly Row[],
  workloads: readonly Workload[],
  machine: Machine,
): string {
  const sections = workloads.flatMap(({ name, title }) => {
    const own = rows.filter(({ workload }) => workload === name);
    return own.length === 0 ? [] : [`## ${title}\n\n${section(own)}`];
  });
  return `# Benchmarks\n\n${head(machine)}\n\n${sections.join("\n\n")}\n`;
}

function head(
  { date, processor, memory, system, generator, versions }: Machine,
): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  return [
    `${date}, ${processor}, ${memory}, ${system}; load on the same machine by ${generator}.`,
    `${named}.`,
    "",
    "Medians of interleaved rounds. A ratio is the median of the rounds' ratios to the contender that",
    'it names; "by processor" compares processor time a request, which other work on the machine',
    'disturbs less; "best rounds" compares the best round of each, also by processor: whatever else the',
    "machine does only adds to it.",
  ].join("\n");
}

function section(rows: readonly Row[]): string {
  const details = [
    ...new Set(rows.flatMap(({ details = {} }) => Object.keys(details))),
  ];
  const ratios = rows.some(({ ratio }) => ratio !== undefined);
  const processor = rows.some(({ processorRatio }) => processorRatio !== undefined);
  const columns = [
    "runtime",
    "contender",
    rows[0]!.unit,
    ...(ratios ? [`ratio to ${rows.find(({ basis }) => basis)?.basis}`] : []),
    ...(processor ? ["by processor", "best rounds"] : []),
    ...details.map((name) => LABELS[name] ?? name),
  ];
  const cells = rows.map((row) => [
    row.runtime,
    row.contender,
    figure(row.value),
    ...(ratios ? [fixed(row.ratio)] : []),
    ...(processor ? [fixed(row.processorRatio), fixed(row.bestRatio)] : []),
    ...details.map((name) => figure(row.details?.[name])),
  ]);
  const line = (values: readonly string[]): string => `| ${values.join(" | ")} |`;
  return [
    line(columns),
    line(columns.map((_, i) => i < 2 ? "---" : "---:")),
    ...cells.map(line),
  ]
    .join("\n");
}

const LABELS: Readonly<Record<string, string>> = {
  processorMicros: "µs of processor",
  medianMs: "median ms",
  p99Ms: "99 % ms",
};

function fixed(value: number | undefined): string {
  return value === undefined ? "" : value.toFixed(2);
}

function figure(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  if (value >= 100) {
    return Math.round(value).toLocaleString("en").replaceAll(",", " ");
  }
  return value.toFixed(value >= 10 ? 1 : 2);
}
