/** Thousands of open GET streams: the memory of each, and the time until an event has reached all. */
import { BARE, type Entry, OURS, PEERS } from "../contenders/list.ts";
import { type RuntimeName, type Server, startServer } from "../host/server.ts";
import { LISTEN } from "../load/requests.ts";
import { Readers } from "../load/readers.ts";
import { openSessions } from "./sessions.ts";
import { type Context, median, optionsOf, type Row, type Workload } from "./workload.ts";

const BROADCASTS = 5;

export const streams: Workload = {
  name: "streams",
  title: "Open GET streams: memory of each, and an event to all of them",
  more: false,
  async run(context) {
    const { effort: { takes }, log } = context;
    const rows: Row[] = [];
    for (const runtime of context.runtimes) {
      const own: Measured[][] = [[], []];
      // In turns, for what a process keeps of opening so many at once differs from one to the next.
      for (let take = 0; take < takes; take++) {
        for (const [i, one] of [BARE, OURS].entries()) {
          own[i]!.push(await measure(context, runtime, one));
        }
      }
      const basis = median(own[0]!.map(({ bytes }) => bytes));
      const add = (one: Entry, found: readonly Measured[]): void => {
        const of = (pick: (one: Measured) => number): number => median(found.map(pick));
        const bytes = of((one) => one.bytes);
        rows.push({
          workload: "streams",
          runtime,
          contender: one.name,
          value: bytes,
          unit: "bytes of the process a stream",
          ...(one === BARE ? {} : { ratio: bytes / basis, basis: BARE.name }),
          details: {
            "bytes of live objects": of(({ live }) => live),
            "ms to reach all": of(({ ms }) => ms),
          },
        });
        log(
          `  ${runtime.padEnd(5)} ${one.name.padEnd(28)} ${Math.round(bytes)} B, live ${
            Math.round(of(({ live }) => live))
          } B, ${of(({ ms }) => ms).toFixed(0)} ms, ratio ${(bytes / basis).toFixed(2)}`,
        );
      };
      add(BARE, own[0]!);
      add(OURS, own[1]!);
      for (const one of context.peers ? PEERS.filter(({ streams }) => streams) : []) {
        add(one, [await measure(context, runtime, one)]);
      }
    }
    return rows;
  },
};

/** What was measured of one process. */
interface Measured {
  /** Of the process, a stream. */
  readonly bytes: number;
  /** Of live objects, a stream. */
  readonly live: number;
  /** From an event's sending until every stream has it. */
  readonly ms: number;
}

async function measure(context: Context, runtime: RuntimeName, one: Entry): Promise<Measured> {
  const { streams: count } = context.effort;
  const server = await startServer(one.module, optionsOf(context, runtime, { shape: "sse" }));
  const readers = new Readers();
  try {
    const sessions = await sessionsOf(one, server, count);
    const before = await server.memory();
    await readers.open(server.port, LISTEN, sessions);
    const after = await server.memory();
    const times: number[] = [];
    for (let i = 0; i < BROADCASTS; i++) {
      const all = readers.next("hello");
      const started = performance.now();
      await server.broadcast();
      times.push(await all - started);
    }
    return {
      bytes: (after.rss - before.rss) / count,
      live: (after.live - before.live) / count,
      ms: median(times),
    };
  } finally {
    readers.close();
    await server.stop();
  }
}

async function sessionsOf(
  one: Entry,
  server: Server,
  count: number,
): Promise<readonly string[]> {
  if (one === BARE) return Array.from({ length: count }, () => "none");
  return one === OURS ? await server.fill(count) : await openSessions(server.port, count);
}
