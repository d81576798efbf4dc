/** What many sessions cost: calls among them, and the memory of each. */
import { BARE, OURS, PEERS } from "../contenders/list.ts";
import { startServer } from "../host/server.ts";
import { openSession } from "../load/client.ts";
import { CALL, INITIALIZE } from "../load/requests.ts";
import { race } from "./race.ts";
import { optionsOf, type Row, type Workload } from "./workload.ts";

/** About as much as a million sessions take. */
const BALLAST = 96 << 20;

export const lookups: Workload = {
  name: "sessions",
  title: "Tool call among many open sessions",
  more: true,
  async run(context) {
    const rows: Row[] = [];
    for (const runtime of context.runtimes) {
      const runners = [1, 10_000, context.effort.sessions].map((sessions) => ({
        name: sessions === 1 ? "1 session" : `${sessions} sessions`,
        module: OURS.module,
        options: optionsOf(context, runtime),
        sessions,
      }));
      rows.push(...await race(context, "sessions", runners, CALL, "You said"));
      // How much of it is the runtime's: the more a process holds, the more rarely and the longer it collects.
      const beside = [0, BALLAST].map((ballast) => ({
        name: ballast === 0 ? BARE.name : `${BARE.name}, holding ${BALLAST >> 20} MiB`,
        module: BARE.module,
        options: optionsOf(context, runtime, { ballast }),
        sessions: 0,
      }));
      rows.push(...await race(context, "sessions", beside, CALL, "You said"));
    }
    return rows;
  },
};

/** Sessions of peers that are opened one by one over HTTP. */
const PEER_SESSIONS = 5_000;

export const memory: Workload = {
  name: "memory",
  title: "Memory of an idle session",
  more: false,
  async run(context) {
    const { sessions } = context.effort;
    const rows: Row[] = [];
    for (const runtime of context.runtimes) {
      const measure = async (
        contender: string,
        module: string,
        count: number,
        open: (
          server: Awaited<ReturnType<typeof startServer>>,
        ) => Promise<unknown>,
      ): Promise<void> => {
        const server = await startServer(module, optionsOf(context, runtime));
        try {
          await openSession(server.port, INITIALIZE);
          const before = await server.memory();
          await open(server);
          const after = await server.memory();
          const row: Row = {
            workload: "memory",
            runtime,
            contender: `${contender}, ${count} sessions`,
            value: (after.live - before.live) / count,
            unit: "bytes of live objects",
            details: {
              "bytes of the process": (after.rss - before.rss) / count,
            },
          };
          rows.push(row);
          context.log(
            `  ${runtime.padEnd(5)} ${row.contender.padEnd(40)} ${Math.round(row.value)} B`,
          );
        } finally {
          await server.stop();
        }
      };
      for (const count of [sessions / 100, sessions / 10, sessions]) {
        await measure(
          OURS.name,
          OURS.module,
          count,
          (server) => server.fill(count),
        );
      }
      for (const peer of context.peers ? PEERS : []) {
        await measure(
          peer.name,
          peer.module,
          PEER_SESSIONS,
          (server) => openSessions(server.port, PEER_SESSIONS),
        );
      }
    }
    return rows;
  },
};

/** Opens sessions as clients do, some at a time. */
export async function openSessions(
  port: number,
  count: number,
): Promise<string[]> {
  const ids: string[] = [];
  let begun = 0;
  await Promise.all(Array.from({ length: 32 }, async () => {
    while (begun++ < count) ids.push((await openSession(port, INITIALIZE)).id);
  }));
  return ids;
}
