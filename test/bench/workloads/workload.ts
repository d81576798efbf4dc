/** What a workload is given, and what it gives. */
import type { Options } from "../contenders/contender.ts";
import type { RuntimeName } from "../host/server.ts";

/** How long and how large. */
export interface Effort {
  readonly quick: boolean;
  /** How many processes of each contender are measured, one after the other. */
  readonly takes: number;
  /** Of each process. */
  readonly rounds: number;
  /** Of one run of the load generator. */
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly connections: number;
  /** The largest number of sessions. */
  readonly sessions: number;
  readonly streams: number;
}

/** What a workload is given. */
export interface Context {
  readonly effort: Effort;
  readonly runtimes: readonly RuntimeName[];
  /** The compiled library. */
  readonly library: string;
  /** Another build of the library to compare with, where one was named. */
  readonly baseline: string | undefined;
  /** Also those other than the bare runtime and this library. */
  readonly peers: boolean;
  readonly log: (text: string) => void;
}

/** One line of the results. */
export interface Row {
  readonly workload: string;
  readonly runtime: string;
  readonly contender: string;
  readonly value: number;
  readonly unit: string;
  /** The median over the rounds of this contender's value divided by the basis's in the same round. */
  readonly ratio?: number;
  /** The same of processor time a request: the basis's divided by this one's. */
  readonly processorRatio?: number;
  /** The same of the best round of each: whatever else a machine does only adds to the time of a request. */
  readonly bestRatio?: number;
  /** What the ratios are to. */
  readonly basis?: string;
  readonly details?: Readonly<Record<string, number>>;
}

/** A workload. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  /** A larger value is better. */
  readonly more: boolean;
  /** What it measures depends little on the machine, or not at all: it may be measured on any day. */
  readonly anywhere?: true;
  run(context: Context): Promise<readonly Row[]>;
}

/** The options of a contender, with what goes without saying. */
export function optionsOf(
  context: Context,
  runtime: RuntimeName,
  changes: Partial<Options> = {},
): Options {
  return {
    runtime,
    shape: "json",
    modern: false,
    later: false,
    resumable: true,
    backend: "memory",
    location: "",
    library: context.library,
    ballast: 0,
    ...changes,
  };
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
