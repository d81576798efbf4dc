/** Throughput of several servers under the same load, in turns. */
import type { Options } from "../contenders/contender.ts";
import { type Server, startServer } from "../host/server.ts";
import { openSession, send, speaking } from "../load/client.ts";
import { run } from "../load/load.ts";
import { INITIALIZE, type Request } from "../load/requests.ts";
import { type Context, median, type Row } from "./workload.ts";

/** One that takes part. */
export interface Runner {
  readonly name: string;
  readonly module: string;
  readonly options: Options;
  /** Takes part in the first take only: its ratio is far from one, and those of the others want many processes. */
  readonly peer?: boolean;
  /** Sessions to open beforehand; one as a client would where undefined, none where 0. */
  readonly sessions?: number;
}

interface Round {
  readonly number: number;
  readonly perSecond: number;
  /** Microseconds of processor time a request. */
  readonly processor: number;
  readonly median: number;
  readonly p99: number;
}

/** A runner, and what was measured of it. */
interface Entrant {
  readonly runner: Runner;
  readonly rounds: Round[];
}

/**
 * Starts every runner, warms each up, then measures them in turns, so that whatever else the machine does
 * meets all of them; and all of that several times, because two processes of one program differ by some percent.
 * The first is the basis of the ratios.
 *
 * @param expected What the answer has to contain: an error is not a fast answer.
 */
export async function race(
  context: Context,
  workload: string,
  runners: readonly Runner[],
  common: Request,
  expected: string,
): Promise<Row[]> {
  const entrants = runners.map((runner): Entrant => ({ runner, rounds: [] }));
  for (let take = 0; take < context.effort.takes; take++) {
    const running = entrants.filter(({ runner }) => take === 0 || !runner.peer);
    await measure(context, workload, running, take, common, expected);
  }
  const basis = entrants[0]!;
  const rows = entrants.map(({ runner, rounds }) =>
    rowOf(workload, runner, basis.runner, rounds, basis.rounds)
  );
  for (const row of rows) context.log(lineOf(row));
  return rows;
}

/** Starts every runner once, and adds to its rounds. */
async function measure(
  { effort }: Context,
  workload: string,
  entrants: readonly Entrant[],
  take: number,
  common: Request,
  expected: string,
): Promise<void> {
  const servers: {
    server: Server;
    sessions: readonly string[];
    request: Request;
  }[] = [];
  try {
    for (const { runner } of entrants) {
      const server = await startServer(runner.module, runner.options, true);
      servers.push({ server, sessions: [], request: common });
      let sessions: readonly string[] = [];
      let request = common;
      if (runner.sessions === undefined) {
        const { id, version } = await openSession(server.port, INITIALIZE);
        sessions = [id];
        request = speaking(common, version);
      } else if (runner.sessions > 0) {
        sessions = await server.store(runner.sessions);
      }
      servers[servers.length - 1] = { server, sessions, request };
      const { status, text } = await send(server.port, request, sessions[0]);
      if (status !== 200 || !text.includes(expected)) {
        throw new Error(
          `${workload}: ${runner.name} answers ${status} ${text}`,
        );
      }
    }
    for (let round = -1; round < effort.rounds; round++) {
      const warming = round < 0;
      for (const [i, { server, sessions, request }] of servers.entries()) {
        const before = await server.processor();
        const outcome = await run({
          ...request,
          port: server.port,
          sessions,
          connections: effort.connections,
          seconds: warming ? effort.warmSeconds : effort.seconds,
        });
        if (outcome.failures > 0) {
          throw new Error(
            `${workload}: ${outcome.failures} answers of ${entrants[i]!.runner.name} failed`,
          );
        }
        if (warming) continue;
        entrants[i]!.rounds.push({
          number: take * effort.rounds + round,
          perSecond: outcome.requests / outcome.seconds,
          processor: (await server.processor() - before) / outcome.requests,
          median: outcome.median,
          p99: outcome.p99,
        });
      }
    }
  } finally {
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
}

function rowOf(
  workload: string,
  { name, options }: Runner,
  basis: Runner,
  own: readonly Round[],
  base: readonly Round[],
): Row {
  const of = (pick: (round: Round, base: Round) => number): number =>
    median(own.map((round) => pick(round, base.find(({ number }) => number === round.number)!)));
  const best = (rounds: readonly Round[], pick: (round: Round) => number): number =>
    Math.min(...rounds.map(pick));
  return {
    workload,
    runtime: options.runtime,
    contender: name,
    value: of((round) => round.perSecond),
    unit: "requests/s",
    ratio: of((round, base) => round.perSecond / base.perSecond),
    processorRatio: of((round, base) => base.processor / round.processor),
    bestRatio: best(base, ({ processor }) => processor) / best(own, ({ processor }) => processor),
    basis: basis.name,
    details: {
      processorMicros: of((round) => round.processor),
      medianMs: of((round) => round.median),
      p99Ms: of((round) => round.p99),
    },
  };
}

function lineOf(
  { runtime, contender, value, ratio, processorRatio, details }: Row,
): string {
  return [
    `  ${runtime.padEnd(5)} ${contender.padEnd(28)}`,
    `${Math.round(value)}/s`.padStart(9),
    `ratio ${ratio?.toFixed(3)}`,
    `by processor ${processorRatio?.toFixed(3)} (${details?.["processorMicros"]?.toFixed(1)} µs)`,
  ].join("  ");
}
