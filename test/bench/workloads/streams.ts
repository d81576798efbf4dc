/** Thousands of open GET streams: the memory of each, and the time until an event has reached all. */
import { BARE, type Entry, OURS, PEERS } from "../contenders/list.ts";
import { type Server, startServer } from "../host/server.ts";
import { LISTEN } from "../load/requests.ts";
import { Readers } from "../load/readers.ts";
import { openSessions } from "./sessions.ts";
import { median, optionsOf, type Row, type Workload } from "./workload.ts";

const BROADCASTS = 5;

export const streams: Workload = {
  name: "streams",
  title: "Open GET streams: memory of each, and an event to all of them",
  more: false,
  async run(context) {
    const { effort: { streams: count }, log } = context;
    const rows: Row[] = [];
    for (const runtime of context.runtimes) {
      let basis: Row | undefined;
      for (
        const one of [BARE, OURS, ...(context.peers ? PEERS : [])].filter((
          { streams },
        ) => streams)
      ) {
        const options = optionsOf(context, runtime, { shape: "sse" });
        const server = await startServer(one.module, options);
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
          const bytes = (after.rss - before.rss) / count;
          const row: Row = {
            workload: "streams",
            runtime,
            contender: one.name,
            value: bytes,
            unit: "bytes of the process a stream",
            ...(basis === undefined ? {} : { ratio: bytes / basis.value, basis: basis.contender }),
            details: {
              "bytes of live objects": (after.live - before.live) / count,
              "ms to reach all": median(times),
            },
          };
          basis ??= row;
          rows.push(row);
          log(
            `  ${runtime.padEnd(5)} ${one.name.padEnd(28)} ${Math.round(bytes)} B, live ${
              Math.round(row.details!["bytes of live objects"]!)
            } B, ${median(times).toFixed(0)} ms, ratio ${row.ratio?.toFixed(2)}`,
          );
        } finally {
          readers.close();
          await server.stop();
        }
      }
    }
    return rows;
  },
};

async function sessionsOf(
  one: Entry,
  server: Server,
  count: number,
): Promise<readonly string[]> {
  if (one === BARE) return Array.from({ length: count }, () => "none");
  return one === OURS ? await server.fill(count) : await openSessions(server.port, count);
}
